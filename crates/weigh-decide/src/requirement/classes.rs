//! Classes of applications, and what they require.
//!
//! A class is a row here. Its limits are for the model alone as it is measured; whoever has other work to do in the same
//! time (a camera, a network, a display) writes a requirement with less.

use super::errors::NoRequirement;
use super::limit::Requirement;
use super::metrics::same_name;
use super::subject::nearest;

/// A class of applications.
#[derive(Debug)]
pub struct Class {
    /// What it is called: `--for NAME`.
    pub name: &'static str,
    /// What it requires.
    pub requires: &'static [&'static str],
    /// Why that much.
    pub why: &'static str,
    /// Where the figure is from.
    pub source: &'static str,
}

/// Every class.
pub static CLASSES: &[Class] = &[
    Class {
        name: "autonomous-driving",
        requires: &["latency.p99<=100ms"],
        why: "people take 100 to 150 ms to react; a system has to be faster, in its tail too",
        source: "Lin et al., The Architectural Implications of Autonomous Driving, ASPLOS 2018 (for p99.99)",
    },
    Class {
        name: "voice",
        requires: &["latency.p99<=200ms"],
        why: "the gap between two speakers is some 200 ms on average; a longer one is heard as hesitation",
        source: "Stivers et al., Universals and cultural variation in turn-taking in conversation, PNAS 106 (2009)",
    },
    Class {
        name: "translation",
        requires: &["latency.p99<=500ms"],
        why: "a second keeps a flow of thought; half of it is left for network and display",
        source: "Nielsen, Usability Engineering, 1993, chapter 5 (1 s); the half is a rule",
    },
    Class {
        name: "interactive",
        requires: &["latency.p99<=100ms"],
        why: "up to 100 ms a reaction feels immediate",
        source: "Nielsen, Usability Engineering, 1993, chapter 5; Miller, AFIPS 1968",
    },
    Class {
        name: "video-30fps",
        requires: &["latency.p99<=33.3ms"],
        why: "a frame has to be done before the next: 1000 ms / 30",
        source: "arithmetic",
    },
    Class {
        name: "video-60fps",
        requires: &["latency.p99<=16.6ms"],
        why: "a frame has to be done before the next: 1000 ms / 60",
        source: "arithmetic",
    },
    Class {
        name: "ar",
        requires: &["latency.p99<=20ms"],
        why: "from motion to photon 20 ms are hardly noticed; tracking and display need a part of them",
        source: "Carmack, Latency Mitigation Strategies, 2013",
    },
    Class {
        name: "batch",
        requires: &["throughput>=1M/day"],
        why: "a million items a day, whatever each of them takes",
        source: "arithmetic: 11.6 a second",
    },
    Class {
        name: "phone",
        requires: &["peak_memory<=4GiB"],
        why: "all the memory of a common phone, of which the system takes its part: stay well below",
        source: "a rule; what a certain phone has: `weigh hardware list --class phone`",
    },
    Class {
        name: "microcontroller",
        requires: &["arena<=256KiB", "model_size<=1MiB"],
        why: "memory for activations, flash for weights, of a common Cortex-M4",
        source: "Zhang et al., Hello Edge, arXiv 1711.07128, table 1: FRDM-K64F",
    },
];

/// The class of a name.
///
/// # Errors
/// There is none.
pub fn class(name: &str) -> Result<&'static Class, NoRequirement> {
    let unknown = || NoRequirement::Class {
        name: name.to_owned(),
        nearest: nearest(name, CLASSES.iter().map(|class| class.name)),
    };
    CLASSES.iter().find(|class| same_name(class.name, name)).ok_or_else(unknown)
}

impl Class {
    /// What it requires.
    ///
    /// # Errors
    /// None: every class is read by a test.
    pub fn requirements(&self) -> Result<Vec<Requirement>, NoRequirement> {
        let read = |text: &&str| Ok(text.parse::<Requirement>()?.from(self.name));
        self.requires.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_can_be_read() {
        for class in CLASSES {
            let requirements = class.requirements().unwrap();
            assert!(!requirements.is_empty() && requirements.iter().all(|one| one.source == class.name));
        }
        let limit = |name: &str| class(name).unwrap().requirements().unwrap()[0].limit;
        assert_eq!(
            ["autonomous-driving", "voice", "translation", "video-30fps"].map(limit),
            [100.0, 200.0, 500.0, 33.3]
        );
        assert_eq!(class("Video_30FPS").unwrap().name, "video-30fps");
        assert!(class("autonomous").unwrap_err().hint().contains("autonomous-driving"));
    }
}

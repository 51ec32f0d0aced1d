//! What identifies a machine for a saved calibration, and what differs between two in words.

use serde::{Deserialize, Serialize};

use crate::Machine;
use crate::processor::Model;

/// What a calibration depends on. No name of the host: equal machines have equal fingerprints.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The processor's brand.
    pub cpu: String,
    /// Family, model and stepping of the processor.
    pub model: Option<[u32; 3]>,
    /// Logical processors that may be used.
    pub cores: usize,
    /// Instruction sets that matter.
    pub features: Vec<String>,
    /// Memory that may be used, in whole GiB: the last bytes vary from boot to boot.
    pub memory_gib: Option<u64>,
    /// Instruction set architecture, e.g. `x86_64`.
    pub arch: String,
    /// Family of the operating system, e.g. `linux`.
    pub os: String,
}

impl Fingerprint {
    pub(crate) fn of(machine: &Machine) -> Fingerprint {
        const GIB: u64 = 1 << 30;
        Fingerprint {
            cpu: machine.cpu.clone(),
            model: machine.model.map(|Model { family, model, stepping }| [family, model, stepping]),
            cores: machine.usable_cores.get(),
            features: machine.features.iter().map(|&name| name.to_owned()).collect(),
            memory_gib: machine.memory_bytes.map(|bytes| bytes.saturating_add(GIB / 2) / GIB),
            arch: machine.arch.to_owned(),
            os: std::env::consts::OS.to_owned(),
        }
    }

    /// What is different `here` from where this one was taken, one thing a sentence; empty if nothing is.
    pub fn differences(&self, here: &Fingerprint) -> Vec<String> {
        let mut found = Vec::new();
        let mut differ = |calibrated: String, this: String| {
            if calibrated != this {
                found.push(format!("calibrated on {calibrated}, this machine has {this}"));
            }
        };
        let quoted = |cpu: &str| format!("processor `{cpu}`");
        differ(quoted(&self.cpu), quoted(&here.cpu));
        differ(model(self.model), model(here.model));
        differ(cores(self.cores), cores(here.cores));
        differ(memory(self.memory_gib), memory(here.memory_gib));
        differ(format!("architecture {}", self.arch), format!("architecture {}", here.arch));
        differ(format!("system {}", self.os), format!("system {}", here.os));
        let lost: Vec<_> = self.features.iter().filter(|name| !here.features.contains(name)).collect();
        let gained: Vec<_> = here.features.iter().filter(|name| !self.features.contains(name)).collect();
        for (names, words) in [
            (lost, "calibrated with instructions that are missing here"),
            (gained, "calibrated without instructions that are here"),
        ] {
            if !names.is_empty() {
                let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
                found.push(format!("{words}: {}", names.join(", ")));
            }
        }
        found
    }
}

fn model(model: Option<[u32; 3]>) -> String {
    match model {
        Some([family, model, stepping]) => format!("family {family} model {model} stepping {stepping}"),
        None => "a processor of unknown model".to_owned(),
    }
}

fn cores(cores: usize) -> String {
    if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") }
}

fn memory(gib: Option<u64>) -> String {
    gib.map_or("unknown memory".to_owned(), |gib| format!("{gib} GiB of memory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint() -> Fingerprint {
        Fingerprint {
            cpu: "AMD EPYC 7763".to_owned(),
            model: Some([25, 1, 1]),
            cores: 8,
            features: vec!["avx2".to_owned(), "fma".to_owned()],
            memory_gib: Some(32),
            arch: "x86_64".to_owned(),
            os: "linux".to_owned(),
        }
    }

    #[test]
    fn differences_are_told_in_words() {
        let there = fingerprint();
        assert!(there.differences(&there).is_empty());
        let fewer = Fingerprint { cores: 2, ..there.clone() };
        assert_eq!(there.differences(&fewer), ["calibrated on 8 cores, this machine has 2 cores"]);
        let other = Fingerprint {
            cpu: "Intel Xeon".to_owned(),
            model: None,
            cores: 1,
            features: vec!["avx2".to_owned(), "avx512f".to_owned()],
            memory_gib: None,
            arch: "aarch64".to_owned(),
            os: "macos".to_owned(),
        };
        assert_eq!(
            there.differences(&other),
            [
                "calibrated on processor `AMD EPYC 7763`, this machine has processor `Intel Xeon`",
                "calibrated on family 25 model 1 stepping 1, this machine has a processor of unknown model",
                "calibrated on 8 cores, this machine has 1 core",
                "calibrated on 32 GiB of memory, this machine has unknown memory",
                "calibrated on architecture x86_64, this machine has architecture aarch64",
                "calibrated on system linux, this machine has system macos",
                "calibrated with instructions that are missing here: fma",
                "calibrated without instructions that are here: avx512f",
            ]
        );
    }

    #[test]
    fn a_machine_equals_itself_and_json_keeps_it() {
        let machine = Machine::detect();
        let taken = machine.fingerprint();
        assert_eq!(taken, Machine::detect().fingerprint());
        let text = serde_json::to_string(&taken).unwrap();
        assert_eq!(serde_json::from_str::<Fingerprint>(&text).unwrap(), taken);
    }

    #[test]
    fn memory_is_rounded_to_whole_gibibytes() {
        let machine = Machine { memory_bytes: Some((23 << 30) + (600 << 20)), ..Machine::detect() };
        assert_eq!(machine.fingerprint().memory_gib, Some(24));
    }
}

//! `weigh measure A --versus B`: two models, or one model at two settings, against each other.

use std::num::NonZeroUsize;

use weigh::ir::units::Dimension;
use weigh::{Batches, Setting, SideOfModel, Subject};

use super::super::progress::Bar;
use super::{Found, Hinted, models};

#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Compare with another model, or, without one, the two values given to an option: --opt none,all --versus
    #[arg(long, value_name = "MODEL", num_args = 0..=1, help_heading = "Comparison")]
    #[allow(clippy::option_option)] // absent, present, present with a model
    versus: Option<Option<String>>,

    /// Differences below this part count as none: 1%
    #[arg(long, value_name = "PERCENT", default_value = "1%", value_parser = percent, help_heading = "Comparison")]
    same: f64,
}

impl Args {
    pub fn is_wanted(&self) -> bool {
        self.versus.is_some()
    }
}

/// `1%`, as a part of 1.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    let share = Dimension::Share.read(text).map_err(|error| error.to_string())?;
    Some(share).filter(|share| *share < 1.0).ok_or_else(|| "write a percentage below 100%".to_owned())
}

pub(super) fn run(args: &super::Args, bench: &weigh::Bench) -> Found {
    let [path] = args.models.models.as_slice() else {
        return Err(Hinted::new(
            "--versus compares one model with one other",
            "name a single MODEL before it",
        )
        .into());
    };
    let options = args.models.assume.options()?;
    let data = args.data.request()?;
    let a = models::weigh_one(path, &options)?;
    let other = args.versus.versus.clone().flatten();
    let b = models::weigh_one(other.as_ref().unwrap_or(path), &options)?;
    let (settings, words) = settings(args, other.is_some())?;
    let subject_a = Subject::new(&a.opened, &options, data.clone())?;
    let subject_b = Subject::new(&b.opened, &options, data)?;
    let [setting_a, setting_b] = settings;
    let [words_a, words_b] = words;
    let a_side = SideOfModel { subject: &subject_a, setting: setting_a, words: words_a };
    // One model at two settings is one file.
    let b_subject = if other.is_some() { &subject_b } else { &subject_a };
    let b_side = SideOfModel { subject: b_subject, setting: setting_b, words: words_b };

    let bar = Bar::new(&a.opened.name);
    let pairs = bench.campaign.processes;
    let compared = bench.versus([&a_side, &b_side], args.versus.same, &mut |done| bar.pair(done, pairs));
    drop(bar);
    let mut report = weigh::describe(&a.opened, &a.facts);
    report.measurements = compared.measurements.into();
    report.comparisons = vec![compared.comparison];
    Ok((vec![report], !compared.failed))
}

/// The two settings, and what sets them apart in the words of the command line.
fn settings(args: &super::Args, two_models: bool) -> anyhow::Result<([Setting; 2], [Option<String>; 2])> {
    let refuse = |message: String| {
        let hint = "give one option two values (--opt none,all --versus) or name another model";
        anyhow::Error::from(Hinted::new(message, hint))
    };
    let mut sides: Vec<Setting> = args.grid.settings()?;
    match args.grid.batches()? {
        Batches::Own => {}
        Batches::Auto => return Err(refuse("--batch auto cannot be compared".to_owned())),
        Batches::Given(sizes) => {
            let sized = |batch: &u64| {
                let batch = Some(*batch);
                sides.iter().map(move |side| Setting { batch, ..side.clone() })
            };
            sides = sizes.iter().flat_map(sized).collect();
        }
    }
    match (sides.as_slice(), two_models) {
        ([only], _) => Ok(([only.clone(), only.clone()], [None, None])),
        ([a, b], _) => Ok(([a.clone(), b.clone()], [Some(words(a, b)), Some(words(b, a))])),
        (many, _) => Err(refuse(format!("{} configurations are more than two", many.len()))),
    }
}

/// What of `this` differs from the other.
fn words(this: &Setting, other: &Setting) -> String {
    let threads = |setting: &Setting| setting.options.threads.map_or(0, NonZeroUsize::get).to_string();
    let batch = |setting: &Setting| setting.batch.map_or_else(String::new, |batch| batch.to_string());
    type Part = (&'static str, fn(&Setting) -> String);
    let parts: [Part; 4] = [
        ("--engine", |setting| setting.engine.name().to_owned()),
        ("--opt", |setting| setting.options.optimization.to_string()),
        ("--provider", |setting| setting.options.provider.to_string()),
        ("--streams", |setting| setting.streams.to_string()),
    ];
    let mut words: Vec<String> = parts
        .iter()
        .filter(|(_, of)| of(this) != of(other))
        .map(|(option, of)| format!("{option} {}", of(this)))
        .collect();
    if threads(this) != threads(other) {
        words.push(format!("--threads {}", threads(this)));
    }
    if batch(this) != batch(other) {
        words.push(format!("--batch {}", batch(this)));
    }
    words.join(" ")
}

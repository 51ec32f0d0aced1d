//! `--convention` and `--reconcile`: what other tools would count.

use clap::builder::{PossibleValue, PossibleValuesParser};
use weigh::{CONVENTIONS, Opened, Options, Report};

/// Which tools to count like.
#[derive(clap::Args)]
#[group(skip)] // flattened together with others of that name
pub(crate) struct Args {
    /// Count as another tool does
    #[arg(long, value_name = "NAME", value_parser = names(), help_heading = "Other tools")]
    convention: Option<String>,

    /// Show term by term why tools differ
    #[arg(long, help_heading = "Other tools")]
    reconcile: bool,
}

fn names() -> PossibleValuesParser {
    let value = |convention: &weigh::Convention| PossibleValue::new(convention.name);
    CONVENTIONS.iter().map(value).collect::<Vec<_>>().into()
}

impl Args {
    /// Adds what was asked for to a report.
    pub fn add_to(&self, report: &mut Report, opened: &Opened, options: &Options) {
        let is_wanted = |name: &str| self.reconcile || self.convention.as_deref() == Some(name);
        // A model that was analysed breaks into terms by the same steps.
        report.conventions = weigh::conventions(&opened.model, options, is_wanted).unwrap_or_default();
    }
}

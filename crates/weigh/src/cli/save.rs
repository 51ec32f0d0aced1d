//! `--save`: keeping what was measured in the history.

use std::path::PathBuf;
use std::time::SystemTime;

use weigh::{KeepRequest, Opened, Report};
use weigh_hardware::Machine;
use weigh_history::{Store, StoreError, time, usual_path};

use super::{Hinted, output};

/// Whether to keep what is measured, and where.
#[derive(clap::Args)]
#[group(skip)] // flattened together with others of that name
pub(crate) struct Args {
    /// Keep what is measured in the history (see `weigh history`); under a name of your own: --save=NAME
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, help_heading = "History")]
    #[allow(clippy::option_option)] // absent, present, present with a name
    save: Option<Option<String>>,

    /// What to call it there, e.g. a commit
    #[arg(long, value_name = "TEXT", requires = "save", help_heading = "History")]
    tag: Option<String>,

    #[command(flatten)]
    place: Place,

    /// When it was measured, in place of now
    #[arg(long, value_name = "TIME", value_parser = moment, hide = true)]
    at: Option<SystemTime>,
}

/// Which history.
#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Place {
    /// A history other than ~/.local/share/weigh/history.db
    #[arg(long, value_name = "FILE", help_heading = "History")]
    history: Option<PathBuf>,
}

/// A time: RFC 3339, or a date.
fn moment(text: &str) -> Result<SystemTime, String> {
    time::read(text).ok_or_else(|| "write 2026-01-31 or 2026-01-31T12:00:00Z".to_owned())
}

impl Place {
    /// The file.
    pub fn file(&self) -> anyhow::Result<PathBuf> {
        let unknown =
            || Hinted::new("there is no home folder to keep a history in", "name one: --history FILE");
        Ok(self.history.clone().or_else(usual_path).ok_or_else(unknown)?)
    }
}

/// An error of the history, with its hint.
pub(crate) fn told(error: StoreError) -> Hinted {
    Hinted::new(error.to_string(), error.hint())
}

/// A history to keep measurements in, opened before they are made: nobody waits for what cannot be kept.
pub(crate) struct Keeper {
    open: Option<(Store, KeepRequest)>,
    machine: Machine,
}

impl Args {
    /// Whether measurements are to be kept.
    pub fn is_wanted(&self) -> bool {
        self.save.is_some()
    }

    /// The history, where measurements are to be kept.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn keeper(&self) -> anyhow::Result<Keeper> {
        let machine = Machine::detect();
        let Some(name) = &self.save else { return Ok(Keeper { open: None, machine }) };
        let store = Store::open(&self.place.file()?).map_err(told)?;
        let at = self.at.unwrap_or_else(SystemTime::now);
        let request = KeepRequest { at, tag: self.tag.clone(), name: name.clone() };
        Ok(Keeper { open: Some((store, request)), machine })
    }
}

impl Keeper {
    /// Keeps what a report measured of a model, where that is wanted, and says so; whether all went well.
    pub fn keep(&mut self, report: &Report, opened: &Opened) -> bool {
        let Some((store, request)) = &mut self.open else { return true };
        let made_by = report.made_by.clone().or_else(|| Some(output::made_by()));
        let environment = report.environment.clone().or_else(|| Some(weigh::machine(&self.machine)));
        let report = Report { made_by, environment, ..report.clone() };
        match weigh::keep(store, &report, opened, &self.machine, request) {
            Ok(kept) => {
                let runs = if kept.runs == 1 { "1 run".to_owned() } else { format!("{} runs", kept.runs) };
                let left_out = match kept.left_out {
                    0 => String::new(),
                    count => format!(", {count} without figures left out"),
                };
                output::note(&format!("kept {runs} of {}{left_out}", opened.name));
                true
            }
            Err(error) => {
                output::report_error(&told(error).into());
                false
            }
        }
    }
}

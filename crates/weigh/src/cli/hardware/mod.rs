//! `weigh hardware`: the devices that models could run on, and this machine.

pub(super) mod calibrate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use weigh::Report;
use weigh::report::report::{Diagnostic, Severity};
use weigh_hardware::devices::{Class, DeviceError, Devices, NoSuchDevice, config_folder};

use super::{Hinted, Outcome, output};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: HardwareCommand,
}

#[derive(Subcommand)]
enum HardwareCommand {
    /// The devices that weigh knows, and your own
    List(List),
    /// Every figure of a device, and where it is from
    Show(Show),
    /// Measure what this machine can do, once: its ceilings and its engine's kernels; some three minutes
    Calibrate(calibrate::Args),
}

#[derive(clap::Args)]
struct List {
    /// Only devices of this class
    #[arg(long, value_parser = classes())]
    class: Option<String>,

    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
struct Show {
    /// Names of devices; `weigh hardware list` has all
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,

    #[command(flatten)]
    place: Place,
}

/// Where devices come from and where results go.
#[derive(clap::Args)]
struct Place {
    /// A file of devices of your own (TOML; see docs/devices.md), beside ~/.config/weigh/devices/*.toml
    #[arg(long = "hardware", value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Output format
    #[arg(long, default_value = "table", value_parser = output::formats())]
    format: String,

    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn classes() -> clap::builder::PossibleValuesParser {
    let value = |class: Class| clap::builder::PossibleValue::new(class.name()).help(class.plural());
    Class::ALL.into_iter().map(value).collect::<Vec<_>>().into()
}

pub(crate) fn run(args: &Args) -> Outcome {
    match &args.command {
        HardwareCommand::List(list) => self::list(list),
        HardwareCommand::Show(show) => self::show(show),
        HardwareCommand::Calibrate(args) => calibrate::run(args),
    }
}

fn list(args: &List) -> Outcome {
    let devices = load(&args.place.files)?;
    let wanted = |class: Class| args.class.as_deref().is_none_or(|name| name == class.name());
    // Users' own devices come last in the table; here they stand with their class.
    let mut found: Vec<_> = devices.iter().filter(|device| wanted(device.class())).collect();
    found.sort_by_key(|device| Class::ALL.iter().position(|class| *class == device.class()));
    let report = Report {
        devices: found.into_iter().map(weigh::device_info).collect(),
        diagnostics: replaced(&devices, |_| true),
        ..Report::default()
    };
    args.place.show(&[report])
}

fn show(args: &Show) -> Outcome {
    let devices = load(&args.place.files)?;
    let mut reports = Vec::new();
    for name in &args.names {
        let device =
            devices.find(name).map_err(|error: NoSuchDevice| Hinted::new(error.to_string(), error.hint()))?;
        reports.push(Report {
            devices: vec![weigh::device_info(device)],
            diagnostics: replaced(&devices, |id| id == device.id()),
            ..Report::default()
        });
    }
    args.place.show(&reports)
}

/// The table, the user's folder and further files.
pub(crate) fn load(files: &[PathBuf]) -> anyhow::Result<Devices> {
    let devices = Devices::load(files, config_folder().as_deref());
    Ok(devices.map_err(|error: DeviceError| Hinted::new(error.to_string(), error.hint()))?)
}

/// Which entries took the place of others.
fn replaced(devices: &Devices, wanted: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
    let note = |replaced: &weigh_hardware::devices::Replaced| Diagnostic {
        severity: Severity::Note,
        code: "device-replaced".to_owned(),
        message: format!("{} is that of {}, not weigh's own", replaced.id, replaced.by.display()),
        node: None,
    };
    devices.replaced().iter().filter(|replaced| wanted(&replaced.id)).map(note).collect()
}

impl Place {
    fn show(&self, reports: &[Report]) -> Outcome {
        output::Args::plain(&self.format, self.output.clone()).show(reports)?;
        Ok(ExitCode::SUCCESS)
    }
}

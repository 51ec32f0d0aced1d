//! `weigh advise`: what to change about a model, and what each change would bring to it.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use weigh::report::report::{Diagnostic, Severity};
use weigh::training::Recipe;
use weigh::{AdviceRequest, Bench, Calibration, Goal, Measuring, OnThis, Report, TECHNIQUES, Target};
use weigh_hardware::Machine;
use weigh_measure::Plan;
use weigh_measure::fleet::Campaign;

use super::hardware::calibrate;
use super::places::{self, THIS};
use super::progress::Bar;
use super::{Hinted, Outcome, engines, hardware, models, output, workers};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A model file, or zoo:NAME
    #[arg(value_name = "MODEL")]
    model: String,

    #[command(flatten)]
    assume: models::Assume,

    /// What is to get better: latency, throughput, memory, compute or energy
    #[arg(long, value_name = "GOAL", default_value = "latency")]
    goal: Goal,

    /// Where times are expected: this (the calibrated machine) or a device of the table; by default this machine where it
    /// was calibrated
    #[arg(long, value_name = "DEVICE")]
    on: Option<String>,

    /// Samples in one inference
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    batch: Option<u64>,

    /// Techniques to try, by a part of their names; by default all that may help the goal
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,

    /// Advice on the memory of a training step, not of an inference
    #[arg(long)]
    training: bool,

    /// Run what can be run: the model and the changed model in turns, with the difference of their outputs
    #[arg(long, help_heading = "Measuring")]
    measure: bool,

    /// The engine on this machine
    #[arg(long, default_value = "auto", value_parser = engines::names(), help_heading = "Measuring")]
    engine: String,

    /// Threads on this machine; by default one for each physical core
    #[arg(long, value_name = "N", help_heading = "Measuring")]
    threads: Option<NonZeroUsize>,

    /// A file of devices of your own, beside ~/.config/weigh/devices/*.toml
    #[arg(long = "hardware", value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    output: output::Args,
}

const EXAMPLES: &str = "\
Examples:
  weigh advise m.onnx --goal memory                        what makes it smaller, ranked
  weigh advise m.onnx --goal latency --on t4               on a device of the table
  weigh advise m.onnx --only int8 --measure                quantised for real, run in turns with the model";

/// How long a worker may be silent.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) fn run(args: &Args) -> Outcome {
    args.check_names()?;
    let options = args.assume.options()?;
    let opened = models::weigh_one(&args.model, &options)?.opened;
    let machine = Machine::detect();
    let devices = hardware::load(&args.files)?;
    let launcher = workers::launcher(PATIENCE)?;
    // Counts and sizes are of no machine; loading every variant into an engine would take long.
    let wants_time = args.goal.needs_target() || args.on.is_some();
    let calibration = if wants_time { args.calibration(&machine)? } else { None };
    let setting = places::setting(&machine, &args.engine, args.threads)?;
    let device = match args.on.as_deref() {
        Some(name) => places::target(&devices, name)?,
        None => None,
    };
    let target = match (&device, &calibration) {
        (Some(device), _) => Target::Device(device),
        (None, Some(calibration)) => Target::This {
            on: OnThis { launcher: &launcher, calibration, machine: &machine },
            setting: Box::new(setting.clone()),
        },
        (None, None) => Target::Nowhere,
    };
    if args.goal.needs_target() && matches!(target, Target::Nowhere) {
        let hint =
            "name a device: --on t4 (see `weigh hardware list`), or run `weigh hardware calibrate` once";
        let message =
            format!("{} is a matter of a machine, and this one was not calibrated", args.goal.name());
        return Err(Hinted::new(message, hint).into());
    }
    let bench = Bench {
        launcher: launcher.clone(),
        campaign: campaign(),
        unit: "samples".to_owned(),
        slo: None,
        by_layer: false,
        memory_bytes: machine.memory_bytes,
    };
    let bar = Bar::new(&opened.name);
    let tell = |what: &str| bar.busy(what);
    let request = AdviceRequest {
        goal: args.goal,
        only: args.only.clone(),
        batch: args.batch,
        training: args.training.then(Recipe::default),
        measure: args.measure.then_some(Measuring { bench: &bench, setting: &setting }),
        tell: &tell,
    };
    let advice = weigh::advise(&opened, &options, &target, &request);
    drop(bar);
    let advised =
        advice.map_err(|reason| Hinted::new(format!("no advice on {}: {reason}", args.model), HINT))?;
    let mut report = weigh::describe(&opened, &advised.facts);
    if matches!(target, Target::This { .. }) || args.measure {
        report.environment = Some(weigh::machine(&machine));
    }
    if !args.output.wants().facts {
        only_advice(&mut report);
    }
    report.advice = advised.rows;
    report.diagnostics.extend(advised.notes.into_iter().map(|message| Diagnostic {
        severity: Severity::Note,
        code: "advice".to_owned(),
        message,
        node: None,
    }));
    args.output.show(&[report])?;
    Ok(workers::ending(&launcher, true))
}

impl Args {
    /// Every name must be one of a technique.
    fn check_names(&self) -> anyhow::Result<()> {
        let unknown = self.only.iter().find(|name| !TECHNIQUES.iter().any(|known| known.answers_to(name)));
        let names = || TECHNIQUES.iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
        match unknown {
            Some(name) => {
                Err(Hinted::new(format!("no technique '{name}'"), format!("there are {}", names())).into())
            }
            None => Ok(()),
        }
    }

    /// This machine's calibration, where it is to be advised for and has one.
    fn calibration(&self, machine: &Machine) -> anyhow::Result<Option<Calibration>> {
        match self.on.as_deref() {
            None => Ok(calibrate::load(None, machine).unwrap_or_default()),
            Some(THIS) => Ok(Some(places::calibration(None, machine)?)),
            Some(_) => Ok(None),
        }
    }
}

/// What people asked for.
fn only_advice(report: &mut Report) {
    output::leave_out_facts(report);
    report.environment = None;
}

const HINT: &str = "`weigh inspect` shows what is known about the model";

/// Enough of an A/B for a verdict on a per cent or two, within some ten seconds a technique.
fn campaign() -> Campaign {
    Campaign {
        processes: 3,
        plan: Plan {
            min_warm_up: Duration::from_millis(200),
            max_warm_up: Duration::from_secs(1),
            min_time: Duration::from_secs(2),
            max_time: Duration::from_secs(20),
            ..Plan::default()
        },
        seed: 0,
    }
}

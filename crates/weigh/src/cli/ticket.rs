//! `weigh MODEL`: everything on one screen, with a short measurement.

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use weigh::{Batches, Bench, Setting, Subject};
use weigh_engine::EngineOptions;
use weigh_hardware::Machine;
use weigh_measure::fleet::Campaign;
use weigh_measure::{Plan, Quantile};

use super::explain::Explainer;
use super::{Hinted, MISSED, Outcome, models, output, progress::Bar, requirements, save, workers};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    models: models::Args,

    #[command(flatten)]
    save: save::Args,

    #[command(flatten)]
    requirements: requirements::Args,

    #[command(flatten)]
    output: output::Args,
}

/// The ticket is printed within seconds: enough for a median, not for a tail unless one is required.
fn campaign(quantiles: &[Quantile]) -> Campaign {
    Campaign {
        processes: 3,
        plan: Plan {
            min_warm_up: Duration::from_millis(200),
            max_warm_up: Duration::from_secs(1),
            min_samples: 9,
            min_time: Duration::from_secs(1),
            max_time: Duration::from_secs(10),
            ..Plan::default()
        }
        .for_quantiles(quantiles),
        seed: 0,
    }
}

/// How long a worker may be silent.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command that was written wrongly is taken for a model, and found nowhere.
fn no_misspelt_command(models: &[String]) -> anyhow::Result<()> {
    /// From this similarity on (1 less the share of letters to change, 1 is equal) a command is meant.
    const SIMILAR: f64 = 0.7;
    let commands = super::command();
    let shown = || commands.get_subcommands().filter(|command| !command.is_hide_set());
    for model in models.iter().filter(|model| !Path::new(model).exists()) {
        let score =
            |command: &clap::Command| strsim::normalized_damerau_levenshtein(model, command.get_name());
        let Some(closest) = shown().max_by(|a, b| score(a).total_cmp(&score(b))) else { continue };
        if score(closest) >= SIMILAR {
            let hint = format!("did you mean `weigh {}`?", closest.get_name());
            return Err(Hinted::new(format!("no command and no file '{model}'"), hint).into());
        }
    }
    Ok(())
}

pub(crate) fn run(args: &Args) -> Outcome {
    no_misspelt_command(&args.models.models)?;
    let requirements = args.requirements.read()?;
    let options = args.models.assume.options()?;
    let wants = args.output.wants();
    let mut keeper = args.save.keeper()?;
    let (weighed, mut all_good) = models::weigh_all(&args.models, |weighed| weighed)?;
    let machine = Machine::detect();
    let environment = weigh::machine(&machine);
    let bench = Bench {
        launcher: workers::launcher(PATIENCE)?,
        campaign: campaign(&requirements.quantiles()),
        unit: "samples".to_owned(),
        slo: None,
        by_layer: wants.layer_times,
        memory_bytes: machine.memory_bytes,
    };
    let setting = Setting {
        engine: weigh_engine::automatic(),
        options: EngineOptions { threads: Some(machine.compute_threads()), ..EngineOptions::default() },
        batch: None,
        streams: NonZeroUsize::MIN,
    };
    // Without a calibration of this machine the ticket does not say why a time is what it is.
    let explainer = Explainer::new(&bench, None).ok();
    let mut reports = Vec::new();
    for models::Weighed { opened, facts } in &weighed {
        let mut report = weigh::describe(opened, facts);
        report.memory = wants.memory.then(|| weigh::describe_memory(opened, facts));
        let bar = Bar::new(&opened.name);
        let subject = Subject::new(opened, &options, None)?;
        let settings = std::slice::from_ref(&setting);
        let swept = bench.sweep(&subject, settings, &Batches::Own, &mut |step| bar.step(step));
        report.measurements = swept.measurements;
        if let Some(explainer) = &explainer {
            bar.busy("explaining");
            explainer.explain(&subject, settings, &mut report.measurements);
        }
        drop(bar);
        report.environment = Some(environment.clone());
        all_good &= keeper.keep(&report, opened);
        requirements.judge(&mut report);
        reports.push(report);
    }
    if !reports.is_empty() {
        args.output.show_as(&reports, &requirements.shown(args.output.render_options()))?;
    }
    if all_good && !bench.launcher.is_cancelled() && !requirements.pass(&reports) {
        return Ok(ExitCode::from(MISSED));
    }
    Ok(workers::ending(&bench.launcher, all_good))
}

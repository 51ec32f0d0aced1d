//! `weigh history`: measurements of other days, and where their level changed.

use std::process::ExitCode;
use std::time::SystemTime;

use weigh::HistoryRequest;
use weigh_decide::requirement::Subject;
use weigh_history::change_points::MOST;
use weigh_history::{Store, time};

use super::measure::percent;
use super::{Hinted, Outcome, output, requirements, save};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A model as it was measured: its file, zoo:NAME, or the name that it was saved under; all there are without it
    #[arg(value_name = "MODEL")]
    model: Option<String>,

    /// The figure: latency, p99, throughput, peak_rss, energy, ... (see `weigh requirements`)
    #[arg(long, default_value = "latency")]
    metric: String,

    /// Only runs since a date, or of so long a time until now: 2026-01-31, 90d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Only so many runs of each series, the newest
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=MOST as i64))]
    last: u16,

    /// Differences below this part count as none: 1%
    #[arg(long, value_name = "PERCENT", default_value = "1%", value_parser = percent)]
    same: f64,

    /// Take runs on other machines and versions of the engine as one series
    #[arg(long)]
    across: bool,

    /// Show the report of a run again, by its number
    #[arg(long, value_name = "N", conflicts_with = "model")]
    run: Option<i64>,

    /// Take these runs out of the history for good: those that the other options name
    #[arg(long)]
    forget: bool,

    #[command(flatten)]
    place: save::Place,

    /// What time it is, in place of now
    #[arg(long, value_name = "TIME", hide = true)]
    at: Option<String>,

    /// Output format
    #[arg(long, default_value = "table", value_parser = output::formats(), help_heading = "Output")]
    format: String,

    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<std::path::PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  weigh measure m.onnx --save --tag $(git rev-parse --short HEAD)
  weigh history m.onnx                          the trend of the median, and where its level changed
  weigh history m.onnx --metric p99 --since 90d
  weigh history m.onnx --across                 over all machines and versions of the engine
  weigh history --run 12 --format json          the report of one run
  weigh history m.onnx --since 2026-01-31 --forget";

pub(crate) fn run(args: &Args) -> Outcome {
    let subject: Subject = args.metric.parse().map_err(requirements::told)?;
    let since = args.since.as_deref().map(|text| since(text, args.at.as_deref())).transpose()?;
    let file = args.place.file()?;
    let mut store = Store::open_to_read(&file).map_err(save::told)?;
    if args.forget {
        store = Store::open(&file).map_err(save::told)?;
    }
    if let Some(id) = args.run {
        return one(args, &mut store, id);
    }
    let all = store.overview().map_err(save::told)?;
    let Some(model) = &args.model else {
        if args.forget {
            let hint = "name a MODEL, or a run by its number: --run 12 --forget";
            return Err(Hinted::new("nobody forgets everything at once", hint).into());
        }
        return show(args, weigh::history_list(&store, &all));
    };
    let found = weigh::matching(all, model);
    if found.is_empty() {
        let hint = "`weigh history` lists what there is; `weigh measure MODEL --save` adds to it";
        return Err(Hinted::new(format!("nothing was kept of '{model}'"), hint).into());
    }
    let last = usize::from(args.last);
    let request = HistoryRequest { subject, since, last, same: args.same, across: args.across };
    let report = weigh::history(&store, &found, &request).map_err(save::told)?;
    let series = report.history.iter().flat_map(|history| &history.series);
    let ids: Vec<i64> = series.flat_map(|series| &series.runs).map(|run| run.id).collect();
    if ids.is_empty() {
        let hint = "name an earlier time: --since; `weigh history` tells when there were any";
        return Err(Hinted::new(format!("no run of '{model}' is so new"), hint).into());
    }
    if args.forget {
        return forget(&mut store, &ids);
    }
    show(args, report)
}

/// A run by its number.
fn one(args: &Args, store: &mut Store, id: i64) -> Outcome {
    let missing =
        || Hinted::new(format!("there is no run {id}"), "`weigh history MODEL` shows their numbers");
    let found = store.run(id).map_err(save::told)?.ok_or_else(missing)?;
    if args.forget {
        return forget(store, &[id]);
    }
    let mut report = found.report;
    if !output::Args::plain(&args.format, None).wants().facts {
        output::leave_out_facts(&mut report);
    }
    show(args, report)
}

fn forget(store: &mut Store, ids: &[i64]) -> Outcome {
    let gone = store.forget(ids).map_err(save::told)?;
    let runs = if gone == 1 { "run" } else { "runs" };
    output::note(&format!("forgot {gone} {runs}"));
    Ok(ExitCode::SUCCESS)
}

fn show(args: &Args, report: weigh::Report) -> Outcome {
    output::Args::plain(&args.format, args.output.clone()).show(&[report])?;
    Ok(ExitCode::SUCCESS)
}

/// A date, or so long before now.
fn since(text: &str, now: Option<&str>) -> anyhow::Result<SystemTime> {
    let now = || now.and_then(time::read).unwrap_or_else(SystemTime::now);
    let before = || now().checked_sub(humantime::parse_duration(text).ok()?);
    let wrong = || Hinted::new(format!("'{text}' is no time"), "write --since 2026-01-31 or --since 90d");
    Ok(time::read(text).or_else(before).ok_or_else(wrong)?)
}

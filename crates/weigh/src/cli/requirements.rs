//! Requirements on the command line: `--require` and `--for`, which several commands take, and `weigh requirements`,
//! which lists what there is to require.

use std::process::ExitCode;

use serde::Serialize;
use weigh::Report;
use weigh::report::report::Status;
use weigh::report::{Listing, RenderOptions};
use weigh_decide::requirement::{
    self, CLASSES, Class, Evidence, METRICS, Metric, NoRequirement, Requirement, STATISTICS, add_causes,
    class, contradiction,
};
use weigh_measure::Quantile;

use super::{Hinted, Outcome, output};

/// What is required.
#[derive(clap::Args)]
#[group(skip)] // flattened together with others of that name
pub(crate) struct Args {
    /// A limit to keep, else the exit code is 1: 'latency.p99<=33ms', 'throughput>=400/s', 'parameters<=5M'
    #[arg(long = "require", value_name = "LIMIT", help_heading = "Requirements")]
    limits: Vec<String>,

    /// What a class of applications requires: autonomous-driving, voice, batch, ... (see `weigh requirements`)
    #[arg(long = "for", value_name = "CLASS", value_delimiter = ',', help_heading = "Requirements")]
    classes: Vec<String>,

    /// Let pass what cannot be told: a limit within an interval, a total that misses an operator
    #[arg(long, help_heading = "Requirements")]
    pub allow_unknown: bool,
}

impl Args {
    /// The requirements that were asked for.
    ///
    /// # Errors
    /// One that cannot be read, or two that contradict each other.
    pub fn read(&self) -> anyhow::Result<Requirements> {
        let mut list = Vec::new();
        for text in &self.limits {
            list.push(text.parse::<Requirement>().map_err(told)?);
        }
        for name in &self.classes {
            list.extend(class(name).and_then(Class::requirements).map_err(told)?);
        }
        Requirements { list, allow_unknown: self.allow_unknown }.checked()
    }
}

/// A requirement that cannot be taken, with its hint.
pub(crate) fn told(error: NoRequirement) -> Hinted {
    Hinted::new(error.to_string(), error.hint())
}

/// Requirements that reports are held against.
pub(crate) struct Requirements {
    pub list: Vec<Requirement>,
    pub allow_unknown: bool,
}

impl Requirements {
    /// The same, if something can meet them.
    pub fn checked(self) -> anyhow::Result<Requirements> {
        match contradiction(&self.list) {
            Some(clash) => Err(told(clash).into()),
            None => Ok(self),
        }
    }

    /// The percentiles that they are on, so that enough samples are taken.
    pub fn quantiles(&self) -> Vec<Quantile> {
        let fractions = self.list.iter().filter_map(|requirement| requirement.subject.percentile());
        fractions.filter_map(Quantile::new).collect()
    }

    /// Puts the verdicts into a report.
    pub fn judge(&self, report: &mut Report) {
        if self.list.is_empty() {
            return;
        }
        let mut verdicts = requirement::judge(&self.list, &Evidence::new(report, &[]));
        add_causes(&mut verdicts, report, None);
        report.verdicts = verdicts;
    }

    /// How to show the verdicts.
    pub fn shown(&self, options: RenderOptions) -> RenderOptions {
        RenderOptions { allow_unknown: self.allow_unknown, ..options }
    }

    /// Whether every verdict lets the reports pass: none is missed, and none unknown unless that is allowed.
    pub fn pass(&self, reports: &[Report]) -> bool {
        reports.iter().flat_map(|report| &report.verdicts).all(|verdict| match verdict.status {
            Status::Met => true,
            Status::Missed => false,
            Status::Unknown => self.allow_unknown,
        })
    }
}

/// `weigh requirements`.
#[derive(clap::Args)]
pub(crate) struct ListArgs {
    /// Output format
    #[arg(long, default_value = "table", value_parser = ["table", "json", "csv", "markdown"])]
    format: String,

    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<std::path::PathBuf>,
}

/// A class as JSON has it.
#[derive(Serialize)]
struct ClassRow {
    name: &'static str,
    requires: &'static [&'static str],
    why: &'static str,
    source: &'static str,
}

/// A metric as JSON has it.
#[derive(Serialize)]
struct MetricRow {
    name: &'static str,
    aliases: &'static [&'static str],
    statistics: Vec<&'static str>,
    unit: &'static str,
    example: &'static str,
    better: &'static str,
    needs: &'static str,
    about: &'static str,
}

pub(crate) fn list(args: &ListArgs) -> Outcome {
    let text = match args.format.as_str() {
        "json" => {
            let (classes, metrics) = (CLASSES.iter().map(class_row), METRICS.iter().map(metric_row));
            let document = serde_json::json!({
                "classes": classes.collect::<Vec<_>>(), "metrics": metrics.collect::<Vec<_>>()
            });
            format!("{document:#}\n")
        }
        format => {
            let options = output::Args::plain(format, args.output.clone()).render_options();
            let parts = [classes(), metrics()].map(|listing| listing.render(format, &options));
            parts.join("\n")
        }
    };
    output::write(args.output.as_ref(), text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn class_row(class: &Class) -> ClassRow {
    ClassRow { name: class.name, requires: class.requires, why: class.why, source: class.source }
}

fn metric_row(metric: &Metric) -> MetricRow {
    let statistics = STATISTICS.iter().filter(|_| metric.has_statistics).map(|statistic| statistic.name);
    MetricRow {
        name: metric.name,
        aliases: metric.aliases,
        statistics: statistics.collect(),
        unit: metric.unit(),
        example: metric.dimension.example(),
        better: match metric.better {
            requirement::Better::Lower => "lower",
            requirement::Better::Higher => "higher",
        },
        needs: match metric.needs {
            requirement::Needs::File => "file",
            requirement::Needs::Run => "run",
            requirement::Needs::Energy => "energy",
            requirement::Needs::Plan => "plan",
        },
        about: metric.about(),
    }
}

fn classes() -> Listing {
    let row = |class: &Class| {
        vec![class.name.to_owned(), class.requires.join(", "), class.why.to_owned(), class.source.to_owned()]
    };
    Listing {
        columns: &["CLASS", "requires", "why", "source"],
        rows: CLASSES.iter().map(row).collect(),
        sentences: 2,
    }
}

fn metrics() -> Listing {
    let row = |metric: &Metric| {
        let facts = metric_row(metric);
        let name = match facts.statistics.as_slice() {
            [] => facts.name.to_owned(),
            _ => format!("{}.STAT", facts.name),
        };
        let relation = if facts.better == "higher" { ">=" } else { "<=" };
        let limit = format!("{relation}{}", facts.example);
        vec![name, limit, facts.needs.to_owned(), facts.about.to_owned(), facts.aliases.join(", ")]
    };
    let mut rows: Vec<Vec<String>> = METRICS.iter().map(row).collect();
    let names = STATISTICS.map(|statistic| statistic.name).join(", ");
    let statistics = format!("{names} (p50 unless given)");
    let others = [
        ("STAT", statistics.as_str()),
        ("a.path.in.the.report", "any number of the JSON document, by its path"),
    ];
    rows.extend(others.map(|(name, about)| [name, "", "", about, ""].map(str::to_owned).to_vec()));
    Listing { columns: &["METRIC", "limit", "needs", "what it is", "also"], rows, sentences: 0 }
}

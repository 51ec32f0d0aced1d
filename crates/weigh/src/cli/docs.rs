//! `weigh docs`: what every figure means, from the glossary that docs/metrics.md is made of.

use std::path::PathBuf;
use std::process::ExitCode;

use weigh::report::glossary::{self, Entry};
use weigh::report::render;

use super::{Hinted, Outcome, output};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Figures by name, alias or place in the JSON document; without any, all of them with a line each
    #[arg(value_name = "METRIC")]
    names: Vec<String>,

    /// Output format
    #[arg(long, default_value = "table", value_parser = ["table", "json", "markdown"], help_heading = "Output")]
    format: String,

    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  weigh docs                    every figure, with a line each
  weigh docs macs peak_memory   all there is to say of two of them
  weigh docs p99                by another name
  weigh docs totals.device_bytes
                                by its place in the JSON document";

pub(crate) fn run(args: &Args) -> Outcome {
    let entries = args.names.iter().map(|name| named(name)).collect::<anyhow::Result<Vec<_>>>()?;
    let options = output::Args::plain(&args.format, args.output.clone()).render_options();
    let text = match (args.format.as_str(), entries.as_slice()) {
        ("json", []) => json(&glossary::entries().collect::<Vec<_>>())?,
        ("json", entries) => json(entries)?,
        ("markdown", []) => glossary::page(),
        ("markdown", entries) => {
            entries.iter().map(|entry| glossary::block(entry)).collect::<Vec<_>>().join("\n")
        }
        (_, []) => render::glossary::list(glossary::sections(), &options),
        (_, entries) => render::glossary::entries(entries, &options),
    };
    output::write(args.output.as_ref(), text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn named(name: &str) -> anyhow::Result<&'static Entry> {
    glossary::find(name).ok_or_else(|| {
        let hint = match glossary::suggestion(name) {
            Some(similar) => format!("did you mean '{similar}'? `weigh docs` lists all"),
            None => "`weigh docs` lists all".to_owned(),
        };
        Hinted::new(format!("no figure is called '{name}'"), hint).into()
    })
}

fn json(entries: &[&Entry]) -> anyhow::Result<String> {
    let document = serde_json::to_value(entries)?;
    Ok(format!("{:#}\n", serde_json::json!({ "entries": document })))
}

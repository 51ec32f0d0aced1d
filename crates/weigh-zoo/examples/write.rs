//! Writes architectures as ONNX files.
//!
//! `cargo run --release --example write -- FOLDER zero|random [BATCH] [NAME…]`

use std::path::PathBuf;
use std::process::ExitCode;

use weigh_formats::onnx::{Weights, WriteOptions, write};
use weigh_zoo::{Batch, ENTRIES, Options};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Some(()) => ExitCode::SUCCESS,
        None => ExitCode::from(2),
    }
}

fn run(arguments: &[String]) -> Option<()> {
    let folder = PathBuf::from(arguments.first()?);
    let weights = match arguments.get(1)?.as_str() {
        "random" => Weights::Random { seed: 1 },
        _ => Weights::Zero,
    };
    let batch = arguments.get(2).and_then(|batch| batch.parse().ok()).map_or(Batch::Symbolic, Batch::Fixed);
    let names = arguments.get(3..).unwrap_or_default();
    for entry in
        ENTRIES.iter().filter(|entry| names.is_empty() || names.iter().any(|name| name == entry.name))
    {
        let bytes = write(&(entry.build)(&Options { batch }), &WriteOptions { weights }).ok()?;
        std::fs::write(folder.join(format!("{}.onnx", entry.name)), bytes).ok()?;
    }
    Some(())
}

//! The project's own chores, started as `cargo xtask COMMAND`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports to a person")]

mod browser;
mod checks;
mod corpus;
mod made;
mod paths;
mod process;
mod steps;
mod venv;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::corpus::{CORPORA, Corpus};
use crate::steps::Steps;
use crate::venv::Venv;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

Commands:
  test [--fast]       everything that must pass before a merge: formatting, lints, docs, licences, tests, corpora;
                      --fast leaves the corpora out
  corpus [NAME]...    compare the release binary with other counts on real and hostile models; without names, all of:
{corpora}
  browser [--update-docs]
                      drive Chromium over the HTML reports; --update-docs also takes the pictures of docs/images
  fetch               make the Python environment and the models that the corpora need
  mutants             try tens of thousands of changed corpus files: no panic, no hang, no gigabytes
  speed               time `weigh inspect` beside onnx.shape_inference (not a test)
  peak [--update-docs]
                      measure the memory of ONNX Runtime beside the peak weigh predicts, on Linux (not a test)
  prediction-table [--update-docs] [--calibration FILE]
                      calibrate, then measure ONNX Runtime's times beside those weigh predicts (not a test: needs a
                      quiet machine)";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<()> {
    match args {
        ["test"] => Steps::run(|steps| {
            // First, as tests run ONNX Runtime from it.
            steps.step("Python environment", || Venv::ready().map(drop))?;
            checks::all(steps, Some(&Venv::ready()?))?;
            corpus::all(steps, &corpus::usual())?;
            browser::all(steps, &[])?;
            corpus::mutants(steps)
        }),
        ["test", "--fast"] => Steps::run(|steps| checks::all(steps, None)),
        ["corpus", names @ ..] => {
            let chosen = Corpus::named(names)?;
            Steps::run(|steps| corpus::all(steps, &chosen))
        }
        ["browser", arguments @ ..] => Steps::run(|steps| {
            corpus::build(steps)?;
            steps.step("Python environment", || Venv::ready().map(drop))?;
            browser::all(steps, arguments)
        }),
        ["fetch"] => Steps::run(|steps| corpus::fetch(steps, &corpus::usual())),
        ["mutants"] => Steps::run(corpus::mutants),
        ["speed"] => Steps::run(corpus::speed),
        ["peak", arguments @ ..] => Steps::run(|steps| corpus::peak(steps, arguments)),
        ["prediction-table", arguments @ ..] => Steps::run(|steps| corpus::prediction(steps, arguments)),
        ["help" | "--help" | "-h"] => {
            println!("{}", usage());
            Ok(())
        }
        _ => bail!("not a command: {:?}\n\n{}", args.join(" "), usage()),
    }
}

fn usage() -> String {
    let corpora: Vec<String> =
        CORPORA.iter().map(|c| format!("                        {:<12} {}", c.name, c.about)).collect();
    USAGE.replace("{corpora}", &corpora.join("\n"))
}

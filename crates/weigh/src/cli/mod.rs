//! The commands: one file each, all short, all making reports.

mod advise;
mod amounts;
mod annotate;
mod check;
mod compare;
mod completions;
mod conventions;
mod docs;
mod engines;
mod explain;
mod hardware;
mod history;
mod inspect;
mod layer;
mod man;
mod measure;
mod models;
mod output;
mod places;
mod plan;
mod predict;
mod progress;
mod quantize;
mod render;
mod reports;
mod requirements;
mod save;
mod schema;
mod surroundings;
mod terminal;
mod ticket;
mod training;
mod workers;
mod zoo;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// What a neural network costs, and what to do about it.
///
/// `weigh MODEL` prints the ticket: parameters, memory, computation, and a short measurement on this machine.
/// MODEL is a file (ONNX) or `zoo:NAME`; `weigh zoo list` names the built-in models.
#[derive(Parser)]
#[command(name = "weigh", version, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
#[command(after_long_help = surroundings::help())]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    ticket: ticket::Args,
}

#[derive(Subcommand)]
enum Command {
    /// Static facts only: nothing is run
    Inspect(inspect::Args),
    /// Latency and throughput on this machine
    Measure(Box<measure::Args>),
    /// The time, energy and memory a model would take on this machine or another
    Predict(Box<predict::Args>),
    /// Whether a model keeps requirements or a budget: a gate for CI
    Check(Box<check::Args>),
    /// The metrics and classes that requirements can name
    Requirements(requirements::ListArgs),
    /// Models or saved reports beside each other
    Compare(Box<compare::Args>),
    /// Measurements that were kept, and where their level changed
    History(history::Args),
    /// What serving a workload takes: servers, time, money, energy
    Plan(Box<plan::Args>),
    /// What to change about a model, and what each change would bring
    Advise(advise::Args),
    /// What can run models on this machine
    Engines(engines::Args),
    /// The devices that models could run on
    Hardware(hardware::Args),
    /// The cost of a single layer, without a model
    Layer(layer::Args),
    /// Write a model with its weights in fewer bits
    Quantize(quantize::Args),
    /// Built-in reference models
    Zoo(zoo::Args),
    /// Show saved reports again, in any format
    Render(render::Args),
    /// What every figure means
    Docs(docs::Args),
    /// The JSON schema of reports
    Schema,
    /// What a shell needs to complete weigh's commands
    Completions(completions::Args),
    /// Manual pages
    Man(man::Args),
    /// Run models for another weigh process: JSON requests on standard input
    #[command(hide = true)]
    Worker,
}

/// What went wrong, and whether something was shown all the same.
pub(crate) type Outcome = anyhow::Result<ExitCode>;

/// A requirement is not met, or not known to be.
pub(crate) const MISSED: u8 = 1;

/// Bad usage or bad input.
pub(crate) const FAILED: u8 = 2;

/// Ended by Ctrl-C, as shells report it: 128 and the number of the signal.
pub(crate) const INTERRUPTED: u8 = 130;

/// An error with a line that tells what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Hinted {
    message: String,
    hint: String,
}

impl Hinted {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Hinted {
        Hinted { message: message.into(), hint: hint.into() }
    }
}

/// The commands and their arguments, to make help of.
fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command that the arguments name.
pub(crate) fn run() -> ExitCode {
    terminal::leave_dumb_ones_plain();
    let cli = Cli::parse();
    let outcome = match cli.command {
        None => ticket::run(&cli.ticket),
        Some(Command::Inspect(args)) => inspect::run(&args),
        Some(Command::Measure(args)) => measure::run(&args),
        Some(Command::Predict(args)) => predict::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Requirements(args)) => requirements::list(&args),
        Some(Command::Compare(args)) => compare::run(&args),
        Some(Command::History(args)) => history::run(&args),
        Some(Command::Plan(args)) => plan::run(&args),
        Some(Command::Advise(args)) => advise::run(&args),
        Some(Command::Engines(args)) => engines::run(&args),
        Some(Command::Hardware(args)) => hardware::run(&args),
        Some(Command::Layer(args)) => layer::run(&args),
        Some(Command::Quantize(args)) => quantize::run(&args),
        Some(Command::Zoo(args)) => zoo::run(&args),
        Some(Command::Render(args)) => render::run(&args),
        Some(Command::Docs(args)) => docs::run(&args),
        Some(Command::Schema) => schema::run(),
        Some(Command::Completions(args)) => completions::run(&args),
        Some(Command::Man(args)) => man::run(&args),
        Some(Command::Worker) => workers::run(),
    };
    match outcome {
        Ok(code) => code,
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::report_error(&error);
            ExitCode::from(FAILED)
        }
    }
}

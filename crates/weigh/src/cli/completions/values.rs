//! The values that options can be completed with, where parsing takes more than a list: devices of the user's own beside
//! those of the table, amounts beside names. The command that is completed knows them, the one that is parsed does not.

use std::sync::LazyLock;

use clap::builder::{PossibleValuesParser, ValueHint};
use clap::{Arg, Command};
use clap_complete::Shell;
use weigh::training::Optimizer;
use weigh::{Goal, TECHNIQUES};
use weigh_decide::requirement::CLASSES;
use weigh_engine::{Optimization, Provider};
use weigh_hardware::devices::Devices;
use weigh_measure::scenario::Scenario;

/// What the values of an argument are.
struct Known {
    /// The command that has the argument; empty where every one means the same by it.
    command: &'static str,
    /// The argument, as its field is called.
    argument: &'static str,
    names: fn() -> Vec<&'static str>,
}

/// An argument of every command that has one of that name.
const fn everywhere(argument: &'static str, names: fn() -> Vec<&'static str>) -> Known {
    Known { command: "", argument, names }
}

const KNOWN: &[Known] = &[
    everywhere("on", devices),
    everywhere("predicted", devices),
    everywhere("dtype", || ["fp32", "fp16", "bf16", "fp8", "int8", "int4"].into()),
    everywhere("classes", || CLASSES.iter().map(|class| class.name).collect()),
    everywhere("grid", || {
        weigh_hardware::energy::carbon::grids().iter().map(|grid| grid.name.as_str()).collect()
    }),
    everywhere("goal", || Goal::ALL.map(Goal::name).into()),
    everywhere("only", || TECHNIQUES.iter().map(|technique| technique.name).collect()),
    everywhere("opt", || Optimization::ALL.iter().map(|level| level.name()).collect()),
    everywhere("provider", || Provider::ALL.iter().map(|provider| provider.name()).collect()),
    everywhere("scenario", || Scenario::ALL.iter().map(|scenario| scenario.name()).collect()),
    everywhere("optimizer", || Optimizer::ALL.map(Optimizer::name).into()),
    everywhere("mixed_precision", || ["fp16", "bf16"].into()),
    everywhere("preprocess", || literal(weigh_data::recipes().iter().map(|recipe| recipe.name))),
    everywhere("postprocess", || literal(weigh_data::postprocessors().iter().map(|entry| entry.name))),
    everywhere("percentiles", || ["p50", "p90", "p95", "p99", "p99.9"].into()),
    Known { command: "show", argument: "names", names: table },
    Known { command: "write", argument: "name", names: zoo },
    Known {
        command: "docs",
        argument: "names",
        names: || weigh::report::glossary::entries().map(|entry| entry.name).collect(),
    },
];

/// Names without a part that stands for something else, which is in capitals: `letterbox-SIZE`.
fn literal(names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    names.filter(|name| !name.contains(|c: char| c.is_ascii_uppercase())).collect()
}

static TABLE: LazyLock<Devices> = LazyLock::new(Devices::builtin);

/// The devices of the table.
fn table() -> Vec<&'static str> {
    TABLE.iter().map(|device| device.id()).collect()
}

/// What a model can be predicted for.
fn devices() -> Vec<&'static str> {
    std::iter::once("this").chain(table()).collect()
}

/// Commands that are given names, and the names.
pub(super) fn given() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    KNOWN.iter().filter(|known| !known.command.is_empty()).map(|known| (known.command, (known.names)()))
}

/// The names of the zoo.
pub(super) fn zoo() -> Vec<&'static str> {
    weigh_zoo::ENTRIES.iter().map(|entry| entry.name).collect()
}

/// The command with names for the values of its arguments.
pub(super) fn named(command: Command, shell: Shell) -> Command {
    let name = command.get_name().to_owned();
    command
        .mut_args(|argument| with_names(&name, argument, shell))
        .mut_subcommands(|command| named(command, shell))
}

fn with_names(command: &str, argument: Arg, shell: Shell) -> Arg {
    let id = argument.get_id().as_str();
    let is_meant =
        |known: &&Known| known.argument == id && (known.command.is_empty() || known.command == command);
    if let Some(known) = KNOWN.iter().find(is_meant) {
        return argument.value_parser(PossibleValuesParser::new((known.names)()));
    }
    let takes = argument.get_value_names().unwrap_or_default().iter().map(|name| name.as_str());
    match takes.into_iter().any(|name| name.split('|').any(|word| word == "MODEL")) {
        // What zsh completes with is exchanged in its script.
        true if shell == Shell::Zsh => argument.value_hint(ValueHint::Url),
        true => argument.value_hint(ValueHint::FilePath),
        false => argument,
    }
}

//! `weigh completions`: what a shell needs to complete commands, options and the names that weigh knows.

mod models;
mod values;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Command;
use clap_complete::Shell;

use super::{Outcome, output};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,

    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  source <(weigh completions bash)     in ~/.bashrc
  source <(weigh completions zsh)      in ~/.zshrc, after compinit
  weigh completions fish -o ~/.config/fish/completions/weigh.fish";

pub(crate) fn run(args: &Args) -> Outcome {
    let mut command = values::named(without_hidden(&super::command()), args.shell);
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "weigh", &mut script);
    let script = models::completed(args.shell, String::from_utf8(script)?);
    output::write(args.output.as_ref(), script.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The program without the commands that nobody is told of.
fn without_hidden(program: &Command) -> Command {
    let told = program.get_subcommands().filter(|command| !command.is_hide_set());
    Command::new("weigh")
        .version(env!("CARGO_PKG_VERSION"))
        .args(program.get_arguments().cloned())
        .groups(program.get_groups().cloned())
        .subcommands(told.cloned())
}

//! `weigh man`: manual pages, made of the commands' own help.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::surroundings::{ENVIRONMENT, EXIT_CODES, FILES, Told};
use super::{Outcome, output};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write a page for every command into this folder, instead of weigh's own to standard output
    #[arg(short, long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let usage = "weigh [OPTIONS] <MODEL>...\nweigh <COMMAND>";
    let mut command = super::command().disable_help_subcommand(true).override_usage(usage);
    command.build();
    match &args.output {
        None => output::write(None, &page(&command)?)?,
        Some(folder) => {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            write_pages(&command, folder)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write_pages(command: &Command, folder: &Path) -> anyhow::Result<()> {
    output::write(Some(&folder.join(format!("{}.1", full_name(command)))), &page(command)?)?;
    shown(command).try_for_each(|command| write_pages(command, folder))
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|command| !command.is_hide_set())
}

/// `weigh-hardware-list`.
fn full_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// A command's page.
fn page(command: &Command) -> anyhow::Result<Vec<u8>> {
    let version = format!("weigh {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).source(version).manual("weigh Manual");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if shown(command).next().is_some() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut rest = Roff::new();
    examples(&mut rest, command);
    let sections: [(&str, &[Told]); 3] =
        [("EXIT STATUS", &EXIT_CODES), ("ENVIRONMENT", &ENVIRONMENT), ("FILES", &FILES)];
    for (title, told) in sections {
        rest.control("SH", [title]);
        for Told { name, what } in told {
            rest.control("TP", []);
            rest.text([bold(*name)]);
            rest.text([roman(*what)]);
        }
    }
    see_also(&mut rest, command);
    rest.to_writer(&mut page)?;
    Ok(once_begun(&String::from_utf8(page)?).into_bytes())
}

/// The page with the definitions that every section begins with at its beginning alone.
fn once_begun(page: &str) -> String {
    let begin = page.find(".TH").and_then(|at| page.get(..at)).unwrap_or_default();
    match begin.is_empty() {
        true => page.to_owned(),
        false => format!("{begin}{}", page.replace(begin, "")),
    }
}

/// The examples of the help text, as they stand there.
fn examples(roff: &mut Roff, command: &Command) {
    let Some(help) = command.get_after_help().map(ToString::to_string) else { return };
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    for line in help.lines().filter(|line| *line != "Examples:") {
        roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    roff.control("fi", []);
}

/// The pages above and below.
fn see_also(roff: &mut Roff, command: &Command) {
    let own = full_name(command);
    let above = own.rsplit_once('-').map(|(above, _)| above.to_owned());
    let below = shown(command).map(|command| full_name(command).to_owned());
    roff.control("SH", ["SEE ALSO"]);
    let mut words = Vec::new();
    for name in above.into_iter().chain(below) {
        if !words.is_empty() {
            words.push(roman(", "));
        }
        words.extend([italic(name), roman("(1)")]);
    }
    roff.text(words);
}

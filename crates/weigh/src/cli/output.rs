//! Where results go: standard output or a file, in a format; and how errors are told.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::Context;
use weigh::Report;
use weigh::report::report::MadeBy;
use weigh::report::{RenderOptions, SortKey, Wants, renderer, renderers};

use super::{Hinted, terminal};

/// The media type of pages, which browsers show.
const PAGE: &str = "text/html";

/// How and where to show results.
#[derive(clap::Args)]
#[group(skip)] // flattened together with others of that name
pub(crate) struct Args {
    /// Output format
    #[arg(long, default_value = "table", value_parser = formats(), help_heading = "Output")]
    pub format: String,

    /// Write to a file instead of standard output (-)
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,

    /// Show it as a page in the browser: --format html
    #[arg(long, help_heading = "Output")]
    pub open: bool,

    /// Show every layer
    #[arg(long, help_heading = "Output")]
    pub layers: bool,

    /// Show the module tree down to this depth
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub depth: Option<usize>,

    /// Order of the layers
    #[arg(long, value_parser = sort_keys(), help_heading = "Output")]
    pub sort: Option<String>,

    /// How many of the heaviest layers to show
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = "Output")]
    pub top: usize,
}

/// The names of the outputs.
pub(crate) fn formats() -> clap::builder::PossibleValuesParser {
    renderers()
        .iter()
        .map(|renderer| clap::builder::PossibleValue::new(renderer.name()).help(renderer.about()))
        .collect::<Vec<_>>()
        .into()
}

fn sort_keys() -> clap::builder::PossibleValuesParser {
    SortKey::ALL.iter().map(|key| clap::builder::PossibleValue::new(key.0)).collect::<Vec<_>>().into()
}

impl Args {
    /// A format and a place, and every layer, for commands that have other uses for the options.
    pub fn plain(format: &str, output: Option<PathBuf>) -> Args {
        Args { format: format.to_owned(), output, open: false, layers: true, depth: None, sort: None, top: 5 }
    }

    /// Renders the reports to where they should go.
    pub fn show(&self, reports: &[Report]) -> anyhow::Result<()> {
        self.show_as(reports, &self.render_options())
    }

    /// Renders the reports to where they should go, with options of the command's own.
    pub fn show_as(&self, reports: &[Report], options: &RenderOptions) -> anyhow::Result<()> {
        let format = self.format();
        let Some(renderer) = renderer(format) else {
            return Err(Hinted::new(format!("no format '{format}'"), "see --help").into());
        };
        if self.open && !["table", "html"].contains(&self.format.as_str()) {
            let hint = "leave --open out, or --format";
            return Err(Hinted::new(format!("--open shows a page, and {} is none", self.format), hint).into());
        }
        if let Some(reason) = renderer.lacks(reports) {
            note(&format!("note: nothing to see in --format {format}: {reason}"));
        }
        let is_page = renderer.media() == PAGE;
        if is_page && !self.open && self.file().is_none() && io::stdout().is_terminal() {
            return Err(Hinted::new(
                "a page for a browser is nothing for a terminal",
                "write it to a file with -o report.html, or show it with --open",
            )
            .into());
        }
        // What was read from a file was made by what the file says.
        let mut reports = reports.to_vec();
        for report in &mut reports {
            report.made_by.get_or_insert_with(made_by);
        }
        let text = renderer.render(&reports, options);
        match self.open {
            true => show_in_browser(self.file(), text.as_bytes()),
            false => write(self.file(), text.as_bytes()),
        }
    }

    /// The file to write to; `-` is standard output.
    fn file(&self) -> Option<&PathBuf> {
        self.output.as_ref().filter(|file| file.as_os_str() != "-")
    }

    /// The format that is wanted.
    fn format(&self) -> &str {
        if self.open { "html" } else { &self.format }
    }

    /// What the format shows that is left out unless it is asked for.
    pub fn wants(&self) -> Wants {
        renderer(self.format()).map(|renderer| renderer.wants()).unwrap_or_default()
    }

    /// What there is to render for.
    pub fn render_options(&self) -> RenderOptions {
        let to_terminal = self.file().is_none() && io::stdout().is_terminal();
        RenderOptions {
            width: if to_terminal { terminal::width() } else { terminal::FILE_WIDTH },
            colour: self.file().is_none() && terminal::has_colours(),
            unicode: terminal::speaks_unicode(),
            layers: self.layers,
            depth: self.depth,
            sort: self.sort.as_deref().and_then(|key| key.parse().ok()),
            top: self.top,
            ..RenderOptions::default()
        }
    }
}

/// Writes a page to a file, or to one of its own, and asks the desktop to show it.
fn show_in_browser(file: Option<&PathBuf>, page: &[u8]) -> anyhow::Result<()> {
    let path = match file {
        Some(file) => file.clone(),
        // It stays: a browser reads it after this program has ended.
        None => {
            let made = tempfile::Builder::new().prefix("weigh-").suffix(".html").tempfile();
            made.context("cannot make a file for the page")?.keep()?.1
        }
    };
    write(Some(&path), page)?;
    open::that_detached(&path).map_err(|error| {
        let hint = format!("the page is in {}", path.display());
        Hinted::new(format!("no browser could be started: {error}"), hint).into()
    })
}

/// This program and the command line that it was started with.
pub(crate) fn made_by() -> MadeBy {
    let arguments = std::env::args_os().skip(1).map(|argument| quoted(&argument.to_string_lossy()));
    let words: Vec<String> = std::iter::once("weigh".to_owned()).chain(arguments).collect();
    MadeBy { program: format!("weigh {}", env!("CARGO_PKG_VERSION")), command: words.join(" ") }
}

/// An argument as a POSIX shell reads it.
fn quoted(argument: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=,+%@".contains(c);
    match !argument.is_empty() && argument.chars().all(is_plain) {
        true => argument.to_owned(),
        false => format!("'{}'", argument.replace('\'', "'\\''")),
    }
}

/// Leaves out what `weigh inspect` is for, where people asked for something else. Programs get the whole document.
pub(crate) fn leave_out_facts(report: &mut Report) {
    (report.totals, report.coverage, report.scaling) = (None, None, None);
    report.layers.clear();
    report.modules.clear();
    report.diagnostics.clear();
}

/// Writes bytes to a file, or else to standard output.
pub(crate) fn write(file: Option<&PathBuf>, bytes: &[u8]) -> anyhow::Result<()> {
    match file {
        Some(file) => fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display())),
        None => {
            let mut stdout = io::stdout().lock();
            stdout.write_all(bytes)?;
            Ok(stdout.flush()?)
        }
    }
}

/// Whether an error is only that nobody reads the output any more.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Prints an error with its causes, and the hint if there is one. Control characters that came from a file
/// are made visible.
pub(crate) fn report_error(error: &anyhow::Error) {
    let mut text = String::new();
    for (index, cause) in error.chain().enumerate() {
        text.push_str(if index == 0 { "error: " } else { "  caused by: " });
        text.push_str(&visible(&cause.to_string()));
        text.push('\n');
    }
    if let Some(hint) = error.chain().find_map(hint_of) {
        text.push_str(&format!("hint: {}\n", visible(&hint)));
    }
    // Nothing can be done when standard error is closed too.
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Tells what was done beside the result, on standard error.
pub(crate) fn note(text: &str) {
    // Nothing can be done when standard error is closed.
    let _ = anstream::stderr().write_all(format!("{}\n", visible(text)).as_bytes());
}

fn hint_of(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(hinted) = cause.downcast_ref::<Hinted>() {
        return Some(hinted.hint.clone());
    }
    if let Some(refused) = cause.downcast_ref::<weigh::NotQuantized>() {
        return Some(refused.hint().to_owned());
    }
    if let Some(refused) = cause.downcast_ref::<weigh::NotAnnotated>() {
        return Some(refused.hint().to_owned());
    }
    cause.downcast_ref::<weigh::OpenError>().map(weigh::OpenError::hint)
}

/// The text with control characters made visible.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { c.escape_unicode().to_string() } else { c.to_string() })
        .collect()
}

//! Showing reports: one renderer per output, behind a registry.
//!
//! Adding an output is one file and one line in [`renderers`]. Renderers are pure: the same reports and options
//! give the same text.

mod advised;
mod compared;
mod csv;
mod devices;
mod github;
pub mod glossary;
mod grid;
mod history;
mod html;
mod ink;
mod json;
mod junit;
mod latex;
mod layer_changes;
mod listing;
mod markdown;
mod measured;
mod netron;
mod numbers;
mod planned;
mod predicted;
mod prometheus;
mod requirements;
mod sheets;
mod sort;
mod terminal;
mod text;
mod trace;
mod verdicts;

use crate::Report;

pub use listing::Listing;
pub use sort::SortKey;
pub use terminal::SideBySide;

/// How to render. The default is what suits a file: no colour, 100 columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderOptions {
    /// Columns that lines of text must fit in.
    pub width: usize,
    /// Whether to colour, by ANSI escape sequences.
    pub colour: bool,
    /// Whether characters outside ASCII may be used.
    pub unicode: bool,
    /// Show every layer instead of the heaviest.
    pub layers: bool,
    /// Show the module tree, down to this depth.
    pub depth: Option<usize>,
    /// What to order layers by. Unless given: the heaviest by MACs, the full table in execution order.
    pub sort: Option<SortKey>,
    /// Show formulas and how they grow in place of totals and layers.
    pub symbolic: bool,
    /// How many of the heaviest layers to show.
    pub top: usize,
    /// Whether a requirement of which nothing is known counts as no failure.
    pub allow_unknown: bool,
}

impl Default for RenderOptions {
    fn default() -> RenderOptions {
        RenderOptions {
            width: 100,
            colour: false,
            unicode: true,
            layers: false,
            depth: None,
            sort: None,
            symbolic: false,
            top: 5,
            allow_unknown: false,
        }
    }
}

/// What an output shows that commands leave out unless they are asked for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Totals, layers and modules, of commands that are about something else.
    pub facts: bool,
    /// Memory over the steps.
    pub memory: bool,
    /// The time of each layer, wherever the model is run.
    pub layer_times: bool,
}

impl Wants {
    /// The whole document.
    pub const ALL: Wants = Wants { facts: true, memory: true, layer_times: true };
}

/// One output.
pub trait Renderer: Sync {
    /// What the user calls it, e.g. `json`.
    fn name(&self) -> &'static str;

    /// What it is, in a few words for the help text.
    fn about(&self) -> &'static str;

    /// Its media type, e.g. `application/json`.
    fn media(&self) -> &'static str;

    /// What commands should put into reports for it, beside what they were asked for.
    fn wants(&self) -> Wants {
        Wants::default()
    }

    /// Why a reader would find nothing of these reports in what is rendered; `None` where there is something.
    fn lacks(&self, reports: &[Report]) -> Option<&'static str> {
        let _ = reports;
        None
    }

    /// The reports as text that ends with a newline (or is empty).
    fn render(&self, reports: &[Report], options: &RenderOptions) -> String;
}

/// All outputs, the default first.
pub fn renderers() -> &'static [&'static dyn Renderer] {
    &[
        &terminal::Terminal,
        &json::Json,
        &csv::Csv,
        &markdown::Markdown,
        &latex::Latex,
        &html::Html,
        &junit::Junit,
        &github::Github,
        &netron::Netron,
        &trace::Trace,
        &prometheus::Prometheus,
    ]
}

/// The output of this name.
pub fn renderer(name: &str) -> Option<&'static dyn Renderer> {
    renderers().iter().copied().find(|renderer| renderer.name() == name)
}

//! A model's file with its own figures in it: metadata of the model and of the nodes of its main graph, which viewers
//! show and scripts read without weigh.
//!
//! Keys are those of reports behind `weigh.`; a total that is only a lower bound has `_at_least` behind its key. What is
//! not known has no entry, but a node of unknown cost says why. A node that calls a function has the sums of what is
//! inlined for it, and one with subgraphs the cost of these; the nodes in there have no entries of their own.

use std::io;
use std::path::{Path, PathBuf};

use weigh_formats::onnx::{self, AnnotateError, Note, Notes, Weights};
use weigh_formats::{FormatError, Surroundings};
use weigh_ir::{Expr, Model};
use weigh_report::figures::{self, LAYERS, LayerFigure};
use weigh_report::report::{Count, Formula, Layer};

use crate::files::{self, CANNOT_WRITE, NoBytes, Unfinished};
use crate::open::external_files;
use crate::{AnalysisError, Opened, Options, Report, analyze, describe};

/// What all keys begin with.
const PREFIX: &str = "weigh.";

/// A file that was written.
#[derive(Debug)]
pub struct Annotated {
    /// The figures that are in it.
    pub report: Report,
    /// Nodes of the file's main graph.
    pub nodes: usize,
    /// Files with weights that must lie beside it and do not, as it is in another folder than the original.
    pub left_behind: Vec<String>,
}

/// Why there is no annotated file.
#[derive(Debug, thiserror::Error)]
pub enum NotAnnotated {
    /// The model's file cannot be had.
    #[error(transparent)]
    Source(#[from] NoBytes),
    /// The file to be written is one of the model's own.
    #[error("{0} is a file of the model itself")]
    Overwrites(PathBuf),
    /// A model of the zoo cannot be read back, which is a fault of this program.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// There are no figures.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// The file cannot be copied.
    #[error(transparent)]
    Copy(#[from] AnnotateError),
    /// The file cannot be written.
    #[error("cannot write the model")]
    Write(#[from] io::Error),
}

impl NotAnnotated {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            NotAnnotated::Source(error) => error.hint(),
            NotAnnotated::Overwrites(_) => "give the copy another name; the original stays as it is",
            NotAnnotated::Copy(AnnotateError::TooLarge(_)) => {
                "keep the weights in a file of their own: `onnx.save(model, path, save_as_external_data=True)`"
            }
            NotAnnotated::Format(error) | NotAnnotated::Copy(AnnotateError::Format(error)) => error.hint(),
            NotAnnotated::Analysis(_) => "`weigh inspect` on the model tells more",
            NotAnnotated::Copy(AnnotateError::Io(_)) | NotAnnotated::Write(_) => CANNOT_WRITE,
        }
    }
}

/// Writes a copy of the model's file with its figures in it. A model of the zoo is written with weights of zeros.
///
/// # Errors
/// See [`NotAnnotated`].
pub fn annotate(opened: &Opened, options: &Options, to: &Path) -> Result<Annotated, NotAnnotated> {
    if let Some(own) = own_files(opened).into_iter().find(|own| is_same(own, to)) {
        return Err(NotAnnotated::Overwrites(own));
    }
    let source = files::bytes(opened, Weights::Zero)?;
    let from_zoo = match opened.file {
        Some(_) => None,
        None => Some(weigh_formats::read(&source, &Surroundings { external_size: &|_| None })?),
    };
    let report = described(opened, from_zoo, options)?;
    let origins = onnx::origins(&source)?;
    if origins.len() != report.layers.len() {
        return Err(FormatError::Model("the file has changed meanwhile".to_owned()).into());
    }
    let notes = notes(&report, &origins);
    let mut file = Unfinished::new(to)?;
    let nodes = onnx::annotate(&source, &notes, &mut file.out)?;
    file.finish()?;
    Ok(Annotated { report, nodes, left_behind: left_behind(opened, to) })
}

/// The figures of a model, or of the file that it was written to.
fn described(opened: &Opened, written: Option<Model>, options: &Options) -> Result<Report, AnalysisError> {
    match written {
        None => Ok(describe(opened, &analyze(&opened.model, options)?)),
        Some(model) => {
            let facts = analyze(&model, options)?;
            let (path, name) = (opened.path.clone(), opened.name.clone());
            Ok(describe(&Opened { path, name, model, file: None, file_bytes: None }, &facts))
        }
    }
}

/// The model's file, and those beside it that hold its weights.
fn own_files(opened: &Opened) -> Vec<PathBuf> {
    let Some(file) = &opened.file else { return Vec::new() };
    let folder = file.parent().unwrap_or(Path::new("."));
    let beside = external_files(&opened.model).into_iter().map(|name| folder.join(name));
    std::iter::once(file.clone()).chain(beside).collect()
}

/// Whether two paths lead to one file that is there.
fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// The files of weights that are beside the original and not beside the copy.
fn left_behind(opened: &Opened, to: &Path) -> Vec<String> {
    let folder = to.parent().unwrap_or(Path::new("."));
    let names = external_files(&opened.model).into_iter();
    names.filter(|name| !folder.join(name).is_file()).map(str::to_owned).collect()
}

/// What is written of the model and of every node of the file.
fn notes(report: &Report, origins: &[usize]) -> Notes {
    let count = origins.iter().max().map_or(0, |last| last + 1);
    let mut by_node: Vec<Vec<&Layer>> = vec![Vec::new(); count];
    for (layer, origin) in report.layers.iter().zip(origins) {
        if let Some(layers) = by_node.get_mut(*origin) {
            layers.push(layer);
        }
    }
    let nodes = by_node.iter().map(|layers| of_node(layers)).collect();
    Notes { prefix: PREFIX.to_owned(), model: of_model(report), nodes }
}

fn note(key: &str, value: impl ToString) -> Note {
    (format!("{PREFIX}{key}"), value.to_string())
}

/// The sums over the layers that a node of the file became, which is nearly always one.
fn of_node(layers: &[&Layer]) -> Vec<Note> {
    let sum = |figure: &LayerFigure| {
        let counts = layers.iter().map(|layer| Some((figure.count)(layer)?.0.clone()));
        counts.sum::<Option<Expr>>().map(Count)
    };
    let mut notes = Vec::new();
    for figure in LAYERS.iter().filter(|_| !layers.is_empty()) {
        let sum = sum(figure);
        notes.extend(figures::known(sum.as_ref()).map(|count| note(figure.key, count.exact())));
    }
    if let [layer] = layers {
        notes.extend(layer.macs_formula.as_ref().and_then(|formula| of_formula("macs_formula", formula)));
    }
    let mut reasons: Vec<&str> = layers.iter().filter_map(|layer| layer.unpriced.as_deref()).collect();
    reasons.dedup();
    if !reasons.is_empty() {
        notes.push(note("unpriced", reasons.join("; ")));
    }
    notes
}

fn of_model(report: &Report) -> Vec<Note> {
    let mut notes = vec![note("made_by", concat!("weigh ", env!("CARGO_PKG_VERSION")))];
    let bindings: Vec<String> =
        report.bindings.iter().map(|(symbol, value)| format!("{symbol}={value}")).collect();
    let lists =
        [("bindings", bindings), ("assumed", report.assumed.clone()), ("unbound", report.unbound.clone())];
    let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
    notes.extend(lists.map(|(key, list)| note(key, list.join(", "))));
    for total in report.totals.iter().flat_map(figures::listed) {
        let least = if total.is_at_least { "_at_least" } else { "" };
        notes.push(note(&format!("{}{least}", total.figure.key), total.count.exact()));
    }
    let intensity = report.totals.as_ref().and_then(figures::intensity);
    notes.extend(intensity.map(|intensity| note("arithmetic_intensity", intensity)));
    if let Some(scaling) = report.scaling.as_ref().filter(|scaling| !scaling.symbols.is_empty()) {
        notes.extend(scaling.macs.as_ref().and_then(|formula| of_formula("macs_formula", formula)));
    }
    if let Some(coverage) = &report.coverage {
        notes.push(note("nodes", coverage.nodes));
        notes.push(note("nodes_priced", coverage.priced));
        let unknown: Vec<String> =
            coverage.unknown.iter().map(|unknown| format!("{} × {}", unknown.count, unknown.op)).collect();
        notes.extend((!unknown.is_empty()).then(|| note("unknown", unknown.join(", "))));
    }
    notes
}

/// A formula, unless it outgrew its limits.
fn of_formula(key: &str, formula: &Formula) -> Option<Note> {
    formula.0.invalid().is_none().then(|| note(key, &formula.0))
}

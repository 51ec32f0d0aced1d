//! What the ticket is about: the model, its inputs and outputs, and what its symbols stand for.

use weigh_ir::units;

use super::many;
use crate::Report;
use crate::render::ink::{Ink, Line, Role};
use crate::render::text::width;
use crate::report::{Model, Tensor};

/// More inputs (or outputs) than this are counted, not listed.
const LISTED: usize = 3;
/// The least columns for the name of an input or output, and the most for that of a symbol.
const NAME: usize = 28;
/// Where the names of inputs and outputs begin.
const TENSOR: usize = 7;

pub(super) fn lines(report: &Report, ink: &Ink) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(model) = &report.model {
        lines.extend(title(report, model, ink));
        let column = names(model, ink);
        lines.extend(tensors("in", &model.inputs, column, ink));
        lines.extend(tensors("out", &model.outputs, column, ink));
    }
    lines.extend(symbols(report, ink));
    lines
}

/// The name at the left, what kind of file it is at the right.
fn title(report: &Report, model: &Model, ink: &Ink) -> Vec<Line> {
    let facts = [
        format(model),
        model.file_bytes.map(|bytes| units::bytes(bytes as f64)).unwrap_or_default(),
        report.coverage.as_ref().map(|coverage| many(coverage.nodes, "node")).unwrap_or_default(),
    ];
    let facts = ink.facts(&facts, ink.width.saturating_sub(2));
    let name = if model.name.is_empty() { &model.path } else { &model.name };
    let name = ink.name(name, ink.width);
    let facts = Line::new(Role::Dim, facts);
    let mut line = Line::new(Role::Title, name);
    if line.width() + 2 + facts.width() > ink.width {
        return vec![line, Line::new(Role::Plain, "  ").joined(facts)];
    }
    line.pad_to(ink.width - facts.width());
    vec![line.joined(facts)]
}

/// `ONNX opset 17`: short names of formats are initials.
fn format(model: &Model) -> String {
    let name = match model.format.len() <= 5 {
        true => model.format.to_uppercase(),
        false => model.format.clone(),
    };
    match &model.format_version {
        Some(version) => format!("{name} {version}"),
        None => name,
    }
}

/// The columns that names of inputs and outputs take: as many as their types leave.
fn names(model: &Model, ink: &Ink) -> usize {
    let listed = || model.inputs.iter().chain(&model.outputs);
    let types = listed().map(|tensor| width(&ink.text(&kind(tensor)))).max().unwrap_or(0);
    let room = ink.width.saturating_sub(TENSOR + 2 + types).max(NAME);
    listed().map(|tensor| width(&ink.name(&tensor.name, room))).max().unwrap_or(0)
}

/// `float32 [batch, 3, 224, 224]`.
fn kind(tensor: &Tensor) -> String {
    let shape = tensor.shape.as_ref().map_or("[…]".to_owned(), |shape| shape.to_string());
    format!("{} {shape}", tensor.dtype.as_deref().unwrap_or("?"))
}

fn tensors(label: &str, tensors: &[Tensor], column: usize, ink: &Ink) -> Vec<Line> {
    let listed = if tensors.len() > LISTED + 1 { LISTED } else { tensors.len() };
    let mut lines: Vec<Line> = Vec::new();
    for (index, tensor) in tensors.iter().take(listed).enumerate() {
        let mut line = Line::new(Role::Dim, if index == 0 { format!("  {label}") } else { String::new() });
        line.pad_to(TENSOR);
        line.push(Role::Plain, ink.name(&tensor.name, column));
        line.pad_to(TENSOR + column + 2);
        line.push(Role::Plain, ink.name(&kind(tensor), ink.width.saturating_sub(line.width())));
        lines.push(line);
    }
    if tensors.len() > listed {
        let more = tensors.len() - listed;
        lines.push(Line::new(Role::Dim, format!("       and {more} more")));
    }
    lines
}

/// What symbols are bound to, and how to bind those that are not.
fn symbols(report: &Report, ink: &Ink) -> Vec<Line> {
    let mut lines = Vec::new();
    if !report.bindings.is_empty() {
        let mut line = Line::new(Role::Dim, "  with");
        line.pad_to(TENSOR);
        for (index, (symbol, value)) in report.bindings.iter().enumerate() {
            let binding = format!("{} = {value}", ink.name(symbol, NAME));
            let assumed = if report.assumed.contains(symbol) { " (assumed)" } else { "" };
            let separator = if index > 0 { ink.dot() } else { "" };
            if line.width() + width(separator) + width(&binding) + width(assumed) > ink.width && index > 0 {
                lines.push(std::mem::take(&mut line));
                line.pad_to(TENSOR);
            } else {
                line.push(Role::Plain, separator);
            }
            line.push(Role::Plain, binding);
            line.push(Role::Warn, assumed);
        }
        lines.push(line);
    }
    let unbound: Vec<String> = report.unbound.iter().take(4).map(|symbol| ink.name(symbol, NAME)).collect();
    if !unbound.is_empty() {
        let (verb, it) = if report.unbound.len() == 1 { ("is", "it") } else { ("are", "them") };
        let more = if report.unbound.len() > unbound.len() { ", ..." } else { "" };
        let flags: Vec<String> = unbound.iter().map(|symbol| format!("--dim {symbol}=128")).collect();
        let text = format!("{}{more} {verb} unbound: bind {it} with {}", unbound.join(", "), flags.join(" "));
        let words = ink.sentence(&text, ink.width.saturating_sub(TENSOR));
        lines.extend(
            words.into_iter().map(|text| Line::new(Role::Warn, format!("{}{text}", " ".repeat(TENSOR)))),
        );
    }
    lines
}

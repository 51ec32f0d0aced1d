//! What the ticket is about: the model, its inputs and outputs, and what its symbols stand for.

use weigh_ir::units;

use super::many;
use crate::Report;
use crate::render::ink::{Ink, Line, Role};
use crate::report::{Model, Tensor};

/// More inputs (or outputs) than this are counted, not listed.
const LISTED: usize = 3;
/// Columns for the name of an input or output.
const NAME: usize = 28;

pub(super) fn lines(report: &Report, ink: &Ink) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(model) = &report.model {
        lines.extend(title(report, model, ink));
        let names = (model.inputs.iter().chain(&model.outputs)).map(|tensor| ink.name(&tensor.name, NAME));
        let column = names.map(|name| crate::render::text::width(&name)).max().unwrap_or(0);
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

fn tensors(label: &str, tensors: &[Tensor], column: usize, ink: &Ink) -> Vec<Line> {
    let listed = if tensors.len() > LISTED + 1 { LISTED } else { tensors.len() };
    let mut lines: Vec<Line> = Vec::new();
    for (index, tensor) in tensors.iter().take(listed).enumerate() {
        let mut line = Line::new(Role::Dim, if index == 0 { format!("  {label}") } else { String::new() });
        line.pad_to(7);
        line.push(Role::Plain, ink.name(&tensor.name, NAME));
        line.pad_to(7 + column + 2);
        let shape = tensor.shape.as_ref().map_or("[…]".to_owned(), |shape| shape.to_string());
        let text = format!("{} {shape}", tensor.dtype.as_deref().unwrap_or("?"));
        line.push(Role::Plain, ink.name(&text, ink.width.saturating_sub(line.width())));
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
        line.pad_to(7);
        for (index, (symbol, value)) in report.bindings.iter().enumerate() {
            let separator = if index > 0 { ink.dot() } else { "" };
            line.push(Role::Plain, format!("{separator}{} = {value}", ink.name(symbol, NAME)));
            if report.assumed.contains(symbol) {
                line.push(Role::Warn, " (assumed)");
            }
        }
        lines.push(line);
    }
    let unbound: Vec<String> = report.unbound.iter().take(4).map(|symbol| ink.name(symbol, NAME)).collect();
    if !unbound.is_empty() {
        let (verb, it) = if report.unbound.len() == 1 { ("is", "it") } else { ("are", "them") };
        let more = if report.unbound.len() > unbound.len() { ", ..." } else { "" };
        let flags: Vec<String> = unbound.iter().map(|symbol| format!("--dim {symbol}=128")).collect();
        let text = format!("{}{more} {verb} unbound: bind {it} with {}", unbound.join(", "), flags.join(" "));
        lines.push(Line::new(Role::Warn, format!("       {text}")));
    }
    lines
}

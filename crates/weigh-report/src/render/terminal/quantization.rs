//! What became of a model's weights: sizes, errors, what was left and why.

use std::collections::BTreeMap;

use super::many;
use super::panel::{Panel, Row, TEXT};
use crate::Report;
use crate::render::RenderOptions;
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::predicted::size;
use crate::report::{Quantization, QuantizedTensor};

/// The summary, and every tensor where all layers are asked for.
pub(super) fn sections(report: &Report, options: &RenderOptions, ink: &Ink) -> Vec<Vec<Line>> {
    let Some(found) = &report.quantization else { return Vec::new() };
    let tensors = if options.layers { tensors(found, ink) } else { Vec::new() };
    vec![summary(found, ink), tensors]
}

fn summary(found: &Quantization, ink: &Ink) -> Vec<Line> {
    let mut panel = Panel::new("QUANTIZATION");
    let room = ink.width.saturating_sub(TEXT);
    let changed: Vec<&QuantizedTensor> =
        found.tensors.iter().filter(|tensor| tensor.kept.is_none()).collect();
    let mut types: BTreeMap<&str, u64> = BTreeMap::new();
    changed.iter().for_each(|tensor| *types.entry(&tensor.to).or_default() += 1);
    let types: Vec<String> = types.iter().map(|(dtype, count)| format!("{count} as {dtype}")).collect();
    let mut say =
        |label, role, text: &str| panel.rows.extend(Row::paragraph(label, role, ink.sentence(text, room)));
    let what = if found.dynamic { ", activations quantised at run time" } else { "" };
    let stored = if types.is_empty() { "no weight was changed".to_owned() } else { types.join(", ") };
    say("weights", Role::Plain, &format!("{stored}{what}"));
    let of = |before: u64, after: u64| {
        format!("{} to {} ({:.1} %)", size(before), size(after), part(before, after))
    };
    say("tensors", Role::Plain, &of(found.stored_bytes_before, found.stored_bytes));
    let after = found.file_bytes.unwrap_or(found.planned_bytes);
    let files = found.file_bytes_before.map_or_else(|| size(after), |before| of(before, after));
    say("file", Role::Value, &files);
    if let Some(worst) = worst(&changed) {
        say("worst error", Role::Plain, &worst);
    }
    if let Some(relative) = found.relative_output_difference {
        say(
            "outputs",
            Role::Value,
            &format!("differ by up to {relative:.1e} of the largest, on random inputs"),
        );
    }
    if found.operator_set != found.operator_set_before {
        let text = format!("{} to {}", found.operator_set_before, found.operator_set);
        say("operator set", Role::Plain, &text);
    }
    if !found.folded.is_empty() || !found.not_folded.is_empty() {
        let text = format!(
            "{} folded, {} left",
            many(found.folded.len() as u64, "normalisation"),
            found.not_folded.len()
        );
        say("batch norm", Role::Plain, &text);
    }
    for (why, count) in left(found) {
        say("left", Role::Dim, &format!("{count}: {why}"));
    }
    for note in &found.notes {
        say("note", Role::Dim, note);
    }
    if let Some(path) = &found.path {
        let beside = found.path_beside.iter().map(|beside| format!(" and {beside}")).collect::<String>();
        say("written to", Role::Plain, &format!("{path}{beside}"));
    }
    panel.lines(ink, ink.width)
}

fn part(before: u64, after: u64) -> f64 {
    if before == 0 { 100.0 } else { after as f64 / before as f64 * 100.0 }
}

/// The tensor that lost most.
fn worst(changed: &[&QuantizedTensor]) -> Option<String> {
    let error = |tensor: &&&QuantizedTensor| tensor.rms_error.unwrap_or(-1.0);
    let worst = changed.iter().max_by(|a, b| error(a).total_cmp(&error(b)))?;
    let (max, rms) = (worst.max_error?, worst.rms_error?);
    let decibels = worst.sqnr_db.map_or_else(String::new, |db| format!(", {db:.1} dB"));
    let percent = |part: f64| format!("{:.2} %", part * 100.0);
    Some(format!("{} at most, {} rms{decibels} ({})", percent(max), percent(rms), worst.tensor))
}

/// Reasons, and how many tensors and normalisations they are of.
fn left(found: &Quantization) -> BTreeMap<String, String> {
    let mut reasons: BTreeMap<String, (u64, &str)> = BTreeMap::new();
    let kept = found.tensors.iter().filter_map(|tensor| tensor.kept.as_ref().or(tensor.note.as_ref()));
    kept.for_each(|why| reasons.entry(why.clone()).or_insert((0, "tensor")).0 += 1);
    let nodes = found.not_folded.iter().map(|node| &node.reason);
    nodes.for_each(|why| reasons.entry(why.clone()).or_insert((0, "normalisation")).0 += 1);
    reasons.into_iter().map(|(why, (count, thing))| (why, many(count, thing))).collect()
}

fn tensors(found: &Quantization, ink: &Ink) -> Vec<Line> {
    let mut grid = Grid::new(vec![
        Column::left("TENSOR").shrinks_to(16),
        Column::left("type"),
        Column::right("before").rank(2),
        Column::right("after"),
        Column::right("max error").rank(1),
        Column::right("rms error"),
        Column::right("SQNR").rank(3),
        Column::left("").shrinks_to(12).rank(4),
    ]);
    let percent = |part: Option<f64>| part.map_or_else(String::new, |part| format!("{:.3} %", part * 100.0));
    for tensor in &found.tensors {
        let why = tensor.kept.as_ref().or(tensor.note.as_ref()).map_or("", String::as_str);
        let role = if tensor.kept.is_some() { Role::Dim } else { Role::Plain };
        grid.row(vec![
            (role, ink.name(&tensor.tensor, ink.width)),
            (role, tensor.to.clone()),
            (role, size(tensor.bytes_before)),
            (role, size(tensor.bytes)),
            (role, percent(tensor.max_error)),
            (role, percent(tensor.rms_error)),
            (role, tensor.sqnr_db.map_or_else(String::new, |db| format!("{db:.1} dB"))),
            (Role::Dim, ink.name(why, ink.width)),
        ]);
    }
    grid.lines(ink)
}

//! Memory and compute, side by side where there is room, and how they scale.

use super::many;
use super::panel::{Panel, Row, TEXT, Value, beside};
use crate::Report;
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::{self, Kind, split};
use crate::report::{Count, Coverage, Extent, Formula, Scaling, Totals};
use weigh_ir::Expr;

/// Narrower than this, panels stand one below the other.
const SIDE_BY_SIDE: usize = 92;
/// Formulas up to this width stand beside their value.
const INLINE: usize = 16;

pub(super) fn lines(report: &Report, ink: &Ink) -> Vec<Line> {
    let Some(totals) = &report.totals else { return Vec::new() };
    let facts = Facts { totals, coverage: report.coverage.as_ref(), scaling: report.scaling.as_ref(), ink };
    let (memory, compute) = (facts.memory(), facts.compute());
    let left = ink.width / 2 + 3;
    let (left_room, right_room) = (left - 1, ink.width.saturating_sub(left + 1));
    let mut lines = if memory.rows.is_empty() || compute.rows.is_empty() {
        let panel = if memory.rows.is_empty() { &compute } else { &memory };
        if panel.rows.is_empty() { Vec::new() } else { panel.lines(ink, ink.width) }
    } else if ink.width >= SIDE_BY_SIDE && memory.fits(left_room) && compute.fits(right_room) {
        beside(memory.lines(ink, left_room), compute.lines(ink, right_room), left + 1)
    } else {
        let mut stacked = memory.lines(ink, ink.width);
        stacked.push(Line::default());
        stacked.extend(compute.lines(ink, ink.width));
        stacked
    };
    if let Some(scaling) = facts.scaling_panel() {
        lines.push(Line::default());
        lines.extend(scaling.lines(ink, ink.width));
    }
    lines
}

struct Facts<'a> {
    totals: &'a Totals,
    coverage: Option<&'a Coverage>,
    scaling: Option<&'a Scaling>,
    ink: &'a Ink,
}

impl Facts<'_> {
    fn memory(&self) -> Panel {
        let (totals, size) = (self.totals, &self.totals.model_size);
        let mut panel = Panel::new("MEMORY");
        let rows = &mut panel.rows;
        let positive = |count: &Option<Count>| count.clone().filter(|count| count.0 != Expr::ZERO);
        if let Some(parameters) = &totals.parameters {
            let mut row = self.row("parameters", parameters, Kind::Count, true);
            if let Some(buffers) = positive(&totals.buffers) {
                row.facts.push(format!("+ {} buffers", numbers::count(&buffers, Kind::Count)));
            }
            rows.push(row);
        }
        if let Some(stored) = &size.stored_bytes {
            let mut row = self.row("model size", stored, Kind::Bytes, true);
            row.facts.extend(dtypes(totals));
            if let Some(constants) = positive(&totals.constant_bytes) {
                row.facts.push(format!("{} constants", numbers::count(&constants, Kind::Bytes)));
            }
            if let Some(all) = totals.weight_bytes.as_ref().filter(|all| all.0 != stored.0) {
                let all = numbers::count(all, Kind::Bytes);
                row.facts.push(format!("{all} with what nodes generate"));
            }
            rows.push(row);
        }
        if let Some(fp16) = &size.fp16_bytes {
            let mut row = self.row("at fp16", fp16, Kind::Bytes, true);
            let unit = split(&numbers::count(fp16, Kind::Bytes)).1.to_owned();
            for (name, count) in [("int8", &size.int8_bytes), ("int4", &size.int4_bytes)] {
                let text = count.as_ref().map(|count| numbers::count(count, Kind::Bytes));
                row.facts.extend(text.map(|text| match split(&text) {
                    (number, same) if same == unit => format!("{name} {number}"),
                    _ => format!("{name} {text}"),
                }));
            }
            rows.push(row);
        }
        self.activations(rows);
        self.device(rows);
        panel
    }

    /// What a device needs, and the part of it that is a model of what operators do.
    fn device(&self, rows: &mut Vec<Row>) {
        let totals = self.totals;
        let known = self.memory_known() && totals.complete.workspace;
        if let Some(workspace) = totals.workspace_bytes.as_ref().filter(|bytes| bytes.0 != Expr::ZERO) {
            let mut row = self.row("workspace", workspace, Kind::Bytes, known);
            row.facts.extend(totals.workspace_for.as_ref().map(|purpose| format!("modelled: {purpose}")));
            rows.push(row);
        }
        if let Some(needed) = &totals.device_bytes {
            let row = self.row("needs", needed, Kind::Bytes, known);
            rows.push(row.fact("weights, peak, workspace"));
        }
    }

    fn activations(&self, rows: &mut Vec<Row>) {
        let Some(activations) = &self.totals.activations else { return };
        let known = self.memory_known();
        let least = if known { "" } else { "≥ " };
        let unshaped =
            self.missing(|coverage| coverage.shaped).map(|count| format!("{} unshaped", many(count, "node")));
        let in_place = |extent: &Option<Extent>| {
            let bytes = extent.as_ref().and_then(|extent| extent.bytes.number());
            bytes.map(|bytes| format!("in place {least}{}", numbers::number(bytes as f64, Kind::Bytes)))
        };
        if let Some(total) = &activations.total {
            let mut row = self.row("activations", &total.bytes, Kind::Bytes, known);
            row.facts.extend(unshaped.filter(|_| !known));
            row.facts.extend(in_place(&activations.in_place_total));
            rows.push(row);
        }
        if let Some(peak) = &activations.peak {
            let mut row = self.row("peak", &peak.bytes, Kind::Bytes, known);
            row.facts.extend(in_place(&activations.in_place_peak));
            rows.push(row);
        }
        let arena = (activations.arena_bytes.as_ref()).map(|arena| numbers::count(arena, Kind::Bytes));
        match (&activations.best_order_peak, arena) {
            (Some(best), arena) => {
                let mut row = self.row("best order", &best.bytes, Kind::Bytes, known);
                row.facts.extend(arena.map(|arena| format!("arena {least}{arena}")));
                row.facts.extend(activations.best_order.clone());
                row.facts.extend(activations.best_order_is_optimal.then(|| "none is better".to_owned()));
                rows.push(row);
            }
            (None, Some(_)) => {
                rows.extend(
                    activations
                        .arena_bytes
                        .as_ref()
                        .map(|arena| self.row("arena", arena, Kind::Bytes, known)),
                );
            }
            (None, None) => {}
        }
    }

    fn compute(&self) -> Panel {
        let totals = self.totals;
        let known = self.compute_known();
        let mut panel = Panel::new("COMPUTE");
        let rows = &mut panel.rows;
        if let Some(macs) = &totals.macs {
            let mut row = self.row("MACs", macs, Kind::Count, known);
            let unpriced = self.missing(|coverage| coverage.priced).filter(|_| !known);
            row.facts.extend(unpriced.map(|count| format!("{} unpriced", many(count, "node"))));
            row.facts.extend(self.inline_formula().filter(|_| known));
            rows.push(row);
        }
        if let Some(flops) = &totals.flops {
            rows.push(self.row("FLOPs", flops, Kind::Count, known).fact("2 × MACs"));
        }
        if let Some(other) = &totals.other_ops {
            rows.push(self.row("other ops", other, Kind::Count, known).fact("not in FLOPs"));
        }
        if let Some(moved) = &totals.bytes_moved {
            rows.push(self.row("bytes moved", moved, Kind::Bytes, self.memory_known()));
        }
        if let Some(intensity) = totals.arithmetic_intensity {
            let row = Row::number("intensity", format!("{} FLOP/B", numbers::rate(intensity)));
            let known = known && self.memory_known();
            rows.push(if known { row } else { row.fact("of what is known") });
        }
        panel
    }

    /// A total: as a number, or as a formula where symbols are unbound.
    fn row(&self, label: &'static str, count: &Count, kind: Kind, known: bool) -> Row {
        let least = if known { "" } else { "≥ " };
        let text = self.formula(count, kind, least);
        if count.number().is_some() {
            return Row { label, value: Value::Number { text, lower_bound: !known }, facts: Vec::new() };
        }
        if count.0.invalid().is_some() {
            return Row::text(label, Role::Bad, self.ink.text(&text));
        }
        let mut line = Line::new(Role::Warn, self.ink.text(least));
        line.push(Role::Value, text);
        Row { label, value: Value::Text(line), facts: Vec::new() }
    }

    /// A formula on one line, after `before`: a very long one is its leading term or ends in an ellipsis.
    fn formula(&self, count: &Count, kind: Kind, before: &str) -> String {
        let room = self.ink.width.saturating_sub(TEXT + 2 + before.chars().count());
        self.ink.cut(&self.ink.text(&numbers::formula(count, kind, room)), room)
    }

    /// Whether the totals of computation miss nothing.
    fn compute_known(&self) -> bool {
        self.totals.complete.compute && self.missing(|coverage| coverage.priced).is_none()
    }

    /// Whether the totals of activations miss nothing.
    fn memory_known(&self) -> bool {
        self.totals.complete.memory && self.missing(|coverage| coverage.shaped).is_none()
    }

    /// Nodes that are not among the counted ones.
    fn missing(&self, counted: impl Fn(&Coverage) -> u64) -> Option<u64> {
        self.coverage
            .map(|coverage| coverage.nodes.saturating_sub(counted(coverage)))
            .filter(|count| *count > 0)
    }

    /// The formula behind the MACs, where these are a number.
    fn macs_formula(&self) -> Option<&Formula> {
        self.totals.macs.as_ref()?.number()?;
        self.scaling?.macs.as_ref().filter(|formula| matches!(formula.0, Expr::Formula(_)))
    }

    fn inline_formula(&self) -> Option<String> {
        let text = self.macs_formula()?.0.pretty();
        is_short(&text).then(|| format!("= {text}"))
    }

    /// The formulas below each other, where they are too long to stand beside their values.
    fn scaling_panel(&self) -> Option<Panel> {
        let macs = self.macs_formula().filter(|formula| !is_short(&formula.0.pretty()))?;
        let scaling = self.scaling?;
        let mut panel = Panel::new("SCALING");
        let mut push = |label, Formula(expr): &Formula, kind, known| {
            let least = if known { "" } else { "≥ " };
            let text = self.formula(&Count(expr.clone()), kind, least);
            panel.rows.push(Row::text(label, Role::Plain, self.ink.text(least) + &text));
        };
        push("MACs", macs, Kind::Count, self.compute_known());
        let bytes = [("activations", &scaling.activation_bytes), ("peak", &scaling.peak_activation_bytes)];
        for (label, formula) in bytes {
            if let Some(formula @ Formula(Expr::Formula(_))) = formula {
                push(label, formula, Kind::Bytes, self.memory_known());
            }
        }
        Some(panel)
    }
}

/// Whether a formula stands beside its value.
fn is_short(formula: &str) -> bool {
    formula.chars().count() <= INLINE
}

/// Which dtypes parameters are stored in, the largest first.
fn dtypes(totals: &Totals) -> Option<String> {
    let mut dtypes: Vec<(&String, i64)> = (totals.parameter_bytes_by_dtype.iter())
        .map(|(dtype, bytes)| (dtype, bytes.number().unwrap_or(i64::MAX)))
        .collect();
    dtypes.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    match dtypes.as_slice() {
        [] => None,
        [(only, _)] => Some((*only).clone()),
        [(first, _), rest @ ..] => Some(format!("{first} and {} more", rest.len())),
    }
}

//! Why a run takes longer than FLOPs / FLOPS: a waterfall from the theoretical to the measured time, and the layers
//! behind each step.

use weigh_ir::units::{self, time_unit};

use super::panel::{Panel, Row, TEXT};
use crate::render::grid::{Column, Grid};
use crate::render::ink::{Ink, Line, Role};
use crate::render::measured::particular;
use crate::render::numbers::{share, time};
use crate::render::text::width;
use crate::report::{Gap, GapLayer, GapPart, Measurement};

/// Layers that are named of each cause.
const NAMED: usize = 3;
/// Causes of a smaller share are not followed to their layers.
const FOLLOWED: f64 = 0.01;
/// Columns of the whole waterfall, at most, and at least where words stand before it.
const BAR: [usize; 2] = [32, 10];

/// The causes alone, for pages that are about more than one thing.
pub(super) fn brief(run: &Measurement, ink: &Ink) -> Vec<Line> {
    let Some(mut gap) = run.gap.clone() else { return Vec::new() };
    gap.notes.clear();
    gap.parts.retain(|part| part.ms != 0.0);
    gap.parts.iter_mut().for_each(|part| part.layers.clear());
    let brief = Measurement { gap: Some(gap), ..Measurement::default() };
    lines(&brief, std::slice::from_ref(&brief), ink)
}

pub(super) fn lines(run: &Measurement, runs: &[Measurement], ink: &Ink) -> Vec<Line> {
    let Some(gap) = run.gap.as_ref().filter(|gap| !gap.parts.is_empty()) else { return Vec::new() };
    let mut lines = title(gap, ink);
    if runs.len() > 1 {
        lines.insert(0, Line::new(Role::Dim, ink.text(&particular(run, runs))));
    }
    lines.extend(waterfall(gap, ink));
    let mut panel = Panel::new("");
    let room = ink.width.saturating_sub(TEXT);
    if gap.parts.iter().any(|part| !followed(part).is_empty()) {
        let text = "beneath a cause: the layers that add most of it, and what each would save without it";
        panel.rows.extend(Row::paragraph("layers", Role::Dim, ink.sentence(text, room)));
    }
    panel.rows.extend(
        gap.notes.iter().flat_map(|note| Row::paragraph("note", Role::Dim, ink.sentence(note, room))),
    );
    lines.extend(panel.lines(ink, ink.width));
    lines
}

/// `theoretical 7.90 ms, measured 20.3 ms: efficiency 38.9 %`
fn title(gap: &Gap, ink: &Ink) -> Vec<Line> {
    let known = |ms: Option<f64>| ms.map_or("?".to_owned(), time);
    let times = format!("theoretical {}, measured {}", known(gap.theoretical_ms), known(gap.measured_ms));
    let mut line = Line::new(Role::Heading, "WHY");
    line.pad_to(TEXT);
    line.push(Role::Plain, ink.text(&times));
    let Some(efficiency) = gap.efficiency.map(|reached| format!("efficiency {}", share(reached))) else {
        return vec![line];
    };
    if line.width() + 2 + width(&efficiency) <= ink.width {
        return vec![line.with(Role::Plain, ": ").with(Role::Value, efficiency)];
    }
    let mut second = Line::default();
    second.pad_to(TEXT);
    vec![line, second.with(Role::Value, efficiency)]
}

/// A row for each cause, its layers beneath it, and the sum.
fn waterfall(gap: &Gap, ink: &Ink) -> Vec<Line> {
    let sum: f64 = gap.parts.iter().map(|part| part.ms).sum();
    let scale = Scale::new(gap, sum);
    let words = gap.parts.iter().map(|part| width(&ink.text(&part.what))).max().unwrap_or(0);
    // Label, time, share and the gaps between them; the words stand in the row where a bar has room beside them.
    let taken = TEXT + scale.width() + 2 + 7 + 2;
    let beside = ink.width.saturating_sub(taken + words + 2);
    let in_row = beside >= BAR[1];
    let columns = if in_row { beside } else { ink.width.saturating_sub(taken) }.min(BAR[0]);

    let mut grid = Grid::new(vec![
        Column::left(""),
        Column::left(""),
        Column::right(""),
        Column::right(""),
        Column::left(""),
    ]);
    let mut at = 0.0;
    for (index, part) in gap.parts.iter().enumerate() {
        let role = if part.cause == "unexplained" { Role::Warn } else { Role::Plain };
        let bar = if part.ms == 0.0 { String::new() } else { scale.bar(at, at + part.ms, columns, ink) };
        at += part.ms;
        grid.row(vec![
            (role, pad(ink.name(&part.cause, 12))),
            (Role::Dim, if in_row { ink.text(&part.what) } else { String::new() }),
            (Role::Value, ink.text(&scale.step(part.ms, index > 0))),
            (Role::Plain, percent(part.share)),
            (if role == Role::Warn { Role::Warn } else { Role::Bar }, bar),
        ]);
    }
    let (role, end) = end(gap, sum);
    let of = gap.measured_ms.filter(|measured| *measured > 0.0).map(|measured| percent(sum / measured));
    grid.row(vec![
        (role, pad(end.to_owned())),
        (Role::Dim, if in_row { "the sum of these".to_owned() } else { String::new() }),
        (Role::Title, ink.text(&scale.step(sum, false))),
        (Role::Plain, of.unwrap_or_default()),
        (Role::Bar, scale.bar(0.0, sum, columns, ink)),
    ]);
    let mut rows = grid.lines(ink).into_iter().skip(1);
    let mut lines = Vec::new();
    let names = Names::new(gap, &scale, ink);
    for part in &gap.parts {
        lines.extend(rows.next());
        if !in_row && !part.what.is_empty() {
            let room = ink.width.saturating_sub(4);
            lines.extend(
                ink.sentence(&part.what, room)
                    .into_iter()
                    .map(|line| Line::new(Role::Dim, format!("    {line}"))),
            );
        }
        lines.extend(followed(part).iter().flat_map(|layer| names.lines(layer, &scale, ink)));
    }
    lines.extend(rows);
    lines
}

/// What the sum is called: the measured time, where it is that.
fn end(gap: &Gap, sum: f64) -> (Role, &'static str) {
    match gap.measured_ms {
        Some(measured) if (measured - sum).abs() <= measured.abs() * 0.005 => (Role::Value, "= measured"),
        _ => (Role::Warn, "sum"),
    }
}

/// Room for any cause, so that what follows lines up with other panels.
fn pad(cause: String) -> String {
    let missing = (TEXT - 4).saturating_sub(width(&cause));
    cause + &" ".repeat(missing)
}

/// A share of either sign.
fn percent(part: f64) -> String {
    if part < 0.0 && part > -0.0005 { "0.0 %".to_owned() } else { share(part) }
}

/// The layers that are named: the first few of a cause that matters.
fn followed(part: &GapPart) -> &[GapLayer] {
    let named = if part.share >= FOLLOWED { part.layers.len().min(NAMED) } else { 0 };
    part.layers.get(..named).unwrap_or_default()
}

/// One unit and as many decimals for all times, so that they can be added up; and the time at the end of the bars.
struct Scale {
    factor: f64,
    unit: &'static str,
    decimals: usize,
    most: f64,
    longest: f64,
}

impl Scale {
    fn new(gap: &Gap, sum: f64) -> Scale {
        let whole = gap.measured_ms.unwrap_or(sum);
        let (factor, unit) = time_unit(whole);
        let digits = units::significant(whole * factor, 3);
        let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len()) + 1;
        let reached = gap.parts.iter().scan(0.0, |at, part| {
            *at += part.ms;
            Some(*at)
        });
        let most = reached.fold(whole, f64::max);
        let longest = gap.parts.iter().map(|part| part.ms.abs()).fold(whole, f64::max);
        Scale { factor, unit, decimals, most, longest }
    }

    /// `+ 2.12 ms`, `- 0.30 ms`.
    fn step(&self, ms: f64, signed: bool) -> String {
        let sign = match (ms < 0.0, signed) {
            (true, _) => "- ",
            (false, true) => "+ ",
            (false, false) => "",
        };
        format!("{sign}{}", self.amount(ms.abs()))
    }

    fn amount(&self, ms: f64) -> String {
        let (amount, decimals, unit) = (ms * self.factor, self.decimals, self.unit);
        match amount.abs() < 1e9 {
            true => format!("{amount:.decimals$} {unit}"),
            false => format!("{amount:.1e} {unit}"),
        }
    }

    /// Columns of the longest step.
    fn width(&self) -> usize {
        width(&self.step(self.longest, true))
    }

    fn bar(&self, from: f64, to: f64, columns: usize, ink: &Ink) -> String {
        if self.most > 0.0 { ink.span(from / self.most, to / self.most, columns) } else { String::new() }
    }
}

/// Columns of the layers' names and times.
struct Names {
    name: usize,
    time: usize,
}

impl Names {
    fn new(gap: &Gap, scale: &Scale, ink: &Ink) -> Names {
        let layers = || gap.parts.iter().flat_map(followed);
        let room = (ink.width / 3).max(12);
        let name = layers().map(|layer| width(&ink.name(&layer.name, room))).max().unwrap_or(0);
        let time = layers().map(|layer| width(&scale.amount(layer.ms))).max().unwrap_or(0);
        Names { name, time }
    }

    fn lines(&self, layer: &GapLayer, scale: &Scale, ink: &Ink) -> Vec<Line> {
        let mut line = Line::new(Role::Plain, format!("    {}", ink.name(&layer.name, self.name)));
        line.pad_to(4 + self.name + 2);
        let time = scale.amount(layer.ms);
        line.push(Role::Plain, ink.text(&format!("{time:>0$}  ", self.time)));
        let column = line.width();
        let mut why = ink.sentence(&layer.why, ink.width.saturating_sub(column)).into_iter();
        let first = line.with(Role::Dim, why.next().unwrap_or_default());
        let rest = why.map(|text| Line::new(Role::Dim, format!("{}{text}", " ".repeat(column))));
        std::iter::once(first).chain(rest).collect()
    }
}

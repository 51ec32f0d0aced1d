//! From the theoretical to the measured time: a table of causes, and the layers behind them.

use super::parts::{item, table};
use super::plain;
use crate::render::numbers::{share, time};
use crate::report::{Gap, GapPart};

/// Layers that are named of each cause.
const NAMED: usize = 3;

pub(super) fn table_of(gap: &Gap) -> String {
    if gap.parts.is_empty() {
        return String::new();
    }
    let known = |ms: Option<f64>| ms.map_or("?".to_owned(), time);
    let efficiency = gap.efficiency.map(|reached| format!(": efficiency {}", share(reached)));
    let mut page = format!(
        "\ntheoretical {}, measured {}{}\n",
        known(gap.theoretical_ms),
        known(gap.measured_ms),
        efficiency.unwrap_or_default(),
    );
    let sum: f64 = gap.parts.iter().map(|part| part.ms).sum();
    let of = gap.measured_ms.filter(|measured| *measured > 0.0).map(|measured| share(sum / measured));
    let rows = gap.parts.iter().map(row).chain([vec![
        "sum".to_owned(),
        String::new(),
        time(sum),
        of.unwrap_or_default(),
        String::new(),
    ]]);
    page.push_str(&table(&["cause", "", ">adds", ">share", "layers that add most"], rows));
    if !gap.notes.is_empty() {
        page.push('\n');
        page.extend(gap.notes.iter().map(|note| item(note)));
    }
    page
}

fn row(part: &GapPart) -> Vec<String> {
    let layer = |layer: &crate::report::GapLayer| {
        let why = if layer.why.is_empty() { String::new() } else { format!(" ({})", plain(&layer.why)) };
        format!("{} {}{why}", plain(&layer.name), time(layer.ms))
    };
    let layers: Vec<String> = part.layers.iter().take(NAMED).map(layer).collect();
    vec![plain(&part.cause), plain(&part.what), time(part.ms), share(part.share), layers.join("; ")]
}

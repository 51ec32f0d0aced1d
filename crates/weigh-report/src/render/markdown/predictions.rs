//! Tables of what models would take on devices, and of a single prediction its batches, memory, energy and layers.

use super::parts::{item, sheet, table};
use super::plain;
use crate::render::RenderOptions;
use crate::render::numbers::time;
use crate::render::predicted::{self, ROOFLINE, THEORETICAL};
use crate::render::sheets::{self, Digits};
use crate::report::{EnergyEstimate, Fit, Prediction, Report};

/// All tables that the report has something for.
pub(super) fn tables(report: &Report, options: &RenderOptions) -> String {
    let predictions = report.predictions.as_slice();
    if predictions.is_empty() {
        return String::new();
    }
    let mut page = sheet(&sheets::predictions(std::slice::from_ref(report), Digits::Exact));
    page.push_str(&about(predictions));
    if let [only] = predictions {
        if !only.batches.is_empty() {
            page.push_str(&sheet(&sheets::batches(&only.batches)));
        }
        page.push_str(&only.fit.as_ref().map(fit).unwrap_or_default());
        page.push_str(&energy(&only.energy));
        if !only.layers.is_empty() {
            page.push_str(&sheet(&sheets::predicted_layers(&only.layers, options)));
        }
    }
    page
}

fn fits(whether: Option<bool>) -> String {
    whether.map_or("?", predicted::fits).to_owned()
}

/// What all rows are for, what the bound means, and what to know.
fn about(predictions: &[Prediction]) -> String {
    let mut items: Vec<String> = Vec::new();
    let common = predicted::common(predictions);
    items.extend((!common.is_empty()).then(|| item(&common.join(", "))));
    if predictions.iter().any(|prediction| prediction.theoretical_ms.is_some()) {
        items.push(item(&format!("theoretical: {THEORETICAL}")));
    }
    if let [only] = predictions {
        let roofline = |ms| item(&format!("roofline: ≥ {}, {ROOFLINE}", time(ms)));
        items.extend(only.roofline_ms.map(roofline));
        items.extend(only.basis.map(|basis| item(predicted::rests_on(basis))));
        let goes = predicted::by_bound(&only.by_bound);
        items.extend((!goes.is_empty()).then(|| item(&format!("time goes to: {}", goes.join(", ")))));
        let largest = predicted::largest(only);
        items.extend((!largest.is_empty()).then(|| item(&format!("largest: {}", largest.join(", ")))));
    }
    items.extend(predicted::notes(predictions).iter().map(|note| item(note)));
    if items.is_empty() { String::new() } else { format!("\n{}", items.concat()) }
}

fn fit(fit: &Fit) -> String {
    if fit.needs.is_empty() {
        return String::new();
    }
    let size = |bytes: Option<u64>| bytes.map_or("?".to_owned(), predicted::size);
    let rows = fit.needs.iter().map(|need| {
        vec![
            plain(&need.dtype),
            size(need.weight_bytes),
            size(need.activation_bytes),
            need.margin_bytes.map_or("?".to_owned(), predicted::margin),
            fits(need.fits),
        ]
    });
    let mut page = table(&["dtype", ">weights", ">activations", ">margin", "fits"], rows);
    let room = predicted::room(fit);
    if !room.is_empty() {
        page.push_str(&format!("\n{}", item(&format!("the device has {}", room.join(", ")))));
    }
    if !fit.remedies.is_empty() {
        let first = predicted::sufficient(fit);
        let rows = fit.remedies.iter().enumerate().map(|(index, remedy)| {
            let mark = if first == Some(index) { ", the first that suffices" } else { "" };
            vec![plain(&remedy.change), size(remedy.needed_bytes), format!("{}{mark}", fits(remedy.fits))]
        });
        page.push_str(&table(&["to make it fit", ">needs", "fits"], rows));
    }
    page
}

/// Energy, measured or modelled, and what it rests on.
pub(super) fn energy(estimates: &[EnergyEstimate]) -> String {
    if estimates.is_empty() {
        return String::new();
    }
    let rows = estimates.iter().map(|estimate| {
        let mut row = vec![predicted::energy_basis(estimate).to_owned()];
        row.extend(predicted::energy(estimate));
        row.push(plain(&estimate.rests_on));
        row
    });
    let [inference, per_watt_hour, battery, emissions] = predicted::ENERGY.map(|title| format!(">{title}"));
    let mut page = table(&["energy", &inference, &per_watt_hour, &battery, &emissions, "rests on"], rows);
    let mut grids: Vec<&str> = estimates.iter().filter_map(|estimate| estimate.grid.as_deref()).collect();
    grids.dedup();
    if !grids.is_empty() {
        page.push('\n');
        page.extend(grids.into_iter().map(|grid| item(&format!("grid: {grid}"))));
    }
    page
}

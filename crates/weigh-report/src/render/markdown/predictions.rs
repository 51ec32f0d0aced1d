//! Tables of what models would take on devices, and of a single prediction its batches, memory, energy and layers.

use super::parts::{item, table};
use super::{formula, plain};
use crate::render::RenderOptions;
use crate::render::measured::with_interval;
use weigh_ir::units::joules;

use crate::render::numbers::{rate, share, time};
use crate::render::predicted::{self, ROOFLINE, SETTINGS, Setting, THEORETICAL};
use crate::report::{EnergyEstimate, Fit, Interval, PredictedBatch, PredictedLayer, Prediction, Report};

/// A column that is there only where some prediction has something in it: its title, and what.
type Optional = (&'static str, fn(&Prediction) -> Option<String>);

const OPTIONAL: [Optional; 3] = [
    (">measured", |prediction| prediction.measured_ms.map(time)),
    (">efficiency", |prediction| prediction.efficiency.map(share)),
    (">modelled energy", |prediction| prediction.energy_mj.map(|energy| joules(energy / 1e3))),
];

/// All tables that the report has something for.
pub(super) fn tables(report: &Report, options: &RenderOptions) -> String {
    let predictions = report.predictions.as_slice();
    if predictions.is_empty() {
        return String::new();
    }
    let mut page = overview(predictions);
    page.push_str(&about(predictions));
    if let [only] = predictions {
        page.push_str(&batches(&only.batches));
        page.push_str(&only.fit.as_ref().map(fit).unwrap_or_default());
        page.push_str(&energy(&only.energy));
        page.push_str(&layers(&only.layers, options));
    }
    page
}

fn overview(predictions: &[Prediction]) -> String {
    let shown: Vec<&Setting> = SETTINGS.iter().filter(|setting| setting.varies(predictions)).collect();
    let mut titles = vec!["device".to_owned()];
    titles.extend(shown.iter().map(|setting| match setting.number {
        true => format!(">{}", setting.title),
        false => setting.title.to_owned(),
    }));
    titles.extend(
        [
            ">theoretical",
            ">predicted",
            ">interval",
            "basis",
            "bound by",
            ">samples/s",
            ">memory bytes",
            "fits",
        ]
        .map(str::to_owned),
    );
    let filled = |(_, value): &&Optional| predictions.iter().any(|prediction| value(prediction).is_some());
    let optional: Vec<&Optional> = OPTIONAL.iter().filter(filled).collect();
    titles.extend(optional.iter().map(|(title, _)| (*title).to_owned()));
    let rows = predictions.iter().map(|prediction| {
        let mut row = vec![plain(predicted::device(prediction))];
        row.extend(shown.iter().map(|setting| plain(&(setting.value)(prediction).unwrap_or_default())));
        let (expected, interval) = expected(prediction.predicted_ms, prediction.predicted_ci_ms);
        row.extend([
            prediction.theoretical_ms.map(|ms| format!("≥ {}", time(ms))).unwrap_or_default(),
            expected,
            interval,
            prediction.basis.map(predicted::basis).unwrap_or_default().to_owned(),
            prediction.bound.map(predicted::bound).unwrap_or_default().to_owned(),
            prediction.throughput_per_second.map(rate).unwrap_or_default(),
            prediction.memory_bytes.as_ref().map(formula).unwrap_or_default(),
            fits(prediction.fits),
        ]);
        row.extend(optional.iter().map(|(_, value)| value(prediction).unwrap_or_default()));
        row
    });
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    table(&titles, rows)
}

fn expected(ms: Option<f64>, interval: Option<Interval>) -> (String, String) {
    ms.map_or(("?".to_owned(), String::new()), |ms| with_interval(ms, interval))
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

fn batches(batches: &[PredictedBatch]) -> String {
    if batches.is_empty() {
        return String::new();
    }
    let rows = batches.iter().map(|batch| {
        let (expected, interval) = expected(batch.predicted_ms, batch.predicted_ci_ms);
        let reason = batch.reason.as_deref().map(|reason| format!(": {}", plain(reason)));
        vec![
            batch.batch.to_string(),
            expected,
            interval,
            batch.throughput_per_second.map(rate).unwrap_or_default(),
            batch.memory_bytes.map(predicted::size).unwrap_or_default(),
            format!("{}{}", fits(batch.fits), reason.unwrap_or_default()),
        ]
    });
    table(&[">batch", ">predicted", ">interval", ">samples/s", ">memory", "fits"], rows)
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

/// The layers in the order in which they run, or the longest.
fn layers(layers: &[PredictedLayer], options: &RenderOptions) -> String {
    if layers.is_empty() {
        return String::new();
    }
    let mut order: Vec<&PredictedLayer> = layers.iter().collect();
    if !options.layers {
        let weight = |layer: &PredictedLayer| layer.predicted_ms.unwrap_or(f64::NEG_INFINITY);
        order.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
        order.truncate(options.top);
    }
    let rows = order.into_iter().map(|layer| {
        let average = if layer.average { " (an average)" } else { "" };
        vec![
            plain(&layer.name),
            plain(&layer.kind),
            format!("{}{average}", layer.predicted_ms.map_or("?".to_owned(), time)),
            layer.share.map(share).unwrap_or_default(),
            layer.bound.map(predicted::bound).unwrap_or_default().to_owned(),
            layer.roofline_ms.map(|ms| format!("≥ {}", time(ms))).unwrap_or_default(),
        ]
    });
    table(&["expected layer", "kind", ">predicted", ">share", "bound by", ">roofline"], rows)
}

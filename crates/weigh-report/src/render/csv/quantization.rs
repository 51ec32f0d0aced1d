//! One row per stored tensor of a rewritten model, in bytes and parts of 1.

use super::row;
use crate::report::{QuantizedTensor, Report};

const COLUMNS: [&str; 13] = [
    "model",
    "tensor",
    "reader",
    "from",
    "to",
    "elements",
    "bytes_before",
    "bytes",
    "max_error",
    "rms_error",
    "sqnr_db",
    "kept",
    "note",
];

/// Whether there are rewritten models and nothing else to write.
pub(super) fn are_all(reports: &[Report]) -> bool {
    reports.iter().any(|report| report.quantization.is_some())
        && reports.iter().all(|report| report.layers.is_empty() && report.measurements.is_empty())
}

/// The heading and the rows.
pub(super) fn page(reports: &[Report]) -> String {
    let mut page = row(COLUMNS.map(str::to_owned));
    for report in reports {
        let model = report.model.as_ref().map_or("", |model| &model.name);
        let tensors = report.quantization.iter().flat_map(|found| &found.tensors);
        page.extend(tensors.map(|tensor| row(fields(model, tensor))));
    }
    page
}

fn fields(model: &str, tensor: &QuantizedTensor) -> [String; 13] {
    let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    [
        model.to_owned(),
        tensor.tensor.clone(),
        tensor.reader.clone(),
        tensor.from.clone(),
        tensor.to.clone(),
        tensor.elements.to_string(),
        tensor.bytes_before.to_string(),
        tensor.bytes.to_string(),
        number(tensor.max_error),
        number(tensor.rms_error),
        number(tensor.sqnr_db),
        tensor.kept.clone().unwrap_or_default(),
        tensor.note.clone().unwrap_or_default(),
    ]
}

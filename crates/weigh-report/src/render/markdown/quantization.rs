//! What became of a model's weights: sizes, then every tensor.

use super::parts::table;
use super::plain;
use crate::Report;
use crate::render::predicted::size;
use crate::report::Quantization;

pub(super) fn tables(report: &Report) -> String {
    report
        .quantization
        .as_ref()
        .map_or_else(String::new, |found| format!("{}\n{}", sizes(found), tensors(found)))
}

fn sizes(found: &Quantization) -> String {
    let bytes = |bytes: Option<u64>| bytes.map_or_else(|| "unknown".to_owned(), size);
    let file = found.file_bytes.unwrap_or(found.planned_bytes);
    let rows = [
        ("tensors", Some(found.stored_bytes_before), Some(found.stored_bytes)),
        ("file", found.file_bytes_before, Some(file)),
    ];
    let rows = rows.map(|(what, before, after)| vec![what.to_owned(), bytes(before), bytes(after)]);
    let sizes =
        table(&[&plain(&format!("weights as {}", found.weights)), ">before", ">after"], rows.into_iter());
    match found.relative_output_difference {
        Some(relative) => {
            format!("{sizes}\nOutputs differ by up to {relative:.1e} of the largest, on random inputs.\n")
        }
        None => sizes,
    }
}

fn tensors(found: &Quantization) -> String {
    let percent = |part: Option<f64>| part.map_or_else(String::new, |part| format!("{:.3} %", part * 100.0));
    let rows = found.tensors.iter().map(|tensor| {
        let why = tensor.kept.as_ref().or(tensor.note.as_ref()).map_or_else(String::new, |why| plain(why));
        vec![
            plain(&tensor.tensor),
            tensor.to.clone(),
            tensor.bytes_before.to_string(),
            tensor.bytes.to_string(),
            percent(tensor.max_error),
            percent(tensor.rms_error),
            why,
        ]
    });
    table(&["tensor", "type", ">bytes before", ">after", ">max error", ">rms error", "note"], rows)
}

//! Models beside the one that they are compared with, and the layers that differ.

use super::{RenderOptions, cut, parts, plain};
use crate::render::compared::{self, Compared};
use crate::render::layer_changes::{self as changes, MACS, Model, PARAMETERS, amount, mark, signed};
use crate::report::Report;

/// Remarks are cut after so many characters.
const REMARK: usize = 400;

pub(super) fn page(compared: &Compared<'_>, options: &RenderOptions) -> String {
    let mut page = format!("## Against {}\n", plain(compared.baseline));
    let setting = compared.setting();
    if !setting.is_empty() {
        page.push_str(&format!("\nMeasured: {}\n", plain(&setting.join(", "))));
    }
    page.push_str(&parts::sheet(&compared::sheet(compared.columns())));
    page.push_str(&format!("\n{}\n", plain(&compared.legend().join("; "))));
    let latencies = compared.latency_ratios();
    if !latencies.is_empty() {
        page.push_str(&parts::sheet(&compared::sheet(latencies)));
    }
    let remarks: Vec<String> = compared.dominated().into_iter().chain(compared.remarks()).collect();
    if !remarks.is_empty() {
        page.push('\n');
        remarks.iter().for_each(|remark| page.push_str(&format!("- {}\n", cut(remark, REMARK))));
    }
    let others = compared.reports.iter().filter(|report| compared::name(report) != compared.baseline);
    others.for_each(|report| page.push_str(&layers(report, options)));
    page
}

fn layers(report: &Report, options: &RenderOptions) -> String {
    let most = if options.layers { usize::MAX } else { options.top };
    let Some(found) = changes::of(report, most) else { return String::new() };
    let mut page = format!("\n### Layers of {}\n\n{}\n", plain(compared::name(report)), found.summary());
    if found.shown.is_empty() {
        return page;
    }
    page.push_str(
        "\n| | layer | operator | what | MACs before | MACs after | MACs ± | params before | params after | params ± |\n\
         |---|---|---|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for change in &found.shown {
        page.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            plain(mark(change.kind).1),
            plain(changes::name(change)),
            plain(&change.op),
            plain(&change.what.join("; ")),
            plain(&amount(change, Model::Before, MACS)),
            plain(&amount(change, Model::After, MACS)),
            plain(&signed(change.changes.macs.as_ref())),
            plain(&amount(change, Model::Before, PARAMETERS)),
            plain(&amount(change, Model::After, PARAMETERS)),
            plain(&signed(change.changes.parameters.as_ref())),
        ));
    }
    if found.hidden > 0 {
        page.push_str(&format!("\n{} more differ.\n", found.hidden));
    }
    page
}

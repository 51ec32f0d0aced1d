//! What serving a workload takes: a row for each configuration, the chosen one named.

use super::parts::{item, sheet};
use super::plain;
use crate::Report;
use crate::render::{planned, sheets};

pub(super) fn tables(report: &Report) -> String {
    let Some(plan) = &report.plan else { return String::new() };
    let asked = planned::workload(&plan.workload).join(", ");
    let asked = if asked.is_empty() { String::new() } else { format!("\n{}\n", plain(&asked)) };
    let mut page = format!("{asked}{}\n", sheet(&sheets::plan(plan)));
    page.push_str(&item(&planned::choice(plan)));
    for (found, name) in plan.configurations.iter().zip(planned::names(plan)) {
        for text in found.queue.iter().chain(&found.notes) {
            page.push_str(&item(&format!("{name}: {text}")));
        }
    }
    page
}

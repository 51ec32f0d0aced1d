//! Requirements and whether they are met, as a table; what brought the missed ones beneath it.

use super::{parts, plain};
use crate::Report;
use crate::render::requirements::causes;
use crate::render::sheets;

pub(super) fn table(report: &Report) -> String {
    if report.verdicts.is_empty() {
        return String::new();
    }
    let mut page = parts::sheet(&sheets::verdicts(std::slice::from_ref(report)));
    for verdict in report.verdicts.iter().filter(|verdict| !verdict.causes.is_empty()) {
        page.push_str(&format!("\n{} is brought by\n\n", plain(&verdict.requirement)));
        for cause in causes(verdict) {
            page.push_str(&format!("- {}\n", plain(&cause)));
        }
    }
    page
}

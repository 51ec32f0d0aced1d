//! Requirements and whether they are met, as a table; what brought the missed ones beneath it.

use super::plain;
use crate::render::requirements::{actual, amount, causes, facts, interval, title, word};
use crate::report::{Basis, Report, Verdict};
use weigh_ir::units;

pub(super) fn table(report: &Report) -> String {
    if report.verdicts.is_empty() {
        return String::new();
    }
    let mut page = "\n| requirement | verdict | actual | limit | margin | basis | remarks |\n\
        |---|---|--:|--:|--:|---|---|\n"
        .to_owned();
    for verdict in &report.verdicts {
        page.push_str(&row(verdict));
    }
    for verdict in report.verdicts.iter().filter(|verdict| !verdict.causes.is_empty()) {
        page.push_str(&format!("\n{} is brought by\n\n", plain(&verdict.requirement)));
        for cause in causes(verdict) {
            page.push_str(&format!("- {}\n", plain(&cause)));
        }
    }
    page
}

fn row(verdict: &Verdict) -> String {
    let found =
        [Some(actual(verdict)), interval(verdict)].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let remarks: Vec<String> = facts(verdict).into_iter().chain(verdict.notes.iter().cloned()).collect();
    format!(
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        plain(&title(verdict)),
        word(verdict.status),
        plain(&found),
        plain(&verdict.limit.map(|limit| amount(limit, &verdict.unit)).unwrap_or_default()),
        verdict.margin.map(units::percent).unwrap_or_default(),
        verdict.basis.map(Basis::words).unwrap_or_default(),
        remarks.iter().map(|remark| plain(remark)).collect::<Vec<_>>().join("; "),
    )
}

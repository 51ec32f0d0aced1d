//! Requirements as rows, each with amounts in a unit of its own.

use super::{Cell, Column, Sheet, models};
use crate::Report;
use crate::render::requirements::{actual, amount, facts, interval, margin, title, word};
use crate::report::{Basis, Verdict};

/// A row for each requirement of each report.
pub(in crate::render) fn verdicts(reports: &[Report]) -> Sheet {
    let rows: Vec<(&Report, &Verdict)> =
        reports.iter().flat_map(|report| report.verdicts.iter().map(move |found| (report, found))).collect();
    let words = |title: &str, text: fn(&Verdict) -> Option<String>| {
        Column::words(title, rows.iter().map(|(_, verdict)| text(verdict)))
    };
    let figures = |title: &str, text: fn(&Verdict) -> Option<String>| {
        let cell = |verdict| text(verdict).map_or(Cell::Nothing, Cell::Text);
        Column::figures(title, rows.iter().map(|(_, verdict)| cell(verdict)))
    };
    let columns = [
        words("requirement", |verdict| Some(title(verdict))),
        words("verdict", |verdict| Some(word(verdict.status).to_owned())),
        figures("actual", |verdict| {
            let found = [Some(actual(verdict)), interval(verdict)];
            Some(found.into_iter().flatten().collect::<Vec<_>>().join(" "))
        }),
        figures("limit", |verdict| Some(amount(verdict.limit?, &verdict.unit))),
        figures("margin", margin),
        words("basis", |verdict| Some(verdict.basis.map(Basis::words)?.to_owned())),
        words("remarks", |verdict| {
            let remarks: Vec<String> =
                facts(verdict).into_iter().chain(verdict.notes.iter().cloned()).collect();
            Some(remarks.join("; "))
        }),
    ];
    Sheet::new(models(reports, rows.iter().map(|(report, _)| *report)).into_iter().chain(columns))
}

//! What other tools would count, as it stands in the report.

use weigh_analysis::conventions::{CONVENTIONS, Convention, Counted, Unit, ledger};
use weigh_analysis::{AnalysisError, Options};
use weigh_ir::Model;
use weigh_report::Count;
use weigh_report::report;

/// What the wanted conventions, by name, make of a model. None wanted costs nothing.
///
/// # Errors
/// As [`analyze`](crate::analyze).
pub fn conventions(
    model: &Model,
    options: &Options,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<report::Convention>, AnalysisError> {
    let wanted: Vec<&Convention> =
        CONVENTIONS.iter().filter(|convention| is_wanted(convention.name)).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let ledger = ledger(model, options)?;
    Ok(wanted.into_iter().map(|convention| described(convention, ledger.count(convention))).collect())
}

fn described(convention: &Convention, counted: Counted) -> report::Convention {
    report::Convention {
        name: convention.name.to_owned(),
        version: Some(convention.version.to_owned()),
        unit: match convention.unit {
            Unit::Macs => report::ConventionUnit::Macs,
            Unit::Flops => report::ConventionUnit::Flops,
        },
        label: convention.label.to_owned(),
        source: Some(convention.source.to_owned()),
        total: Some(Count(counted.total)),
        terms: (counted.terms.into_iter())
            .map(|(term, count, weight)| report::ConventionTerm {
                term: term.to_string(),
                kind: term.kind.word().to_owned(),
                total: Count(&count * weight),
                count: Count(count),
                weight,
            })
            .collect(),
        unknown: (counted.unknown.into_iter()).map(|(op, count)| report::UnknownOp { op, count }).collect(),
        notes: (counted.notes.into_iter())
            .map(|note| report::ConventionNote {
                message: note.message,
                difference: note.difference.map(Count),
            })
            .collect(),
    }
}

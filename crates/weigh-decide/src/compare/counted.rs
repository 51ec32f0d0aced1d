//! What is counted from the graph: exact on both sides, so ratios need no interval.

use weigh_ir::Expr;
use weigh_report::Report;
use weigh_report::report::{Activations, Basis, Comparison, Complete, Count, Totals};

use super::ratio;

/// A metric that is a count.
pub(super) struct Counted {
    pub(super) name: &'static str,
    pub(super) count: fn(&Totals) -> Option<&Count>,
    /// Whether the count misses nothing.
    pub(super) is_complete: fn(&Complete) -> bool,
    /// Whether it depends on the sizes of inputs.
    by_input: bool,
    pub(super) counts_for_pareto: bool,
}

const fn stored(name: &'static str, count: fn(&Totals) -> Option<&Count>) -> Counted {
    Counted { name, count, is_complete: |_| true, by_input: false, counts_for_pareto: true }
}

const fn computed(name: &'static str, count: fn(&Totals) -> Option<&Count>) -> Counted {
    let is_complete = |complete: &Complete| complete.compute;
    Counted { name, count, is_complete, by_input: true, counts_for_pareto: true }
}

const fn held(name: &'static str, count: fn(&Totals) -> Option<&Count>) -> Counted {
    let is_complete = |complete: &Complete| complete.memory;
    Counted { name, count, is_complete, by_input: true, counts_for_pareto: true }
}

/// What tables do not show decides nothing.
const fn aside(metric: Counted) -> Counted {
    Counted { counts_for_pareto: false, ..metric }
}

/// The metrics, in the order of documents. Counts, and bytes of the last five.
pub(super) const METRICS: [Counted; 9] = [
    stored("parameters", |totals| totals.parameters.as_ref()),
    aside(stored("buffers", |totals| totals.buffers.as_ref())),
    // With weights that nodes generate: a file that leaves them out is not a smaller model.
    stored("model_size", |totals| totals.weight_bytes.as_ref()),
    computed("macs", |totals| totals.macs.as_ref()),
    computed("flops", |totals| totals.flops.as_ref()),
    aside(computed("other_ops", |totals| totals.other_ops.as_ref())),
    aside(held("bytes_moved", |totals| totals.bytes_moved.as_ref())),
    held("peak_activations", |totals| peak(totals.activations.as_ref()?)),
    aside(Counted {
        is_complete: |complete| complete.memory && complete.workspace,
        ..held("device_bytes", |totals| totals.device_bytes.as_ref())
    }),
];

fn peak(activations: &Activations) -> Option<&Count> {
    activations.peak.as_ref().map(|extent| &extent.bytes)
}

/// A count of one report.
pub(super) struct Side<'r> {
    pub(super) count: &'r Expr,
    pub(super) is_lower_bound: bool,
}

impl Counted {
    /// What a report says of it; `None` where it is not known.
    pub(super) fn of<'r>(&self, report: &'r Report) -> Option<Side<'r>> {
        let totals = report.totals.as_ref()?;
        let count = &(self.count)(totals)?.0;
        count
            .invalid()
            .is_none()
            .then_some(Side { count, is_lower_bound: !(self.is_complete)(&totals.complete) })
    }
}

/// One count of two reports; `None` where neither knows it.
pub(super) fn comparison(metric: &Counted, a: &Report, b: &Report) -> Option<Comparison> {
    let (of_a, of_b) = (metric.of(a), metric.of(b));
    if of_a.is_none() && of_b.is_none() {
        return None;
    }
    let number = |side: &Option<Side<'_>>| Some(side.as_ref()?.count.as_int()? as f64);
    let is_least = |side: &Option<Side<'_>>| side.as_ref().is_some_and(|side| side.is_lower_bound);
    let mut found = Comparison {
        metric: metric.name.to_owned(),
        a_value: number(&of_a),
        b_value: number(&of_b),
        a_is_lower_bound: is_least(&of_a),
        b_is_lower_bound: is_least(&of_b),
        basis: Some(Basis::Computed),
        ..Comparison::default()
    };
    match (&of_a, &of_b) {
        (Some(a), Some(b)) => divide(a, b, &mut found),
        (None, _) => found.notes.push("the baseline's is not known".to_owned()),
        (_, None) => found.notes.push("not known".to_owned()),
    }
    if metric.by_input {
        found.notes.extend(other_sizes(a, b));
    }
    Some(found)
}

/// The ratio, or why there is none.
fn divide(a: &Side<'_>, b: &Side<'_>, found: &mut Comparison) {
    let exact = ratio::of_counts(a.count, b.count);
    let is_open = a.count.as_int().is_none() || b.count.as_int().is_none();
    let note = match (a.is_lower_bound, b.is_lower_bound, exact) {
        (false, false, Some(ratio)) => {
            found.ratio = Some(ratio);
            is_open.then(|| "the same ratio whatever the open dims are".to_owned())
        }
        (false, true, Some(ratio)) => {
            Some(format!("at least {ratio:.4} times the baseline's: operators of unknown cost are missing"))
        }
        (true, false, Some(ratio)) => {
            Some(format!("at most {ratio:.4} times the baseline's, which misses operators of unknown cost"))
        }
        (true, true, _) => Some("no ratio: both miss operators of unknown cost".to_owned()),
        _ if is_open => Some("no ratio: it depends on the open dims; bind them with --dim".to_owned()),
        _ => Some("no ratio: the baseline has none".to_owned()),
    };
    found.notes.extend(note);
}

/// That the same dim has another value.
fn other_sizes(a: &Report, b: &Report) -> Option<String> {
    let other = a.bindings.iter().filter_map(|(symbol, in_a)| {
        let in_b = b.bindings.get(symbol).filter(|in_b| *in_b != in_a)?;
        Some(format!("{symbol} is {in_b}, and {in_a} in the baseline"))
    });
    let other: Vec<String> = other.collect();
    (!other.is_empty()).then(|| other.join(", "))
}

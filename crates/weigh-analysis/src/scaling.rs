//! The totals as formulas, and whether they hold.

use weigh_ir::{Bindings, Diagnostic, Expr, Model, Severity, Symbol};

use crate::memory::Detail;
use crate::{AnalysisError, Pass, Question, free};

/// The totals that vary, as formulas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// Multiply-accumulates.
    pub macs: Expr,
    /// Other operations.
    pub other_ops: Expr,
    /// Bytes moved.
    pub bytes_moved: Expr,
    /// Bytes of all activations.
    pub activation_bytes: Expr,
    /// Bytes of activations alive at once, in file order.
    pub peak_activation_bytes: Expr,
    /// Multiply-accumulates of each node, where they are known.
    pub layer_macs: Vec<Option<Expr>>,
}

impl Scaling {
    pub(crate) fn of(pass: &Pass) -> Scaling {
        Scaling {
            macs: pass.layers.macs.clone(),
            other_ops: pass.layers.other_ops.clone(),
            bytes_moved: pass.layers.bytes_moved.clone(),
            activation_bytes: pass.memory.activations.total.bytes.clone(),
            peak_activation_bytes: pass.memory.activations.peak.bytes.clone(),
            layer_macs: pass.layers.layers.iter().map(|layer| layer.macs.clone()).collect(),
        }
    }

    /// The formulas of totals, in one order.
    pub fn all(&self) -> [&Expr; 5] {
        let Scaling { macs, other_ops, bytes_moved, activation_bytes, peak_activation_bytes, .. } = self;
        [macs, other_ops, bytes_moved, activation_bytes, peak_activation_bytes]
    }

    /// Whether the formulas give these numbers.
    pub(crate) fn agrees(&self, bindings: &Bindings, numbers: &Scaling) -> bool {
        let agrees = |(formula, number): (&Expr, &Expr)| {
            formula.invalid().is_none() && formula.bind(bindings) == *number
        };
        self.all().into_iter().zip(numbers.all()).all(agrees)
    }
}

/// The totals with every unbound symbol free. They must give the bound numbers back: where they do not, the
/// graph does not allow a symbol to vary, and that is said; where the user asked for the symbol, it is an error.
pub(crate) fn formulas(
    model: &Model,
    question: &Question,
    numbers: &Pass,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<Scaling>, AnalysisError> {
    if question.free.is_empty() {
        return Ok(None);
    }
    let open = Pass::run(model, &question.inputs, &question.fixed, Detail::Sums);
    let scaling = Scaling::of(&open);
    if !question.freed.is_empty() {
        diagnostics.extend(free::check(model, question, numbers, &open)?);
        return Ok(Some(scaling));
    }
    let covered = open.layers.coverage.priced == numbers.layers.coverage.priced;
    if covered && scaling.agrees(&question.bound, &Scaling::of(numbers)) {
        return Ok(Some(scaling));
    }
    let culprit = open.types.diagnostics.iter().find(|found| found.severity == Severity::Error);
    let names: Vec<&str> = question.free.iter().map(Symbol::as_str).collect();
    let message = match culprit {
        Some(found) => format!("no formula in {}: the graph pins it ({})", names.join(", "), found.message),
        None => format!(
            "no formula in {}: shapes depend on it in a way that has no closed form",
            names.join(", ")
        ),
    };
    let mut diagnostic = Diagnostic::new(Severity::Note, "no-formula", message);
    diagnostic.node = culprit.and_then(|found| found.node.clone());
    diagnostics.push(diagnostic);
    Ok(None)
}

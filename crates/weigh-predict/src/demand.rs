//! How many bytes a model asks for at a precision: weights, and what an inference holds beside them.
//!
//! # From one precision to another
//!
//! - **Weights.** Floating-point parameters that are wider than the precision shrink to it. What is stored as integers
//!   stays as it is, and so do buffers, constants and stored tensors that nothing reads. Scales and zero points of a
//!   quantised model are not counted, nor that biases are often kept wider: both are below one percent of a network
//!   with channels in the hundreds.
//! - **Activations and workspace.** The peak is known in elements and bytes, so the mean width of an element at the
//!   peak is known. Where that is wider than the precision, what an inference holds shrinks in proportion. The few
//!   integer activations (token numbers, shapes) shrink with the rest. A convolution of integers may need columns that
//!   one of floating-point numbers does not (docs/memory.md, workspace): they are not in the figure.

use std::collections::BTreeMap;

use serde::Serialize;
use weigh_analysis::{Analysis, Options, Totals, analyze};
use weigh_ir::{DType, Expr, Model, Symbol};

/// What numbers are stored as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// As the model has them.
    Stored,
    /// 32-bit floating-point numbers.
    Fp32,
    /// 16-bit floating-point numbers, weights and activations.
    Fp16,
    /// 8-bit integers, weights and activations.
    Int8,
    /// Weights as 4-bit integers; activations as 16-bit floating-point numbers.
    Int4,
}

impl Precision {
    /// All that a model is looked at in, widest first.
    pub const ALL: [Precision; 5] =
        [Precision::Stored, Precision::Fp32, Precision::Fp16, Precision::Int8, Precision::Int4];

    /// The name on the command line and in documents.
    pub fn name(self) -> &'static str {
        match self {
            Precision::Stored => "stored",
            Precision::Fp32 => "fp32",
            Precision::Fp16 => "fp16",
            Precision::Int8 => "int8",
            Precision::Int4 => "int4",
        }
    }

    /// The types of weights and of activations; `None` for those that the model has.
    pub fn types(self) -> Option<(DType, DType)> {
        match self {
            Precision::Stored => None,
            Precision::Fp32 => Some((DType::F32, DType::F32)),
            Precision::Fp16 => Some((DType::F16, DType::F16)),
            Precision::Int8 => Some((DType::I8, DType::I8)),
            Precision::Int4 => Some((DType::I4, DType::F16)),
        }
    }
}

/// Bytes that a model asks for. What is unknown or a formula is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Demand {
    /// In which precision.
    pub precision: Precision,
    /// The weights.
    pub weight_bytes: Option<u64>,
    /// Activations and workspace in the step where these are most, in the order of the file.
    pub working_bytes: Option<u64>,
    /// The same at most, in the order with the smallest peak: that peak and the largest workspace.
    pub best_order_bytes: Option<u64>,
    /// One block with an offset for every activation, as runtimes of microcontrollers plan it, and the largest
    /// workspace.
    pub arena_bytes: Option<u64>,
    /// Whether every activation and workspace is known; otherwise the figures are lower bounds.
    pub is_complete: bool,
}

impl Demand {
    /// What a model asks for at its batch.
    pub fn of(facts: &Analysis, precision: Precision) -> Demand {
        let totals = &facts.totals;
        let activations = &totals.activations;
        let shrink = |bytes: Option<u64>| shrunk(totals, bytes?, precision);
        let workspace = bytes(&totals.needs.workspace);
        let with_workspace = |bytes: Option<u64>| bytes?.checked_add(workspace?);
        let best = activations.best_order_peak.as_ref().and_then(|peak| bytes(&peak.bytes));
        Demand {
            precision,
            weight_bytes: weights(totals, precision),
            working_bytes: shrink(bytes(&totals.needs.bytes)),
            best_order_bytes: shrink(with_workspace(best)),
            arena_bytes: shrink(with_workspace(activations.arena_bytes)),
            is_complete: totals.needs.complete && activations.complete,
        }
    }

    /// Weights, activations and workspace.
    pub fn total_bytes(&self) -> Option<u64> {
        self.weight_bytes?.checked_add(self.working_bytes?)
    }
}

/// Tells what a model asks for at any batch and precision, by analysing it with the symbol of its batch bound: what
/// [`remedies`](crate::fit::remedies) asks for. Each batch is analysed once. Without a batch, or for a model without that
/// symbol, it is analysed as the options say.
pub fn at_batches<'m>(
    model: &'m Model,
    options: &'m Options,
    batch_symbol: Option<Symbol>,
) -> impl FnMut(Option<u64>, Precision) -> Option<Demand> + 'm {
    let mut known: BTreeMap<Option<i64>, Vec<Demand>> = BTreeMap::new();
    move |batch, precision| {
        let extent = batch.map(i64::try_from).transpose().ok()?;
        let demands = known.entry(extent).or_insert_with(|| {
            let mut options = options.clone();
            if let (Some(symbol), Some(extent)) = (&batch_symbol, extent) {
                options.bindings.insert(symbol.clone(), extent);
            }
            let all =
                |facts: Analysis| Precision::ALL.map(|precision| Demand::of(&facts, precision)).to_vec();
            analyze(model, &options).map(all).unwrap_or_default()
        });
        demands.iter().find(|demand| demand.precision == precision).cloned()
    }
}

/// A number of bytes; `None` for a formula.
fn bytes(expr: &Expr) -> Option<u64> {
    u64::try_from(expr.as_int()?).ok()
}

/// Bytes of so many elements, packed.
fn packed(elements: u64, dtype: DType) -> Option<u64> {
    Some(elements.checked_mul(u64::from(dtype.bits()?))?.div_ceil(8))
}

fn weights(totals: &Totals, precision: Precision) -> Option<u64> {
    let stored = bytes(&totals.weight_bytes())?;
    let Some((wanted, _)) = precision.types() else { return Some(stored) };
    let mut saved = 0u64;
    for (dtype, elements) in &totals.parameters_by_dtype {
        if dtype.is_float() && dtype.bits() > wanted.bits() {
            let elements = bytes(elements)?;
            saved = saved.checked_add(packed(elements, *dtype)?.checked_sub(packed(elements, wanted)?)?)?;
        }
    }
    stored.checked_sub(saved)
}

/// What an inference holds, where an element has at most the width of the precision.
fn shrunk(totals: &Totals, held: u64, precision: Precision) -> Option<u64> {
    let Some((_, wanted)) = precision.types() else { return Some(held) };
    let peak = &totals.activations.peak;
    let (elements, now) = (bytes(&peak.elements)?, bytes(&peak.bytes)?);
    let then = packed(elements, wanted)?;
    if then >= now {
        return Some(held);
    }
    let scaled = (u128::from(held) * u128::from(then)).div_ceil(u128::from(now));
    u64::try_from(scaled).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(name: &str) -> Analysis {
        let model = (weigh_zoo::find(name).unwrap().build)(&weigh_zoo::Options::default());
        analyze(&model, &Options::default()).unwrap()
    }

    #[test]
    fn alexnet_of_2012_by_hand() {
        let facts = facts("alexnet-2012");
        // Weights 60,954,656 and biases 10,568 (96 + 256 + 384 + 384 + 256 + 4096 + 4096 + 1000): 60,965,224.
        let stored = Demand::of(&facts, Precision::Stored);
        assert_eq!(stored.weight_bytes, Some(60_965_224 * 4));
        assert_eq!(Demand::of(&facts, Precision::Fp32).weight_bytes, stored.weight_bytes);
        assert_eq!(Demand::of(&facts, Precision::Fp16).weight_bytes, Some(60_965_224 * 2));
        assert_eq!(Demand::of(&facts, Precision::Int8).weight_bytes, Some(60_965_224));
        assert_eq!(Demand::of(&facts, Precision::Int4).weight_bytes, Some(60_965_224 / 2));
        // Everything held in an inference is float32.
        let held = stored.working_bytes.unwrap();
        assert_eq!(facts.totals.needs.bytes.as_int(), i64::try_from(held).ok());
        assert_eq!(Demand::of(&facts, Precision::Fp16).working_bytes, Some(held.div_ceil(2)));
        assert_eq!(Demand::of(&facts, Precision::Int8).working_bytes, Some(held.div_ceil(4)));
        assert_eq!(Demand::of(&facts, Precision::Int4).working_bytes, Some(held.div_ceil(2)));
        assert!(stored.is_complete);
    }

    #[test]
    fn figures_shrink_with_the_precision() {
        for name in ["mobilenet_v2", "gpt2-decode", "squeezenet1_0"] {
            let facts = facts(name);
            let demands = Precision::ALL.map(|precision| Demand::of(&facts, precision));
            for pair in demands.windows(2) {
                assert!(pair[1].weight_bytes <= pair[0].weight_bytes, "{name}: {pair:?}");
            }
            assert!(demands[3].working_bytes <= demands[0].working_bytes);
        }
    }

    #[test]
    fn other_batches_are_analysed() {
        let model = (weigh_zoo::find("squeezenet1_0").unwrap().build)(&weigh_zoo::Options::default());
        let options = Options::default();
        let mut at = at_batches(&model, &options, Some(Symbol::new("batch")));
        let one = at(Some(1), Precision::Fp32).unwrap();
        let four = at(Some(4), Precision::Fp32).unwrap();
        assert_eq!(one, Demand::of(&facts("squeezenet1_0"), Precision::Fp32));
        assert_eq!(one.weight_bytes, four.weight_bytes);
        assert_eq!(one.working_bytes.map(|bytes| bytes * 4), four.working_bytes);
        let mut wrong = at_batches(&model, &options, Some(Symbol::new("sequence")));
        assert_eq!(wrong(Some(2), Precision::Fp32), None);
        // What does not fit at batch 8 fits at a smaller one.
        let limit = one.total_bytes().unwrap() + 2 * one.working_bytes.unwrap();
        let limits = crate::fit::MemoryLimits { usable_bytes: Some(limit), ..Default::default() };
        let told = crate::fit::remedies(&limits, Precision::Stored, Some(8), &mut at);
        assert!(told.iter().any(|remedy| remedy.change == crate::fit::Change::Batch(3)), "{told:?}");
    }

    #[test]
    fn formulas_are_unknown() {
        // The sequence of BERT is open.
        let demand = Demand::of(&facts("bert_base"), Precision::Fp16);
        assert!(demand.weight_bytes.is_some());
        assert_eq!((demand.working_bytes, demand.total_bytes()), (None, None));
    }
}

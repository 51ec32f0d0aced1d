//! What training asks of an operator: for which inputs it has gradients, what they cost, and what of the forward
//! pass must be kept for them.
//!
//! What is kept follows PyTorch's autograd (its table of derivatives, `derivatives.yaml`), the usual place where
//! models are trained: a tensor is kept if the formula of a gradient that is wanted reads it.

use smallvec::{SmallVec, smallvec};

use crate::{Cost, DType, Expr, Stop};

/// The backward pass of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backward {
    /// A row for each input that a gradient reaches. Without any, no gradient goes through.
    pub gradients: SmallVec<[InputGradient; 2]>,
    /// What is computed once, whichever of the gradients are wanted.
    pub shared: Cost,
    /// What is kept whichever of the gradients are wanted.
    pub saved: SmallVec<[Saved; 2]>,
    /// Whether the output is the first input's memory seen differently (a view with strides of its own).
    pub is_view: bool,
}

/// The gradient of one input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputGradient {
    /// Which input.
    pub input: usize,
    /// What it costs, by the definitions of [`Cost`].
    pub cost: Cost,
    /// What it needs of the forward pass.
    pub saved: SmallVec<[Saved; 2]>,
}

/// Something of the forward pass that the backward pass reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// This input.
    Input(usize),
    /// This output.
    Output(usize),
    /// A tensor that the graph does not show: a mask, positions of maxima, statistics of a normalisation.
    Extra {
        /// How many elements it has.
        elements: Expr,
        /// Their type; `None` for that of the activations.
        dtype: Option<DType>,
        /// What it is, in a few words.
        what: &'static str,
    },
}

impl Saved {
    /// A tensor that the graph does not show, of elements like those of the activations.
    pub fn like_activations(what: &'static str, elements: Expr) -> Saved {
        Saved::Extra { elements, dtype: None, what }
    }

    /// A tensor that the graph does not show, of elements of a type of their own.
    pub fn extra(what: &'static str, elements: Expr, dtype: DType) -> Saved {
        Saved::Extra { elements, dtype: Some(dtype), what }
    }
}

impl Backward {
    /// No gradient goes through: the outputs are integers or booleans, or do not vary with the inputs.
    pub fn none() -> Backward {
        Backward { gradients: SmallVec::new(), shared: Cost::FREE, saved: SmallVec::new(), is_view: false }
    }

    /// The output is the first input seen differently: so is the gradient.
    pub fn view() -> Backward {
        Backward { is_view: true, ..Backward::moves([0]) }
    }

    /// The gradients of these inputs are parts of the output's, moved: no arithmetic, nothing kept.
    pub fn moves(inputs: impl IntoIterator<Item = usize>) -> Backward {
        inputs.into_iter().fold(Backward::none(), |all, input| all.and(input, Cost::FREE, []))
    }

    /// The gradient of one input.
    pub fn of(input: usize, cost: Cost, saved: impl IntoIterator<Item = Saved>) -> Backward {
        Backward::none().and(input, cost, saved)
    }

    /// A product of two inputs that is linear in each: the gradient of one is a product of as many
    /// multiply-accumulates with the other.
    pub fn bilinear(inputs: [usize; 2], macs: &Expr) -> Backward {
        let [a, b] = inputs;
        Backward::of(a, Cost::macs(macs.clone()), [Saved::Input(b)]).and(
            b,
            Cost::macs(macs.clone()),
            [Saved::Input(a)],
        )
    }

    /// The same with the gradient of a further input.
    pub fn and(mut self, input: usize, cost: Cost, saved: impl IntoIterator<Item = Saved>) -> Backward {
        self.gradients.push(InputGradient { input, cost, saved: saved.into_iter().collect() });
        self
    }

    /// The same with what is computed and kept once for all gradients.
    pub fn sharing(mut self, cost: Cost, saved: impl IntoIterator<Item = Saved>) -> Backward {
        self.shared = cost;
        self.saved = saved.into_iter().collect();
        self
    }

    /// Whether any gradient goes through.
    pub fn is_differentiable(&self) -> bool {
        !self.gradients.is_empty()
    }

    /// The gradient of an input, if there is one.
    pub fn gradient(&self, input: usize) -> Option<&InputGradient> {
        self.gradients.iter().find(|gradient| gradient.input == input)
    }

    /// What is kept when the gradients of these inputs are wanted; none where no gradient is.
    pub fn saved_for(&self, wants: impl Fn(usize) -> bool) -> SmallVec<[&Saved; 4]> {
        let wanted: SmallVec<[&InputGradient; 2]> =
            self.gradients.iter().filter(|gradient| wants(gradient.input)).collect();
        if wanted.is_empty() {
            return smallvec![];
        }
        self.saved.iter().chain(wanted.into_iter().flat_map(|gradient| &gradient.saved)).collect()
    }
}

impl Stop {
    /// An operator that exporters and optimisers of finished models make.
    pub const INFERENCE_ONLY: Stop = Stop::Unknown("made for inference: its backward pass is not known");

    /// An operator with graphs inside, or sequences of tensors.
    pub const UNFOLLOWED: Stop = Stop::Unknown("gradients through bodies and sequences are not followed");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_depends_on_what_is_wanted() {
        let product = Backward::bilinear([0, 1], &Expr::Int(6));
        assert_eq!(product.saved_for(|input| input == 1).as_slice(), [&Saved::Input(0)]);
        assert_eq!(product.saved_for(|_| true).len(), 2);
        let with_statistics = product.sharing(Cost::FREE, [Saved::Output(0)]);
        assert!(with_statistics.saved_for(|_| false).is_empty());
        assert_eq!(with_statistics.saved_for(|input| input == 0).len(), 2);
        assert!(!Backward::none().is_differentiable() && Backward::view().is_view);
    }
}

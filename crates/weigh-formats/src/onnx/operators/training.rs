//! Steps of training.

use weigh_ops::{Gradient, Optimizer, UpdateStep};

use super::{Lowered, NodeView, Table, done};
use crate::FormatError;

/// The domain of the standard's operators for training.
const TRAINING: &str = "ai.onnx.preview.training";

pub(super) fn rows(table: &mut Table) {
    table.add_in(TRAINING, "Adagrad", |view| {
        optimizer(view, UpdateStep::Adagrad { decays: is_set(view, "decay_factor")? })
    });
    table.add_in(TRAINING, "Adam", |view| {
        optimizer(view, UpdateStep::Adam { shrinks: is_set(view, "norm_coefficient_post")? })
    });
    table.add_in(TRAINING, "Momentum", |view| {
        optimizer(view, UpdateStep::Momentum { nesterov: view.text_or("mode", "standard")? == "nesterov" })
    });
    table.add_in(TRAINING, "Gradient", |_| done(Gradient));
}

/// Whether a coefficient is there and is not 0.
fn is_set(view: &NodeView<'_, '_>, name: &str) -> Result<bool, FormatError> {
    Ok(view.float_or(name, 0.0)? != 0.0)
}

fn optimizer(view: &NodeView<'_, '_>, step: UpdateStep) -> Lowered {
    done(Optimizer { step, regularizes: is_set(view, "norm_coefficient")?, inputs: view.input_count })
}

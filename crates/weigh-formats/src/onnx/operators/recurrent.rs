//! Recurrent layers.

use weigh_ops::{Activation, Cell, Recurrent};

use super::super::at_node;
use super::{Lowered, MICROSOFT, NodeView, Table, done};

pub(super) fn rows(table: &mut Table) {
    table.add("RNN", |view| recurrent(view, Cell::Simple, false));
    table.add("GRU", |view| {
        let linear_before_reset = view.flag("linear_before_reset", false)?;
        recurrent(view, Cell::Gru { linear_before_reset }, false)
    });
    table.add("LSTM", |view| recurrent(view, Cell::Lstm, false));
    table.add_in(MICROSOFT, "DynamicQuantizeLSTM", |view| recurrent(view, Cell::Lstm, true));
}

fn recurrent(view: &NodeView<'_, '_>, cell: Cell, quantized: bool) -> Lowered {
    let mut activations = Vec::new();
    for name in view.texts("activations")? {
        match Activation::named(name) {
            Some(activation) => activations.push(activation),
            None => return Err(at_node(view.name, format!("'{name}' is no activation of {}", view.op_type))),
        }
    }
    done(Recurrent {
        cell,
        hidden_size: view.int("hidden_size")?,
        bidirectional: view.text_or("direction", "forward")? == "bidirectional",
        batch_first: view.int_or("layout", 0)? == 1,
        activations,
        quantized,
    })
}

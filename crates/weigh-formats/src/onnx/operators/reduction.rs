//! Reductions, arg-reductions, cumulative sums, sorting.

use weigh_ops::{ArgReduce, Cumulate, Ints, Reduce, TopK};

use super::super::at_node;
use super::{Lowered, NodeView, Table, attribute_or_input, done};

pub(super) fn rows(table: &mut Table) {
    for name in Reduce::names() {
        table.add(name, reduce);
    }
    table.add("ArgMax", |view| arg_reduce(view, "ArgMax"));
    table.add("ArgMin", |view| arg_reduce(view, "ArgMin"));
    table.add("CumSum", |_| done(Cumulate { name: "CumSum" }));
    table.add("CumProd", |_| done(Cumulate { name: "CumProd" }));
    table.add("TopK", |view| {
        let k = match view.int("k")? {
            Some(k) => Ints::Fixed(vec![k]),
            None => Ints::Input(1),
        };
        done(TopK { k, axis: view.int_or("axis", -1)? })
    });
}

/// Axes became an input at opset 18; for `ReduceSum` at 13.
fn reduce(view: &NodeView<'_, '_>) -> Lowered {
    let since = if view.op_type == "ReduceSum" { 13 } else { 18 };
    let axes = attribute_or_input(view, "axes", since, 1)?;
    let keep_dims = view.flag("keepdims", true)?;
    match Reduce::named(view.op_type, axes, keep_dims, view.flag("noop_with_empty_axes", false)?) {
        Some(op) => done(op),
        None => Err(at_node(view.name, format!("{} is no reduction", view.op_type))),
    }
}

fn arg_reduce(view: &NodeView<'_, '_>, name: &'static str) -> Lowered {
    done(ArgReduce { name, axis: view.int_or("axis", 0)?, keep_dims: view.flag("keepdims", true)? })
}

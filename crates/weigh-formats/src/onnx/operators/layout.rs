//! Views and movements: everything that changes where elements are, not what they are.

use weigh_ops::{Expand, Ints, Movement, Split, View};

use super::super::at_node;
use super::{Lowered, NodeView, Table, attribute_or_input, done};

pub(super) fn rows(table: &mut Table) {
    table.add("Identity", |_| done(View::Identity));
    table.add("BitCast", |view| match view.dtype("to")? {
        Some(to) => done(View::BitCast { to }),
        None => Err(at_node(view.name, format!("{} has no type to read the bits as", view.op_type))),
    });
    table.add("Reshape", |view| {
        let shape = attribute_or_input(view, "shape", 5, 1)?;
        done(View::Reshape { shape, zero_is_empty: view.flag("allowzero", false)? })
    });
    table.add("Flatten", |view| done(View::Flatten { axis: view.int_or("axis", 1)? }));
    table.add("Squeeze", |view| done(View::Squeeze { axes: attribute_or_input(view, "axes", 13, 1)? }));
    table.add("Unsqueeze", |view| done(View::Unsqueeze { axes: attribute_or_input(view, "axes", 13, 1)? }));
    table.add("Expand", |_| done(Expand { shape: Ints::Input(1) }));

    table.add("Transpose", |view| done(Movement::Transpose { order: view.ints_if_any("perm")? }));
    table.add("Concat", |view| done(Movement::Concat { axis: view.int_or("axis", 1)? }));
    table.add("Slice", slice);
    table.add("Split", |view| {
        done(Split { axis: view.int_or("axis", 0)?, sizes: attribute_or_input(view, "split", 13, 1)? })
    });
    table.add("Gather", |view| done(Movement::Gather { axis: view.int_or("axis", 0)? }));
    table.add("GatherElements", |_| done(Movement::GatherElements));
    table.add("GatherND", |view| done(Movement::GatherNd { batch_dims: view.int_or("batch_dims", 0)? }));
    table.add("Scatter", |view| scatter(view, "Scatter"));
    table.add("ScatterElements", |view| scatter(view, "ScatterElements"));
    table.add("ScatterND", |view| scatter(view, "ScatterND"));
    table.add("TensorScatter", |_| {
        done(Movement::Scatter { name: "TensorScatter", operations: 0, updates: 1, replaces: false })
    });
    table.add("Pad", pad);
    table.add("Tile", |_| done(Movement::Tile { repeats: Ints::Input(1) }));
    table.add("DepthToSpace", |view| done(Movement::DepthToSpace { block: view.int_or("blocksize", 1)? }));
    table.add("SpaceToDepth", |view| done(Movement::SpaceToDepth { block: view.int_or("blocksize", 1)? }));
    table.add("ReverseSequence", |_| done(Movement::ReverseSequence));
}

/// Bounds are attributes before opset 10.
fn slice(view: &NodeView<'_, '_>) -> Lowered {
    if view.opset >= 10 {
        let input = Ints::Input;
        return done(Movement::Slice { starts: input(1), ends: input(2), axes: input(3), steps: input(4) });
    }
    done(Movement::Slice {
        starts: Ints::Fixed(view.ints("starts")?),
        ends: Ints::Fixed(view.ints("ends")?),
        axes: Ints::Fixed(view.ints("axes")?),
        steps: Ints::Fixed(Vec::new()),
    })
}

fn scatter(view: &NodeView<'_, '_>, name: &'static str) -> Lowered {
    let reduction = view.text_or("reduction", "none")?;
    let operations = i64::from(matches!(reduction, "add" | "mul"));
    done(Movement::Scatter { name, operations, updates: 2, replaces: reduction == "none" })
}

/// Amounts are an attribute before opset 11, called `paddings` in the very first.
fn pad(view: &NodeView<'_, '_>) -> Lowered {
    let pads = match view.ints_if_any("paddings")? {
        Some(values) => Ints::Fixed(values),
        None => attribute_or_input(view, "pads", 11, 1)?,
    };
    done(Movement::Pad { pads, axes: Ints::Input(3) })
}

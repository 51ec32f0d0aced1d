//! Constants, generated tensors, shape queries, selections by condition.

use weigh_ir::DType;
use weigh_ops::{Generated, Query, Selection, Triangle};

use super::{Lowered, NodeView, Table, done};

pub(super) fn rows(table: &mut Table) {
    table.add("ConstantOfShape", constant_of_shape);
    table.add("Range", |_| done(Generated::Range));
    table.add("EyeLike", |view| done(Generated::Eye { dtype: view.dtype("dtype")? }));
    table.add("OneHot", |view| done(Generated::OneHot { axis: view.int_or("axis", -1)? }));
    table.add("Shape", |view| done(Query::Shape { start: view.int_or("start", 0)?, end: view.int("end")? }));
    table.add("Size", |_| done(Query::Size));
    table.add("NonZero", |_| done(Selection::NonZero));
    table.add("Compress", |view| done(Selection::Compress { axis: view.int("axis")? }));
    table.add("Unique", |view| done(Selection::Unique { axis: view.int("axis")? }));
    table.add("Trilu", |_| done(Triangle));
}

/// Without a value the elements are float zeros.
fn constant_of_shape(view: &NodeView<'_, '_>) -> Lowered {
    let (dtype, value) = match view.tensor("value")? {
        Some(stored) => {
            let first = stored.value.as_ref().and_then(|value| value.as_floats()?.first().copied());
            (stored.dtype, first)
        }
        None => (DType::F32, Some(0.0)),
    };
    done(Generated::Fill { dtype, value })
}

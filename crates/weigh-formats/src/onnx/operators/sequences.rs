//! Sequences of tensors, and optionals.

use weigh_ir::DType;
use weigh_ops::{Optional, Sequence, SequenceMap};

use super::{Table, done};

pub(super) fn rows(table: &mut Table) {
    table.add("Optional", |_| done(Optional::Wrap));
    table.add("OptionalHasElement", |_| done(Optional::HasElement));
    table.add("OptionalGetElement", |_| done(Optional::GetElement));
    table.add_with_bodies("SequenceMap", &["body"], |_| done(SequenceMap));
    table.add("SequenceConstruct", |_| done(Sequence::Construct));
    table.add("SequenceEmpty", |view| {
        done(Sequence::Empty { dtype: view.dtype("dtype")?.unwrap_or(DType::F32) })
    });
    table.add("SequenceAt", |_| done(Sequence::At));
    table.add("SequenceInsert", |_| done(Sequence::Insert));
    table.add("SequenceErase", |_| done(Sequence::Erase));
    table.add("SequenceLength", |_| done(Sequence::Length));
    table.add("SplitToSequence", |view| {
        done(Sequence::Split { axis: view.int_or("axis", 0)?, keep_dims: view.flag("keepdims", true)? })
    });
    table.add("ConcatFromSequence", |view| {
        done(Sequence::Concat { axis: view.int_or("axis", 0)?, new_axis: view.flag("new_axis", false)? })
    });
}

//! Control flow: operators that hold graphs.

use weigh_ops::{If, Loop, Scan};

use super::{Lowered, NodeView, Table, done};

pub(super) fn rows(table: &mut Table) {
    table.add_with_bodies("If", &["then_branch", "else_branch"], |_| done(If));
    table.add_with_bodies("Loop", &["body"], |view| done(Loop { runs_to_the_end: view.runs_to_the_end }));
    table.add_with_bodies("Scan", &["body"], scan);
}

/// Before opset 9 every sequence had a leading batch axis, and input 0 was their lengths.
fn scan(view: &NodeView<'_, '_>) -> Lowered {
    let scanned = usize::try_from(view.int_or("num_scan_inputs", 1)?).unwrap_or(0).min(view.input_count);
    done(Scan {
        scanned,
        input_axes: view.ints("scan_input_axes")?,
        output_axes: view.ints("scan_output_axes")?,
        batched: view.opset < 9,
    })
}

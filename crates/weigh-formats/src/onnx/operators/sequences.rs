//! Rows to come.

use super::Table;

pub(super) fn rows(_: &mut Table) {}

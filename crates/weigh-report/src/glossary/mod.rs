//! What every figure means: one entry for each, from which `weigh docs`, docs/metrics.md, the help of requirements and
//! the terms in pages are made.
//!
//! A new figure is one entry in the table of its section. The tests hold that its places are places of the document and
//! that names are told apart; docs/metrics.md is written anew by `UPDATE_DOCS=1 cargo test -p weigh-report --test glossary`.

mod computation;
mod decisions;
mod energy;
mod entry;
mod find;
mod measured;
mod memory;
mod page;
mod predicted;
mod size;
mod statistics;
mod training;
mod under_load;
mod words;

pub use entry::{Entry, Section};
pub use find::{find, suggestion};
pub use page::{block, page};

/// Every section, in the order of docs/metrics.md.
pub fn sections() -> &'static [Section] {
    &[
        size::SECTION,
        memory::SECTION,
        computation::SECTION,
        measured::SECTION,
        statistics::SECTION,
        under_load::SECTION,
        predicted::SECTION,
        energy::SECTION,
        training::SECTION,
        decisions::SECTION,
        words::SECTION,
    ]
}

/// Every entry, in the order of docs/metrics.md.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    sections().iter().flat_map(|section| section.entries)
}

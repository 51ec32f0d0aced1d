//! The report: what `weigh` found out, as plain versioned data, and one renderer per output.
//!
//! [`Report`] is the one value every command makes. JSON carries it whole ([`report`]); the other outputs
//! show it ([`render`]). Nothing here touches the file system or a clock, and nothing here computes a fact:
//! what a report does not say is shown as unknown, never as zero.
#![forbid(unsafe_code)]

pub mod glossary;
pub mod render;
pub mod report;

pub use render::{Listing, RenderOptions, Renderer, SideBySide, SortKey, Wants, renderer, renderers};
pub use report::{Count, Report, schema};

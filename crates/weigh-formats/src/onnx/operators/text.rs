//! Texts.

use weigh_ops::{TermCounts, Text};

use super::super::at_node;
use super::{Lowered, NodeView, Table, done};

pub(super) fn rows(table: &mut Table) {
    table.add("StringConcat", |_| done(Text::Concat));
    table.add("RegexFullMatch", |_| done(Text::FullMatch));
    table.add("StringNormalizer", |view| {
        done(Text::Normalize { drops: view.text_count("stopwords")?.is_some_and(|count| count > 0) })
    });
    table.add("StringSplit", |_| done(Text::Split));
    table.add_with_stored("", "TfIdfVectorizer", &["weights"], term_counts);
}

/// The output is as wide as the largest index asks for.
fn term_counts(view: &NodeView<'_, '_>) -> Lowered {
    let largest = view.ints("ngram_indexes")?.into_iter().max();
    match largest.and_then(|largest| largest.checked_add(1)).filter(|width| *width > 0) {
        Some(width) => {
            done(TermCounts { width, weighted: view.has("weights") && view.text_or("mode", "TF")? != "TF" })
        }
        None => Err(at_node(view.name, format!("{} needs ngram_indexes from 0 on", view.op_type))),
    }
}

//! An entry of the glossary, and the sections that entries stand in.

use serde::Serialize;

/// What there is to say of one figure. Texts are plain, with code in `backticks`; what is empty has nothing to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What it is called in requirements and on the command line, e.g. `peak_memory`.
    pub name: &'static str,
    /// What it is called on pages, e.g. `FLOPs`.
    pub title: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What it is an amount of; empty for what is no amount.
    pub unit: &'static str,
    /// What it is, in a line without a full stop.
    pub short: &'static str,
    /// What there is to know beyond that line: sentences.
    pub long: &'static str,
    /// How it is worked out.
    pub formula: &'static str,
    /// Where it stands in the document, `[]` for each of a list.
    pub json: &'static [&'static str],
    /// The commands that print it.
    pub commands: &'static [&'static str],
    /// Names of the entries to read next.
    pub related: &'static [&'static str],
    /// The paper or program that the definition is from.
    pub source: &'static str,
    /// How it differs from what others call by that name.
    pub elsewhere: &'static str,
    /// The page of docs/ that has all of it.
    pub page: &'static str,
}

impl Entry {
    /// An entry that says nothing, to be filled.
    pub(super) const EMPTY: Entry = Entry {
        name: "",
        title: "",
        aliases: &[],
        unit: "",
        short: "",
        long: "",
        formula: "",
        json: &[],
        commands: &[],
        related: &[],
        source: "",
        elsewhere: "",
        page: "",
    };

    /// What there is to say beside the definition: labels and what stands after them, with the words of programs, other
    /// entries and pages written as the output has them.
    pub(crate) fn facts(
        &self,
        code: &dyn Fn(&str) -> String,
        link: &dyn Fn(&str) -> String,
        page: &dyn Fn(&str) -> String,
    ) -> impl Iterator<Item = (&'static str, Vec<String>)> {
        let all = |words: &[&str], written: &dyn Fn(&str) -> String| {
            words.iter().map(|word| written(word)).collect()
        };
        let one = |text: &str| Vec::from_iter((!text.is_empty()).then(|| text.to_owned()));
        let facts: [(_, Vec<String>); 8] = [
            ("worked out", one(self.formula)),
            ("also called", all(self.aliases, code)),
            ("in JSON", all(self.json, code)),
            ("printed by", all(self.commands, code)),
            ("elsewhere", one(self.elsewhere)),
            ("source", one(self.source)),
            ("see", all(self.related, link)),
            ("more in", one(self.page).iter().map(|name| page(name)).collect()),
        ];
        facts.into_iter().filter(|(_, words)| !words.is_empty())
    }
}

/// Entries about one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// What they are about.
    pub title: &'static str,
    /// Sentences about all of them.
    pub about: &'static str,
    /// The entries.
    pub entries: &'static [Entry],
}

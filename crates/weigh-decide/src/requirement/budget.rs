//! Budget files: limits in TOML, absolute, relative to a baseline, and on single layers.
//!
//! ```toml
//! model = "resnet50.onnx"
//! baseline = "baseline.json"
//! for = ["video-30fps"]
//!
//! [require]
//! parameters = "<= 26M"
//! "latency.p99" = "<= 50ms"
//!
//! [relative]
//! macs = "+0 %"
//!
//! [layers."layer4/0/conv2/Conv"]
//! macs = "<= 120M"
//! ```

use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::classes::class;
use super::errors::NoRequirement;
use super::layers::LayerLimit;
use super::limit::{Requirement, contradiction};
use super::relative::Relative;
use super::subject::{Subject, nearest};

/// Limits from a file.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    /// The model that it is about, as a path relative to the file.
    pub model: Option<String>,
    /// The saved report or model file that relative limits are relative to.
    pub baseline: Option<String>,
    /// Limits on figures.
    pub requirements: Vec<Requirement>,
    /// Limits relative to the baseline.
    pub relative: Vec<Relative>,
    /// Limits on single layers.
    pub layers: Vec<LayerLimit>,
}

/// A budget that cannot be taken, with the place and what to do.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetError {
    file: String,
    line: usize,
    column: usize,
    message: String,
    hint: String,
}

impl BudgetError {
    /// What to do about it.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// Line and column, from 1.
    pub fn place(&self) -> (usize, usize) {
        (self.line, self.column)
    }
}

impl fmt::Display for BudgetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}, column {}: {}", self.file, self.line, self.column, self.message)
    }
}

impl std::error::Error for BudgetError {}

/// The keys of a budget.
const KEYS: [&str; 6] = ["model", "baseline", "for", "require", "relative", "layers"];

impl Budget {
    /// The budget in a file's text.
    ///
    /// # Errors
    /// What TOML or the form of budgets does not allow, and limits that contradict each other.
    pub fn read(file: &str, text: &str) -> Result<Budget, BudgetError> {
        let at = Place { file, text };
        let parsed = DeTable::parse(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            at.error(
                start,
                error.message().replace('\n', ", "),
                "the file is no TOML; see docs/requirements.md",
            )
        })?;
        let mut budget = Budget::default();
        for (key, value) in in_order(parsed.get_ref()) {
            match key.get_ref().as_ref() {
                "model" => budget.model = Some(at.text(value)?.to_owned()),
                "baseline" => budget.baseline = Some(at.text(value)?.to_owned()),
                "for" => budget.classes(at, value)?,
                "require" => budget.require(at, value)?,
                "relative" => budget.relative(at, value)?,
                "layers" => budget.layers(at, value)?,
                other => {
                    let hint = match nearest(other, KEYS.into_iter()).first() {
                        Some(close) => format!("did you mean '{close}'? a budget has {}", KEYS.join(", ")),
                        None => format!("a budget has {}", KEYS.join(", ")),
                    };
                    return Err(at.error(key.span().start, format!("no such key '{other}'"), hint));
                }
            }
        }
        match contradiction(&budget.requirements) {
            Some(clash) => Err(at.wrong(0, clash)),
            None => Ok(budget),
        }
    }

    fn classes(&mut self, at: Place<'_>, value: &Spanned<DeValue<'_>>) -> Result<(), BudgetError> {
        for (start, name) in at.texts(value)? {
            let required = class(name).and_then(super::Class::requirements);
            self.requirements.extend(required.map_err(|error| at.wrong(start, error))?);
        }
        Ok(())
    }

    fn require(&mut self, at: Place<'_>, value: &Spanned<DeValue<'_>>) -> Result<(), BudgetError> {
        for (name, start, value) in flat(at, value)? {
            let subject: Subject = name.parse().map_err(|error| at.wrong(start, error))?;
            for (start, limit) in at.texts(value)? {
                let requirement = Requirement::on(subject.clone(), limit);
                self.requirements.push(requirement.map_err(|error| at.wrong(start, error))?.from(at.file));
            }
        }
        Ok(())
    }

    fn relative(&mut self, at: Place<'_>, value: &Spanned<DeValue<'_>>) -> Result<(), BudgetError> {
        for (name, start, value) in flat(at, value)? {
            let subject: Subject = name.parse().map_err(|error| at.wrong(start, error))?;
            let limit = Relative::on(subject, at.text(value)?);
            self.relative.push(limit.map_err(|error| at.wrong(value.span().start, error))?.from(at.file));
        }
        Ok(())
    }

    fn layers(&mut self, at: Place<'_>, value: &Spanned<DeValue<'_>>) -> Result<(), BudgetError> {
        for (layer, limits) in in_order(at.table(value)?) {
            for (metric, value) in in_order(at.table(limits)?) {
                let limit = LayerLimit::read(layer.get_ref(), metric.get_ref(), at.text(value)?);
                let mut limit = limit.map_err(|error| {
                    let is_name = matches!(error, NoRequirement::LayerMetric { .. });
                    at.wrong(if is_name { metric.span().start } else { value.span().start }, error)
                })?;
                limit.requirement = limit.requirement.from(at.file);
                self.layers.push(limit);
            }
        }
        Ok(())
    }
}

/// A name with dots, where it begins, and its value.
type Named<'t> = (String, usize, &'t Spanned<DeValue<'t>>);

type Entry<'t> = (&'t Spanned<std::borrow::Cow<'t, str>>, &'t Spanned<DeValue<'t>>);

/// The entries of a table in the order of the file.
fn in_order<'t>(table: &'t DeTable<'t>) -> Vec<Entry<'t>> {
    let mut entries: Vec<Entry<'t>> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// The entries of a table and of those in it, with names joined by dots: TOML reads `latency.p99` as two names.
fn flat<'t>(at: Place<'_>, value: &'t Spanned<DeValue<'t>>) -> Result<Vec<Named<'t>>, BudgetError> {
    let mut entries = Vec::new();
    for (key, value) in in_order(at.table(value)?) {
        match value.get_ref().as_table() {
            None => entries.push((key.get_ref().to_string(), key.span().start, value)),
            Some(_) => entries.extend(
                flat(at, value)?
                    .into_iter()
                    .map(|(name, start, value)| (format!("{}.{name}", key.get_ref()), start, value)),
            ),
        }
    }
    Ok(entries)
}

/// A file, to complain about places in it.
#[derive(Clone, Copy)]
struct Place<'t> {
    file: &'t str,
    text: &'t str,
}

impl Place<'_> {
    fn error(self, at: usize, message: impl Into<String>, hint: impl Into<String>) -> BudgetError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        BudgetError { file: self.file.to_owned(), line, column, message: message.into(), hint: hint.into() }
    }

    fn wrong(self, at: usize, error: NoRequirement) -> BudgetError {
        self.error(at, error.to_string(), error.hint())
    }

    fn text<'v>(self, value: &'v Spanned<DeValue<'_>>) -> Result<&'v str, BudgetError> {
        value.get_ref().as_str().ok_or_else(|| self.not_a("a text in quotes", value))
    }

    /// One text, or several in a list, with their places.
    fn texts<'v>(self, value: &'v Spanned<DeValue<'_>>) -> Result<Vec<(usize, &'v str)>, BudgetError> {
        match value.get_ref().as_array() {
            Some(list) => list.iter().map(|item| Ok((item.span().start, self.text(item)?))).collect(),
            None => Ok(vec![(value.span().start, self.text(value)?)]),
        }
    }

    fn table<'v>(self, value: &'v Spanned<DeValue<'v>>) -> Result<&'v DeTable<'v>, BudgetError> {
        value.get_ref().as_table().ok_or_else(|| self.not_a("a table", value))
    }

    fn not_a(self, wanted: &str, value: &Spanned<DeValue<'_>>) -> BudgetError {
        let message = format!("expected {wanted}, found {}", value.get_ref().type_str());
        self.error(value.span().start, message, "limits are texts such as \"<= 26M\" or \"+5 %\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_read() {
        let text = "model = \"a.onnx\"\nbaseline = 'b.json'\nfor = 'voice'\n\n[require]\nparameters = \"<= 26M\"\n\
            latency.p99 = [\"<= 50ms\", \">= 1us\"]\n\"totals.macs\" = \"<= 5G\"\n\n[relative]\nmacs = \"+0 %\"\n\
            latency.p50 = \"+5 %\"\n\n[layers.\"layer4/0/conv2/Conv\"]\nmacs = \"<= 120M\"\n";
        let budget = Budget::read("budget.toml", text).unwrap();
        assert_eq!((budget.model.as_deref(), budget.baseline.as_deref()), (Some("a.onnx"), Some("b.json")));
        let written: Vec<&str> = budget.requirements.iter().map(|one| one.written.as_str()).collect();
        let expected = [
            "latency.p99<=200ms",
            "parameters<=26M",
            "latency.p99<=50ms",
            "latency.p99>=1us",
            "totals.macs<=5G",
        ];
        assert_eq!(written, expected);
        assert_eq!(
            (budget.requirements[0].source.as_str(), budget.requirements[1].source.as_str()),
            ("voice", "budget.toml")
        );
        let relative: Vec<String> = budget.relative.iter().map(|one| one.subject.to_string()).collect();
        assert_eq!(relative, ["macs", "latency.p50"]);
        assert_eq!(budget.layers[0].requirement.written, "layer4/0/conv2/Conv: macs<=120M");
    }

    #[test]
    fn what_is_wrong_is_told_with_line_and_column() {
        let said = |text: &str| Budget::read("b.toml", text).map(|_| ()).unwrap_err();
        let error = said("[require]\nmacs = \"<= 5G\"\nparamters = \"<= 5M\"\n");
        assert_eq!(error.to_string(), "b.toml, line 3, column 1: no metric 'paramters'");
        assert!(error.hint().contains("parameters"));
        assert_eq!(said("[require]\nmacs = \"<= 5ms\"\n").place(), (2, 8));
        assert_eq!(said("[require]\nmacs = 5\n").place(), (2, 8));
        assert_eq!(said("\n\nmodel = \n").place().0, 3);
        let unknown = said("modle = \"a\"\n");
        assert!(unknown.hint().starts_with("did you mean 'model'"), "{unknown:?}");
        assert!(said("[require]\nmacs = [\"<= 5M\", \">= 6M\"]\n").to_string().contains("contradict"));
        assert!(said("[relative]\nmacs = \"5 %\"\n").hint().contains("+5 %"));
        assert!(said("[layers.a]\nmcas = \"<= 5M\"\n").hint().contains("macs"));
        assert!(said("for = \"voices\"\n").hint().contains("voice"));
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "",
            "=",
            "[require",
            "a.b.c = 1",
            "require = 1",
            "[layers]\na = 1",
            "\u{feff}[require]",
            "for = [1]",
        ] {
            let _ = Budget::read("b.toml", text);
        }
    }
}

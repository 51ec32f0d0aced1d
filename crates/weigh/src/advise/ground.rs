//! The model that techniques are tried on.

use std::cell::OnceCell;

use weigh_analysis::{Analysis, Options, analyze};
use weigh_ir::Model;

use super::AdviceRequest;
use super::price::{Candidate, Priced, Target, Way};
use crate::Opened;
use crate::benchmark::batch_symbol;

/// A model before anything was done to it, and what is asked about it.
pub(super) struct Ground<'a> {
    pub opened: &'a Opened,
    /// What is assumed about it, its batch included.
    pub options: Options,
    pub facts: Analysis,
    pub target: &'a Target<'a>,
    pub request: &'a AdviceRequest<'a>,
    /// What it costs.
    pub before: Priced,
    /// The same, with times by rule.
    by_rule: OnceCell<Priced>,
}

/// One way of doing a technique, tried.
pub(super) struct Tried {
    /// Which way, where there are several: `50 %`.
    pub way: Option<String>,
    pub outcome: Outcome,
    pub command: Option<String>,
}

pub(super) enum Outcome {
    Changed(Box<Changed>),
    /// Why it cannot be done.
    Refused(String),
}

/// A model that was changed, beside the model before, priced in the same way.
pub(super) struct Changed {
    pub before: Priced,
    pub after: Priced,
    pub applies_to: Vec<String>,
    pub notes: Vec<String>,
    /// What can be run to see whether it is so.
    pub runnable: Option<Runnable>,
}

/// A changed model that an engine can run.
pub(super) struct Runnable {
    pub opened: Opened,
    pub options: Options,
    /// Whether its weights are the model's, so that outputs compare.
    pub has_weights: bool,
    /// The folder that its file is in, kept as long as it is needed.
    pub _folder: Option<tempfile::TempDir>,
}

impl Changed {
    /// The whole model changed, with nothing to say of it and nothing to run.
    pub fn new(before: Priced, after: Priced) -> Changed {
        Changed { before, after, applies_to: Vec::new(), notes: Vec::new(), runnable: None }
    }
}

impl Runnable {
    /// A graph that an engine gets with weights that are not the model's.
    pub fn graph(opened: Opened, options: &Options) -> Runnable {
        Runnable { opened, options: options.clone(), has_weights: false, _folder: None }
    }
}

impl Tried {
    /// What cannot be done, and why.
    pub fn refused(why: impl Into<String>) -> Tried {
        Tried { way: None, outcome: Outcome::Refused(why.into()), command: None }
    }

    /// What was done.
    pub fn changed(changed: Changed) -> Tried {
        Tried { way: None, outcome: Outcome::Changed(Box::new(changed)), command: None }
    }

    /// Done in this way.
    pub fn in_way(self, way: impl Into<String>) -> Tried {
        Tried { way: Some(way.into()), ..self }
    }

    /// Done or checked by this command.
    pub fn by(self, command: impl Into<String>) -> Tried {
        Tried { command: Some(command.into()), ..self }
    }
}

impl<'a> Ground<'a> {
    /// A model and what it costs.
    ///
    /// # Errors
    /// Where it cannot be analysed, where a symbol is left open, and where a goal that is a matter of time has none.
    pub fn new(
        opened: &'a Opened,
        options: &Options,
        target: &'a Target<'a>,
        request: &'a AdviceRequest<'a>,
    ) -> Result<Ground<'a>, String> {
        let mut options = options.clone();
        let told = |error: &dyn std::error::Error| error.to_string();
        let mut facts = analyze(&opened.model, &options).map_err(|error| told(&error))?;
        if let Some(batch) = request.batch {
            let extent = i64::try_from(batch).map_err(|_| format!("a batch of {batch} is too large"))?;
            let symbol = batch_symbol(&facts).ok_or("the file fixes its batch; leave --batch out")?;
            options.bindings.insert(symbol, extent);
            facts = analyze(&opened.model, &options).map_err(|error| told(&error))?;
        }
        if let Some(symbol) = facts.unbound.first() {
            return Err(format!(
                "'{symbol}' is open, and costs are compared as numbers: bind it with --dim {symbol}=N"
            ));
        }
        let before = target.price(&Candidate::new(opened, &options, &facts), Way::Engine);
        if request.goal.needs_target() && request.goal.of(&before.costs).is_none() {
            let why = before.notes.first().cloned().unwrap_or_else(|| "no machine was named".to_owned());
            return Err(format!("{} is ranked by what is expected, and {why}", request.goal.name()));
        }
        Ok(Ground { opened, options, facts, target, request, before, by_rule: OnceCell::new() })
    }

    /// The model's graph.
    pub fn model(&self) -> &Model {
        &self.opened.model
    }

    /// Samples in one inference.
    pub fn batch(&self) -> u64 {
        crate::benchmark::batch(&self.facts).unwrap_or(1)
    }

    /// The model before anything was done to it.
    pub fn candidate(&self) -> Candidate<'_> {
        Candidate::new(self.opened, &self.options, &self.facts)
    }

    /// What the model before and a changed graph cost: by the engine where it can be asked, else both by rule.
    pub fn price(&self, changed: &Candidate<'_>) -> (Priced, Priced) {
        let after = self.target.price(changed, Way::Engine);
        let is_timed = after.costs.latency_ms.is_some() || self.before.costs.latency_ms.is_none();
        if is_timed {
            return (self.before.clone(), after);
        }
        let before = self.by_rule.get_or_init(|| self.target.price(&self.candidate(), Way::Rule));
        (before.clone(), self.target.price(changed, Way::Rule))
    }

    /// The model as a command line names it, with the dims that were given.
    pub fn named(&self) -> String {
        let given = self.options.bindings.iter();
        let dims: Vec<String> = given.map(|(symbol, value)| format!(" --dim {symbol}={value}")).collect();
        format!("{}{}", self.opened.path, dims.concat())
    }

    /// A graph made of this one, as something that was opened.
    pub fn made(&self, model: Model) -> Opened {
        Opened {
            path: self.opened.path.clone(),
            name: self.opened.name.clone(),
            model,
            file: None,
            file_bytes: None,
        }
    }
}

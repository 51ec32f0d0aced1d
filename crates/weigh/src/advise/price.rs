//! What a model costs, and where: the figures of which advice compares two.

use weigh_analysis::{Analysis, Options};
use weigh_hardware::Device;
use weigh_ir::{DType, Expr};
use weigh_report::{Count, report};

use crate::{OnThis, Opened, PredictionRequest, Setting, Subject, on_device};

/// Where times are expected.
pub enum Target<'a> {
    /// Nowhere: there are counts and sizes only.
    Nowhere,
    /// On a device of the table.
    Device(&'a Device),
    /// On this machine, as it was calibrated, at a setting.
    This {
        /// This machine.
        on: OnThis<'a>,
        /// How models are run.
        setting: Box<Setting>,
    },
}

/// A model that advice is about, or that a technique made of it.
pub(super) struct Candidate<'a> {
    /// The graph; with a file where an engine is to be asked.
    pub opened: &'a Opened,
    /// What is assumed about it.
    pub options: &'a Options,
    /// What its sizes are counted on: its own facts, or those of a graph that only its time stands for.
    pub facts: &'a Analysis,
    /// Element type that a device would compute in; `None` for the model's own.
    pub dtype: Option<DType>,
    /// Element type that weights are stored in where they are widened on their way; `None` for the model's own.
    pub weights: Option<DType>,
}

impl<'a> Candidate<'a> {
    /// A graph as it is.
    pub fn new(opened: &'a Opened, options: &'a Options, facts: &'a Analysis) -> Candidate<'a> {
        Candidate { opened, options, facts, dtype: None, weights: None }
    }
}

/// What a model costs.
#[derive(Clone, Debug, Default)]
pub(super) struct Priced {
    pub costs: report::Costs,
    pub time_basis: Option<report::PredictionBasis>,
    pub notes: Vec<String>,
}

/// How times on this machine are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// For the graph that the engine would run, which takes a file.
    Engine,
    /// For the model's own graph, fused by rule.
    Rule,
}

impl Target<'_> {
    /// What a candidate costs. Counts and sizes are always there; times where they can be expected, else a note.
    pub(super) fn price(&self, candidate: &Candidate<'_>, way: Way) -> Priced {
        let mut priced = Priced { costs: costs(candidate.facts), ..Priced::default() };
        match self.predict(candidate, way) {
            Ok(None) => {}
            Ok(Some(prediction)) => {
                let costs = &mut priced.costs;
                costs.latency_ms = prediction.predicted_ms;
                costs.latency_ci_ms = prediction.predicted_ci_ms;
                costs.throughput_per_second = prediction.throughput_per_second;
                costs.energy_mj = prediction.energy_mj;
                priced.time_basis = prediction.basis;
                priced.notes.extend(prediction.notes);
            }
            Err(reason) => priced.notes.push(format!("no time is expected: {reason}")),
        }
        priced
    }

    fn predict(&self, candidate: &Candidate<'_>, way: Way) -> Result<Option<report::Prediction>, String> {
        let request = PredictionRequest {
            dtype: candidate.dtype,
            weights: candidate.weights,
            ..PredictionRequest::default()
        };
        let found = match self {
            Target::Nowhere => return Ok(None),
            Target::Device(device) => on_device(candidate.opened, candidate.options, device, &request)
                .map_err(|error| error.to_string())?,
            Target::This { on, setting } => match way {
                Way::Engine => {
                    let subject = Subject::new(candidate.opened, candidate.options, None)
                        .map_err(|error| error.to_string())?;
                    on.predict(&subject, setting, &request)?
                }
                Way::Rule => vec![on.by_rule(candidate.opened, candidate.options, setting)?],
            },
        };
        Ok(found.into_iter().next())
    }
}

/// The counts and sizes of a model.
pub(super) fn costs(facts: &Analysis) -> report::Costs {
    let totals = &facts.totals;
    let count = |expr: &Expr| Some(Count(expr.clone()));
    report::Costs {
        macs: count(&totals.macs),
        parameters: count(&totals.parameters),
        bytes: count(&totals.weight_bytes()),
        peak_bytes: count(&totals.activations.peak.bytes),
        device_bytes: count(&totals.device_bytes()),
        bytes_moved: count(&totals.bytes_moved),
        ..report::Costs::default()
    }
}

/// After − before; null where one of them is not known.
pub(super) fn changes(before: &report::Costs, after: &report::Costs) -> report::Costs {
    let count = |of: fn(&report::Costs) -> &Option<Count>| {
        let (before, after) = (of(before).as_ref()?, of(after).as_ref()?);
        Some(Count(&after.0 - &before.0))
    };
    let number = |of: fn(&report::Costs) -> Option<f64>| Some(of(after)? - of(before)?);
    report::Costs {
        macs: count(|costs| &costs.macs),
        parameters: count(|costs| &costs.parameters),
        bytes: count(|costs| &costs.bytes),
        peak_bytes: count(|costs| &costs.peak_bytes),
        device_bytes: count(|costs| &costs.device_bytes),
        bytes_moved: count(|costs| &costs.bytes_moved),
        latency_ms: number(|costs| costs.latency_ms),
        latency_ci_ms: None,
        throughput_per_second: number(|costs| costs.throughput_per_second),
        energy_mj: number(|costs| costs.energy_mj),
    }
}

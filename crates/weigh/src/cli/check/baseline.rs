//! What relative limits are relative to: a saved report or a model, of the same model and machine unless forced.

use weigh::report::report::Comparison;
use weigh::{Options, Report};
use weigh_decide::requirement::{
    Baseline, Evidence, Relative, differences, judge_relative, machine_differences,
};

use super::super::Hinted;
use super::super::models::{self, Weighed};
use super::load::{self, Loaded};

/// A baseline.
pub(super) struct Reference {
    path: String,
    report: Report,
    /// The model, where one can be run; or why none can.
    model: Result<Box<Weighed>, String>,
    is_saved: bool,
}

/// Baseline and model, run against each other.
pub(super) struct Pairing {
    pub comparison: Comparison,
    /// What was measured of the baseline and of the model.
    pub sides: [Report; 2],
    /// Why it did not come to that.
    pub failed: Option<String>,
}

impl Reference {
    pub fn open(path: &str, options: &Options) -> anyhow::Result<Reference> {
        match load::load(path, options)? {
            Loaded::Model(weighed) => {
                let report = weigh::describe(&weighed.opened, &weighed.facts);
                Ok(Reference { path: path.to_owned(), report, model: Ok(weighed), is_saved: false })
            }
            Loaded::Reports(mut reports) => {
                if reports.len() != 1 {
                    let message = format!("{path} holds {} reports", reports.len());
                    return Err(Hinted::new(message, "a baseline is one report: save it by itself").into());
                }
                let report = reports.remove(0);
                let model = saved_model(&report, options);
                Ok(Reference { path: path.to_owned(), report, model, is_saved: true })
            }
        }
    }

    /// What is known of it.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The model, where one can be run; or why none can.
    pub fn model(&self) -> Result<&Weighed, &str> {
        self.model.as_deref().map_err(String::as_str)
    }

    /// The verdicts on relative limits.
    ///
    /// # Errors
    /// The baseline is of another model or machine, and nobody insists on it.
    pub fn judge(
        &self,
        limits: &[Relative],
        report: &Report,
        pairing: Option<&Pairing>,
        forced: bool,
    ) -> anyhow::Result<Vec<weigh::report::report::Verdict>> {
        let mut differing = differences(&self.report, report, self.is_saved);
        if pairing.is_none() && limits.iter().any(Relative::needs_versus) {
            differing.extend(machine_differences(&self.report, report));
        }
        if !differing.is_empty() && !forced {
            let message = format!("{} is no baseline for this: {}", self.path, differing.join("; "));
            return Err(
                Hinted::new(message, "save a new baseline, or compare all the same with --force").into()
            );
        }
        let ran = pairing.filter(|pairing| pairing.failed.is_none());
        let no_versus = match (pairing, &self.model) {
            (Some(pairing), _) => pairing.failed.clone(),
            (None, Err(reason)) => Some(format!("no A/B possible: {reason}")),
            (None, Ok(_)) => {
                Some("no A/B possible: only two models can be run against each other".to_owned())
            }
        };
        let of = |limit: &&Relative| limit.needs_versus();
        let (timed, counted): (Vec<&Relative>, Vec<&Relative>) = limits.iter().partition(of);
        let judge = |limits: Vec<&Relative>, now: &Report, before: &Report, ran: Option<&Pairing>| {
            let limits: Vec<Relative> = limits.into_iter().cloned().collect();
            let baseline = Baseline {
                evidence: Evidence::new(before, &[]),
                versus: ran.map(|ran| &ran.comparison),
                side_by_side: ran.is_some(),
                forced,
                no_versus: no_versus.clone(),
            };
            judge_relative(&limits, &Evidence::new(now, &[]), &baseline)
        };
        let mut verdicts = judge(counted, report, &self.report, None);
        verdicts.extend(match ran {
            Some(pairing) => judge(timed, &pairing.sides[1], &pairing.sides[0], ran),
            None => judge(timed, report, &self.report, None),
        });
        for verdict in &mut verdicts {
            verdict.notes.extend(differing.iter().cloned());
        }
        Ok(verdicts)
    }
}

/// The model that a saved report is of, if it is still there and still the same.
fn saved_model(report: &Report, options: &Options) -> Result<Box<Weighed>, String> {
    let model = report.model.as_ref().ok_or("the report has no model")?;
    let weighed = models::weigh_one(&model.path, options)
        .map_err(|_| format!("the baseline's model {} is not there any more", model.path))?;
    let now = weigh::describe(&weighed.opened, &weighed.facts);
    let facts = |report: &Report| {
        let totals = report.totals.clone().unwrap_or_default();
        let nodes = report.coverage.as_ref().map(|coverage| coverage.nodes);
        (nodes, totals.parameters, totals.macs, totals.bytes_moved, totals.model_size.stored_bytes)
    };
    match facts(report) == facts(&now) {
        true => Ok(Box::new(weighed)),
        false => Err(format!("{} is not the model any more that the baseline was made of", model.path)),
    }
}

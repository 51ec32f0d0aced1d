//! Why a measured configuration takes longer than FLOPs / FLOPS.

use std::path::PathBuf;

use weigh::report::report::Measurement;
use weigh::{Bench, Calibration, OnThis, Setting, Subject};
use weigh_hardware::Machine;

use super::Hinted;
use super::hardware::calibrate;

/// What explanations rest on.
pub(crate) struct Explainer<'a> {
    bench: &'a Bench,
    calibration: Calibration,
    machine: Machine,
}

impl<'a> Explainer<'a> {
    /// An explainer by the calibration in a file, or by the user's.
    pub fn new(bench: &'a Bench, file: Option<&PathBuf>) -> anyhow::Result<Explainer<'a>> {
        let machine = Machine::detect();
        let calibration = calibrate::load(file, &machine)?.ok_or_else(|| {
            Hinted::new(
                "nothing can be explained: this machine was not calibrated",
                "run `weigh hardware calibrate` once; it takes some three minutes",
            )
        })?;
        Ok(Explainer { bench, calibration, machine })
    }

    /// Adds to each row why it takes so long, or why that cannot be said.
    pub fn explain(&self, subject: &Subject<'_>, settings: &[Setting], rows: &mut [Measurement]) {
        let this =
            OnThis { launcher: &self.bench.launcher, calibration: &self.calibration, machine: &self.machine };
        for row in rows {
            let Some(ms) = row.stages.inference.as_ref().and_then(|stage| stage.p50_ms) else { continue };
            let explained = match settings.iter().find(|setting| is_of(setting, row)) {
                Some(setting) => weigh::explain(&this, subject, setting, row.batch, ms),
                None => Err("several requests at the same time share the machine".to_owned()),
            };
            match explained {
                Ok(gap) => {
                    row.theoretical_ms = gap.theoretical_ms;
                    row.efficiency = gap.efficiency;
                    row.gap = Some(gap);
                }
                Err(reason) => row.notes.push(format!("not explained: {reason}")),
            }
        }
    }
}

/// Whether a row is of a setting, one request at a time.
pub(crate) fn is_of(setting: &Setting, row: &Measurement) -> bool {
    setting.engine.name() == row.engine.name
        && row.threads == u32::try_from(setting.options.threads().get()).ok()
        && setting.streams.get() == 1
}

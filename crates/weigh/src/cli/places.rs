//! Where predictions are for: devices of the table, and this machine as it was calibrated.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context;
use weigh::report::report::Prediction;
use weigh::{Calibration, OnThis, Options, PredictionRequest, Setting, Subject};
use weigh_engine::EngineOptions;
use weigh_hardware::devices::{Devices, NoSuchDevice};
use weigh_hardware::{Device, Machine};
use weigh_measure::fleet::Launcher;

use super::hardware::calibrate;
use super::progress::Bar;
use super::{Hinted, engines, hardware, models::Weighed};

/// The word for this machine among devices.
pub(crate) const THIS: &str = "this";

/// The places that were asked for.
pub(crate) struct Places {
    /// Devices; `None` for this machine.
    targets: Vec<Option<Device>>,
    calibration: Option<Calibration>,
    machine: Machine,
}

impl Places {
    /// Looks places up by name: `this`, or devices of the table and of the user's `files`.
    pub fn new(names: &[String], files: &[PathBuf], calibration: Option<&PathBuf>) -> anyhow::Result<Places> {
        let machine = Machine::detect();
        let devices = hardware::load(files)?;
        let mut named = BTreeSet::new();
        let once = names.iter().filter(|name| named.insert(name.as_str()));
        let targets = once.map(|name| target(&devices, name)).collect::<anyhow::Result<Vec<_>>>()?;
        let wants_this = targets.iter().any(Option::is_none);
        let calibration = if wants_this { Some(self::calibration(calibration, &machine)?) } else { None };
        Ok(Places { targets, calibration, machine })
    }

    /// Whether this machine is among them.
    pub fn has_this(&self) -> bool {
        self.calibration.is_some()
    }

    /// This machine.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The devices to predict for without a model: those of the table, else this machine's.
    pub fn devices(&self) -> Vec<Device> {
        let here = self.calibration.as_ref().map(|found| weigh::this_device(&found.ceilings, &self.machine));
        self.targets.iter().filter_map(|target| target.clone().or_else(|| here.clone())).collect()
    }

    /// What a model would take at each place.
    pub fn predict(
        &self,
        weighed: &Weighed,
        options: &Options,
        setting: &Setting,
        request: &PredictionRequest,
        launcher: &Launcher,
    ) -> anyhow::Result<Vec<Prediction>> {
        let opened = &weighed.opened;
        let path = &opened.path;
        let bar = Bar::new(&opened.name);
        bar.busy("predicting");
        let mut predictions = Vec::new();
        for target in &self.targets {
            predictions.extend(match (target, &self.calibration) {
                (Some(device), _) => weigh::on_device(opened, options, device, request)
                    .with_context(|| format!("{path} was not predicted"))?,
                (None, Some(calibration)) => {
                    let subject = Subject::new(opened, options, None)?;
                    let here = OnThis { launcher, calibration, machine: &self.machine };
                    let found = here.predict(&subject, setting, request);
                    found.map_err(|reason| anyhow::anyhow!("{path} was not predicted: {reason}"))?
                }
                (None, None) => Vec::new(),
            });
        }
        Ok(predictions)
    }

    /// A setting of this machine, one inference at a time.
    pub fn setting(&self, engine: &str, threads: Option<NonZeroUsize>) -> anyhow::Result<Setting> {
        setting(&self.machine, engine, threads)
    }
}

/// A setting of a machine, one inference at a time.
pub(crate) fn setting(
    machine: &Machine,
    engine: &str,
    threads: Option<NonZeroUsize>,
) -> anyhow::Result<Setting> {
    let threads = Some(threads.unwrap_or_else(|| machine.compute_threads()));
    Ok(Setting {
        engine: engines::named(engine)?,
        options: EngineOptions { threads, ..EngineOptions::default() },
        batch: None,
        streams: NonZeroUsize::MIN,
    })
}

/// A device; `None` for this machine.
pub(crate) fn target(devices: &Devices, name: &str) -> anyhow::Result<Option<Device>> {
    if name == THIS {
        return Ok(None);
    }
    let found =
        devices.find(name).map_err(|error: NoSuchDevice| Hinted::new(error.to_string(), error.hint()))?;
    Ok(Some(found.clone()))
}

/// This machine's calibration, which must be there.
pub(crate) fn calibration(file: Option<&PathBuf>, machine: &Machine) -> anyhow::Result<Calibration> {
    let missing = || {
        let hint = "run `weigh hardware calibrate` once (some three minutes), or name a device: --on DEVICE";
        Hinted::new("this machine was not calibrated", hint)
    };
    Ok(calibrate::load(file, machine)?.ok_or_else(missing)?)
}

//! What is to be kept: the command line's limits and those of a budget file, together.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use weigh_decide::requirement::{Budget, LayerLimit, Needs, Relative, Requirement};
use weigh_measure::Quantile;

use super::super::Hinted;
use super::super::requirements::Requirements;
use super::Args;

/// All limits.
pub(super) struct Limits {
    pub requirements: Requirements,
    pub relative: Vec<Relative>,
    pub layers: Vec<LayerLimit>,
    /// The budget's model.
    pub model: Option<String>,
    /// What relative limits are relative to.
    pub baseline: Option<String>,
}

/// Budgets are written by hand; a file larger than this is something else.
const LARGEST_BUDGET: u64 = 1 << 20;

impl Limits {
    pub fn collect(args: &Args) -> anyhow::Result<Limits> {
        let mut requirements = args.requirements.read()?;
        let (budget, folder) = match &args.budget {
            Some(file) => (read(file)?, file.parent().map(Path::to_owned)),
            None => (Budget::default(), None),
        };
        let beside =
            |path: String| match (&folder, path.starts_with("zoo:") || Path::new(&path).is_absolute()) {
                (Some(folder), false) => folder.join(path).to_string_lossy().into_owned(),
                _ => path,
            };
        requirements.list.extend(budget.requirements);
        let limits = Limits {
            requirements: requirements.checked()?,
            relative: budget.relative,
            layers: budget.layers,
            model: budget.model.map(beside),
            baseline: args.baseline.clone().or_else(|| budget.baseline.map(beside)),
        };
        if limits.requirements.list.is_empty() && limits.relative.is_empty() && limits.layers.is_empty() {
            let hint = "give --require 'macs<=5G', --for CLASS or --budget FILE; `weigh requirements` lists what there is";
            return Err(Hinted::new("nothing is required", hint).into());
        }
        if !limits.relative.is_empty() && limits.baseline.is_none() {
            let hint = "give --baseline REPORT|MODEL, or a line baseline = \"..\" in the budget";
            return Err(Hinted::new("the budget has relative limits, and there is no baseline", hint).into());
        }
        Ok(limits)
    }

    /// The percentiles that limits are on.
    pub fn quantiles(&self) -> Vec<Quantile> {
        let relative = self.relative.iter().filter_map(|limit| limit.subject.percentile());
        self.requirements.quantiles().into_iter().chain(relative.filter_map(Quantile::new)).collect()
    }

    /// Whether some limit is on a figure that only a run has.
    pub fn need_run(&self) -> bool {
        self.any(|requirement| matches!(requirement.subject.needs(), Needs::Run | Needs::Energy))
    }

    /// Whether some limit is on energy.
    pub fn need_energy(&self) -> bool {
        self.any(|requirement| requirement.subject.needs() == Needs::Energy)
    }

    /// Whether model and baseline have to run against each other.
    pub fn need_versus(&self) -> bool {
        self.relative.iter().any(Relative::needs_versus)
    }

    fn any(&self, wanted: impl Fn(&Requirement) -> bool) -> bool {
        self.requirements.list.iter().any(wanted)
    }
}

fn read(file: &PathBuf) -> anyhow::Result<Budget> {
    let name = file.display().to_string();
    let context = || format!("cannot read {name}");
    if fs::metadata(file).with_context(context)?.len() > LARGEST_BUDGET {
        return Err(
            Hinted::new(format!("{name} is too large for a budget"), "name a TOML file of limits").into()
        );
    }
    let text = fs::read_to_string(file).with_context(context)?;
    Ok(Budget::read(&name, &text).map_err(|error| Hinted::new(error.to_string(), error.hint()))?)
}

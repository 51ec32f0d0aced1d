//! What is compared: models that are opened and analysed, and reports that were saved; what each is called.

use std::collections::BTreeSet;

use rayon::prelude::*;
use weigh::{AnalysisError, Options, Report};

use super::super::progress::Bar;
use super::super::{Hinted, models, reports};
use models::Weighed;

/// Models closer than this in spelling are meant.
const ALIKE: f64 = 0.7;

/// What is compared, in the order given.
pub(super) struct Subjects {
    pub reports: Vec<Report>,
    /// What each is called: no two alike.
    pub names: Vec<String>,
    /// The model of each report and what is assumed about it; none of a saved one.
    pub models: Vec<Option<(Weighed, Options)>>,
    /// What the user called each.
    given: Vec<String>,
}

/// One of them.
struct Subject {
    report: Report,
    model: Option<(Weighed, Options)>,
    given: String,
}

impl Subjects {
    /// Opens models and reads reports.
    pub fn load(paths: &[String], assume: &models::Assume) -> anyhow::Result<Subjects> {
        let options = assume.options()?;
        let bar = Bar::of_several(paths, models::WEIGHING);
        let load = |path: &String| {
            let loaded = match reports::is_report(path) {
                true => read(path),
                false => weigh_one(path, &options).map(|subject| vec![subject]),
            };
            bar.another(paths.len(), models::WEIGHING);
            loaded
        };
        let loaded: Vec<Vec<Subject>> = paths.par_iter().map(load).collect::<anyhow::Result<_>>()?;
        let subjects: Vec<Subject> = loaded.into_iter().flatten().collect();
        if let [only] = subjects.as_slice() {
            let hint = format!("name another model or report: weigh compare {} zoo:mobilenet_v2", only.given);
            return Err(Hinted::new("one model has nothing to be compared with", hint).into());
        }
        every_dim_is_used(&options, &subjects)?;
        let names = names(&subjects);
        let (mut reports, mut models, mut given) = (Vec::new(), Vec::new(), Vec::new());
        for subject in subjects {
            reports.push(subject.report);
            models.push(subject.model);
            given.push(subject.given);
        }
        Ok(Subjects { reports, names, models, given })
    }

    /// The position of the baseline: the first unless named.
    pub fn baseline(&self, wanted: Option<&str>) -> anyhow::Result<usize> {
        let Some(wanted) = wanted else { return Ok(0) };
        let found = [&self.names, &self.given]
            .into_iter()
            .find_map(|names| names.iter().position(|name| name == wanted));
        let missing = || {
            let likeness = |name: &&String| strsim::jaro_winkler(name, wanted);
            let nearest = self.names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
            let all = self.names.join(", ");
            let hint = match nearest.filter(|name| likeness(name) > ALIKE) {
                Some(name) => format!("did you mean {name}? The models are {all}"),
                None => format!("the models are {all}"),
            };
            Hinted::new(format!("no model is called '{wanted}'"), hint)
        };
        Ok(found.ok_or_else(missing)?)
    }
}

/// The reports in a file.
fn read(path: &str) -> anyhow::Result<Vec<Subject>> {
    let subject = |report: Report| match report.model {
        Some(_) => Ok(Subject { report, model: None, given: path.to_owned() }),
        None => Err(Hinted::new(
            format!("{path} has a report that is about no model"),
            "name a report of a model",
        )
        .into()),
    };
    reports::read(path)?.into_iter().map(subject).collect()
}

/// Opens and analyses a model. Dims that only others have are not bound.
fn weigh_one(path: &str, options: &Options) -> anyhow::Result<Subject> {
    let context =
        |error: weigh::OpenError| anyhow::Error::from(error).context(format!("{path} was not weighed"));
    let opened = weigh::open(path).map_err(context)?;
    let mut options = options.clone();
    while let Err(AnalysisError::NoSuchSymbol { name, .. }) = weigh::analyze(&opened.model, &options) {
        let before = options.bindings.len();
        options.bindings.retain(|symbol, _| symbol.as_str() != name);
        if options.bindings.len() == before {
            break;
        }
    }
    let weighed = models::weigh_silently(path, &options)?;
    let report = weigh::describe(&weighed.opened, &weighed.facts);
    Ok(Subject { report, model: Some((weighed, options)), given: path.to_owned() })
}

/// A dim that no model has is a slip.
fn every_dim_is_used(options: &Options, subjects: &[Subject]) -> anyhow::Result<()> {
    let used = |symbol| {
        subjects
            .iter()
            .filter_map(|subject| subject.model.as_ref())
            .any(|(_, own)| own.bindings.contains_key(symbol))
    };
    let Some(symbol) = options.bindings.keys().find(|symbol| !used(symbol)) else { return Ok(()) };
    let dims: BTreeSet<&String> = subjects
        .iter()
        .flat_map(|subject| subject.report.bindings.keys().chain(&subject.report.unbound))
        .collect();
    let known: Vec<&str> = dims.into_iter().map(String::as_str).collect();
    let hint = match known.is_empty() {
        true => "the models have no open dims; --input NAME:SHAPE gives an input another shape".to_owned(),
        false => format!("their dims are {}", known.join(", ")),
    };
    Err(Hinted::new(format!("no model has a dim '{symbol}'"), hint).into())
}

/// The names of the models; what the user wrote where that is not enough, and a number where nor is that.
fn names(subjects: &[Subject]) -> Vec<String> {
    let model =
        |subject: &Subject| subject.report.model.as_ref().map(|model| model.name.clone()).unwrap_or_default();
    let mut names: Vec<String> = subjects.iter().map(model).collect();
    let is_repeated = |names: &[String]| -> Vec<bool> {
        names.iter().map(|name| names.iter().filter(|other| *other == name).count() > 1).collect()
    };
    for (index, repeated) in is_repeated(&names).into_iter().enumerate() {
        if repeated {
            names[index].clone_from(&subjects[index].given);
        }
    }
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for name in &mut names {
        let plain = name.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            *name = format!("{plain} ({number})");
            number += 1;
        }
    }
    names
}

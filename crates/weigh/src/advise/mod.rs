//! What to change about a model, and what each change would bring to this model.
//!
//! A [technique](technique) is really tried: on a rewritten graph, as the file that a quantiser would write, or as another
//! way of running the same graph. What comes out is priced like the model itself ([`price`]), and the rows are ranked by
//! the metric of the [`Goal`]. What cannot be done to the model says why, and claims nothing.

mod goal;
mod ground;
mod measure;
mod precision;
mod price;
mod running;
mod smaller;
mod structure;
mod technique;
mod training;

use weigh_analysis::training::Recipe;
use weigh_analysis::{Analysis, Options};
use weigh_report::report::{self, Effort};

use crate::{Bench, Opened, Setting};
use ground::Ground;

pub use goal::Goal;
pub use price::Target;
pub use technique::{TECHNIQUES, Technique};

/// What advice is asked for.
pub struct AdviceRequest<'a> {
    /// What is to get better.
    pub goal: Goal,
    /// Names of the techniques to try; empty for all that help the goal.
    pub only: Vec<String>,
    /// Samples in one inference; `None` for what the model has.
    pub batch: Option<u64>,
    /// How the model is trained, where advice on that is wanted.
    pub training: Option<Recipe>,
    /// How to measure what can be run, where that is wanted.
    pub measure: Option<Measuring<'a>>,
    /// Told what is about to be done: `trying fp16`.
    pub tell: &'a dyn Fn(&str),
}

/// How techniques are measured.
pub struct Measuring<'a> {
    /// How, and for how long.
    pub bench: &'a Bench,
    /// How models are run.
    pub setting: &'a Setting,
}

/// What was found.
pub struct Advised {
    /// What there is to change, what helps most first; then what does not help, then what cannot be done.
    pub rows: Vec<report::Advice>,
    /// What is not known of the model itself.
    pub notes: Vec<String>,
    /// The model's facts, at the batch that was asked for.
    pub facts: Analysis,
}

/// What there is to change about a model. With [`AdviceRequest::training`] it is about the memory of a training step.
///
/// # Errors
/// Where the model itself cannot be priced: why, and what to do about it.
pub fn advise(
    opened: &Opened,
    options: &Options,
    target: &Target<'_>,
    request: &AdviceRequest<'_>,
) -> Result<Advised, String> {
    let ground = Ground::new(opened, options, target, request)?;
    let is_wanted = |technique: &&Technique| match request.only.as_slice() {
        [] => {
            technique.goals.contains(&request.goal) && technique.is_of_training == request.training.is_some()
        }
        only => only.iter().any(|name| technique.answers_to(name)),
    };
    let mut rows: Vec<report::Advice> = Vec::new();
    for technique in TECHNIQUES.iter().filter(is_wanted) {
        (request.tell)(&format!("trying {}", technique.name));
        let tried = (technique.attempt)(&ground);
        rows.extend(tried.into_iter().map(|tried| technique.row(&ground, tried)));
    }
    rank(&mut rows, request.goal);
    let mut notes = ground.before.notes.clone();
    if request.training.is_some() {
        notes =
            vec!["the memory of a training step: weights, gradients, optimiser, kept activations".to_owned()];
    }
    Ok(Advised { rows, notes, facts: ground.facts })
}

/// Best first; of equals what takes less; what cannot be done at the end.
fn rank(rows: &mut [report::Advice], goal: Goal) {
    let effort = |row: &report::Advice| match row.needs {
        Effort::Nothing => 0,
        Effort::Check => 1,
        Effort::Calibration => 2,
        Effort::FineTuning => 3,
        Effort::Retraining => 4,
    };
    let improvement = |row: &report::Advice| match row.gain {
        Some(gain) => goal.improvement(gain),
        // Between what helps and what makes it worse there is what is not known.
        None => 1.0,
    };
    rows.sort_by(|a, b| {
        let refused = a.refused.cmp(&b.refused);
        let better = improvement(b).total_cmp(&improvement(a));
        refused.then(better).then(effort(a).cmp(&effort(b))).then(a.technique.cmp(&b.technique))
    });
}

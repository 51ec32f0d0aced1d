//! Which reference architecture of the same task has the wanted costs: what to distil into, or where to begin a search.

use weigh_analysis::{Analysis, Options, analyze};
use weigh_zoo::{ENTRIES, Entry, Task};

use super::ground::{Changed, Ground, Tried};
use super::price::Candidate;
use crate::benchmark::batch_symbol;
use crate::{Opened, open};

/// A model is worth distilling into where it costs at most this part.
const SMALLER: f64 = 0.7;

/// How many to name.
const MOST: usize = 3;

/// The reference models of the same task that cost less by the goal's metric, those closest below the model first.
pub(super) fn architectures(ground: &Ground<'_>) -> Vec<Tried> {
    let Some(task) = task(&ground.facts) else {
        return vec![Tried::refused("the zoo has no model with inputs like these")];
    };
    let goal = ground.request.goal;
    let Some(own) = goal.of(&ground.before.costs).filter(|own| *own > 0.0) else {
        return vec![Tried::refused("what the model itself costs is not known")];
    };
    let candidates = ENTRIES.iter().filter(|entry| entry.task == task && !is_itself(entry, ground));
    let mut found: Vec<(f64, Tried)> = Vec::new();
    for entry in candidates {
        let Some((gain, tried)) = priced(ground, entry, own) else { continue };
        if goal.improvement(gain) >= 1.0 / SMALLER {
            found.push((goal.improvement(gain), tried));
        }
    }
    if found.is_empty() {
        return vec![Tried::refused(format!(
            "no reference model of the same task has less than {SMALLER} of it"
        ))];
    }
    // From the mildest change to the strongest, spread over what there is.
    found.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let step = found.len().div_ceil(MOST);
    found.into_iter().step_by(step.max(1)).map(|(_, tried)| tried).collect()
}

fn priced(ground: &Ground<'_>, entry: &Entry, own: f64) -> Option<(f64, Tried)> {
    let opened: Opened = open(&format!("zoo:{}", entry.name)).ok()?;
    let mut options = Options::default();
    let facts = analyze(&opened.model, &options).ok()?;
    let batch = batch_symbol(&facts)?;
    options.bindings.insert(batch, i64::try_from(ground.batch()).ok()?);
    // Other open extents, such as a sequence, as in the model.
    let known = ground.facts.bindings.iter();
    let shared = known.filter(|(symbol, _)| facts.unbound.contains(symbol));
    options.bindings.extend(shared.map(|(symbol, value)| (symbol.clone(), *value)));
    let facts = analyze(&opened.model, &options).ok()?;
    let (before, after) = ground.price(&Candidate::new(&opened, &options, &facts));
    let gain = ground.request.goal.of(&after.costs)? / own;
    let notes = vec!["how good it gets is found out by training it".to_owned()];
    let changed = Changed { notes, ..Changed::new(before, after) };
    let command = format!("weigh compare {} zoo:{}", ground.opened.path, entry.name);
    Some((gain, Tried::changed(changed).in_way(entry.title).by(command)))
}

fn is_itself(entry: &Entry, ground: &Ground<'_>) -> bool {
    ground.opened.path == format!("zoo:{}", entry.name)
}

/// What the model is for, by its inputs: three colours in two dimensions, or rows of token numbers.
fn task(facts: &Analysis) -> Option<Task> {
    let first = facts.inputs.first()?;
    let dims = first.shape.as_ref()?.as_ints()?;
    let is_integer = first.dtype.is_some_and(|dtype| !dtype.is_float());
    match dims.as_slice() {
        [_, 3, height, width] if *height > 64 && *width > 64 && facts.inputs.len() == 1 => {
            Some(Task::ImageClassification)
        }
        [_, _] if is_integer && facts.outputs.len() <= 2 && facts.inputs.len() >= 2 => {
            Some(Task::TextEncoding)
        }
        [_, _] if is_integer => Some(Task::TextGeneration),
        _ => None,
    }
}

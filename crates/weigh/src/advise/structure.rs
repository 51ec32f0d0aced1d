//! Techniques that change the graph: each is done on the graph by [`weigh_rewrite`], and the result priced.

use std::collections::{HashMap, HashSet};

use weigh_analysis::Layer;
use weigh_ir::{Expr, Shape};
use weigh_rewrite::{
    Left, Refusal, Rewritten, fold_batch_norm, low_rank, prune_channels, separable as make_separable,
    smaller_input,
};

use super::ground::{Changed, Ground, Runnable, Tried};
use super::price::Candidate;

/// Shares of the channels that are taken out.
const PRUNED: [f64; 2] = [0.25, 0.5];
/// What is left of a layer's multiply-accumulates when it is factored.
const FACTORED: [f64; 2] = [0.5, 0.25];
/// Factors of the rows and columns of images.
const SCALED: [f64; 2] = [0.75, 0.5];
/// Channels left are a multiple of this.
const MULTIPLE: i64 = 8;
/// A few layers are those that bring this part of what all bring.
const MOST_OF_IT: f64 = 0.5;

/// All dense convolutions, and the few that bring most.
pub(super) fn separable(ground: &Ground<'_>) -> Vec<Tried> {
    let done = |select: &dyn Fn(&str) -> bool| {
        make_separable(ground.model(), &ground.facts, &ground.options, select)
    };
    let all = match done(&|_| true) {
        Ok(all) => all,
        Err(refusal) => return vec![Tried::refused(refusal.to_string())],
    };
    let few = heaviest(ground, &all);
    let is_fewer = few.len() < all.changed.len();
    let mut rows = vec![row(ground, all, Vec::new()).in_way("every layer")];
    if is_fewer {
        let made = done(&|name| few.contains(name));
        let way = match few.len() {
            1 => "1 layer".to_owned(),
            count => format!("{count} layers"),
        };
        rows.extend(made.map(|made| row(ground, made, Vec::new()).in_way(way)));
    }
    rows
}

/// The fewest layers that together bring [`MOST_OF_IT`], by the multiply-accumulates that each saves.
fn heaviest(ground: &Ground<'_>, all: &Rewritten) -> HashSet<String> {
    let macs = |layer: &Layer| layer.macs.as_ref().and_then(Expr::as_int).unwrap_or(0);
    let changed: HashSet<&str> = all.changed.iter().map(|change| change.node.as_str()).collect();
    let before = ground.model().graph.nodes.iter().zip(&ground.facts.layers);
    let dense = before.filter(|(node, _)| changed.contains(&*node.name));
    let mut saved: HashMap<&str, i64> = dense.map(|(node, layer)| (&*node.name, macs(layer))).collect();
    for (node, layer) in all.model.graph.nodes.iter().zip(&all.facts.layers) {
        let old = ["/depthwise", "/pointwise"].iter().find_map(|suffix| node.name.strip_suffix(suffix));
        if let Some(saving) = old.and_then(|old| saved.get_mut(old)) {
            *saving -= macs(layer);
        }
    }
    let mut order: Vec<(&str, i64)> = saved.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let whole: i64 = order.iter().map(|(_, saving)| saving).sum();
    let mut sum = 0;
    let mut few = HashSet::new();
    for (name, saving) in order {
        if sum as f64 >= MOST_OF_IT * whole as f64 {
            break;
        }
        sum += saving;
        few.insert(name.to_owned());
    }
    few
}

/// A part of all channels.
pub(super) fn pruning(ground: &Ground<'_>) -> Vec<Tried> {
    ways(ground, &PRUNED, "fewer", |share| {
        prune_channels(ground.model(), &ground.facts, &ground.options, share, MULTIPLE)
    })
}

/// All layers that get cheaper, to a part of their cost.
pub(super) fn low_rank_factors(ground: &Ground<'_>) -> Vec<Tried> {
    ways(ground, &FACTORED, "left", |share| {
        low_rank(ground.model(), &ground.facts, &ground.options, share, &|_| true)
    })
}

/// A row for each share; where the technique cannot be done at all, the reason once.
fn ways(
    ground: &Ground<'_>,
    shares: &[f64],
    of: &str,
    make: impl Fn(f64) -> Result<Rewritten, Refusal>,
) -> Vec<Tried> {
    let mut rows = Vec::new();
    for share in shares {
        let way = format!("{:.0} % {of}", share * 100.0);
        match make(*share) {
            Ok(made) => {
                let held = made.left.len();
                let note = |left: &Left| {
                    format!("{held} layer(s) stay as they are: '{}' is {}", left.node, left.why)
                };
                let notes = made.left.first().map(note).into_iter().collect();
                rows.push(row(ground, made, notes).in_way(way));
            }
            Err(refusal) => {
                rows.push(Tried::refused(refusal.to_string()));
                break;
            }
        }
    }
    rows
}

/// Every normalisation that can be folded.
pub(super) fn folding(ground: &Ground<'_>) -> Vec<Tried> {
    match fold_batch_norm(ground.model(), &ground.facts, &ground.options) {
        Ok(made) => {
            let note = "most engines do so when they load a model".to_owned();
            let command = format!(
                "weigh quantize {} --weights fp32 --fold-batch-norm -o folded.onnx",
                ground.opened.path
            );
            vec![row(ground, made, vec![note]).by(command)]
        }
        Err(refusal) => vec![Tried::refused(refusal.to_string())],
    }
}

/// Images with three quarters and half of the rows and columns.
pub(super) fn smaller(ground: &Ground<'_>) -> Vec<Tried> {
    let mut rows = Vec::new();
    for scale in SCALED {
        let found = smaller_input(ground.model(), &ground.facts, &ground.options, scale);
        let (options, facts, size) = match found {
            Ok(found) => found,
            Err(refusal) => {
                rows.push(Tried::refused(refusal.to_string()));
                break;
            }
        };
        let mut model = ground.model().clone();
        for (id, port) in ground.model().graph.inputs.iter().zip(&facts.inputs) {
            if let (Some(tensor), Some(shape)) = (model.tensors.get_mut(id.index()), &port.shape) {
                tensor.declared = Some(with_batch(tensor.declared.as_ref(), shape));
            }
        }
        let opened = ground.made(model);
        let (before, after) = ground.price(&Candidate::new(&opened, &options, &facts));
        let runnable = Some(Runnable::graph(opened, &ground.options));
        let changed = Changed { runnable, ..Changed::new(before, after) };
        let inputs = options.input_shapes.iter().map(|(name, shape)| {
            let dims: Vec<String> = shape.dims().iter().map(Expr::to_string).collect();
            format!(" --input {name}:{}", dims.join("x"))
        });
        let command = format!("weigh inspect {}{}", ground.opened.path, inputs.collect::<String>());
        rows.push(Tried::changed(changed).in_way(size).by(command));
    }
    rows
}

/// The extents of a shape, but an open leading extent stays open.
fn with_batch(declared: Option<&Shape>, shape: &Shape) -> Shape {
    match declared.and_then(|declared| declared.dims().first()) {
        Some(batch) if shape.rank() > 0 => shape.with(0, batch.clone()),
        _ => shape.clone(),
    }
}

/// A rewritten graph, priced.
fn row(ground: &Ground<'_>, made: Rewritten, notes: Vec<String>) -> Tried {
    let applies_to = made.changed.into_iter().map(|change| change.node).collect();
    let opened = ground.made(made.model);
    let (before, after) = ground.price(&Candidate::new(&opened, &ground.options, &made.facts));
    let runnable = Some(Runnable::graph(opened, &ground.options));
    Tried::changed(Changed { before, after, applies_to, notes, runnable })
}

//! Which layer of one model corresponds to which of another.
//!
//! Two alignments are made, and the one that leaves fewer layers different is kept:
//! - by name: layers at the same path with the same operator correspond, in whatever order they run; between those,
//!   structure decides;
//! - by structure alone: the common subsequences of layers that are alike, then of those with the same operator and output,
//!   then of those with the same operator.
//!
//! Names are worth most between versions of one model, and mislead where a layer that was put in renumbers all that
//! follow. Everything takes `n log n` but the subsequences, whose effort is bounded ([`sequence`]).

use std::collections::HashMap;
use std::hash::Hash;

use weigh_report::report::{Count, Layer};

use super::sequence;

/// A layer of the first, of the second, or of both.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// Aligns the layers of two models. Exchanging the models exchanges the sides of every pair.
pub(super) fn align(a: &[Layer], b: &[Layer]) -> Vec<Pair> {
    // Where several alignments are equally good the choice must not depend on which model is first.
    if identity(b).lt(identity(a)) {
        return Sides::new(b, a).align().into_iter().map(|(b, a)| (a, b)).collect();
    }
    Sides::new(a, b).align()
}

/// Everything that an alignment depends on, to put models in an order.
fn identity(layers: &[Layer]) -> impl Iterator<Item = impl PartialOrd + '_> {
    layers.iter().map(|layer| {
        let extents = layer.output_shapes.iter().map(|shape| shape.as_ref().map(ToString::to_string));
        let costs = costs(layer).map(|count| count.as_ref().map(Count::exact));
        (&layer.name, &layer.scope, &layer.op, &layer.detail, extents.collect::<Vec<_>>(), costs)
    })
}

/// The costs by which layers are told apart.
fn costs(layer: &Layer) -> [&Option<Count>; 4] {
    [&layer.parameters, &layer.macs, &layer.other_ops, &layer.bytes_moved]
}

/// Whether two layers are alike in all but their names.
pub(super) fn alike(a: &Layer, b: &Layer) -> bool {
    (&a.op, &a.detail, &a.output_shapes) == (&b.op, &b.detail, &b.output_shapes) && costs(a) == costs(b)
}

/// What layers have to agree in, the strictest first: everything, operator and output, operator.
const LEVELS: usize = 3;

/// Two models with their layers as keys.
struct Sides<'l> {
    a: &'l [Layer],
    b: &'l [Layer],
    a_keys: Vec<[u32; LEVELS]>,
    b_keys: Vec<[u32; LEVELS]>,
}

impl<'l> Sides<'l> {
    fn new(a: &'l [Layer], b: &'l [Layer]) -> Sides<'l> {
        let (mut full, mut outputs, mut operators) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut keys = |layers: &'l [Layer]| -> Vec<[u32; LEVELS]> {
            let key = |layer: &'l Layer| {
                let exact = |count: &Option<Count>| count.as_ref().map(Count::exact);
                let shapes = layer.output_shapes.iter().map(|shape| shape.as_ref().map(ToString::to_string));
                let shapes: Vec<Option<String>> = shapes.collect();
                let op = layer.op.as_str();
                [
                    number(&mut full, (op, layer.detail.as_str(), shapes.clone(), costs(layer).map(exact))),
                    number(&mut outputs, (op, shapes)),
                    number(&mut operators, op),
                ]
            };
            layers.iter().map(key).collect()
        };
        let (a_keys, b_keys) = (keys(a), keys(b));
        Sides { a, b, a_keys, b_keys }
    }

    fn align(&self) -> Vec<Pair> {
        let named = self.completed(self.by_name());
        let built = self.completed(Vec::new());
        let different = |pairs: &[Pair]| pairs.iter().filter(|pair| !self.is_same(pair)).count();
        if different(&built) < different(&named) { built } else { named }
    }

    fn is_same(&self, pair: &Pair) -> bool {
        matches!(pair, (Some(i), Some(j)) if self.a_keys[*i][0] == self.b_keys[*j][0])
    }

    /// Layers at the same path with the same operator, where both models have as many of them there; then those that are
    /// alone at their path and have another operator. Ascending in the first.
    fn by_name(&self) -> Vec<(usize, usize)> {
        let paths = |layers: &[Layer]| layers.iter().map(path).collect::<Vec<_>>();
        let (a_paths, b_paths) = (paths(self.a), paths(self.b));
        let operators = |paths: &[Option<String>], layers: &'l [Layer]| {
            let key = |(path, layer): (&Option<String>, &'l Layer)| Some((path.clone()?, layer.op.as_str()));
            paths.iter().zip(layers).map(key).collect::<Vec<_>>()
        };
        let mut pairs = equally_many(&operators(&a_paths, self.a), &operators(&b_paths, self.b));
        let (mut a_rest, mut b_rest) = (a_paths, b_paths);
        for (i, j) in &pairs {
            (a_rest[*i], b_rest[*j]) = (None, None);
        }
        let alone = equally_many(&a_rest, &b_rest);
        let mut often: HashMap<&Option<String>, usize> = HashMap::new();
        a_rest.iter().for_each(|path| *often.entry(path).or_default() += 1);
        pairs.extend(alone.into_iter().filter(|(i, _)| often.get(&a_rest[*i]) == Some(&1)));
        pairs.sort_unstable();
        pairs
    }

    /// All layers, given those that correspond: between them structure decides.
    fn completed(&self, fixed: Vec<(usize, usize)>) -> Vec<Pair> {
        let mut partner: Vec<Option<usize>> = vec![None; self.a.len()];
        let mut taken = vec![false; self.b.len()];
        for (i, j) in &fixed {
            (partner[*i], taken[*j]) = (Some(*j), true);
        }
        let ends = (self.a.len(), self.b.len());
        let mut start = (0, 0);
        let anchors = sequence::uncrossed(&fixed);
        for (i, j) in anchors.iter().copied().chain([ends]) {
            let a_free: Vec<usize> = (start.0..i).filter(|at| partner[*at].is_none()).collect();
            let b_free: Vec<usize> = (start.1..j).filter(|at| !taken[*at]).collect();
            self.between(&a_free, &b_free, 0, &mut |i, j| (partner[i], taken[j]) = (Some(j), true));
            start = (i.saturating_add(1), j.saturating_add(1));
        }
        listed(&partner, &taken)
    }

    /// Pairs layers that agree on a level, and what lies between them on the next.
    fn between(&self, a: &[usize], b: &[usize], level: usize, found: &mut dyn FnMut(usize, usize)) {
        if a.is_empty() || b.is_empty() || level == LEVELS {
            return;
        }
        let a_keys: Vec<u32> = a.iter().map(|at| self.a_keys[*at][level]).collect();
        let b_keys: Vec<u32> = b.iter().map(|at| self.b_keys[*at][level]).collect();
        let mut start = (0, 0);
        for (i, j) in sequence::common(&a_keys, &b_keys) {
            found(a[i], b[j]);
            self.between(&a[start.0..i], &b[start.1..j], level + 1, found);
            start = (i + 1, j + 1);
        }
        self.between(&a[start.0..], &b[start.1..], level + 1, found);
    }
}

/// The number of a key: equal keys have the same.
fn number<K: Eq + Hash>(numbers: &mut HashMap<K, u32>, key: K) -> u32 {
    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    *numbers.entry(key).or_insert(next)
}

/// The k-th layer of a key with the k-th of the other model, for keys that occur equally often in both.
fn equally_many<K: Eq + Hash>(a: &[Option<K>], b: &[Option<K>]) -> Vec<(usize, usize)> {
    let mut places: HashMap<&K, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (at, key) in a.iter().enumerate() {
        key.iter().for_each(|key| places.entry(key).or_default().0.push(at));
    }
    for (at, key) in b.iter().enumerate() {
        key.iter().for_each(|key| places.entry(key).or_default().1.push(at));
    }
    let equal = places.into_values().filter(|(a, b)| a.len() == b.len());
    let mut pairs: Vec<(usize, usize)> = equal.flat_map(|(a, b)| a.into_iter().zip(b)).collect();
    pairs.sort_unstable();
    pairs
}

/// The pairs and what has no partner: the layers of the first in order, then what the second adds.
fn listed(partner: &[Option<usize>], taken: &[bool]) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = partner.iter().enumerate().map(|(i, j)| (Some(i), *j)).collect();
    pairs.extend((0..taken.len()).filter(|j| !taken[*j]).map(|j| (None, Some(j))));
    pairs
}

/// Where in the program a layer is, as all exporters have it: `layer1/0/conv1`. None where the name says nothing but the
/// operator and a running number, as such numbers move when a layer is put in.
fn path(layer: &Layer) -> Option<String> {
    let own = match layer.scope.is_empty() {
        true => layer.name.replace('.', "/"),
        false => layer.name.rsplit('/').next().unwrap_or_default().to_owned(),
    };
    let own = own.trim_matches('/');
    let (above, last) = own.rsplit_once('/').unwrap_or(("", own));
    let kept = if is_running(last, &layer.op) { above } else { own };
    let path = match (layer.scope.is_empty(), kept.is_empty()) {
        (true, _) => kept.to_owned(),
        (false, true) => layer.scope.clone(),
        (false, false) => format!("{}/{kept}", layer.scope),
    };
    (!path.is_empty()).then_some(path)
}

/// `Conv`, `Conv_12`, `node_conv2d_12`.
fn is_running(name: &str, op: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match name.strip_prefix(op) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('_').is_some_and(is_number),
        None => name.starts_with("node_"),
    }
}

//! What became of each layer from one model to another.

use std::cmp::Reverse;

use weigh_ir::{Bindings, Expr, Symbol, units};
use weigh_report::report::{Costs, Count, Layer, LayerChange, LayerChangeKind};

use super::align;

/// What unbound symbols are taken for when formulas have to be put in order.
const NOMINAL: i64 = 128;

/// Every layer of two models beside its counterpart: added, removed, changed or the same. The largest changes of
/// multiply-accumulates come first, then of parameters, then of bytes moved; what is the same comes last, in order.
///
/// The changes add up to the difference of the totals, as far as layers are priced. Exchanging the models exchanges
/// what is added and removed, and the sign of every change.
pub fn changes(a: &[Layer], b: &[Layer]) -> Vec<LayerChange> {
    let pairs = align::align(a, b);
    let mut changes: Vec<LayerChange> = pairs
        .into_iter()
        .filter_map(|(i, j)| change(i.and_then(|i| a.get(i)), j.and_then(|j| b.get(j))))
        .collect();
    changes.sort_by_cached_key(weight);
    changes
}

/// [`changes`] without the layers that are the same.
pub fn differences(a: &[Layer], b: &[Layer]) -> Vec<LayerChange> {
    let mut changes = changes(a, b);
    changes.retain(|change| change.kind != LayerChangeKind::Same);
    changes
}

fn change(a: Option<&Layer>, b: Option<&Layer>) -> Option<LayerChange> {
    let kind = match (a, b) {
        (None, _) => LayerChangeKind::Added,
        (_, None) => LayerChangeKind::Removed,
        (Some(a), Some(b)) if align::alike(a, b) => LayerChangeKind::Same,
        _ => LayerChangeKind::Changed,
    };
    let what = match (a, b) {
        (Some(a), Some(b)) => differing(a, b),
        (one, other) => one
            .or(other)
            .map(|layer| layer.detail.clone())
            .filter(|text| !text.is_empty())
            .into_iter()
            .collect(),
    };
    Some(LayerChange {
        kind,
        a: a.map(|layer| layer.name.clone()),
        b: b.map(|layer| layer.name.clone()),
        op: b.or(a)?.op.clone(),
        what,
        before: costs(a),
        after: costs(b),
        changes: Costs {
            macs: difference(a, b, |layer| layer.macs.as_ref()),
            parameters: difference(a, b, |layer| layer.parameters.as_ref()),
            bytes_moved: difference(a, b, |layer| layer.bytes_moved.as_ref()),
            ..Costs::default()
        },
    })
}

fn costs(layer: Option<&Layer>) -> Costs {
    let Some(layer) = layer else { return Costs::default() };
    Costs {
        macs: layer.macs.clone(),
        parameters: layer.parameters.clone(),
        bytes_moved: layer.bytes_moved.clone(),
        ..Costs::default()
    }
}

/// After − before; a missing layer costs nothing, an unknown cost has no difference.
fn difference(a: Option<&Layer>, b: Option<&Layer>, cost: fn(&Layer) -> Option<&Count>) -> Option<Count> {
    let of = |layer: Option<&Layer>| match layer {
        None => Some(Expr::ZERO),
        Some(layer) => cost(layer).map(|count| count.0.clone()),
    };
    Some(Count(of(b)? - of(a)?))
}

/// What differs between two layers, in words: `3×3 64→64 becomes 3×3 64→128`.
fn differing(a: &Layer, b: &Layer) -> Vec<String> {
    let mut what = Vec::new();
    let mut tell = |aspect: &str, a: &str, b: &str| {
        if a != b {
            let said = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
            what.push(format!("{aspect}{} becomes {}", said(a), said(b)));
        }
    };
    tell("", &a.op, &b.op);
    tell("", &a.detail, &b.detail);
    tell("output ", &shapes(a), &shapes(b));
    if what.is_empty() {
        type Cost = (&'static str, fn(&Layer) -> &Option<Count>);
        let costs: [Cost; 4] = [
            ("parameters", |layer| &layer.parameters),
            ("MACs", |layer| &layer.macs),
            ("other operations", |layer| &layer.other_ops),
            ("bytes moved", |layer| &layer.bytes_moved),
        ];
        let differing = costs.into_iter().filter(|(_, of)| of(a) != of(b));
        what.extend(
            differing.map(|(name, of)| format!("{name} {} becomes {}", amount(of(a)), amount(of(b)))),
        );
    }
    what
}

fn shapes(layer: &Layer) -> String {
    let shape = |shape: &Option<_>| shape.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
    layer.output_shapes.iter().map(shape).collect::<Vec<_>>().join(" ")
}

fn amount(count: &Option<Count>) -> String {
    match count {
        None => "unknown".to_owned(),
        Some(count) => count.number().map_or_else(|| count.exact(), |value| units::si(value as f64)),
    }
}

/// The sort key of a change: what is the same last, otherwise the largest change first.
fn weight(change: &LayerChange) -> (bool, [Reverse<u64>; 3]) {
    let costs = [&change.changes.macs, &change.changes.parameters, &change.changes.bytes_moved];
    let size = |count: &Option<Count>| Reverse(count.as_ref().and_then(nominal).map_or(0, i64::unsigned_abs));
    (change.kind == LayerChangeKind::Same, costs.map(size))
}

/// The count, with every unbound symbol at [`NOMINAL`].
fn nominal(count: &Count) -> Option<i64> {
    let mut bindings = Bindings::new();
    count.0.for_each_symbol(&mut |symbol: &Symbol| {
        bindings.insert(symbol.clone(), NOMINAL);
    });
    count.0.bind(&bindings).as_int()
}

#[cfg(test)]
mod tests {
    use LayerChangeKind::{Added, Changed, Removed, Same};
    use proptest::prelude::*;
    use weigh_report::report::Shape;

    use super::*;

    fn layer(name: &str, op: &str, detail: &str, width: i64, macs: i64) -> Layer {
        Layer {
            name: name.to_owned(),
            op: op.to_owned(),
            detail: detail.to_owned(),
            output_shapes: vec![Some(Shape::known([Expr::Int(1), Expr::Int(width)]))],
            parameters: Some(Count::from(macs / 10)),
            macs: Some(Count::from(macs)),
            ..Layer::default()
        }
    }

    fn kinds(changes: &[LayerChange]) -> Vec<(LayerChangeKind, Option<&str>, Option<&str>)> {
        changes.iter().map(|change| (change.kind, change.a.as_deref(), change.b.as_deref())).collect()
    }

    #[test]
    fn exporters_write_names_in_their_own_ways() {
        let scoped = |name: &str, scope: &str| Layer {
            scope: scope.to_owned(),
            ..layer(name, "Conv", "3×3 64→64", 64, 1000)
        };
        let ways = [
            scoped("/layer1/layer1.0/conv1/Conv", "layer1/0/conv1"),
            scoped("layer1/0/conv1/Conv_3", "layer1/0/conv1"),
            scoped("node_conv2d_7", "layer1/0/conv1"),
            scoped("layer1/0/conv1", "layer1/0"),
            scoped("layer1.0.conv1", ""),
        ];
        // Only names can tell: the other layer is as wide.
        for name in &ways {
            let other = layer("stem", "Conv", "3×3 64→64", 64, 1000);
            let wider =
                Layer { macs: Some(Count::from(2000)), ..scoped("layer1/0/conv1/Conv", "layer1/0/conv1") };
            let found = changes(&[name.clone(), other.clone()], &[other, wider]);
            let expected = (Changed, Some(name.name.as_str()), Some("layer1/0/conv1/Conv"));
            assert_eq!(kinds(&found), [expected, (Same, Some("stem"), Some("stem"))]);
        }
    }

    #[test]
    fn a_widened_layer_is_changed() {
        let a = [layer("Conv_0", "Conv", "3×3 64→64", 64, 1000), layer("Relu_1", "Relu", "", 64, 0)];
        let b = [layer("Conv_0", "Conv", "3×3 64→128", 128, 2000), layer("Relu_1", "Relu", "", 128, 0)];
        let found = changes(&a, &b);
        assert_eq!(found[0].what, ["3×3 64→64 becomes 3×3 64→128", "output [1, 64] becomes [1, 128]"]);
        assert_eq!(found[0].changes.macs, Some(Count::from(1000)));
        assert_eq!(found[0].changes.parameters, Some(Count::from(100)));
        assert_eq!(kinds(&found)[1], (Changed, Some("Relu_1"), Some("Relu_1")));
    }

    #[test]
    fn what_is_put_in_does_not_change_what_follows() {
        // Running numbers and positions in a sequence move by one; structure tells the layers apart all the same.
        let net = |widths: &[i64]| -> Vec<Layer> {
            let conv = |(at, width): (usize, &i64)| {
                layer(&format!("features.{at}"), "Conv", &format!("to {width}"), *width, 100 * width)
            };
            widths.iter().enumerate().map(conv).collect()
        };
        let found = differences(&net(&[8, 16, 32, 64]), &net(&[8, 12, 16, 32, 64]));
        assert_eq!(kinds(&found), [(Added, None, Some("features.1"))]);
        assert_eq!(found[0].what, ["to 12"]);
        let found = differences(&net(&[8, 12, 16, 32, 64]), &net(&[8, 16, 32, 64]));
        assert_eq!(kinds(&found), [(Removed, Some("features.1"), None)]);
        assert_eq!(found[0].changes.macs, Some(Count::from(-1200)));
    }

    #[test]
    fn another_operator_at_the_same_place() {
        let a = [layer("stem", "Conv", "", 8, 10), layer("head/fc/Gemm", "Gemm", "8→4", 4, 32)];
        let b =
            [layer("head/fc/MatMulInteger", "MatMulInteger", "8→4", 4, 32), layer("stem", "Conv", "", 8, 10)];
        let found = differences(&a, &b);
        assert_eq!(kinds(&found), [(Changed, Some("head/fc/Gemm"), Some("head/fc/MatMulInteger"))]);
        assert_eq!(found[0].what, ["Gemm becomes MatMulInteger"]);
    }

    #[test]
    fn unknown_costs_have_no_difference() {
        let known = layer("x/op", "Custom", "", 8, 10);
        let unknown = Layer { macs: None, ..known.clone() };
        let found = changes(std::slice::from_ref(&known), std::slice::from_ref(&unknown));
        assert_eq!((found[0].kind, &found[0].changes.macs), (Changed, &None));
        assert_eq!(found[0].what, ["MACs 10 becomes unknown"]);
        assert_eq!(changes(&[], &[unknown])[0].changes.macs, None);
        // 2·n − n, a formula: n in all, however many n are.
        let n = || Expr::symbol("n");
        let open = |macs: Expr| Layer { macs: Some(Count(macs)), ..known.clone() };
        let found = changes(&[open(n())], &[open(n() * 2)]);
        assert_eq!(found[0].changes.macs, Some(Count(n())));
    }

    #[test]
    fn ten_thousand_layers() {
        let net = |every: usize, seed: usize| -> Vec<Layer> {
            let conv =
                |at: usize| layer(&format!("Conv_{at}"), "Conv", "", ((at * every + seed) % 97) as i64, 5);
            (0..10_000).map(conv).collect()
        };
        // Nothing but operators in common, in another order: must end, soon, and lose nothing.
        let found = changes(&net(31, 0), &net(37, 5));
        let sides = |of: fn(&LayerChange) -> bool| found.iter().filter(|change| of(change)).count();
        assert_eq!(
            (sides(|change| change.a.is_some()), sides(|change| change.b.is_some())),
            (10_000, 10_000)
        );
        assert!(differences(&net(31, 0), &net(31, 0)).is_empty());
    }

    fn nets() -> impl Strategy<Value = Vec<Layer>> {
        let one = (0..4usize, 0..3usize, 0..3i64, prop::option::of(0..50i64)).prop_map(
            |(name, op, width, macs)| {
                let op = ["Conv", "Gemm", "Relu"][op];
                let name = ["a/b", "a/c", "x.y", "Conv_1"][name];
                Layer { macs: macs.map(Count::from), ..layer(name, op, "", width, 10 * width) }
            },
        );
        prop::collection::vec(one, 0..12)
    }

    fn sum(counts: impl Iterator<Item = i64>) -> i64 {
        counts.sum()
    }

    proptest! {
        #[test]
        fn a_model_is_the_same_as_itself(a in nets()) {
            prop_assert!(changes(&a, &a).iter().all(|change| change.kind == Same));
        }

        #[test]
        fn every_layer_is_there_once_and_changes_add_up(a in nets(), b in nets()) {
            let found = changes(&a, &b);
            let mut before: Vec<&str> = found.iter().filter_map(|change| change.a.as_deref()).collect();
            let mut names: Vec<&str> = a.iter().map(|layer| layer.name.as_str()).collect();
            before.sort_unstable();
            names.sort_unstable();
            prop_assert_eq!(before, names);
            let number = |count: &Option<Count>| count.as_ref().and_then(Count::number).unwrap_or_default();
            let total = |layers: &[Layer]| sum(layers.iter().map(|layer| number(&layer.parameters)));
            let changed = sum(found.iter().map(|change| number(&change.changes.parameters)));
            prop_assert_eq!(changed, total(&b) - total(&a));
        }

        #[test]
        fn exchanging_the_models_exchanges_the_sides(a in nets(), b in nets()) {
            let mirrored = |change: LayerChange| match change.kind {
                Added => (Removed, change.b, change.a),
                Removed => (Added, change.b, change.a),
                kind => (kind, change.b, change.a),
            };
            let sorted = |mut pairs: Vec<(LayerChangeKind, Option<String>, Option<String>)>| {
                pairs.sort_by_key(|pair| format!("{pair:?}"));
                pairs
            };
            let forth = changes(&a, &b).into_iter().map(mirrored).collect();
            let back = changes(&b, &a).into_iter().map(|change| (change.kind, change.a, change.b)).collect();
            prop_assert_eq!(sorted(forth), sorted(back));
        }
    }
}

//! Small graphs worked out by hand.

use weigh_ir::{DType, Expr, TensorId};
use weigh_ops::{Conv, Ints, Movement, Split, View, Window};

use crate::net::{Net, int};
use crate::{optional, pair};

#[test]
fn a_residual_block() {
    // x [100] -> relu -> a -> relu -> b -> relu -> c; add(c, x) -> y. While b becomes c, x waits: three of 100.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[100]);
    let a = net.relu(x);
    let b = net.relu(a);
    let c = net.relu(b);
    let y = net.function("Add", &[c, x]);
    net.output(y);
    let facts = net.facts();
    let found = &facts.totals.activations;
    assert_eq!(pair(&found.total), (500, 2000));
    let alive: Vec<i64> =
        facts.layers.iter().filter_map(|layer| layer.live_bytes.as_ref()).map(int).collect();
    // {x, a}, {x, a, b}, {x, b, c}, {x, c, y}
    assert_eq!(alive, [800, 1200, 1200, 1200]);
    assert_eq!(pair(&found.peak), (300, 1200));
    assert_eq!(found.peak_at.as_deref(), Some("n1"));
    // In place: x and one buffer that becomes a, b, c and y. Relu of x may not overwrite it, Add may.
    assert_eq!(pair(&found.in_place_total), (200, 800));
    assert_eq!(pair(&found.in_place_peak), (200, 800));
    // There is but one order.
    assert_eq!(optional(&found.best_order_peak), (300, 1200));
    assert_eq!(found.best_order, Some("file"));
    assert_eq!(optional(&found.lower_bound), (300, 1200));
}

#[test]
fn an_order_that_saves_memory() {
    // Two branches: x -> wide (concat of four x) -> Split keeps 1/4. In the file both wide tensors come first.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[100]);
    let wide: Vec<TensorId> = (0..2).map(|_| net.node(Movement::Concat { axis: 0 }, &[x, x, x, x])).collect();
    let narrow: Vec<TensorId> = wide
        .iter()
        .map(|wide| {
            let sizes = Ints::Fixed(vec![1, 399]);
            net.nodes(Split { axis: 0, sizes }, &[*wide], 2)[0]
        })
        .collect();
    let y = net.function("Add", &narrow);
    net.output(y);
    let facts = net.facts();
    let found = &facts.totals.activations;
    // In the file: step 1 {x, wide, wide} = 900; step 2 {wide, wide, 1, 399} = 1200; step 3 {wide, 1, 1, 399} = 801.
    assert_eq!(int(&found.peak.elements), 1200);
    // One branch after the other: {x, wide} 500, {x, wide, 1, 399} 900, {x, wide, 1} 501, {wide, 1, 1, 399} 801.
    assert_eq!(optional(&found.best_order_peak).0, 900);
    assert_eq!((found.best_order, found.best_order_is_optimal), (Some("exact"), true));
    assert_eq!(facts.best_order, Some(vec![0, 2, 1, 3, 4]));
    // The largest step by itself reads a wide tensor and makes both parts: 800.
    assert_eq!(optional(&found.lower_bound).0, 800);
}

#[test]
fn an_output_that_nobody_reads() {
    // Both halves are made; one is read, the other only takes room while its node runs.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[10]);
    let halves = net.nodes(Split { axis: 0, sizes: Ints::Fixed(vec![4, 6]) }, &[x], 2);
    let y = net.relu(halves[0]);
    net.output(y);
    let facts = net.facts();
    let alive: Vec<i64> =
        facts.layers.iter().filter_map(|layer| layer.live_bytes.as_ref()).map(int).collect();
    assert_eq!(alive, [4 * (10 + 10), 4 * (4 + 4)]);
    assert_eq!(pair(&facts.totals.activations.total), (24, 96));
}

#[test]
fn a_graph_without_nodes() {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[10]);
    net.output(x);
    let facts = net.facts();
    let found = &facts.totals.activations;
    // There is no step in which anything could be alive; the input is an activation all the same.
    assert_eq!(pair(&found.total), (10, 40));
    assert_eq!(pair(&found.peak), (0, 0));
    assert_eq!(found.best_order_peak, None);
    assert_eq!(found.lower_bound, None);
    assert_eq!(found.peak_at, None);
    let nothing = Net::new().facts();
    assert_eq!(pair(&nothing.totals.activations.total), (0, 0));
    assert_eq!(nothing.layers.len(), 0);
}

#[test]
fn views_in_a_chain_take_no_room_in_place() {
    // x [6] -> Reshape -> Identity -> Unsqueeze -> Flatten -> relu: five nodes, one buffer.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[6]);
    let shape = net.ints(&[2, 3]);
    let a = net.node(View::Reshape { shape: Ints::Input(1), zero_is_empty: false }, &[x, shape]);
    let b = net.node(View::Identity, &[a]);
    let c = net.node(View::Unsqueeze { axes: Ints::Fixed(vec![0]) }, &[b]);
    let d = net.node(View::Flatten { axis: 1 }, &[c]);
    let y = net.relu(d);
    net.output(y);
    let facts = net.facts();
    let found = &facts.totals.activations;
    assert_eq!(pair(&found.total), (36, 144));
    assert_eq!(pair(&found.peak), (12, 48));
    assert_eq!(pair(&found.in_place_total), (6, 24));
    assert_eq!(pair(&found.in_place_peak), (6, 24));
    // Views move nothing; the relu reads and writes 24 bytes.
    assert_eq!(int(&facts.totals.bytes_moved), 48);
}

#[test]
fn an_input_that_nothing_reads() {
    let mut net = Net::new();
    let x = net.input(DType::F32, &[10]);
    net.input(DType::F32, &[1000]);
    let y = net.relu(x);
    net.output(y);
    let found = net.facts().totals.activations;
    // It is an input of the model, so it is in the total; no step reads it, so it is alive in none.
    assert_eq!(pair(&found.total), (1020, 4080));
    assert_eq!(pair(&found.peak), (20, 80));
}

#[test]
fn an_output_that_is_also_an_input() {
    // x is handed back: it is alive to the end, and nothing may write over it.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[10]);
    let a = net.relu(x);
    let y = net.relu(a);
    net.output(y);
    net.output(x);
    let facts = net.facts();
    let found = &facts.totals.activations;
    let alive: Vec<i64> =
        facts.layers.iter().filter_map(|layer| layer.live_bytes.as_ref()).map(int).collect();
    assert_eq!(alive, [80, 120]);
    // a takes a buffer of its own, y is written over a.
    assert_eq!(pair(&found.in_place_total), (20, 80));
    assert_eq!(pair(&found.in_place_peak), (20, 80));
}

#[test]
fn what_is_made_at_load_is_no_activation() {
    let mut net = Net::new();
    let (x, w) = (net.input(DType::F32, &[10]), net.stored(DType::F32, &[10]));
    let made = net.relu(w);
    let y = net.function("Add", &[x, made]);
    net.output(y);
    let facts = net.facts();
    assert_eq!(pair(&facts.totals.activations.total), (20, 80));
    assert_eq!(facts.layers[0].live_bytes, None);
    assert_eq!(int(&facts.totals.other_ops), 10);
    let placed = facts.arena.expect("a plan").placements;
    assert_eq!(placed.len(), 2);
}

#[test]
fn blocks_are_independent() {
    // Forty times: x -> wide (4 of x), wide -> 1/4 of it, on two branches that an addition joins. Any order of a
    // block holds for each, and what one block needs is what all need.
    let mut net = Net::new();
    let mut x = net.input(DType::F32, &[100]);
    for _ in 0..40 {
        let wide: Vec<TensorId> =
            (0..2).map(|_| net.node(Movement::Concat { axis: 0 }, &[x, x, x, x])).collect();
        let sizes = || Ints::Fixed(vec![100, 300]);
        let narrow: Vec<TensorId> =
            wide.iter().map(|wide| net.nodes(Split { axis: 0, sizes: sizes() }, &[*wide], 2)[0]).collect();
        x = net.function("Add", &narrow);
    }
    net.output(x);
    let found = net.facts().totals.activations;
    // In the file {x, wide, wide} 900, {wide, wide, 100, 300} 1200. One after the other: {x, wide, 100, 300} 900,
    // {x, 100, wide} 600, {100, wide, 100, 300} 900.
    assert_eq!((int(&found.peak.elements), optional(&found.best_order_peak).0), (1200, 900));
    assert_eq!((found.best_order, found.best_order_is_optimal), (Some("exact"), true));
}

#[test]
fn a_graph_too_wide_to_search() {
    // Three hundred branches of different widths that come together at the end: no proof, but a good order, and
    // never one worse than the file's, where all wide tensors are made first.
    let mut net = Net::new();
    let x = net.input(DType::F32, &[10]);
    let wide: Vec<TensorId> =
        (0..300).map(|branch| net.node(Movement::Concat { axis: 0 }, &vec![x; 2 + branch % 7])).collect();
    let ends: Vec<TensorId> = wide
        .iter()
        .enumerate()
        .map(|(branch, wide)| {
            let sizes = Ints::Fixed(vec![1, 10 * (2 + branch as i64 % 7) - 1]);
            net.nodes(Split { axis: 0, sizes }, &[*wide], 2)[0]
        })
        .collect();
    let y = net.node(Movement::Concat { axis: 0 }, &ends);
    net.output(y);
    let found = net.facts().totals.activations;
    // In the file 300 wide tensors of 50 on average. One branch after the other the widest needs 10 + 2·80, and
    // up to 299 narrow ones stand beside it; the last step reads 300 and makes 300.
    assert!(int(&found.peak.elements) > 14_000);
    assert!(optional(&found.best_order_peak).0 <= 10 + 160 + 299 + 300, "{found:?}");
}

#[test]
fn what_a_device_needs() {
    // Of bytes: x [1, 3, 8, 8] -> 3×3 convolution to 4 channels -> relu -> 1×1 convolution to 2.
    let mut net = Net::new();
    let x = net.input(DType::U8, &[1, 3, 8, 8]);
    let (wide, narrow) = (net.stored(DType::U8, &[4, 3, 3, 3]), net.stored(DType::U8, &[2, 4, 1, 1]));
    let a = net.node(Conv::plain(Window::square(3, 1, 1), 1), &[x, wide]);
    let b = net.relu(a);
    let y = net.node(Conv::plain(Window::square(1, 1, 0), 1), &[b, narrow]);
    net.output(y);
    let facts = net.facts();
    // Alive: 192 + 256, 256 + 256, 256 + 128 elements. The first step needs 27·64 columns as well.
    let needed: Vec<(i64, i64)> = facts
        .steps
        .iter()
        .map(|step| {
            let bytes = |expr: &Option<Expr>| int(expr.as_ref().expect("known"));
            (bytes(&step.live_bytes), bytes(&step.workspace.bytes))
        })
        .collect();
    assert_eq!(needed, [(448, 1728), (512, 0), (384, 0)]);
    let needs = &facts.totals.needs;
    assert_eq!((int(&needs.workspace), int(&needs.bytes)), (1728, 448 + 1728));
    assert_eq!((needs.at.as_deref(), needs.complete), (Some("n0"), true));
    assert_eq!(needs.workspace_of, Some(("n0".to_owned(), "im2col")));
    // 108 + 8 weights.
    assert_eq!(int(&facts.totals.device_bytes()), 116 + 448 + 1728);
}

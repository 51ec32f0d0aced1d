//! Graphs of random nodes.

use weigh_formats::onnx::spellings;

use crate::wire::{self, Dim, Random, Wire};

/// Up to 30 nodes of any operators with any attributes, over tensors of any shape that the nodes before made.
pub fn graph(seed: u64) -> Vec<u8> {
    let mut random = Random(3_000_000 + seed);
    let dims = [
        Dim::Of(1),
        Dim::Of(2),
        Dim::Of(3),
        Dim::Of(8),
        Dim::Of(0),
        Dim::Named("batch"),
        Dim::Named("seq + 1"),
    ];
    let hostile =
        [Dim::Of(-1), Dim::Of(i64::MAX), Dim::Open, Dim::Named("2*n"), Dim::Named("a//0"), Dim::Named("")];
    let mut graph = Wire::new().text(2, "graph");
    let mut names: Vec<String> = Vec::new();
    let shape = |random: &mut Random| -> Vec<Dim> {
        (0..random.below(5))
            .map(|_| if random.once_in(12) { random.pick(&hostile) } else { random.pick(&dims) })
            .collect()
    };
    for index in 0..2 + random.below(4) {
        let name = format!("x{index}");
        graph = match random.below(3) {
            0 => graph.message(5, wire::random_tensor(&mut random, &name)),
            _ => {
                let dtype = random.pick(&[wire::FLOAT, wire::FLOAT, wire::INT64, 9, 10]);
                let dims = shape(&mut random);
                let dims = if random.once_in(10) { None } else { Some(&dims[..]) };
                graph.message(11, wire::value_info(&name, dtype, dims))
            }
        };
        names.push(name);
    }
    let all = spellings();
    let friendly = [
        "Add",
        "Relu",
        "Reshape",
        "Concat",
        "MatMul",
        "Shape",
        "Gather",
        "Transpose",
        "Slice",
        "Cast",
        "Identity",
    ];
    for step in 0..1 + random.below(30) {
        let (domain, op_type) = match random.below(2) {
            0 => ("", random.pick(&friendly)),
            _ => random
                .pick(&all.iter().map(|spelling| (spelling.domain, spelling.op_type)).collect::<Vec<_>>()),
        };
        let inputs: Vec<String> = (0..1 + random.below(3)).map(|_| random.pick(&names)).collect();
        let outputs: Vec<String> = (0..1 + random.below(2)).map(|index| format!("y{step}_{index}")).collect();
        let borrowed = |names: &[String]| -> Vec<&'static str> {
            names.iter().map(|name| &*Box::leak(name.clone().into_boxed_str())).collect()
        };
        let path = if random.once_in(2) { format!("/block{}/node{step}", step / 4) } else { String::new() };
        let mut node = wire::node(op_type, &path, &borrowed(&inputs), &borrowed(&outputs)).text(7, domain);
        for _ in 0..random.below(3) {
            node = node.message(5, wire::random_attribute(&mut random));
        }
        if ["If", "Loop", "Scan", "SequenceMap"].contains(&op_type) {
            for name in ["then_branch", "else_branch", "body"] {
                let inner = wire::node("Relu", "", &borrowed(&[random.pick(&names)]), &["inner"]);
                let body = Wire::new().message(1, inner).message(12, wire::value_info("inner", 1, None));
                node = node.message(5, Wire::new().text(1, name).message(6, body).int(20, 5));
            }
        }
        graph = graph.message(1, node);
        names.extend(outputs);
    }
    for _ in 0..random.below(4) {
        let (name, dims) = (random.pick(&names), shape(&mut random));
        let declared = if random.once_in(2) { None } else { Some(&dims[..]) };
        graph = graph.message(12, wire::value_info(&name, wire::FLOAT, declared));
    }
    // Declared types of what is in between, mostly wrong.
    for _ in 0..random.below(3) {
        let (name, dims) = (random.pick(&names), shape(&mut random));
        graph = graph.message(13, wire::value_info(&name, wire::FLOAT, Some(&dims[..])));
    }
    wire::model(graph, random.pick(&[7, 11, 13, 17, 21]))
}

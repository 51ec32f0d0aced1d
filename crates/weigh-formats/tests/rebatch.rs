//! Copies of model files with other extents, on files made by hand.

mod wire;

use std::io::{self, Write};

use weigh_formats::onnx::{NewExtent, NewShape, RebatchError, rebatch};
use weigh_formats::{FormatError, Surroundings};
use weigh_ir::{Model, Shape};
use wire::{Dim, FLOAT, Random, Wire, ints, model, node, value_info, zeros};

/// A reshape whose target another reshape shares, a stored token beside it, and declared shapes everywhere.
fn sound() -> Vec<u8> {
    let shape = |dims: &[i64]| dims.iter().map(|dim| Dim::Of(*dim)).collect::<Vec<_>>();
    let graph = Wire::new()
        .message(1, node("Reshape", "first", &["x", "target"], &["a"]))
        .message(1, node("Reshape", "second", &["w", "target"], &["b"]))
        .message(1, node("Add", "sum", &["a", "b"], &["c"]))
        .message(1, node("Concat", "all", &["token", "c"], &["y"]).message(5, wire::attribute("axis", 1)))
        .text(2, "small")
        .message(5, ints("target", &[2], &[1, 6]))
        .message(5, zeros("w", &[6]))
        .message(5, zeros("token", &[1, 2]))
        .message(11, value_info("x", FLOAT, Some(&shape(&[1, 2, 3]))))
        .message(11, value_info("other", FLOAT, Some(&[Dim::Named("n"), Dim::Open])))
        .message(12, value_info("y", FLOAT, Some(&shape(&[1, 8]))))
        .message(13, value_info("a", FLOAT, Some(&shape(&[1, 6]))));
    model(graph, 17)
}

fn read(bytes: &[u8]) -> Model {
    weigh_formats::read(bytes, &Surroundings { external_size: &|_| None }).expect("a model")
}

const EXTENTS: &[NewExtent<'_>] = &[NewExtent { input: "x", axis: 0, extent: 5 }];
const SHAPES: &[NewShape<'_>] = &[
    NewShape { node: "a", input: 1, extents: &[5, 6], expand: false },
    NewShape { node: "y", input: 0, extents: &[5, 2], expand: true },
];

fn copy(bytes: &[u8], extents: &[NewExtent<'_>], shapes: &[NewShape<'_>]) -> Result<Vec<u8>, RebatchError> {
    let mut out = Vec::new();
    rebatch(bytes, extents, shapes, &mut out).map(|()| out)
}

#[test]
fn inputs_and_targets_change_and_nothing_else() {
    let copied = read(&copy(&sound(), EXTENTS, SHAPES).expect("a copy"));
    let declared = |id| copied.tensor(id).declared.clone();
    assert_eq!(declared(copied.graph.inputs[0]), Some(Shape::of(&[5, 2, 3])));
    assert_eq!(declared(copied.graph.inputs[1]).expect("a shape").to_string(), "[n, other_1]");
    assert_eq!(declared(copied.graph.outputs[0]), None);
    let nodes: Vec<&str> = copied.graph.nodes.iter().map(|node| node.op.name()).collect();
    assert_eq!(nodes, ["Constant", "Reshape", "Reshape", "Add", "Constant", "Expand", "Concat"]);
    let read = |node: usize, input: usize| {
        let id = copied.graph.nodes[node].inputs[input].expect("an input");
        copied.tensor(id).stored.as_ref().and_then(|stored| stored.value.as_ref()?.as_ints())
    };
    assert_eq!(read(1, 1), Some(vec![5, 6]));
    assert_eq!(read(2, 1), Some(vec![1, 6]), "the other reader keeps the shared target");
    assert_eq!(read(5, 1), Some(vec![5, 2]));
    assert_eq!(copied.graph.nodes[6].inputs[0], copied.graph.nodes[5].outputs[0]);
    assert_eq!(copied.name, "small");
}

#[test]
fn with_nothing_to_change_only_declarations_go() {
    let copied = copy(&sound(), &[], &[]).expect("a copy");
    let (before, after) = (read(&sound()), read(&copied));
    assert_eq!(before.graph.node_count(), after.graph.node_count());
    assert_eq!(copy(&copied, &[], &[]).expect("a copy"), copied, "a copy of the copy is the copy");
}

#[test]
fn what_is_not_there_cannot_change() {
    let why = |extents: &[NewExtent<'_>], shapes: &[NewShape<'_>]| {
        copy(&sound(), extents, shapes).expect_err("refused").to_string()
    };
    let extent = |input, axis| NewExtent { input, axis, extent: 2 };
    let shape = |node, input| NewShape { node, input, extents: &[1], expand: false };
    assert_eq!(why(&[extent("z", 0)], &[]), "the main graph lacks an input that is to be changed");
    assert_eq!(why(&[extent("x", 3)], &[]), "input 'x' has no declared axis 3");
    assert_eq!(why(&[], &[shape("z", 1)]), "the main graph lacks a node that is to be changed");
    assert_eq!(why(&[], &[shape("a", 2)]), "node 'a': it has no input 2");
}

#[test]
fn damaged_files_are_errors() {
    let sound = sound();
    for length in 0..sound.len() {
        // A file may end where a field does; that it has no panic is what counts, and no graph cut short.
        if let Ok(copied) = copy(&sound[..length], EXTENTS, SHAPES) {
            panic!("{length} bytes give {} bytes", copied.len());
        }
    }
    let mut random = Random(1);
    for _ in 0..20_000 {
        let mut damaged = sound.clone();
        let (at, byte) = (random.below(damaged.len()), random.next() as u8);
        damaged[at] = byte;
        let _ = copy(&damaged, EXTENTS, SHAPES);
    }
}

/// A disc that is full.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_copy_that_cannot_be_written() {
    assert!(matches!(rebatch(&sound(), EXTENTS, &[], &mut Full), Err(RebatchError::Io(_))));
    let no_model = rebatch(&[], &[], &[], &mut Full);
    assert!(matches!(no_model, Err(RebatchError::Format(FormatError::Model(_)))));
}

//! Files that are wrong in every way that can be made up: bits flipped, bytes cut out, doubled, put elsewhere; and
//! graphs of random nodes. Whatever they are, reading and weighing them ends soon, without a panic, in an error or
//! in facts that agree with each other and can be shown.

#[path = "../../weigh-formats/tests/wire/mod.rs"]
mod wire;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use weigh::ir::Expr;
use weigh::report::{RenderOptions, Report, renderers};
use weigh::{Analysis, Opened, Options, analyze};
use weigh_formats::onnx::{Weights, WriteOptions, spellings};
use weigh_formats::{FormatError, Surroundings};
use wire::{Dim, Random, Wire};

/// What one file may take at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a file went.
#[derive(Debug, Default)]
struct Tally {
    unreadable: usize,
    refused: usize,
    weighed: usize,
}

/// Makes and tries so many files, one after the other, in a thread that is waited for: one that hangs is found.
fn try_all(count: usize, make: impl Fn(usize) -> Vec<u8> + Send + 'static) -> Tally {
    let (done, progress) = mpsc::channel();
    let worker = thread::spawn(move || {
        let mut tally = Tally::default();
        for index in 0..count {
            one(&make(index), index, &mut tally);
            if done.send(index).is_err() {
                break;
            }
        }
        tally
    });
    let mut finished = 0;
    while finished < count {
        match progress.recv_timeout(PATIENCE) {
            Ok(index) => finished = index + 1,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("file {finished} takes over {PATIENCE:?}"),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    match worker.join() {
        Ok(tally) => tally,
        Err(panic) => {
            say(&format!("it was file {finished}"));
            std::panic::resume_unwind(panic)
        }
    }
}

#[allow(clippy::print_stderr)] // beside a panic's own message
fn say(what: &str) {
    eprintln!("{what}");
}

fn one(bytes: &[u8], index: usize, tally: &mut Tally) {
    let beside = |name: &str| name.len().is_multiple_of(2).then_some(1000);
    let model = match weigh_formats::read(bytes, &Surroundings { external_size: &beside }) {
        Ok(model) => model,
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.hint().is_empty());
            if let FormatError::Corrupt { offset, .. } = error {
                assert!(offset <= bytes.len() as u64, "file {index}: {error}");
            }
            tally.unreadable += 1;
            return;
        }
    };
    let facts = match analyze(&model, &Options::default()) {
        Ok(facts) => facts,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            tally.refused += 1;
            return;
        }
    };
    tally.weighed += 1;
    agrees(&facts, index);
    // Showing takes longer than weighing.
    if index.is_multiple_of(4) {
        let opened = Opened {
            path: "bad.onnx".to_owned(),
            name: "bad".to_owned(),
            model,
            file: None,
            file_bytes: None,
        };
        shows(&weigh::describe(&opened, &facts), index);
    }
}

/// What holds for every model, however wrong.
fn agrees(facts: &Analysis, index: usize) {
    let totals = &facts.totals;
    assert!(facts.coverage.priced <= facts.coverage.nodes && facts.coverage.shaped <= facts.coverage.nodes);
    let unknown: usize = facts.coverage.unknown.iter().map(|(_, count)| count).sum();
    assert_eq!(unknown, facts.coverage.nodes - facts.coverage.priced, "file {index}");
    let parameters: Expr = facts.layers.iter().map(|layer| layer.parameters.clone()).sum();
    if let (Some(parts), Some(whole)) = (parameters.as_int(), totals.parameters.as_int()) {
        assert_eq!(parts, whole, "file {index}: parameters");
    }
    for (total, of) in [
        (&totals.macs, (|layer| &layer.macs) as fn(&weigh_analysis::Layer) -> &Option<Expr>),
        (&totals.other_ops, |layer| &layer.other_ops),
        (&totals.bytes_moved, |layer| &layer.bytes_moved),
    ] {
        assert_eq!(facts.layers.iter().flat_map(of).cloned().sum::<Expr>(), *total, "file {index}");
    }
    for (node, layer) in facts.layers.iter().enumerate() {
        let extents = layer.output_shapes.iter().flatten().flat_map(|shape| shape.dims());
        let figures =
            [&layer.macs, &layer.other_ops, &layer.bytes_moved, &layer.output_bytes, &layer.live_bytes];
        for figure in figures.into_iter().flatten().chain(extents).filter_map(Expr::as_int) {
            assert!(figure >= 0, "file {index}: {figure} at node {node}");
        }
    }
    let activations = &totals.activations;
    let bytes = |extent: &weigh_analysis::Extent| extent.bytes.as_int();
    let (total, peak) = (bytes(&activations.total), bytes(&activations.peak));
    if let (Some(total), Some(peak)) = (total, peak) {
        assert!(peak <= total, "file {index}: {peak} <= {total}");
        if let Some(in_place) = bytes(&activations.in_place_peak) {
            assert!(in_place <= peak, "file {index}: {in_place} <= {peak}");
        }
        if let Some(best) = activations.best_order_peak.as_ref().and_then(bytes) {
            let lower = activations.lower_bound.as_ref().and_then(bytes).unwrap_or(0);
            assert!(lower <= best && best <= peak, "file {index}: {lower} <= {best} <= {peak}");
        }
        if let Some(arena) = activations.arena_bytes {
            assert!(arena as i64 >= peak, "file {index}: {arena} >= {peak}");
        }
    }
}

/// Every renderer takes it, and what is saved can be read back.
fn shows(report: &Report, index: usize) {
    let options = RenderOptions { layers: true, depth: Some(2), ..RenderOptions::default() };
    for renderer in renderers() {
        let text = renderer.render(std::slice::from_ref(report), &options);
        assert!(!text.contains('\x1b'), "file {index}");
        if renderer.name() == "json" {
            let back = Report::read_all(&text).unwrap_or_else(|error| panic!("file {index}: {error:?}"));
            assert_eq!(back.len(), 1);
            let again = renderer.render(&back, &options);
            assert_eq!(again, text, "file {index} is saved as something else");
        }
    }
}

fn written(name: &str) -> Vec<u8> {
    let entry = weigh_zoo::find(name).expect("it is in the zoo");
    let model = (entry.build)(&weigh_zoo::Options::default());
    weigh_formats::onnx::write(&model, &WriteOptions { weights: Weights::Zero }).expect("it can be written")
}

/// One to four changes at random places.
fn mutant(original: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut bytes = original.to_vec();
    for _ in 0..1 + random.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let length = (1 + random.below(16)).min(bytes.len() - at);
        match random.below(9) {
            0..=1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = random.pick(&[0, 1, 0x7f, 0x80, 0xff, b'/', b'\n', 0x1b]),
            // Small differences keep lengths and types plausible.
            3 => bytes[at] = bytes[at].wrapping_add(random.pick(&[1, 2, 255, 254, 8, 16])),
            4 => drop(bytes.drain(at..at + length)),
            5 => {
                let piece = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len());
                drop(bytes.splice(to..to, piece));
            }
            6 => {
                let to = random.below(bytes.len() - length + 1);
                bytes.copy_within(at..at + length, to);
            }
            7 => bytes[at..at + length].fill(random.pick(&[0, 0xff])),
            _ if random.once_in(4) => bytes.truncate(at),
            _ => {
                // The name of some operator in the place of other bytes.
                let names = spellings();
                let name = names[random.below(names.len())].op_type.as_bytes();
                let end = (at + name.len()).min(bytes.len());
                bytes[at..end].copy_from_slice(&name[..end - at]);
            }
        }
    }
    bytes
}

/// A field of a protobuf message: what it holds can be changed, and lengths follow.
#[derive(Clone, Debug)]
enum Field {
    Int(u64, i64),
    Bytes(u64, Vec<u8>),
    Message(u64, Vec<Field>),
    Float(u64, f32),
}

/// What the messages of onnx.proto are made of, as far as it is taken apart here.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    Dim,
}

impl Kind {
    /// The kind of a field of this number, if it is a message.
    fn inner(self, number: u64) -> Option<Kind> {
        Some(match (self, number) {
            (Kind::Model, 7) | (Kind::Attribute, 6) => Kind::Graph,
            (Kind::Graph, 1) => Kind::Node,
            (Kind::Graph, 5) | (Kind::Attribute, 5) => Kind::Tensor,
            (Kind::Graph, 11..=13) => Kind::ValueInfo,
            (Kind::Node, 5) => Kind::Attribute,
            (Kind::ValueInfo, 2) => Kind::Type,
            (Kind::Type, 1) => Kind::TensorType,
            (Kind::TensorType, 2) => Kind::Shape,
            (Kind::Shape, 1) => Kind::Dim,
            _ => return None,
        })
    }
}

/// Takes a file that was written right apart.
fn parse(bytes: &[u8], kind: Kind) -> Vec<Field> {
    fn varint(bytes: &[u8], at: &mut usize) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = bytes[*at];
            *at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }
    let (mut fields, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let tag = varint(bytes, &mut at);
        let number = tag >> 3;
        match tag & 7 {
            0 => fields.push(Field::Int(number, varint(bytes, &mut at) as i64)),
            2 => {
                let length = varint(bytes, &mut at) as usize;
                let content = &bytes[at..at + length];
                at += length;
                fields.push(match kind.inner(number) {
                    Some(inner) => Field::Message(number, parse(content, inner)),
                    None => Field::Bytes(number, content.to_vec()),
                });
            }
            5 => {
                let float = f32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
                fields.push(Field::Float(number, float));
                at += 4;
            }
            other => panic!("wire type {other}"),
        }
    }
    fields
}

fn unparse(fields: &[Field]) -> Wire {
    fields.iter().fold(Wire::new(), |wire, field| match field {
        Field::Int(number, value) => wire.int(*number, *value),
        Field::Bytes(number, content) => wire.bytes(*number, content),
        Field::Message(number, inner) => wire.message(*number, unparse(inner)),
        Field::Float(number, value) => wire.float(*number, *value),
    })
}

/// Changes one field somewhere below; the kind of message tells what may stand there.
fn change(fields: &mut Vec<Field>, kind: Kind, random: &mut Random, names: &[Vec<u8>]) {
    if fields.is_empty() {
        return;
    }
    let at = random.below(fields.len());
    // Down more often than not: most of the file is deep inside.
    if let Field::Message(number, inner) = &mut fields[at]
        && !random.once_in(8)
        && let Some(kind) = kind.inner(*number)
    {
        return change(inner, kind, random, names);
    }
    match random.below(8) {
        0 => drop(fields.remove(at)),
        1 => fields.push(fields[at].clone()),
        2 => {
            let other = random.below(fields.len());
            fields.swap(at, other);
        }
        3 if kind == Kind::Node => {
            let attribute = wire::random_attribute(random);
            fields.push(Field::Bytes(5, attribute.0));
        }
        _ => match &mut fields[at] {
            Field::Int(_, value) if random.once_in(2) => {
                *value = value.wrapping_add(random.pick(&[1, -1, 2, -2]))
            }
            Field::Int(_, value) => *value = random.pick(wire::INTEGERS),
            Field::Float(_, value) => *value = random.pick(&[0.0, -1.0, f32::NAN, f32::INFINITY]),
            Field::Bytes(1 | 2, name) if kind == Kind::Node => *name = random.pick(names),
            Field::Bytes(4, op) if kind == Kind::Node => {
                let all = spellings();
                *op = all[random.below(all.len())].op_type.as_bytes().to_vec();
            }
            Field::Bytes(9, raw) if !raw.is_empty() => {
                let byte = random.below(raw.len());
                raw[byte] = random.pick(&[0, 1, 2, 3, 7, 0x7f, 0x80, 0xff]);
            }
            Field::Bytes(_, text) if random.once_in(2) => {
                *text = random
                    .pick(&["", "batch", "seq*2 - 1", "n//0", "\x1b[2J", "0", "a b"])
                    .as_bytes()
                    .to_vec();
            }
            Field::Bytes(_, text) => *text = random.pick(names),
            Field::Message(_, inner) => drop(inner.drain(..inner.len() / 2)),
        },
    }
}

/// The names of tensors that nodes read and make.
fn tensor_names(model: &[Field]) -> Vec<Vec<u8>> {
    let inner = |field: &Field, wanted: u64| match field {
        Field::Message(number, inner) if *number == wanted => inner.clone(),
        _ => Vec::new(),
    };
    let nodes = model.iter().flat_map(|field| inner(field, 7)).flat_map(|field| inner(&field, 1));
    nodes
        .filter_map(|field| match field {
            Field::Bytes(1 | 2, name) => Some(name),
            _ => None,
        })
        .collect()
}

/// Mutants of a file's bytes, and of the messages in it.
fn mutants(name: &str, seed: u64, bytes: usize, messages: usize) {
    let original = written(name);
    let fields = parse(&original, Kind::Model);
    assert_eq!(unparse(&fields).0, original, "{name} is taken apart and put together");
    let tally = try_all(bytes, move |index| mutant(&original, seed + index as u64));
    assert!(tally.unreadable > bytes / 2 && tally.weighed > 0, "{tally:?}");
    let names = tensor_names(&fields);
    let tally = try_all(messages, move |index| {
        let (mut random, mut fields) = (Random(seed + index as u64), fields.clone());
        for _ in 0..1 + random.below(4) {
            change(&mut fields, Kind::Model, &mut random, &names);
        }
        unparse(&fields).0
    });
    assert!(tally.unreadable > messages / 20 && tally.weighed > messages / 4, "{tally:?}");
}

#[test]
fn mutants_of_a_small_file() {
    mutants("lstm", 0, 1000, 1500);
}

#[test]
fn mutants_of_a_convolutional_network() {
    mutants("mobilenet_v3_small", 1_000_000, 400, 400);
}

#[test]
fn mutants_of_a_transformer() {
    mutants("gpt2", 2_000_000, 300, 200);
}

/// Up to 30 nodes of any operators with any attributes, over tensors of any shape that the nodes before made.
fn graph(seed: u64) -> Vec<u8> {
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

#[test]
fn graphs_of_random_nodes() {
    let tally = try_all(6000, |seed| graph(seed as u64));
    assert!(tally.weighed > 600, "{tally:?}");
}

//! Copies of model files with notes on them, on files made by hand.

mod wire;

use weigh_formats::onnx::{AnnotateError, Note, Notes, annotate, origins};
use wire::{FLOAT, Wire, model, node, value_info};

fn entry(key: &str, value: &str) -> Wire {
    Wire::new().text(1, key).text(2, value)
}

/// Three nodes out of order, the last two of them calls of a function of two nodes and of one of none.
fn graph() -> Wire {
    let later = node("Add", "sum", &["a", "b"], &["y"]);
    let calls = node("Pair", "call", &["x"], &["a"]).text(7, "own");
    let passes = node("Pass", "pass", &["x"], &["b"]).text(7, "own");
    let notes = later.message(9, entry("weigh.macs", "old")).message(9, entry("other", "kept"));
    Wire::new()
        .message(1, notes)
        .message(1, calls)
        .message(1, passes)
        .text(2, "main")
        // Long enough that the graph's length takes two bytes with notes and without.
        .text(10, &"documentation ".repeat(20))
        .message(11, value_info("x", FLOAT, None))
        .message(12, value_info("y", FLOAT, None))
}

fn file() -> Vec<u8> {
    let function = |name: &str, nodes: &[Wire], output: &str| {
        let function = Wire::new().text(1, name).text(4, "in").text(5, output).text(10, "own");
        nodes.iter().fold(function, |function, node| function.message(7, node.clone()))
    };
    let pair = [node("Relu", "one", &["in"], &["between"]), node("Abs", "two", &["between"], &["out"])];
    let mut bytes = Wire::new().message(14, entry("weigh.flops", "old")).message(14, entry("author", "me")).0;
    bytes.extend(model(graph(), 17));
    bytes.extend(Wire::new().message(25, function("Pair", &pair, "out")).0);
    bytes.extend(Wire::new().message(25, function("Pass", &[], "in")).0);
    bytes
}

fn note(key: &str, value: &str) -> Note {
    (key.to_owned(), value.to_owned())
}

fn notes() -> Notes {
    let nodes = vec![vec![note("weigh.macs", "1")], Vec::new(), vec![note("weigh.macs", "3")]];
    Notes { prefix: "weigh.".to_owned(), model: vec![note("weigh.macs", "4")], nodes }
}

fn copy(bytes: &[u8], notes: &Notes) -> Result<Vec<u8>, AnnotateError> {
    let mut out = Vec::new();
    annotate(bytes, notes, &mut out).map(|nodes| {
        assert_eq!(nodes, 3);
        out
    })
}

#[test]
fn notes_are_added_and_nothing_else_changes() {
    let copied = copy(&file(), &notes()).expect("a copy");
    let text = String::from_utf8_lossy(&copied);
    assert!(!text.contains("old") && text.contains("kept") && text.contains("author"));
    // With the notes taken out again, the copy is the file without its old ones.
    let none = Notes { prefix: "weigh.".to_owned(), ..Notes::default() };
    let bare = copy(&file(), &none).expect("a copy");
    assert_eq!(copy(&copied, &none).expect("a copy"), bare);
    assert_eq!(bare.len(), file().len() - old_notes());
}

/// Bytes of `weigh.macs = old` in a node and of `weigh.flops = old` in the model.
fn old_notes() -> usize {
    let (node, model) = (entry("weigh.macs", "old").0.len() + 2, entry("weigh.flops", "old").0.len() + 2);
    node + model
}

#[test]
fn a_copy_of_the_copy_is_the_copy() {
    let once = copy(&file(), &notes()).expect("a copy");
    assert_eq!(copy(&once, &notes()).expect("a copy"), once);
}

#[test]
fn nodes_come_from_their_place_in_the_file() {
    // The call is two nodes, the pass an identity; the sum, first in the file, has to run last.
    assert_eq!(origins(&file()).expect("a model"), [1, 1, 2, 0]);
    assert_eq!(origins(&model(graph(), 17)).expect("a model"), [1, 2, 0], "unknown operators are themselves");
}

#[test]
fn what_does_not_fit_is_refused() {
    let many = Notes { nodes: vec![Vec::new(); 4], ..notes() };
    let why = copy(&file(), &many).expect_err("refused").to_string();
    assert_eq!(why, "the file has 1 graphs and 3 nodes in them");
    let mut twice = file();
    twice.extend(Wire::new().message(7, Wire::new()).0);
    assert!(copy(&twice, &notes()).is_err());
    let source = file();
    for end in 0..source.len() {
        let cut = &source[..end];
        // Refused, or a shorter model; never anything that was not in the source.
        if let Ok(copied) = annotate(cut, &notes(), &mut Vec::new()) {
            assert_eq!(copied, 3, "{end}");
        }
    }
}

//! Mutants of three architectures, and graphs of random nodes.

use hostile::messages::Messages;
use hostile::{bytes, graphs, try_all};
use weigh_formats::onnx::{Weights, WriteOptions, write};

fn written(name: &str) -> Vec<u8> {
    let entry = weigh_zoo::find(name).expect("it is in the zoo");
    let model = (entry.build)(&weigh_zoo::Options::default());
    write(&model, &WriteOptions { weights: Weights::Zero }).expect("it can be written")
}

/// Mutants of a file's bytes, and of the messages in it.
fn mutants(name: &str, seed: u64, of_bytes: usize, of_messages: usize) {
    let original = written(name);
    let messages = Messages::parse(&original).expect("it is written right");
    assert_eq!(messages.bytes(), original, "{name} is taken apart and put together");
    let other = original.clone();
    let tally = try_all(of_bytes, move |index| bytes::mutant(&original, &other, seed + index as u64));
    assert!(tally.unreadable > of_bytes / 2 && tally.weighed > 0, "{tally:?}");
    let tally = try_all(of_messages, move |index| messages.mutant(seed + index as u64));
    assert!(tally.unreadable > of_messages / 20 && tally.weighed > of_messages / 4, "{tally:?}");
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

#[test]
fn graphs_of_random_nodes() {
    let tally = try_all(6000, |seed| graphs::graph(seed as u64));
    assert!(tally.weighed > 600, "{tally:?}");
}

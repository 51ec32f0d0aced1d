//! Mutants of files whose weights are to take fewer bits: a plan or an error, and never a panic.

use std::io;

use hostile::bytes;
use hostile::messages::Messages;
use weigh_formats::onnx::quantize::{Plan, Request, WeightType};
use weigh_formats::onnx::{Weights, WriteOptions, write};
use weigh_formats::{Surroundings, read};

/// Files whose weights lie nowhere: small, and with the structure of real ones.
fn declared(name: &str) -> Vec<u8> {
    let entry = weigh_zoo::find(name).expect("it is in the zoo");
    let model = (entry.build)(&weigh_zoo::Options::default());
    write(&model, &WriteOptions { weights: Weights::Declared }).expect("it can be written")
}

fn requests() -> [Request; 3] {
    [
        Request { fold_batch_norm: true, ..Request::of(WeightType::I4) },
        Request { dynamic: true, ..Request::of(WeightType::I8) },
        Request::of(WeightType::F16),
    ]
}

/// What could be planned can be laid out, and what is laid out is as small as its source.
fn attempt(source: &[u8]) -> usize {
    let mut planned = 0;
    for request in requests() {
        let Ok(plan) = Plan::new(source, &request) else { continue };
        planned += 1;
        let skeleton = plan.skeleton().expect("nothing is read for it");
        assert!(skeleton.len() < source.len() * 8 + 10_000, "{} of {}", skeleton.len(), source.len());
        let _ = read(&skeleton, &Surroundings { external_size: &|_| Some(u64::MAX) });
        let missing = |_: &str, _: u64, _: u64| Err(io::ErrorKind::NotFound.into());
        let _ = plan.write(&missing, &mut io::sink(), None);
    }
    planned
}

fn mutants(name: &str, count: usize) {
    let original = declared(name);
    assert_eq!(attempt(&original), 3, "{name} itself");
    let messages = Messages::parse(&original).expect("it is written right");
    let planned: usize = (0..count as u64)
        .map(|seed| attempt(&bytes::mutant(&original, &original, seed)) + attempt(&messages.mutant(seed)))
        .sum();
    assert!(planned > count / 4, "{planned} plans of {count} pairs of mutants");
}

#[test]
fn mutants_of_a_recurrent_network() {
    mutants("lstm", 1000);
}

#[test]
fn mutants_of_a_convolutional_network() {
    mutants("mobilenet_v3_small", 150);
}

#[test]
fn mutants_of_a_transformer() {
    mutants("gpt2", 60);
}

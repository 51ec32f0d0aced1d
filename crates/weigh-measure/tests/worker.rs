//! A worker with the embedded engine, asked as another process would: lines in, lines out.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use weigh_engine::EngineOptions;
use weigh_engine::synthetic::{Fill, InputSpec};
use weigh_ir::DType;
use weigh_measure::worker::{Feed, Reply, Request, Round, Setup, serve};
use weigh_measure::{Plan, RoundPlan};

#[path = "../../weigh-engine/tests/onnx/mod.rs"]
mod onnx;

/// A file with one Relu over 1×4 floats.
fn relu(folder: &Path) -> Setup {
    let bytes = onnx::model(
        &[("Relu", "relu", &["x"], &["y"])],
        &[("x", onnx::FLOAT, &[1, 4])],
        &[("y", onnx::FLOAT, &[1, 4])],
    );
    let model = folder.join("relu.onnx");
    std::fs::write(&model, bytes).unwrap();
    let spec = InputSpec { name: "x".to_owned(), dtype: DType::F32, shape: vec![1, 4], fill: Fill::Uniform };
    Setup {
        engine: "rten".to_owned(),
        options: EngineOptions { threads: NonZeroUsize::new(1), ..EngineOptions::default() },
        model,
        feed: Feed::Synthetic { specs: vec![spec], seed: 1 },
        batch: 1,
        streams: NonZeroUsize::MIN,
        warm_up: Plan { min_warm_up: Duration::ZERO, ..Plan::default() }.warm_up(1),
    }
}

const SHORT: RoundPlan =
    RoundPlan { min_time: Duration::ZERO, min_runs: 7, max_time: Duration::from_secs(9), max_runs: 100 };

fn replies(requests: &[Request]) -> Vec<Reply> {
    let lines: Vec<String> = requests.iter().map(|request| serde_json::to_string(request).unwrap()).collect();
    let mut output = Vec::new();
    serve(Cursor::new(lines.join("\n")), &mut output).unwrap();
    String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn round(reply: &Reply) -> &Round {
    match reply {
        Reply::Round(round) => round,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_model_is_run_in_rounds() {
    let folder = tempfile::tempdir().unwrap();
    let setup = relu(folder.path());
    let two = Setup { streams: NonZeroUsize::new(2).unwrap(), ..setup.clone() };
    let told = replies(&[
        Request::Prepare(Box::new(setup.clone())),
        Request::Round(SHORT),
        Request::Prepare(Box::new(two)),
        Request::Round(SHORT),
        Request::Difference(Box::new(setup.clone()), Box::new(setup)),
    ]);
    let Reply::Ready(ready) = &told[0] else { panic!("{:?}", told[0]) };
    assert_eq!((ready.threads, ready.has_no_inputs), (1, false));
    assert!(ready.load_ms > 0.0 && ready.first_ms > 0.0 && ready.warm_up.runs >= 5);
    let one = round(&told[1]);
    assert_eq!((one.iterations.len(), &one.stages), (7, &None));
    assert!(one.wall_ns >= one.iterations.iter().sum());
    // Seven of each stream.
    assert_eq!(round(&told[3]).iterations.len(), 14);
    let Reply::Difference(difference) = &told[4] else { panic!("{:?}", told[4]) };
    assert_eq!(difference.absolute, Some(0.0));
}

#[test]
fn what_cannot_be_done_is_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let setup = relu(folder.path());
    let absent = Setup { model: folder.path().join("absent.onnx"), ..setup.clone() };
    let unknown = Setup { engine: "steam".to_owned(), ..setup.clone() };
    let told = replies(&[
        Request::Round(SHORT),
        Request::Prepare(Box::new(absent)),
        Request::Prepare(Box::new(unknown)),
        Request::Prepare(Box::new(setup)),
        Request::Profile { runs: 3 },
    ]);
    let reason = |reply: &Reply| match reply {
        Reply::Failed { reason } => reason.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(&told[0]), "no model is loaded");
    assert!(reason(&told[1]).contains("absent.onnx"));
    assert_eq!(reason(&told[2]), "there is no engine 'steam'");
    assert!(matches!(told[3], Reply::Ready(_)));
    // The embedded engine says so instead of guessing.
    assert!(reason(&told[4]).contains("rten"));
}

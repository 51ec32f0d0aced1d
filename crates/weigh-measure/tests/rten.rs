//! A whole measurement with the embedded engine, as short as the plan allows.
#![allow(clippy::unwrap_used)]

use std::num::NonZeroUsize;
use std::time::Duration;

use weigh_engine::{EngineOptions, Input, ModelSource, TensorData, engine};
use weigh_measure::{MeasureOptions, Phase, Plan, measure};

#[path = "../../weigh-engine/tests/onnx/mod.rs"]
mod onnx;

#[test]
fn a_tiny_model_is_measured() {
    let bytes = onnx::model(
        &[("Relu", "relu", &["x"], &["y"])],
        &[("x", onnx::FLOAT, &[1, 4])],
        &[("y", onnx::FLOAT, &[1, 4])],
    );
    let input = Input::new("x", vec![1, 4], TensorData::F32(vec![-1.0, 0.0, 1.0, 2.0])).unwrap();
    let plan = Plan {
        min_warm_up: Duration::ZERO,
        min_time: Duration::ZERO,
        max_warm_up: Duration::from_millis(5),
        ..Plan::default()
    };
    let engine_options = EngineOptions { threads: NonZeroUsize::new(1), ..EngineOptions::default() };
    let options = MeasureOptions { engine: engine_options, plan, batch: 1 };
    let mut phases = Vec::new();
    let measured =
        measure(engine("rten").unwrap(), &ModelSource::Bytes(bytes), &[input], &options, &mut |progress| {
            phases.push(progress.phase);
        })
        .unwrap();

    assert_eq!((measured.engine.as_str(), measured.threads), ("rten", 1));
    assert!(measured.load_ms > 0.0 && measured.first_ms > 0.0);
    assert!(measured.warm_up_runs >= 5);
    assert_eq!(measured.latency_ms.count(), 20);
    assert!(measured.latency_ms.median().value().is_some());
    assert!(measured.throughput().per_second > 0.0);
    if cfg!(target_os = "linux") {
        let memory = measured.memory.unwrap();
        assert!(memory.peak_bytes >= memory.after_bytes / 2 && memory.before_bytes > 0, "{memory:?}");
    }
    phases.dedup();
    assert_eq!(phases, [Phase::Load, Phase::First, Phase::WarmUp, Phase::Sample]);
}

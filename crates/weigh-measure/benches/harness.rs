//! What timing itself costs: a round around a run that does nothing, per iteration. The bound is a microsecond.
//!
//! `cargo bench -p weigh-measure`
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use weigh_measure::sampling::round;
use weigh_measure::{MonotonicClock, RoundPlan};

/// A whole number of chunks would hide what the end of a round costs.
const RUNS: usize = 10_000;

fn harness(criterion: &mut Criterion) {
    let clock = MonotonicClock::new();
    let plan = RoundPlan {
        min_time: Duration::ZERO,
        min_runs: RUNS,
        max_time: Duration::from_secs(10),
        max_runs: RUNS,
    };
    let mut group = criterion.benchmark_group("harness");
    group.throughput(Throughput::Elements(RUNS as u64));
    group.bench_function("round of 10,000 empty runs", |bencher| {
        bencher.iter(|| {
            round(&clock, &plan, 0, &mut || {
                black_box(());
                Ok::<(), ()>(())
            })
        });
    });
    group.finish();
}

criterion_group!(benches, harness);
criterion_main!(benches);

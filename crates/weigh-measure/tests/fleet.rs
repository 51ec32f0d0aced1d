//! What becomes of workers that do not behave, played by small shell scripts: each is one failure with its reason,
//! and the others go on.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use weigh_engine::EngineOptions;
use weigh_measure::Plan;
use weigh_measure::fleet::{Campaign, Failure, Launcher, Outcome};
use weigh_measure::worker::{Feed, Request, Setup};

fn launcher(script: &str) -> Launcher {
    Launcher {
        program: PathBuf::from("/bin/sh"),
        arguments: vec!["-c".to_owned(), script.to_owned()],
        patience: Duration::from_millis(400),
        cancelled: Arc::new(AtomicBool::new(false)),
    }
}

fn setup(model: &str) -> Setup {
    Setup {
        engine: "rten".to_owned(),
        options: EngineOptions::default(),
        model: PathBuf::from(model),
        feed: Feed::Synthetic { specs: Vec::new(), seed: 0 },
        batch: 1,
        streams: NonZeroUsize::MIN,
        warm_up: Plan { max_warm_up: Duration::ZERO, ..Plan::default() }.warm_up(1),
    }
}

fn failure_of(script: &str) -> Failure {
    let campaign = Campaign { processes: 1, ..Campaign::default() };
    campaign.process(&launcher(script), &setup("m.onnx")).map(|record| record.spent).unwrap_err()
}

#[test]
fn a_crash_tells_its_last_words() {
    let failure = failure_of("read line; echo 'thread main panicked: index 7' >&2; exit 101");
    assert_eq!(failure.to_string(), "the worker crashed (exit status 101): thread main panicked: index 7");
    assert_eq!(failure_of("read line; kill -SEGV $$").to_string(), "the worker crashed (signal 11)");
}

#[test]
fn a_killed_worker_is_told_apart() {
    let failure = failure_of("read line; kill -KILL $$");
    assert!(matches!(failure, Failure::Killed { .. }), "{failure}");
    assert!(failure.to_string().contains("as systems do when memory runs out"));
}

#[test]
fn silence_ends_after_the_patience() {
    let failure = failure_of("read line; exec sleep 60");
    assert!(matches!(failure, Failure::Hung { .. }), "{failure}");
}

#[test]
fn nonsense_is_no_answer() {
    assert!(failure_of("read line; echo '{}'").to_string().contains("not understood"));
    assert_eq!(
        failure_of(r#"read line; echo '{"failed":{"reason":"no RoiAlign"}}'"#).to_string(),
        "no RoiAlign"
    );
    let absent = Launcher { program: PathBuf::from("/no/such/program"), ..launcher("") };
    assert!(matches!(absent.start(), Err(Failure::Lost(_))));
}

#[test]
fn the_user_may_end_it() {
    let launcher = launcher("read line; exec sleep 60");
    launcher.cancelled.store(true, Ordering::Relaxed);
    let campaign = Campaign::default();
    let outcomes = campaign.run(&launcher, &[setup("a"), setup("b")], Vec::new(), &mut |_| ());
    let interrupted = |outcome: &&Outcome| outcome.failure == Some(Failure::Interrupted);
    assert_eq!(outcomes.iter().filter(interrupted).count(), 1);
    assert!(outcomes.iter().all(|outcome| outcome.records.is_empty()));
}

/// A worker that crashes over one model and answers with ten rounds of 2 ms over all others.
const FUSSY: &str = r#"
    read line
    case "$line" in *bad.onnx*) exit 3;; esac
    echo '{"ready":{"threads":1,"load_ms":5.0,"first_ms":3.0,"warm_up":{"runs":4,"time_ms":8.0,
        "settling":"settled"},"timer_resolution_ns":20,"has_no_inputs":false}}' | tr -d '\n'
    echo
    while read line; do
        echo '{"round":{"iterations":[2000000,2000000],"stages":null,"wall_ns":4000000,"memory":null,"noise":NOISE,
            "sentinel_ms":1.0}}' | tr -d '\n'
        echo
    done
"#;

#[test]
fn one_bad_configuration_does_not_end_the_others() {
    let noise = serde_json::to_string(&weigh_measure::noise::NoiseReport::default()).unwrap();
    let launcher = launcher(&FUSSY.replace("NOISE", &noise));
    let campaign = Campaign { processes: 3, ..Campaign::default() };
    let setups = [setup("good.onnx"), setup("bad.onnx"), setup("fine.onnx")];
    let mut steps = Vec::new();
    let outcomes = campaign.run(&launcher, &setups, Vec::new(), &mut |step| steps.push(step));
    let processes: Vec<usize> = outcomes.iter().map(|outcome| outcome.records.len()).collect();
    assert_eq!(processes, [3, 0, 3], "{:?}", outcomes.iter().map(|o| o.failure.clone()).collect::<Vec<_>>());
    assert_eq!(outcomes[1].failure, Some(Failure::Crashed { how: "exit status 3".to_owned(), said: None }));
    // The bad one is tried once, and every pass has an order of its own.
    assert_eq!(steps.len(), 7);
    assert!(steps.windows(2).all(|pair| pair[0].done < pair[1].done));

    let measured = weigh_measure::fleet::Measured::of(&outcomes[0].records, 8).unwrap();
    assert_eq!((measured.load_ms, measured.first_ms, measured.warm_up_runs), (5.0, 3.0, 4));
    // Eight samples in 2 ms.
    assert_eq!(measured.throughput.per_second, 4000.0);
    assert_eq!(measured.total.processes().len(), 3);
}

#[test]
fn requests_are_one_line() {
    let line = serde_json::to_string(&Request::Prepare(Box::new(setup("a\nb")))).unwrap();
    assert!(!line.contains('\n'));
}

//! The database as several processes and hostile files meet it.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use tempfile::tempdir;
use weigh_history::{Key, Record, Store, StoreError};
use weigh_report::Report;
use weigh_report::report::*;

fn day(day: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600 + day * 86_400)
}

fn report(p50_ms: f64) -> Report {
    let stage = StageTime {
        p50_ms: Some(p50_ms),
        p50_ci_ms: Some([p50_ms * 0.99, p50_ms * 1.01]),
        ..StageTime::default()
    };
    let run = Measurement {
        engine: Engine { name: "rten".into(), version: Some("0.27.0".into()) },
        samples: 100,
        processes: Some(5),
        stages: Stages { total: Some(stage), ..Stages::default() },
        throughput: Some(Throughput {
            per_second: Some(1e3 / p50_ms),
            ci: Some([900.0 / p50_ms, 1100.0 / p50_ms]),
            unit: "samples".into(),
        }),
        memory: ProcessMemory { peak_rss_bytes: Some(1 << 20), model_rss_bytes: None },
        ..Measurement::default()
    };
    Report { measurements: vec![run], ..Report::default() }
}

fn record(model: &str, threads: u32, at: SystemTime, p50_ms: f64) -> Record {
    let machine = HistoryMachine { cpu: "test".into(), cores: Some(2), ..HistoryMachine::default() };
    let settings =
        HistorySettings { engine: "rten".into(), threads: Some(threads), ..HistorySettings::default() };
    Record {
        key: Key { model: model.into(), fingerprint: "{}".into(), machine, settings },
        at,
        tag: Some(format!("t{threads}")),
        model_digest: Some("9-cbf43926".into()),
        report: report(p50_ms),
    }
}

#[test]
fn what_is_kept_is_read_back_in_order_of_time() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("new").join("history.db");
    let mut store = Store::open(&path).unwrap();
    let late = store.keep(&[record("m", 2, day(3), 6.0)]).unwrap();
    let early = store.keep(&[record("m", 2, day(1), 5.0), record("m", 1, day(1), 9.0)]).unwrap();
    assert_eq!((late, early), (vec![1], vec![2, 3]));

    let store = Store::open_to_read(&path).unwrap();
    let found = store.overview().unwrap();
    assert_eq!(found.iter().map(|one| one.kept).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((found[0].first, found[0].last), (day(1), day(3)));
    assert_eq!(found[0].key, record("m", 2, day(1), 5.0).key);
    let runs = store.runs(found[0].id, None, 10).unwrap();
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(runs[0].figures.p50_ms, (Some(5.0), Some([4.95, 5.05])));
    assert_eq!(runs[0].figures.per_second.0, Some(200.0));
    assert_eq!(runs[0].figures.peak_rss_bytes, Some(1 << 20));
    assert_eq!((runs[0].tag.as_deref(), runs[0].engine_version.as_deref()), (Some("t2"), Some("0.27.0")));
    assert_eq!(runs[0].report, report(5.0));
    let of = |since, last| store.runs(found[0].id, since, last).unwrap().len();
    assert_eq!((of(Some(day(2)), 10), of(Some(day(4)), 10), of(None, 1)), (1, 0, 1));
    assert_eq!(store.run(3).unwrap().unwrap().figures.p50_ms.0, Some(9.0));
    assert!(store.run(4).unwrap().is_none());
}

#[test]
fn what_is_forgotten_is_gone_and_its_number_too() {
    let folder = tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("history.db")).unwrap();
    store.keep(&[record("m", 1, day(1), 5.0), record("m", 2, day(1), 5.0)]).unwrap();
    assert_eq!(store.forget(&[2, 7]).unwrap(), 1);
    let found = store.overview().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(store.keep(&[record("m", 2, day(2), 5.0)]).unwrap(), [3]);
}

#[test]
fn several_write_at_the_same_time() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("history.db");
    let write = |thread: u64| {
        for index in 0..10 {
            let mut store = Store::open(&path).unwrap();
            store.keep(&[record("m", 1, day(thread * 10 + index), 5.0)]).unwrap();
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|thread| drop(scope.spawn(move || write(thread)))));
    let store = Store::open_to_read(&path).unwrap();
    assert_eq!(store.overview().unwrap()[0].kept, 40);
}

fn refusal(path: &Path) -> StoreError {
    let read = Store::open_to_read(path).unwrap_err();
    assert!(!read.hint().is_empty());
    read
}

#[test]
fn what_is_no_history_is_refused() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(matches!(refusal(&at("none")), StoreError::Missing { .. }));
    fs::write(at("empty"), "").unwrap();
    assert!(matches!(refusal(&at("empty")), StoreError::Missing { .. }));
    fs::write(at("text"), "no database at all, however long it may be".repeat(100)).unwrap();
    assert!(matches!(refusal(&at("text")), StoreError::NotOne { .. }));
    assert!(matches!(Store::open(&at("text")), Err(StoreError::NotOne { .. })));
    fs::create_dir(at("folder")).unwrap();
    assert!(matches!(refusal(&at("folder")), StoreError::Unusable { .. }));
    assert!(matches!(Store::open(&at("text").join("below")), Err(StoreError::Unusable { .. })));

    let other = Connection::open(at("other")).unwrap();
    other.execute_batch("CREATE TABLE runs (id INTEGER)").unwrap();
    drop(other);
    assert!(matches!(refusal(&at("other")), StoreError::NotOne { .. }));
    assert!(matches!(Store::open(&at("other")), Err(StoreError::NotOne { .. })));
}

#[test]
fn a_newer_history_is_left_alone() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("history.db");
    drop(Store::open(&path).unwrap());
    let newer = Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 7).unwrap();
    drop(newer);
    for refused in [refusal(&path), Store::open(&path).unwrap_err()] {
        assert!(matches!(refused, StoreError::Newer { found: 7, .. }), "{refused}");
    }
}

/// Cut anywhere, or with bytes of it changed, a history is read or refused.
#[test]
fn a_damaged_history_is_no_panic() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut store = Store::open(&path).unwrap();
    let records: Vec<Record> = (0..30).map(|index| record("m", 1, day(index), 5.0)).collect();
    store.keep(&records).unwrap();
    drop(store);
    let whole = fs::read(&path).unwrap();
    let damaged = folder.path().join("damaged.db");
    let mut random = fastrand::Rng::with_seed(0);
    for _ in 0..200 {
        let mut bytes = whole.clone();
        if random.bool() {
            bytes.truncate(random.usize(..whole.len()));
        }
        for _ in 0..random.usize(..20) {
            if let Some(byte) = random.choice(&mut bytes) {
                *byte = random.u8(..);
            }
        }
        fs::write(&damaged, &bytes).unwrap();
        let Ok(store) = Store::open_to_read(&damaged) else { continue };
        for one in store.overview().unwrap_or_default() {
            let _ = store.runs(one.id, None, 100);
        }
    }
}

#[test]
fn values_that_nobody_wrote_are_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut store = Store::open(&path).unwrap();
    store.keep(&[record("m", 1, day(1), 5.0)]).unwrap();
    let spoil = |text: &str| Connection::open(&path).unwrap().execute_batch(text).unwrap();
    spoil("UPDATE runs SET report = '{'");
    assert!(store.runs(1, None, 9).unwrap_err().to_string().contains("report"));
    spoil("UPDATE runs SET at_ms = -1");
    assert!(matches!(store.overview(), Err(StoreError::NotOne { .. })));
    // What was before 1970 cannot be kept.
    let ancient = record("m", 1, UNIX_EPOCH - Duration::from_secs(1), 5.0);
    assert!(store.keep(&[ancient]).unwrap_err().to_string().contains("1970"));
}

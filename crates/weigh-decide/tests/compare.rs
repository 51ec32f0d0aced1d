//! What comparisons say, and what they refuse to say.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use weigh_decide::compare::{compare, metrics};
use weigh_ir::Expr;
use weigh_report::Report;
use weigh_report::report::{
    Basis, Comparison, ComparisonVerdict, Complete, Count, Engine, Environment, Measurement, Prediction,
    StageTime, Stages, Throughput, Totals,
};

fn model(macs: impl Into<Expr>) -> Report {
    let totals = Totals {
        complete: Complete { compute: true, memory: true, workspace: true },
        parameters: Some(Count::from(10)),
        macs: Some(Count(macs.into())),
        ..Totals::default()
    };
    Report { totals: Some(totals), ..Report::default() }
}

fn measured(ms: f64, ci: [f64; 2]) -> Report {
    let stage = StageTime { p50_ms: Some(ms), p50_ci_ms: Some(ci), ..StageTime::default() };
    let run = Measurement {
        engine: Engine { name: "rten".to_owned(), version: None },
        batch: Some(1),
        stages: Stages { inference: Some(stage.clone()), total: Some(stage), ..Stages::default() },
        throughput: Some(Throughput { per_second: Some(1e3 / ms), ci: None, unit: "samples".to_owned() }),
        ..Measurement::default()
    };
    Report { measurements: vec![run], environment: Some(on("here")), ..model(100_i64) }
}

fn predicted(device: &str, ms: f64) -> Report {
    let prediction = Prediction {
        device: device.to_owned(),
        predicted_ms: Some(ms),
        predicted_ci_ms: Some([ms / 2.0, ms * 2.0]),
        batch: Some(1),
        ..Prediction::default()
    };
    Report { predictions: vec![prediction], ..model(100_i64) }
}

fn on(cpu: &str) -> Environment {
    Environment { cpu: Some(cpu.to_owned()), ..Environment::default() }
}

/// The second report, compared with the first.
fn second(a: Report, b: Report) -> Report {
    let mut reports = [a, b];
    compare(&mut reports, &["a".to_owned(), "b".to_owned()], 0, false);
    reports[1].clone()
}

fn about<'r>(report: &'r Report, metric: &str) -> &'r Comparison {
    report.comparisons.iter().find(|comparison| comparison.metric == metric).unwrap()
}

#[test]
fn counts_have_exact_ratios() {
    let b = second(model(300_i64), model(819_i64));
    let macs = about(&b, "macs");
    assert_eq!((macs.a.as_str(), macs.b.as_str()), ("a", "b"));
    assert_eq!((macs.a_value, macs.b_value, macs.ratio), (Some(300.0), Some(819.0), Some(2.73)));
    assert_eq!((macs.basis, macs.ci, macs.verdict), (Some(Basis::Computed), None, None));
    assert!(b.comparisons.iter().all(|comparison| comparison.metric != "latency"), "nothing was measured");
}

#[test]
fn the_baseline_is_at_one() {
    let mut reports = [measured(5.0, [4.0, 6.0]), measured(10.0, [9.0, 11.0])];
    compare(&mut reports, &["a".to_owned(), "b".to_owned()], 1, false);
    assert!(
        reports[1].comparisons.iter().all(|own| own.ratio == Some(1.0) && own.ci.is_none() && own.a == own.b)
    );
    assert_eq!(about(&reports[0], "latency").ratio, Some(0.5));
    assert_eq!(reports[1].dominated_by.as_deref(), Some("a"));
    assert_eq!(reports[0].dominated_by, None);
}

#[test]
fn a_lower_bound_has_no_ratio() {
    let mut least = model(200_i64);
    least.totals.as_mut().unwrap().complete.compute = false;
    let b = second(model(100_i64), least.clone());
    let macs = about(&b, "macs");
    assert!(macs.b_is_lower_bound && macs.ratio.is_none());
    assert_eq!(macs.notes, ["at least 2.0000 times the baseline's: operators of unknown cost are missing"]);
    // Parameters are counted all the same.
    assert_eq!(about(&b, "parameters").ratio, Some(1.0));
    assert!(about(&second(least, model(100_i64)), "macs").notes[0].starts_with("at most 0.5"));
}

#[test]
fn formulas_have_a_ratio_where_they_divide() {
    let n = || Expr::symbol("n");
    let twice = second(model(n() * 50), model(n() * 100));
    assert_eq!(about(&twice, "macs").ratio, Some(2.0));
    assert_eq!(about(&twice, "macs").a_value, None);
    let other = second(model(n() * 50), model(n() * n()));
    assert_eq!(about(&other, "macs").ratio, None);
    assert!(about(&other, "macs").notes[0].contains("bind them with --dim"));
}

#[test]
fn measurements_made_apart_say_so() {
    let b = second(measured(10.0, [9.5, 10.5]), measured(20.0, [19.0, 21.0]));
    let latency = about(&b, "latency");
    assert_eq!((latency.ratio, latency.basis), (Some(2.0), Some(Basis::Measured)));
    // ln(20/19) and ln(10.5/10) below, ln(21/20) and ln(10/9.5) above, as squares.
    let far = |x: f64, y: f64| (x.ln().powi(2) + y.ln().powi(2)).sqrt().exp();
    let [low, high] = latency.ci.unwrap();
    assert!((low - 2.0 / far(20.0 / 19.0, 1.05)).abs() < 1e-12);
    assert!((high - 2.0 * far(1.05, 10.0 / 9.5)).abs() < 1e-12);
    assert_eq!(latency.verdict, Some(ComparisonVerdict::Slower));
    assert!(latency.notes.iter().any(|note| note.starts_with("not interleaved")));
    assert_eq!(about(&b, "throughput").ratio, Some(0.5));

    let unclear = second(measured(10.0, [9.0, 11.0]), measured(10.5, [9.5, 11.5]));
    assert_eq!(about(&unclear, "latency").verdict, Some(ComparisonVerdict::Unclear));
    let same = second(measured(10.0, [9.99, 10.01]), measured(10.0, [9.99, 10.01]));
    assert_eq!(about(&same, "latency").verdict, Some(ComparisonVerdict::Same));
}

#[test]
fn another_machine_gives_no_verdict() {
    let b = Report { environment: Some(on("there")), ..measured(20.0, [19.0, 21.0]) };
    let b = second(measured(10.0, [9.5, 10.5]), b);
    assert_eq!((about(&b, "latency").ratio, about(&b, "latency").verdict), (Some(2.0), None));
    assert!(about(&b, "latency").notes.iter().any(|note| note == "measured on there; the baseline on here"));
}

#[test]
fn another_batch_gives_no_ratio_of_latencies() {
    let mut b = measured(20.0, [19.0, 21.0]);
    b.measurements[0].batch = Some(8);
    let b = second(measured(10.0, [9.5, 10.5]), b);
    assert_eq!((about(&b, "latency").ratio, about(&b, "latency").b_value), (None, Some(20.0)));
    assert!(about(&b, "latency").notes[0].contains("at batch 8; the baseline at 1"));
    assert!(about(&b, "throughput").ratio.is_some());
}

#[test]
fn a_measurement_is_never_divided_by_a_prediction() {
    let b = second(measured(10.0, [9.5, 10.5]), predicted("this", 20.0));
    let latency = about(&b, "latency");
    assert_eq!((latency.a_value, latency.b_value, latency.ratio), (Some(10.0), Some(20.0), None));
    assert_eq!(latency.notes, ["no ratio: predicted against the baseline's measurement"]);
    // Where both are predicted as well, that is what is compared.
    let both = |ms: f64| Report { predictions: predicted("this", ms).predictions, ..measured(ms, [ms, ms]) };
    let b = second(both(10.0), predicted("this", 20.0));
    assert_eq!(about(&b, "latency").ratio, Some(2.0));
    assert_eq!(about(&b, "latency").basis, Some(Basis::Predicted));
    // Each machine is `this` to itself.
    let elsewhere = Report { environment: Some(on("there")), ..predicted("this", 20.0) };
    let b = second(Report { environment: Some(on("here")), ..predicted("this", 10.0) }, elsewhere);
    assert_eq!(about(&b, "latency").ratio, None);
    assert_eq!(about(&b, "latency").notes, ["no ratio: predicted for there; the baseline for here"]);
    // And where both are measured, nothing else.
    let latencies = second(both(10.0), both(30.0)).comparisons;
    let latencies: Vec<_> = latencies.iter().filter(|found| found.metric == "latency").collect();
    assert_eq!(
        (latencies.len(), latencies[0].ratio, latencies[0].basis),
        (1, Some(3.0), Some(Basis::Measured))
    );
}

#[test]
fn devices_are_not_mixed() {
    let b = second(predicted("t4", 10.0), predicted("a100", 2.0));
    let latencies: Vec<_> = b.comparisons.iter().filter(|found| found.metric == "latency").collect();
    assert_eq!(latencies.len(), 2);
    assert!(latencies.iter().all(|found| found.ratio.is_none() && found.notes.len() == 1));
    let b = second(predicted("t4", 10.0), predicted("t4", 2.0));
    assert_eq!((about(&b, "latency").ratio, about(&b, "latency").device.as_deref()), (Some(0.2), Some("t4")));
    // A factor of two either way in both: of 2^√2 in the ratio.
    let high = about(&b, "latency").ci.unwrap()[1];
    assert!((high - 0.2 * 2.0_f64.powf(2.0_f64.sqrt())).abs() < 1e-12);
}

#[test]
fn what_was_run_in_turns_stays() {
    let interleaved = Comparison {
        a: "a".to_owned(),
        b: "b".to_owned(),
        metric: "latency".to_owned(),
        ratio: Some(1.9),
        ci: Some([1.85, 1.95]),
        pairs: Some(50),
        ..Comparison::default()
    };
    let b = Report { comparisons: vec![interleaved], ..measured(20.0, [19.0, 21.0]) };
    let b = second(measured(10.0, [9.5, 10.5]), b);
    assert_eq!((about(&b, "latency").ratio, about(&b, "latency").b_ci), (Some(1.9), Some([19.0, 21.0])));
    let mut again = [measured(10.0, [9.5, 10.5]), b.clone()];
    compare(&mut again, &["a".to_owned(), "b".to_owned()], 0, false);
    assert_eq!(again[1], b, "comparing again changes nothing");
}

#[test]
fn names_of_metrics_are_unique() {
    let names: Vec<&str> = metrics().map(|metric| metric.name).collect();
    assert!(names.iter().enumerate().all(|(at, name)| !names[..at].contains(name)));
}

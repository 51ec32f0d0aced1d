//! `weigh plan` as people meet it: the worked examples, devices, saved reports, and what is refused.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

fn run(arguments: &str) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.arg("plan").args(arguments.split_whitespace()).env_remove("LC_ALL").env("LC_CTYPE", "C.UTF-8");
    let output = command.env("XDG_CONFIG_HOME", "/nowhere").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn page(arguments: &str) -> String {
    let (code, text, errors) = run(arguments);
    assert_eq!(code, Some(0), "{arguments}: {errors}");
    text
}

fn report(arguments: &str) -> Value {
    serde_json::from_str(&page(&format!("{arguments} --format json"))).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Batch 100 in 0.2 s: 500 samples/s.
#[test]
fn a_batch_of_a_hundred() {
    insta::assert_snapshot!(page("--latency 200ms --batch 100"));
    let report = report("--latency 200ms --batch 100");
    assert_eq!(number(&report["plan"]["configurations"][0]["throughput_per_second"]), 500.0);
}

/// 75 ms an image, 10 images/s: met (budget 100 ms), up to 13.3 images/s.
#[test]
fn ten_images_a_second() {
    insta::assert_snapshot!(page("--latency 75ms --rate 10/s --unit images"));
    let verdict = &report("--latency 75ms --rate 10/s")["verdicts"][0];
    assert_eq!(verdict["status"], "met");
    assert_eq!(format!("{:.1}", number(&verdict["capacity_per_second"])), "13.3");
}

/// 1 M images a day: 2.78 h at 100/s, 16.7 min at 1000/s.
#[test]
fn a_million_images_a_day() {
    insta::assert_snapshot!(page("--throughput 100/s,1000/s --items 1M/day --unit images"));
}

/// 10 M images at 1280/s within 24 h: 2.17 h, met.
#[test]
fn ten_million_images_in_a_day() {
    insta::assert_snapshot!(page(
        "--throughput 1280/s --items 10M --deadline 24h --price 2.50/h --unit images"
    ));
}

/// One server and a limit on latency at the peak.
#[test]
fn latency_at_the_peak() {
    let arguments = "--latency 12ms --rate 200/s --peak 600/s --slo p99<=30ms --price 0.40/h --power 70W \
        --idle-power 10W --pue 1.2 --grid france --days 30";
    insta::assert_snapshot!(page(arguments));
    let found = &report(arguments)["plan"]["configurations"][0];
    assert_eq!(
        (found["servers_for"].as_str(), found["meets"].as_str()),
        (Some("latency at peak"), Some("met"))
    );
    assert!(number(&found["latency_at_peak_ms"]) <= 30.0 && number(&found["latency_one_fewer_ms"]) > 30.0);
    // 200/s of 70 W · 12 ms each are 168 W; nine servers of which 9 − 2.4 are idle at 10 W are 66 W more: 24 h · 234 W
    // · 1.2 are 6.739 kWh, at 56 g.
    assert_eq!(format!("{:.3}", number(&found["kilowatt_hours"])), "6.739");
    assert_eq!(format!("{:.4}", number(&found["co2_kg"])), "0.3774");
}

/// Devices and types side by side, at the rents of the table.
#[test]
fn devices_side_by_side() {
    let arguments =
        "zoo:resnet50 --on t4,l4 --dtype fp16,int8 --batch 8 --peak 3k/s --rate 1k/s --slo p99<=100ms";
    let report = report(arguments);
    let plan = &report["plan"];
    let found = plan["configurations"].as_array().unwrap();
    let cost = |found: &Value| number(&found["cost"]);
    let names: Vec<&str> = found.iter().map(|found| found["name"].as_str().unwrap()).collect();
    let at = |device: &str, dtype: &str| format!("resnet50 · {device} · {dtype} · batch 8");
    assert_eq!(names, [at("t4", "float16"), at("t4", "int8"), at("l4", "float16"), at("l4", "int8")]);
    let chosen = &found[plan["choice"].as_u64().unwrap() as usize];
    assert!(found.iter().all(|other| other["meets"] == "met" && cost(other) >= cost(chosen)));
    assert_eq!(number(&found[0]["relative_cost"]), 1.0);
    assert_eq!(
        (found[0]["price_per_h"].as_f64(), found[0]["basis"].as_str()),
        (Some(0.526), Some("predicted"))
    );
    assert!(found[0]["price_source"].as_str().unwrap().starts_with("rent of t4"));
    // Twice as slow needs about twice the servers.
    let [best, servers, worst] =
        [&found[0]["servers_ci"][0], &found[0]["servers"], &found[0]["servers_ci"][1]].map(number);
    assert!(best <= servers && servers < worst);
    let dear = self::report(&format!("{arguments} --price 1/h,l4=0.01/h"));
    assert_eq!(number(&dear["plan"]["configurations"][0]["price_per_h"]), 1.0);
    assert_eq!(dear["plan"]["choice"], 3);
    for format in ["table", "markdown", "csv"] {
        let text = page(&format!("{arguments} --format {format}"));
        assert!(text.contains("batch 8") || text.contains(",8,"), "{text}");
    }
    assert_eq!(page(&format!("{arguments} --format csv")).lines().count(), 5);
}

/// What was measured before, and what is measured now.
#[test]
fn measurements_are_planned_with() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("measured.json");
    let mut measure = Command::cargo_bin("weigh").unwrap();
    measure.args(
        "measure zoo:mobilenet_v3_small --engine rten --processes 3 --min-time 0.02 --batch 1,2".split(' '),
    );
    measure.args(["--format", "json", "-o"]).arg(&file).env("XDG_CONFIG_HOME", "/nowhere").assert().success();
    let saved = report(&format!("{} --items 1000/day --price 0.10/h", file.display()));
    let found = saved["plan"]["configurations"].as_array().unwrap();
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|found| found["basis"] == "measured" && found["service_ci_ms"].is_array()));
    assert_eq!(saved["model"]["name"], "mobilenet_v3_small");
    // Nobody has waited in a line: its latency is expected of what was measured, at the speed's whole interval.
    let waits = report(&format!("{} --rate 0.01/s --slo p99<=100s", file.display()));
    let verdicts = waits["verdicts"].as_array().unwrap();
    let latency = verdicts.iter().find(|verdict| verdict["metric"] == "latency.p99").unwrap();
    assert_eq!((&latency["basis"], &latency["status"]), (&"predicted".into(), &"met".into()), "{latency:#}");
    let [low, high] = [0, 1].map(|end| number(&latency["actual_ci"][end]));
    assert!(low <= number(&latency["actual"]) && number(&latency["actual"]) <= high, "{latency:#}");
    let now = "zoo:mobilenet_v3_small --engine rten --processes 2 --min-time 0.02 --items 1000/day";
    assert_eq!(report(now)["measurements"].as_array().unwrap().len(), 1);
    // A plan has no speeds of its own.
    let plan = folder.path().join("plan.json");
    page(&format!("--latency 5ms --rate 1/s --format json -o {}", plan.display()));
    let (code, _, errors) = run(&format!("{} --rate 1/s", plan.display()));
    assert_eq!(code, Some(2));
    assert!(errors.contains("has no measurement and no prediction") && errors.contains("hint: "), "{errors}");
}

#[test]
fn what_cannot_be_met_is_told() {
    let (code, text, _) = run("--latency 75ms --rate 20/s --servers 1");
    assert_eq!(code, Some(1));
    assert!(text.contains("missed") && text.contains("13.3"), "{text}");
    let (code, text, _) = run("--latency 75ms --rate 20/s --slo p99<=50ms");
    assert_eq!(code, Some(1));
    assert!(
        text.contains("no number of servers meets p99<=50ms: even without waiting it is 75.0 ms"),
        "{text}"
    );
    assert_eq!(run("--throughput 10/s --items 10M --deadline 1h --max-servers 5").0, Some(1));
}

#[test]
fn contradictions_have_hints() {
    let cases = [
        ("--rate 10/s", "there is nothing to plan with"),
        ("--latency 5ms --rate 10/s --peak 5/s", "the peak of 5.00/s is below the mean rate of 10.0/s"),
        ("--latency 5ms --rate 10/s --items 1M/day", "both items and a rate are given"),
        ("--latency 5ms --rate 10/s --deadline 1h", "a deadline without items"),
        ("--latency 5ms --items 10M --slo p99<=5ms", "items that come once have no limit on latency"),
        (
            "--latency 5ms --items 1M/day --deadline 3days",
            "the deadline of 3.00 days is longer than the period",
        ),
        ("--latency 5ms --slo p99<=5ms", "a limit on latency without a rate"),
        ("--latency 5ms --batch 1,2 --rate 1/s", "several batches for one speed"),
    ];
    for (arguments, message) in cases {
        let (code, text, errors) = run(arguments);
        assert_eq!((code, text.as_str()), (Some(2), ""), "{arguments}");
        assert!(errors.starts_with(&format!("error: {message}")) && errors.contains("\nhint: "), "{errors}");
    }
    for wrong in [
        "--price 5",
        "--pue 0.5",
        "--utilisation 1.5",
        "--rate 33ms",
        "--slo p99",
        "--servers 0",
        "--power 5",
    ] {
        let (code, _, errors) = run(&format!("--latency 5ms --rate 1/s {wrong}"));
        assert_eq!(code, Some(2), "{wrong}: {errors}");
    }
}

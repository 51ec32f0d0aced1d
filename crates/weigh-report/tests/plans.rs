//! What people see of plans. The snapshots were read by eye.

use weigh_report::report::*;
use weigh_report::{RenderOptions, Report, renderer};

fn configuration(device: &str, servers: u64, price: f64, meets: Status) -> Configuration {
    Configuration {
        name: format!("resnet50 · {device} · float16 · batch 8"),
        device: Some(device.into()),
        batch: Some(8),
        streams: Some(1),
        basis: Some(Basis::Predicted),
        service_ms: Some(10.0),
        service_ci_ms: Some([5.0, 20.0]),
        throughput_per_second: Some(800.0),
        throughput_ci: Some([400.0, 1600.0]),
        servers: Some(servers),
        servers_ci: Some([servers / 2, servers * 2]),
        servers_for: Some("latency at peak".into()),
        capacity_per_second: Some(800.0 * servers as f64),
        budget_ms: Some(12.5),
        utilisation: Some(0.25),
        peak_utilisation: Some(0.75),
        latency_at_peak_ms: Some(31.4),
        latency_at_peak_ci_ms: Some([30.9, 32.0]),
        latency_one_fewer_ms: Some(112.0),
        queue: Some("Poisson arrivals at 2400/s, one line for 4 server(s); service constant 10.0 ms".into()),
        price_per_h: Some(price),
        price_source: Some("given".into()),
        cost: Some(24.0 * price * servers as f64),
        cost_ci: Some([12.0 * price * servers as f64, 48.0 * price * servers as f64]),
        cost_is_daily: true,
        cost_over_days: Some(720.0 * price * servers as f64),
        cost_per_million: Some(24.0 * price * servers as f64 / 69.12),
        joules_per_item: Some(0.0875),
        kilowatt_hours: Some(1.68),
        co2_kg: Some(0.094),
        grid: Some("france: 56 gCO2e/kWh".into()),
        energy_basis: Some(Basis::Predicted),
        energy_source: Some("70 W, for 10 ms".into()),
        relative_cost: Some(price / 0.5),
        meets,
        ..Configuration::default()
    }
}

fn several() -> Report {
    let mut lost = configuration("rtx-3090", 4, 1.0, Status::Missed);
    (lost.servers, lost.servers_ci, lost.cost, lost.cost_ci) = (None, None, None, None);
    lost.notes = vec!["no number of servers meets p99<=50ms: even without waiting it is 61.0 ms".into()];
    let plan = Plan {
        workload: PlannedWorkload {
            unit: "images".into(),
            rate_per_second: Some(800.0),
            peak_per_second: Some(2400.0),
            slo: Some("p99<=50ms".into()),
            utilisation: 0.7,
            days: Some(30.0),
            ..PlannedWorkload::default()
        },
        configurations: vec![
            configuration("t4", 4, 0.5, Status::Met),
            configuration("l4", 4, 0.3, Status::Met),
            lost,
        ],
        choice: Some(1),
        why: "the cheapest of those that meet everything".into(),
    };
    Report { plan: Some(plan), ..Report::default() }
}

fn one() -> Report {
    let mut report = several();
    if let Some(plan) = &mut report.plan {
        plan.configurations.truncate(1);
        plan.choice = Some(0);
    }
    report
}

fn show(report: &Report, format: &str, width: usize, unicode: bool) -> String {
    let options = RenderOptions { width, unicode, ..RenderOptions::default() };
    renderer(format)
        .map(|renderer| renderer.render(std::slice::from_ref(report), &options))
        .unwrap_or_default()
}

#[test]
fn pages() {
    for (name, report) in [("one", one()), ("several", several())] {
        for width in [80, 100, 120] {
            let page = show(&report, "table", width, true);
            assert!(page.lines().all(|line| line.chars().count() <= width), "{page}");
            insta::assert_snapshot!(format!("{name}_{width}"), page);
        }
        assert!(show(&report, "table", 80, false).is_ascii());
        insta::assert_snapshot!(format!("{name}_markdown"), show(&report, "markdown", 100, true));
    }
    insta::assert_snapshot!("csv", show(&several(), "csv", 100, true));
}

#[test]
fn what_is_not_known_is_empty() {
    let mut report = one();
    if let Some(plan) = &mut report.plan {
        plan.configurations =
            vec![Configuration { name: "\x1b[2J|evil".into(), ..Configuration::default() }; 2];
        plan.choice = None;
    }
    for format in ["table", "markdown", "csv"] {
        let page = show(&report, format, 80, true);
        assert!(!page.contains('\x1b') && !page.contains("$0") && !page.contains("0 ms"), "{page}");
    }
    let json = show(&several(), "json", 100, true);
    assert_eq!(Report::read_all(&json).ok(), Some(vec![several()]));
}

//! Verdicts: what is known of a figure, beside its limit.

use weigh_report::report::{Basis, Status, Verdict};

use super::evidence::{Evidence, Found, Known};
use super::limit::{Relation, Requirement};

/// A verdict on every requirement, in every configuration that its figure is known in.
pub fn judge(requirements: &[Requirement], evidence: &Evidence<'_>) -> Vec<Verdict> {
    let of = |requirement: &Requirement| {
        let found = evidence.find(&requirement.subject);
        found.into_iter().map(|found| verdict(requirement, found)).collect::<Vec<_>>()
    };
    requirements.iter().flat_map(of).collect()
}

/// One requirement in one configuration.
pub(super) fn verdict(requirement: &Requirement, found: Found) -> Verdict {
    let (relation, limit) = (requirement.relation, requirement.limit);
    let (status, why) = status(relation, limit, &found);
    let (actual, lower_bound) = match &found.known {
        Known::Value(value, _) => (Some(*value), false),
        Known::AtLeast(bound, _) => (Some(*bound), true),
        Known::Unknown(_) => (None, false),
    };
    let is_decided = !lower_bound || status != Status::Unknown;
    Verdict {
        requirement: requirement.written.clone(),
        metric: requirement.subject.to_string(),
        source: Some(requirement.source.clone()),
        configuration: found.configuration,
        limit: Some(limit),
        actual,
        actual_is_lower_bound: lower_bound,
        actual_ci: match found.known {
            Known::Value(_, interval) => interval,
            _ => None,
        },
        unit: requirement.subject.unit().to_owned(),
        basis: actual.map(|_| found.basis),
        status,
        margin: actual.filter(|_| is_decided).and_then(|actual| margin(relation, limit, actual)),
        capacity_per_second: found.capacity,
        notes: why.into_iter().chain(found.notes).collect(),
        ..Verdict::default()
    }
}

/// Whether a limit is kept, and what to know about that.
fn status(relation: Relation, limit: f64, found: &Found) -> (Status, Option<String>) {
    let of = |kept: bool| if kept { Status::Met } else { Status::Missed };
    match &found.known {
        Known::Unknown(why) => (Status::Unknown, Some(why.clone())),
        Known::Value(value, None) => (of(relation.holds(*value, limit)), None),
        Known::Value(value, Some([low, high])) => {
            match (relation.holds(*low, limit), relation.holds(*high, limit)) {
                // Equality of something that has an interval can only be ruled out.
                (false, false) if relation == Relation::Equal && *low < limit && limit < *high => {
                    (Status::Unknown, Some(undecided(*value, [*low, *high], limit, found.basis)))
                }
                (low_end, high_end) if low_end == high_end => (of(low_end), None),
                _ => (Status::Unknown, Some(undecided(*value, [*low, *high], limit, found.basis))),
            }
        }
        // Whatever is above the bound may be true: an upper limit below it is missed, a lower one is met.
        Known::AtLeast(bound, why) => match (relation.holds(*bound, limit), relation) {
            (false, Relation::AtMost | Relation::Below) => (Status::Missed, Some(why.clone())),
            (true, Relation::AtLeast | Relation::Above) => (Status::Met, Some(why.clone())),
            (false, Relation::Equal) if *bound > limit => (Status::Missed, Some(why.clone())),
            _ => (Status::Unknown, Some(why.clone())),
        },
    }
}

/// Why an interval decides nothing, and what would.
fn undecided(value: f64, [low, high]: [f64; 2], limit: f64, basis: Basis) -> String {
    if basis != Basis::Measured {
        return "the limit lies within the interval of what is expected: measure the model".to_owned();
    }
    // Intervals shrink with the root of the time; the nearer end has to come as near as the limit is.
    let reach = if limit < value { value - low } else { high - value };
    let times = (reach / (value - limit).abs()).powi(2);
    match times.is_finite() && times <= 100.0 {
        true => format!(
            "the limit lies within the interval: measuring some {} times as long could decide (--min-time, --processes)",
            (times.ceil() as u64).max(2)
        ),
        false => "the limit lies within the interval, too close to tell by measuring longer".to_owned(),
    }
}

/// Room left, as a share of the limit.
fn margin(relation: Relation, limit: f64, actual: f64) -> Option<f64> {
    let room = match relation {
        Relation::AtMost | Relation::Below => limit - actual,
        Relation::AtLeast | Relation::Above => actual - limit,
        Relation::Equal => -(actual - limit).abs(),
    };
    match limit == 0.0 {
        true => (room == 0.0).then_some(0.0),
        false => Some(room / limit),
    }
}

#[cfg(test)]
mod tests {
    use weigh_report::Report;
    use weigh_report::report::{
        Complete, Count, Coverage, Measurement, Prediction, StageTime, Stages, Throughput, Totals, UnknownOp,
    };

    use super::super::evidence::Given;
    use super::*;

    fn decide(requirement: &str, report: &Report) -> Verdict {
        let requirement: Requirement = requirement.parse().unwrap();
        let verdicts = judge(&[requirement], &Evidence::new(report, &[]));
        assert_eq!(verdicts.len(), 1);
        verdicts.into_iter().next().unwrap()
    }

    /// 33 samples with a median of 20 ms in [19, 22] and a p90 of 30 ms in [25, 40]; nothing beyond.
    fn measured() -> Report {
        let total = StageTime {
            min_ms: Some(18.0),
            mean_ms: Some(21.0),
            p50_ms: Some(20.0),
            p50_ci_ms: Some([19.0, 22.0]),
            p90_ms: Some(30.0),
            p90_ci_ms: Some([25.0, 40.0]),
            refused: [("p99".to_owned(), 299)].into(),
            ..StageTime::default()
        };
        let stages = Stages { total: Some(total), ..Stages::default() };
        let throughput =
            Throughput { per_second: Some(48.0), ci: Some([46.0, 50.0]), unit: "images".to_owned() };
        let run = Measurement { samples: 33, stages, throughput: Some(throughput), ..Measurement::default() };
        Report { measurements: vec![run], ..Report::default() }
    }

    fn counted(macs: Count, complete: bool) -> Report {
        let complete = Complete { compute: complete, memory: true, workspace: true };
        let unknown = vec![UnknownOp { op: "Magic".to_owned(), count: 2 }];
        Report {
            totals: Some(Totals { macs: Some(macs), complete, ..Totals::default() }),
            coverage: Some(Coverage { nodes: 10, shaped: 10, priced: 8, unknown }),
            ..Report::default()
        }
    }

    #[test]
    fn an_interval_decides_only_as_a_whole() {
        let report = measured();
        for (requirement, status) in [
            ("latency<=22ms", Status::Met),
            ("latency<22ms", Status::Unknown),
            ("latency<=21ms", Status::Unknown),
            ("latency<=19ms", Status::Unknown),
            ("latency<=18.9ms", Status::Missed),
            ("throughput>=46/s", Status::Met),
            ("throughput>=48/s", Status::Unknown),
            ("throughput>=50.1/s", Status::Missed),
            ("latency.min<=18ms", Status::Met),
        ] {
            assert_eq!(decide(requirement, &report).status, status, "{requirement}");
        }
    }

    #[test]
    fn margins_capacity_and_advice() {
        // (25 - 20) / 25 and (18 - 20) / 18.
        let met = decide("latency<=25ms", &measured());
        assert_eq!((met.margin, met.capacity_per_second), (Some(0.2), Some(48.0)));
        let missed = decide("latency<=18ms", &measured());
        assert!((missed.margin.unwrap() + 2.0 / 18.0).abs() < 1e-12);
        // The interval reaches 2 above the median, the limit lies 1 above it: (2/1)² = 4 times as long.
        let unknown = decide("latency<=21ms", &measured());
        assert!(unknown.notes[0].contains("some 4 times as long"), "{:?}", unknown.notes);
    }

    #[test]
    fn a_refused_percentile_is_at_least_a_lower_one() {
        let unknown = decide("p99<=33ms", &measured());
        assert_eq!(unknown.status, Status::Unknown);
        assert_eq!(unknown.notes[0], "p99 needs 299 samples, had 33: measure with --percentile p99");
        // 90 % of samples take 25 ms or less at best, so the slowest percent takes at least as long.
        assert_eq!((unknown.actual, unknown.actual_is_lower_bound, unknown.margin), (Some(25.0), true, None));
        assert_eq!(decide("p99<=24ms", &measured()).status, Status::Missed);
    }

    #[test]
    fn a_total_that_misses_something_never_meets_an_upper_limit() {
        let report = counted(Count::from(1000), false);
        assert_eq!(decide("macs<=999", &report).status, Status::Missed);
        let unknown = decide("macs<=2000", &report);
        assert_eq!(unknown.status, Status::Unknown);
        assert!(unknown.notes[0].contains("2 × Magic"), "{:?}", unknown.notes);
        assert_eq!(decide("macs>=1000", &report).status, Status::Met);
        assert_eq!(decide("totals.macs<=2000", &report).status, Status::Unknown);
        assert_eq!(decide("coverage>=90%", &report).status, Status::Missed);
        assert_eq!(decide("macs<=2000", &counted(Count::from(1000), true)).status, Status::Met);
    }

    #[test]
    fn an_open_dim_is_named() {
        let formula = counted(Count("2*seq*batch + 1".parse().unwrap()), true);
        let verdict = decide("macs<=1G", &formula);
        assert_eq!(verdict.status, Status::Unknown);
        assert_eq!(verdict.notes[0], "it depends on batch, seq: bind with --dim batch=N --dim seq=N");
    }

    #[test]
    fn what_is_not_there_is_unknown() {
        for requirement in
            ["p50<=1s", "throughput>=1/s", "energy<=1J", "cost<=1$/day", "macs<=1", "rss<=1GiB"]
        {
            let verdict = decide(requirement, &Report::default());
            assert_eq!((verdict.status, verdict.actual), (Status::Unknown, None), "{requirement}");
            assert!(!verdict.notes.is_empty(), "{requirement}");
        }
    }

    #[test]
    fn a_prediction_stands_in_and_says_so() {
        let prediction = Prediction {
            predicted_ms: Some(10.0),
            predicted_ci_ms: Some([8.0, 13.0]),
            throughput_per_second: Some(100.0),
            ..Prediction::default()
        };
        let report = Report { predictions: vec![prediction], ..Report::default() };
        let met = decide("latency<=13ms", &report);
        assert_eq!((met.status, met.basis), (Status::Met, Some(Basis::Predicted)));
        assert!(met.notes.iter().any(|note| note.contains("predicted")));
        assert_eq!(decide("p99<=13ms", &report).status, Status::Unknown);
        assert_eq!(decide("p99<=7ms", &report).status, Status::Missed);
        // 100 × 10 / 13 = 76.9 to 100 × 10 / 8 = 125.
        assert_eq!(decide("throughput>=77/s", &report).status, Status::Unknown);
        assert_eq!(decide("throughput>=76/s", &report).status, Status::Met);
    }

    #[test]
    fn every_configuration_has_its_verdict() {
        let mut report = measured();
        let mut second = report.measurements[0].clone();
        (report.measurements[0].batch, second.batch) = (Some(1), Some(8));
        second.failed = Some("out of memory".to_owned());
        report.measurements.push(second);
        let requirement: Requirement = "latency<=25ms".parse().unwrap();
        let verdicts = judge(&[requirement], &Evidence::new(&report, &[]));
        let names: Vec<_> = verdicts.iter().map(|verdict| verdict.configuration.as_deref()).collect();
        assert_eq!(names, [Some("batch 1"), Some("batch 8")]);
        assert_eq!((verdicts[0].status, verdicts[1].status), (Status::Met, Status::Unknown));
    }

    proptest::proptest! {
        /// An upper limit and its opposite: what meets one misses the other, and they are unknown together.
        #[test]
        fn a_limit_and_its_opposite(value in 0.0..100.0f64, below in 0.0..10.0f64, above in 0.0..10.0f64, limit in 0.0..100.0f64) {
            let ends = (below + above > 0.0).then_some([value - below, value + above]);
            let of = |relation| {
                let found = Found::new(Known::Value(value, ends), Basis::Measured);
                status(relation, limit, &found).0
            };
            let opposite = |status| match status {
                Status::Met => Status::Missed,
                Status::Missed => Status::Met,
                Status::Unknown => Status::Unknown,
            };
            proptest::prop_assert_eq!(of(Relation::AtMost), opposite(of(Relation::Above)));
            proptest::prop_assert_eq!(of(Relation::Below), opposite(of(Relation::AtLeast)));
        }
    }

    #[test]
    fn seventy_five_milliseconds_are_enough_for_ten_a_second() {
        let given: Given = "latency=75ms".parse().unwrap();
        let requirement: Requirement = "throughput>=10/s".parse().unwrap();
        let verdicts = judge(&[requirement], &Evidence::new(&Report::default(), &[given]));
        assert_eq!((verdicts[0].status, verdicts[0].basis), (Status::Met, Some(Basis::Given)));
        // 1000 / 75.
        assert!((verdicts[0].capacity_per_second.unwrap() - 13.333).abs() < 1e-3);
    }
}

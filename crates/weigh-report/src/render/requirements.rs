//! Verdicts in words: what was found beside its limit, why, and which layers brought it.

use weigh_ir::units::{self, Dimension};

use super::numbers;
use crate::report::{Costs, Count, Interval, LayerChange, LayerChangeKind, Report, Status, Verdict};

/// The most layers that are named to people.
const MOST_CAUSES: usize = 5;

/// An amount in the unit that verdicts name: `20.3 ms`, `4.089 G`, `97.69 MiB`, `98.0 %`.
pub(super) fn amount(value: f64, unit: &str) -> String {
    match (unit, Dimension::ALL.into_iter().find(|dimension| dimension.unit() == unit)) {
        ("", _) => units::si(value),
        ("share", _) => units::percent(value),
        (_, Some(dimension)) => dimension.show(value),
        (unit, None) => format!("{} {unit}", numbers::rate(value)),
    }
}

/// Why formats that are about requirements alone would be empty.
pub(super) fn lacks(reports: &[Report]) -> Option<&'static str> {
    let is_judged = reports.iter().any(|report| !report.verdicts.is_empty());
    (!is_judged).then_some("no requirement was asked about: `weigh check` does, and --require")
}

/// What was found, `≥` before it where that is a lower bound; `?` where nothing was.
pub(super) fn actual(verdict: &Verdict) -> String {
    let least = if verdict.actual_is_lower_bound { "≥ " } else { "" };
    verdict.actual.map_or("?".to_owned(), |value| format!("{least}{}", amount(value, &verdict.unit)))
}

/// How far from the limit: in percent, from ten times on in words.
pub(super) fn margin(verdict: &Verdict) -> Option<String> {
    verdict.margin.map(|margin| if margin <= FAR { times_over(margin) } else { units::percent(margin) })
}

/// From ten times the limit on percents say little.
const FAR: f64 = -9.0;

/// `46.8 times over` a limit, for a margin of -45.8.
fn times_over(margin: f64) -> String {
    format!("{} times over", numbers::rate(1.0 - margin))
}

/// The interval of what was found: `[20.1, 20.6]`.
pub(super) fn interval(verdict: &Verdict) -> Option<String> {
    let (value, [low, high]): (f64, Interval) = (verdict.actual?, verdict.actual_ci?);
    Some(match verdict.unit.as_str() {
        "ms" => numbers::time_interval(value, [low, high]),
        "/s" => numbers::rate_interval(value, [low, high]),
        unit => format!("[{}, {}]", amount(low, unit), amount(high, unit)),
    })
}

/// The requirement, and the configuration that it was judged in.
pub(super) fn title(verdict: &Verdict) -> String {
    match &verdict.configuration {
        Some(configuration) => format!("{} ({configuration})", verdict.requirement),
        None => verdict.requirement.clone(),
    }
}

pub(super) fn word(status: Status) -> &'static str {
    match status {
        Status::Met => "met",
        Status::Missed => "missed",
        Status::Unknown => "unknown",
    }
}

/// `missed: 4.320 G, limit 4.089 G, 5.7 % over it`.
pub(super) fn sentence(verdict: &Verdict) -> String {
    let mut parts = vec![actual(verdict)];
    if let (Some(interval), Some(part)) = (interval(verdict), parts.first_mut()) {
        part.push_str(&format!(" {interval}"));
    }
    parts.extend(verdict.limit.map(|limit| format!("limit {}", amount(limit, &verdict.unit))));
    let margin = verdict.margin.map(|margin| match margin {
        far if far <= FAR => times_over(far),
        short if short < 0.0 => format!("off by {}", units::percent(-short)),
        room => format!("margin {}", units::percent(room)),
    });
    parts.extend(margin);
    format!("{}: {}", word(verdict.status), parts.join(", "))
}

/// What else there is to say in a few words: the baseline, the most that can be handled.
pub(super) fn facts(verdict: &Verdict) -> Vec<String> {
    let baseline = verdict.baseline.map(|baseline| format!("baseline {}", amount(baseline, &verdict.unit)));
    let capacity = verdict.capacity_per_second;
    let capacity = capacity.map(|rate| format!("can handle up to {}", units::per_second(rate)));
    capacity.into_iter().chain(baseline).collect()
}

/// The layers that brought it, one a line: `layer4/0/conv2/Conv  +115.6 M MACs  512→512 -> 512→1024`.
pub(super) fn causes(verdict: &Verdict) -> Vec<String> {
    let mut lines: Vec<String> = verdict.causes.iter().take(MOST_CAUSES).map(cause).collect();
    let more = verdict.causes.len().saturating_sub(MOST_CAUSES);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

fn cause(change: &LayerChange) -> String {
    let name = change.b.as_deref().or(change.a.as_deref()).unwrap_or("?");
    let mut parts = vec![format!("{name} {}", change.op)];
    parts.extend(match change.kind {
        LayerChangeKind::Added => Some("added".to_owned()),
        _ => None,
    });
    parts.extend(
        cost(&change.changes)
            .map(|(text, thing)| format!("+{text} {thing}"))
            .or_else(|| cost(&change.after).map(|(text, thing)| format!("{text} {thing}"))),
    );
    parts.extend(change.what.first().cloned());
    parts.join(", ")
}

/// The cost that the cause is about.
fn cost(costs: &Costs) -> Option<(String, &'static str)> {
    let counted = |count: &Option<Count>, kind, thing| {
        count.as_ref().map(|count: &Count| (numbers::count(count, kind), thing))
    };
    counted(&costs.macs, numbers::Kind::Count, "MACs")
        .or_else(|| counted(&costs.parameters, numbers::Kind::Count, "parameters"))
        .or_else(|| counted(&costs.bytes_moved, numbers::Kind::Bytes, "moved"))
        .or_else(|| counted(&costs.peak_bytes, numbers::Kind::Bytes, "alive"))
}

/// Everything about a verdict, a line each, for machines that show text.
pub(super) fn lines(verdict: &Verdict) -> Vec<String> {
    let facts = Some(facts(verdict).join(", ")).filter(|facts| !facts.is_empty());
    let causes = causes(verdict);
    let brought = Some("brought by:".to_owned()).filter(|_| !causes.is_empty());
    std::iter::once(sentence(verdict))
        .chain(facts)
        .chain(verdict.notes.iter().cloned())
        .chain(brought)
        .chain(causes.into_iter().map(|cause| format!("  {cause}")))
        .collect()
}

/// What a report's verdicts are about.
pub(super) fn subject(report: &Report) -> &str {
    report.model.as_ref().map_or("requirements", |model| model.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_in_their_units() {
        let cases = [
            (20.3, "ms", "20.3 ms"),
            (4_089_184_256.0, "", "4.089 G"),
            (536_870_912.0, "bytes", "512.0 MiB"),
            (13.333, "/s", "13.3/s"),
            (0.05, "J", "50.0 mJ"),
            (0.25, "$/h", "$0.25/h"),
            (0.98, "share", "98.0 %"),
            (16.7, "samples/s", "16.7 samples/s"),
        ];
        for (value, unit, text) in cases {
            assert_eq!(amount(value, unit), text);
        }
    }

    #[test]
    fn a_verdict_in_a_sentence() {
        let verdict = Verdict {
            limit: Some(4.089e9),
            actual: Some(4.3e9),
            actual_is_lower_bound: true,
            status: Status::Missed,
            margin: Some(-0.0516),
            ..Verdict::default()
        };
        assert_eq!(sentence(&verdict), "missed: ≥ 4.300 G, limit 4.089 G, off by 5.2 %");
        assert_eq!(sentence(&Verdict::default()), "unknown: ?");
    }
}

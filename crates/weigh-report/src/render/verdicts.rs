//! What a comparison of two measured configurations says, in plain words.

use super::numbers::share;
use crate::report::{Comparison, ComparisonVerdict};

/// Whether the two sides were run against each other, in pairs of rounds.
pub(super) fn is_versus(comparison: &Comparison) -> bool {
    comparison.a_setting.is_some() || comparison.b_setting.is_some() || comparison.pairs.is_some()
}

/// Whether more of the metric is better.
pub(super) fn is_rate(comparison: &Comparison) -> bool {
    comparison.metric.contains("throughput") || comparison.metric.ends_with("/s")
}

/// `b is 12.3 % slower [11.0, 13.7]`, `b is faster: 31.3 % less time [30.1, 32.6]`, `same within 1.0 %`,
/// `cannot tell: could have seen 4.1 %`. A percentage is always one of a's value.
pub(super) fn verdict(comparison: &Comparison) -> String {
    match comparison.verdict {
        Some(ComparisonVerdict::Faster) => differs(comparison, "faster"),
        Some(ComparisonVerdict::Slower) => differs(comparison, "slower"),
        Some(ComparisonVerdict::Same) => match comparison.band {
            Some(band) => format!("same within {}", share(band)),
            None => "same".to_owned(),
        },
        Some(ComparisonVerdict::Unclear) => match comparison.detectable {
            Some(least) => format!("cannot tell: could have seen {}", share(least)),
            None => "cannot tell".to_owned(),
        },
        None => "not compared".to_owned(),
    }
}

/// How far the ratio b / a is from 1. Less time is not as many percent faster, so it is said as what it is.
fn differs(comparison: &Comparison, word: &str) -> String {
    let metric = if is_rate(comparison) { "throughput" } else { "time" };
    let interval = |low: f64, high: f64| format!(" [{:.1}, {:.1}]", low * 100.0, high * 100.0);
    match comparison.ratio {
        Some(ratio) if ratio > 1.0 => {
            let interval = comparison.ci.map(|[low, high]| interval(low - 1.0, high - 1.0));
            format!("b is {} {word}{}", share(ratio - 1.0), interval.unwrap_or_default())
        }
        Some(ratio) => {
            let interval = comparison.ci.map(|[low, high]| interval(1.0 - high, 1.0 - low));
            format!("b is {word}: {} less {metric}{}", share(1.0 - ratio), interval.unwrap_or_default())
        }
        None => format!("b is {word}"),
    }
}

/// How far the outputs of the two sides are apart: `differ by 1.2e-5 at most, 2.3e-6 of the largest`.
pub(super) fn outputs(comparison: &Comparison) -> Option<String> {
    let absolute = comparison.output_difference?;
    let relative = comparison.relative_output_difference;
    let relative = relative.map(|relative| format!(", {relative:.1e} of the largest")).unwrap_or_default();
    Some(match absolute == 0.0 {
        true => "equal".to_owned(),
        false => format!("differ by {absolute:.1e} at most{relative}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(metric: &str, verdict: ComparisonVerdict, ratio: f64, ci: [f64; 2]) -> String {
        super::verdict(&Comparison {
            metric: metric.to_owned(),
            verdict: Some(verdict),
            ratio: Some(ratio),
            ci: Some(ci),
            band: Some(0.01),
            detectable: Some(0.041),
            ..Comparison::default()
        })
    }

    #[test]
    fn percentages_are_of_a() {
        use ComparisonVerdict::{Faster, Same, Slower, Unclear};
        let cases = [
            ("latency p50", Slower, 1.123, [1.11, 1.137], "b is 12.3 % slower [11.0, 13.7]"),
            // 1 - 0.687 = 0.313; the ends of the interval change places.
            ("latency p50", Faster, 0.687, [0.674, 0.699], "b is faster: 31.3 % less time [30.1, 32.6]"),
            ("throughput", Faster, 1.5, [1.4, 1.6], "b is 50.0 % faster [40.0, 60.0]"),
            ("throughput", Slower, 0.5, [0.4, 0.6], "b is slower: 50.0 % less throughput [40.0, 60.0]"),
            ("latency p50", Same, 1.001, [0.995, 1.005], "same within 1.0 %"),
            ("latency p50", Unclear, 1.02, [0.97, 1.07], "cannot tell: could have seen 4.1 %"),
        ];
        for (metric, verdict, ratio, ci, expected) in cases {
            assert_eq!(said(metric, verdict, ratio, ci), expected);
        }
    }

    #[test]
    fn outputs_are_apart_or_equal() {
        let mut comparison = Comparison::default();
        assert_eq!(outputs(&comparison), None);
        comparison.output_difference = Some(1.2e-5);
        assert_eq!(outputs(&comparison).unwrap_or_default(), "differ by 1.2e-5 at most");
        comparison.relative_output_difference = Some(2.3e-6);
        assert_eq!(
            outputs(&comparison).unwrap_or_default(),
            "differ by 1.2e-5 at most, 2.3e-6 of the largest"
        );
        comparison.output_difference = Some(0.0);
        assert_eq!(outputs(&comparison).unwrap_or_default(), "equal");
    }
}

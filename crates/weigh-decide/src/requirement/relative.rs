//! Limits relative to a baseline: `macs: +0 %`, `latency.p50: +5 %`.
//!
//! What is counted is exact and compared as it is. What is measured differs from day to day, so that two numbers of
//! different days decide nothing: a typical latency and throughput are decided by the ratio of an interleaved A/B run,
//! other figures by the intervals of that run's two sides.

use weigh_report::report::{Basis, Comparison, Verdict};

use super::errors::NoRequirement;
use super::evidence::{Evidence, Found, Known};
use super::judge::verdict;
use super::limit::{Relation, Requirement};
use super::metrics::{Better, Needs};
use super::subject::Subject;

/// How far a figure may be from the baseline's.
#[derive(Clone, Debug, PartialEq)]
pub struct Relative {
    /// What it is on.
    pub subject: Subject,
    /// As written.
    pub written: String,
    /// Where it is from.
    pub source: String,
    change: Change,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    /// A share of the baseline, with its sign.
    Share(f64),
    /// An amount, with its sign.
    Amount(f64),
}

/// What there is to compare with.
pub struct Baseline<'r> {
    /// The baseline's figures.
    pub evidence: Evidence<'r>,
    /// Baseline and model run against each other: b is the model.
    pub versus: Option<&'r Comparison>,
    /// Whether both sides' measurements were made in that run.
    pub side_by_side: bool,
    /// Whether numbers of different days are to be compared all the same.
    pub forced: bool,
    /// Why the two could not be run against each other.
    pub no_versus: Option<String>,
}

impl Relative {
    /// A change of a subject: `+5 %`, `-10%`, `+1MiB`.
    ///
    /// # Errors
    /// It is no share and no amount of the subject's dimension, or has no sign.
    pub fn on(subject: Subject, text: &str) -> Result<Relative, NoRequirement> {
        let wrong = || NoRequirement::Change(text.trim().to_owned());
        let trimmed = text.trim();
        let (sign, amount) = match (trimmed.strip_prefix('+'), trimmed.strip_prefix(['-', '−'])) {
            (Some(amount), _) => (1.0, amount),
            (None, Some(amount)) => (-1.0, amount),
            (None, None) => return Err(wrong()),
        };
        let change = match amount.trim().strip_suffix('%') {
            Some(percent) => {
                let percent = percent.trim().parse::<f64>().ok();
                let share = percent.filter(|percent| percent.is_finite() && *percent >= 0.0);
                Change::Share(sign * share.ok_or_else(wrong)? / 100.0)
            }
            None => {
                let amount = subject.dimension().read(amount);
                let amount = amount
                    .map_err(|problem| NoRequirement::Amount { metric: subject.to_string(), problem })?;
                Change::Amount(sign * amount)
            }
        };
        let written = format!("{subject} {trimmed}");
        Ok(Relative { subject, written, source: "--require".to_owned(), change })
    }

    /// The same, from another place.
    pub fn from(self, source: impl Into<String>) -> Relative {
        Relative { source: source.into(), ..self }
    }

    /// Whether the change may be decided by running both models against each other.
    pub fn needs_versus(&self) -> bool {
        self.subject.needs() == Needs::Run
    }

    /// The limit that a baseline makes of it.
    fn limit(&self, baseline: f64) -> f64 {
        match self.change {
            Change::Share(share) => baseline * (1.0 + share),
            Change::Amount(amount) => baseline + amount,
        }
    }

    fn requirement(&self, limit: f64) -> Requirement {
        let relation = match self.subject.better() {
            Better::Lower => Relation::AtMost,
            Better::Higher => Relation::AtLeast,
        };
        Requirement {
            subject: self.subject.clone(),
            relation,
            limit,
            written: self.written.clone(),
            source: self.source.clone(),
        }
    }

    fn unknown(&self, why: impl Into<String>) -> Verdict {
        Verdict { limit: None, ..verdict(&self.requirement(0.0), Found::unknown(why)) }
    }
}

/// A verdict on every relative limit.
pub fn judge_relative(limits: &[Relative], now: &Evidence<'_>, baseline: &Baseline<'_>) -> Vec<Verdict> {
    limits.iter().flat_map(|limit| one(limit, now, baseline)).collect()
}

fn one(limit: &Relative, now: &Evidence<'_>, baseline: &Baseline<'_>) -> Vec<Verdict> {
    if let Some(found) =
        baseline.versus.filter(|_| limit.needs_versus()).and_then(|versus| by_ratio(limit, versus))
    {
        return vec![found];
    }
    let (before, after) = (baseline.evidence.find(&limit.subject), now.find(&limit.subject));
    if before.len() != after.len() {
        return vec![limit.unknown("baseline and report have different configurations")];
    }
    before.into_iter().zip(after).map(|(before, after)| pair(limit, before, after, baseline)).collect()
}

/// By the ratio of an interleaved run, where the figure is one that the ratio is of.
fn by_ratio(limit: &Relative, versus: &Comparison) -> Option<Verdict> {
    let (ratio, [low, high], before) = (versus.ratio?, versus.ci?, versus.a_value?);
    let typical = limit.subject.percentile() == Some(0.5) || limit.subject.to_string().ends_with(".mean");
    let is_latency = (limit.subject.is("latency") || limit.subject.is("inference")) && typical;
    let (before, ratio, interval) = match (is_latency, limit.subject.is("throughput")) {
        (true, _) => (before, ratio, [low, high]),
        // A rate is the inverse of a time; times are of one inference.
        (false, true) => (1e3 / before, 1.0 / ratio, [1.0 / high, 1.0 / low]),
        (false, false) => return None,
    };
    let known = Known::Value(before * ratio, Some(interval.map(|end| before * end)));
    let mut found = Found::new(known, Basis::Measured);
    let pairs = versus.pairs.map(|pairs| format!(", {pairs} pairs")).unwrap_or_default();
    found.notes.push(format!(
        "by interleaved A/B: ratio {ratio:.3} [{:.3}, {:.3}]{pairs}",
        interval[0], interval[1]
    ));
    let mut verdict = verdict(&limit.requirement(limit.limit(before)), found);
    verdict.baseline = Some(before);
    Some(verdict)
}

/// By two figures.
fn pair(limit: &Relative, before: Found, mut after: Found, baseline: &Baseline<'_>) -> Verdict {
    let (base, ends) = match before.known {
        Known::Value(value, interval) => (value, interval.unwrap_or([value; 2])),
        Known::AtLeast(_, why) | Known::Unknown(why) => {
            return limit.unknown(format!("of the baseline: {why}"));
        }
    };
    let is_measured = before.basis == Basis::Measured || after.basis == Basis::Measured;
    let forced = is_measured && !baseline.side_by_side;
    if forced && !baseline.forced {
        let why = baseline.no_versus.as_deref().unwrap_or("the two were not run against each other");
        let mut verdict =
            limit.unknown(format!("{why}; numbers of different runs decide nothing (--force compares them)"));
        verdict.baseline = Some(base);
        return verdict;
    }
    if let (Known::Value(value, interval), true) = (&after.known, is_measured) {
        // Both are uncertain: the change lies between the extremes of their quotient.
        let [low, high] = interval.unwrap_or([*value; 2]);
        let is_uncertain = low < high || ends[0] < ends[1];
        if is_uncertain && ends[0] > 0.0 {
            after.known = Known::Value(*value, Some([low * base / ends[1], high * base / ends[0]]));
        }
    }
    if forced {
        after.notes.insert(0, "two numbers of different runs, compared because of --force".to_owned());
    }
    let mut verdict = verdict(&limit.requirement(limit.limit(base)), after);
    verdict.baseline = Some(base);
    verdict
}

#[cfg(test)]
mod tests {
    use weigh_report::Report;
    use weigh_report::report::{Complete, Count, Measurement, StageTime, Stages, Status, Totals};

    use super::*;

    fn relative(metric: &str, change: &str) -> Relative {
        Relative::on(metric.parse().unwrap(), change).unwrap()
    }

    fn counted(macs: i64) -> Report {
        let complete = Complete { compute: true, memory: true, workspace: true };
        let totals = Totals { macs: Some(Count::from(macs)), complete, ..Totals::default() };
        Report { totals: Some(totals), ..Report::default() }
    }

    fn timed(ms: f64, ci: [f64; 2]) -> Report {
        let total = StageTime { p50_ms: Some(ms), p50_ci_ms: Some(ci), ..StageTime::default() };
        let stages = Stages { total: Some(total), ..Stages::default() };
        Report { measurements: vec![Measurement { stages, ..Measurement::default() }], ..Report::default() }
    }

    fn decide(
        limit: &Relative,
        before: &Report,
        after: &Report,
        change: impl FnOnce(&mut Baseline<'_>),
    ) -> Verdict {
        let evidence = Evidence::new(before, &[]);
        let mut baseline =
            Baseline { evidence, versus: None, side_by_side: false, forced: false, no_versus: None };
        change(&mut baseline);
        let mut verdicts = judge_relative(std::slice::from_ref(limit), &Evidence::new(after, &[]), &baseline);
        assert_eq!(verdicts.len(), 1);
        verdicts.remove(0)
    }

    #[test]
    fn counts_are_compared_as_they_are() {
        let no_more = relative("macs", "+0 %");
        assert_eq!(decide(&no_more, &counted(100), &counted(100), |_| ()).status, Status::Met);
        let missed = decide(&no_more, &counted(100), &counted(101), |_| ());
        assert_eq!(
            (missed.status, missed.baseline, missed.limit),
            (Status::Missed, Some(100.0), Some(100.0))
        );
        assert_eq!(
            decide(&relative("macs", "-10%"), &counted(100), &counted(90), |_| ()).status,
            Status::Met
        );
        assert_eq!(
            decide(&relative("macs", "-10%"), &counted(100), &counted(91), |_| ()).status,
            Status::Missed
        );
        assert_eq!(decide(&relative("macs", "+5"), &counted(100), &counted(105), |_| ()).status, Status::Met);
    }

    #[test]
    fn times_of_different_days_decide_nothing() {
        let limit = relative("p50", "+5 %");
        let (before, after) = (timed(10.0, [9.9, 10.1]), timed(10.0, [9.9, 10.1]));
        assert_eq!(decide(&limit, &before, &after, |_| ()).status, Status::Unknown);
        let forced = decide(&limit, &before, &after, |baseline| baseline.forced = true);
        // 10.1 × 10 / 9.9 = 10.2 at most, and 10.5 is the limit.
        assert_eq!(forced.status, Status::Met);
        assert!(forced.notes[0].contains("--force"), "{:?}", forced.notes);
    }

    #[test]
    fn the_ratio_of_an_interleaved_run_decides() {
        let limit = relative("latency", "+5 %");
        let by = |limit: &Relative, ci: [f64; 2]| {
            let ratio = (ci[0] + ci[1]) / 2.0;
            let versus =
                Comparison { ratio: Some(ratio), ci: Some(ci), a_value: Some(20.0), ..Comparison::default() };
            let (before, after) = (Report::default(), Report::default());
            let evidence = Evidence::new(&before, &[]);
            let baseline = Baseline {
                evidence,
                versus: Some(&versus),
                side_by_side: true,
                forced: false,
                no_versus: None,
            };
            one(limit, &Evidence::new(&after, &[]), &baseline).remove(0).status
        };
        assert_eq!(by(&limit, [1.00, 1.05]), Status::Met);
        assert_eq!(by(&limit, [1.01, 1.07]), Status::Unknown);
        assert_eq!(by(&limit, [1.06, 1.09]), Status::Missed);
        // Throughput is the inverse: a time of 1.06 at least is a rate of 0.943 at most.
        let rate = relative("throughput", "-5 %");
        assert_eq!((by(&rate, [1.00, 1.05]), by(&rate, [1.06, 1.09])), (Status::Met, Status::Missed));
    }

    #[test]
    fn what_is_no_change_is_told() {
        let on = |text: &str| Relative::on("macs".parse().unwrap(), text);
        assert!(on("+5 %").is_ok() && on("-5%").is_ok() && on("+1M").is_ok());
        for wrong in ["5 %", "", "+", "+x %", "+-5 %", "<= 5M", "+5ms"] {
            assert!(on(wrong).is_err(), "{wrong}");
        }
    }
}

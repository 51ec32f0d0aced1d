//! Two models, or one model at two settings, against each other.

use weigh_measure::fleet::{self, Measured, Paired, Pairing};
use weigh_measure::versus::{self, Verdict};
use weigh_report::report::{self, ComparisonVerdict};

use super::{Bench, Prepared, Setting, Subject, document};

/// One of two.
pub struct SideOfModel<'a> {
    /// The model.
    pub subject: &'a Subject<'a>,
    /// How it is run.
    pub setting: Setting,
    /// What sets its setting apart, in the words of the command line: `--opt none`.
    pub words: Option<String>,
}

/// What was found about two.
#[derive(Clone, Debug)]
pub struct Compared {
    /// A row for each.
    pub measurements: [report::Measurement; 2],
    /// One against the other.
    pub comparison: report::Comparison,
    /// Whether one could not be run.
    pub failed: bool,
}

/// Pairs of rounds that a pair of processes has.
const ROUNDS: usize = 10;

impl Bench {
    /// Runs two side by side. Ratios whose distance from 1 is below `band` count as the same.
    pub fn versus(&self, sides: [&SideOfModel<'_>; 2], band: f64, tell: &mut dyn FnMut(usize)) -> Compared {
        let row = |side: &SideOfModel<'_>| self.row(side.subject, side.setting.clone()).prepared;
        let (a, b) = match (row(sides[0]), row(sides[1])) {
            (Ok(a), Ok(b)) => (a, b),
            (a, b) => return self.unprepared(sides, [a.err(), b.err()]),
        };
        let pairing = Pairing {
            processes: self.campaign.processes,
            rounds: ROUNDS,
            plan: self.campaign.plan.clone(),
            seed: self.campaign.seed,
        };
        match fleet::compare(&self.launcher, &pairing, [&a.setup, &b.setup], tell) {
            Ok(paired) => self.compared(sides, [&a, &b], &paired, band),
            Err((side, failure)) => {
                let mut reasons = [None, None];
                reasons[side.min(1)] = Some(failure.to_string());
                self.unprepared(sides, reasons)
            }
        }
    }

    fn compared(
        &self,
        sides: [&SideOfModel<'_>; 2],
        prepared: [&Prepared; 2],
        paired: &Paired,
        band: f64,
    ) -> Compared {
        let batches = prepared.map(|prepared| prepared.setup.batch);
        let nothing = fleet::Failure::Lost("no time was taken".to_owned());
        let measured = [Measured::of(&paired.a, batches[0]), Measured::of(&paired.b, batches[1])];
        let measurement = |i: usize| {
            let result = measured[i].as_ref().ok_or(&nothing);
            let row = document::measured(&sides[i].setting, prepared[i], result, &self.unit);
            report::Measurement { data: sides[i].subject.data().map(document::data), ..row }
        };
        let mut comparison = blank(sides);
        if let [Some(a), Some(b)] = &measured {
            (comparison.a_value, comparison.b_value) = (a.total.median().value(), b.total.median().value());
            (comparison.a_min, comparison.b_min) = (Some(a.total.min()), Some(b.total.min()));
        }
        let pairs = paired.pairs();
        comparison.processes = u32::try_from(pairs.len()).ok();
        comparison.pairs = Some(pairs.iter().map(Vec::len).sum::<usize>() as u64);
        comparison.band = Some(band);
        if let Some(found) = versus::Comparison::of(&pairs, band) {
            comparison.ratio = Some(found.ratio);
            comparison.ci = found.interval.map(|interval| [interval.low, interval.high]);
            comparison.detectable = found.detectable;
            comparison.verdict = Some(match found.verdict {
                Verdict::Faster => ComparisonVerdict::Faster,
                Verdict::Slower => ComparisonVerdict::Slower,
                Verdict::Same => ComparisonVerdict::Same,
                Verdict::Unclear => ComparisonVerdict::Unclear,
            });
        }
        if batches[0] != batches[1] {
            let note = format!("times are of one inference: over {} and {} samples", batches[0], batches[1]);
            comparison.notes.push(note);
        }
        match &paired.difference {
            Ok(difference) => {
                comparison.output_difference = difference.absolute;
                comparison.relative_output_difference = difference.relative;
                comparison.notes.extend(difference.notes.iter().cloned());
            }
            Err(failure) => comparison.notes.push(format!("outputs not compared: {failure}")),
        }
        let measurements = [measurement(0), measurement(1)];
        for (side, row) in ["a", "b"].iter().zip(&measurements) {
            let verdict = row.noise.as_ref().and_then(|noise| noise.verdict.as_ref());
            let disturbed = verdict.filter(|verdict| *verdict != "quiet");
            comparison.notes.extend(disturbed.map(|verdict| format!("{side}: {verdict}")));
        }
        Compared { measurements, comparison, failed: false }
    }

    /// What there is to say where one of the two cannot be run.
    fn unprepared(&self, sides: [&SideOfModel<'_>; 2], reasons: [Option<String>; 2]) -> Compared {
        let other = "the other side could not be run".to_owned();
        let [a, b] = reasons.map(|reason| reason.unwrap_or_else(|| other.clone()));
        Compared {
            measurements: [document::failed(&sides[0].setting, &a), document::failed(&sides[1].setting, &b)],
            comparison: blank(sides),
            failed: true,
        }
    }
}

fn blank([a, b]: [&SideOfModel<'_>; 2]) -> report::Comparison {
    report::Comparison {
        a: a.subject.opened().name.clone(),
        b: b.subject.opened().name.clone(),
        a_setting: a.words.clone(),
        b_setting: b.words.clone(),
        metric: "latency".to_owned(),
        ..report::Comparison::default()
    }
}

//! Batch sizes found by trying: doubled until it does not pay any more.

use weigh_measure::fleet::{Failure, Measured, Step};

use super::sweep::Row;
use super::{Bench, Setting, Subject};

/// Throughput that grows by less than this part has stopped growing ...
const GROWTH: f64 = 0.03;
/// ... when that happens as often as this in a row: one bad batch size is not the end.
const PATIENCE: usize = 2;
/// No batch is larger.
const LARGEST: u64 = 1 << 16;

impl Bench {
    /// One process for each batch 1, 2, 4, ... of a setting, until throughput stops growing, memory or time run out.
    /// The batch that could not be run is the last row.
    pub(super) fn grow(
        &self,
        subject: &Subject<'_>,
        setting: &Setting,
        tell: &mut dyn FnMut(Step),
    ) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        let (mut best, mut idle, mut batch) = (0.0f64, 0, 1);
        while batch <= LARGEST && idle < PATIENCE && !self.launcher.is_cancelled() {
            let mut row = self.row(subject, Setting { batch: Some(batch), ..setting.clone() });
            let mut rate = None;
            if let Ok(prepared) = &row.prepared {
                let configuration = rows.len();
                tell(Step { configuration, done: configuration, of: configuration + 1 });
                row.outcome.take(self.campaign.process(&self.launcher, &prepared.setup));
                let measured = Measured::of(&row.outcome.records, batch);
                rate = measured.map(|measured| measured.throughput.per_second);
            }
            let interrupted = row.outcome.failure == Some(Failure::Interrupted);
            // A second process would take as long as the first.
            let slow =
                row.outcome.records.iter().any(|record| record.spent * 2 > self.campaign.plan.max_time);
            rows.push(row);
            match rate {
                Some(rate) if !interrupted => {
                    idle = if rate > best * (1.0 + GROWTH) { 0 } else { idle + 1 };
                    best = best.max(rate);
                }
                _ => break,
            }
            if slow {
                break;
            }
            batch *= 2;
        }
        rows
    }
}

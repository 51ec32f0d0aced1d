//! What is said beneath the table: what was measured, what titles mean, who is dominated, and what to know.

use super::{Compared, SHOWN, name, word};
use crate::render::measured;
use crate::report::{Measurement, Report};

impl<'r> Compared<'r> {
    /// What the times were measured with, as far as all have it in common.
    pub(in crate::render) fn setting(&self) -> Vec<String> {
        let timed = |report: &'r Report| report.measurements.iter().find(|run| run.samples > 0);
        let runs: Vec<Measurement> = self.reports.iter().filter_map(timed).cloned().collect();
        let mut facts = measured::common(&runs);
        let cpu =
            |report: &Report| report.environment.as_ref().and_then(|environment| environment.cpu.clone());
        let mut machines: Vec<String> = self.reports.iter().filter_map(cpu).collect();
        machines.dedup();
        if let ([machine], false) = (machines.as_slice(), facts.is_empty()) {
            facts.push(machine.clone());
        }
        facts
    }

    /// What there is to know of the figures shown, each once: who is concerned, and in which metrics.
    pub(in crate::render) fn remarks(&self) -> Vec<String> {
        let is_shown = |metric: &str| {
            // Two times what was said of MACs needs no remark of its own.
            let counts = SHOWN.iter().any(|shown| shown.metric == metric && metric != "flops");
            counts || ["latency", "throughput"].contains(&metric)
        };
        let mut remarks: Vec<(&str, Vec<&str>, &str)> = Vec::new();
        for found in
            self.reports.iter().flat_map(|report| &report.comparisons).filter(|f| is_shown(&f.metric))
        {
            for note in &found.notes {
                let metric = word(&found.metric);
                match remarks.iter_mut().find(|(b, _, text)| *b == found.b && text == note) {
                    Some((_, metrics, _)) if metrics.contains(&metric) => {}
                    Some((_, metrics, _)) => metrics.push(metric),
                    None => remarks.push((&found.b, vec![metric], note)),
                }
            }
        }
        remarks.into_iter().map(|(b, metrics, note)| format!("{b}: {}: {note}", metrics.join(", "))).collect()
    }

    /// What the titles mean, most important first.
    pub(in crate::render) fn legend(&self) -> Vec<String> {
        vec![
            format!("× {} is relative to {}", word(self.scale()), self.baseline),
            "FLOPs = 2 × MACs".to_owned(),
            "peak: activations alive at once".to_owned(),
        ]
    }

    /// Who is dominated by whom, and what that means; nothing where none is.
    pub(in crate::render) fn dominated(&self) -> Vec<String> {
        let mut by: Vec<(&str, Vec<&str>)> = Vec::new();
        for (report, dominator) in
            self.reports.iter().filter_map(|report| Some((report, report.dominated_by.as_ref()?)))
        {
            match by.iter_mut().find(|(known, _)| known == dominator) {
                Some((_, names)) => names.push(name(report)),
                None => by.push((dominator, vec![name(report)])),
            }
        }
        let line = |(by, names): &(&str, Vec<&str>)| format!("{by} dominates {}", names.join(", "));
        let mut lines: Vec<String> = by.iter().map(line).collect();
        if !lines.is_empty() {
            lines.push(
                "Pareto: no other is as good in every column and better in one; accuracy is not compared"
                    .to_owned(),
            );
        }
        lines
    }
}

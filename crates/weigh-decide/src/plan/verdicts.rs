//! A verdict on each thing that was asked: the rates, the deadline, latency.

use weigh_ir::units::{milliseconds, per_second, percent};
use weigh_report::report::{Basis, Configuration, Interval, Status, Verdict};

use super::judge::Finding;
use super::workload::HOUR_MS;
use super::{Candidate, Speed, Workload};

/// Verdicts on a configuration with the servers that it has.
pub(super) fn of(candidate: &Candidate, found: &Configuration, workload: &Workload) -> Vec<Verdict> {
    let about = About { candidate, found, workload };
    [about.mean(), about.peak(), about.deadline(), about.latency()].into_iter().flatten().collect()
}

/// Missed where one is missed, met where all are.
pub(super) fn together(verdicts: &[Verdict]) -> Status {
    let any = |status| verdicts.iter().any(|verdict| verdict.status == status);
    match () {
        () if any(Status::Missed) => Status::Missed,
        () if any(Status::Unknown) => Status::Unknown,
        () => Status::Met,
    }
}

struct About<'a> {
    candidate: &'a Candidate,
    found: &'a Configuration,
    workload: &'a Workload,
}

impl About<'_> {
    /// Speed and number of servers, where both are known. Where no number keeps latency, as many as all else asks for.
    fn servers(&self) -> Option<(&Speed, f64)> {
        let speed = self.candidate.speed.as_ref().ok()?;
        let without_latency = || {
            let workload = Workload { slo: None, ..self.workload.clone() };
            self.candidate.pace(speed, speed.per_second).servers(&workload).ok().map(|servers| servers.count)
        };
        Some((speed, self.found.servers.or_else(without_latency)? as f64))
    }

    fn mean(&self) -> Option<Verdict> {
        let mean = self.workload.mean()?;
        let used = self.workload.utilisation;
        let at = if used < 1.0 { format!(" at {}", percent(used)) } else { String::new() };
        let written = format!("rate >= {}{at}", per_second(mean));
        Some(self.rate(written, mean, used))
    }

    fn peak(&self) -> Option<Verdict> {
        let peak = self.workload.peak?;
        Some(self.rate(format!("peak >= {}", per_second(peak)), peak, 1.0))
    }

    /// What servers can do at that share of their capacity, beside a rate.
    fn rate(&self, written: String, limit: f64, used: f64) -> Verdict {
        let mut verdict = self.verdict(written, "throughput", limit, "/s");
        let Some((speed, servers)) = self.servers() else { return verdict };
        let can = |per_second: f64| servers * per_second * used;
        verdict.capacity_per_second = Some(can(speed.per_second));
        let room = can(speed.per_second) / limit - 1.0;
        self.judge(&mut verdict, can(speed.per_second), speed.ci.map(|ci| ci.map(can)), room, |can| {
            can >= limit * (1.0 - 1e-9)
        });
        verdict
    }

    fn deadline(&self) -> Option<Verdict> {
        let (items, hours) = self.workload.items.zip(self.workload.deadline_h)?;
        let limit = hours * HOUR_MS;
        let mut verdict = self.verdict(format!("deadline <= {}", milliseconds(limit)), "time", limit, "ms");
        let Some((speed, servers)) = self.servers() else { return Some(verdict) };
        let used = self.workload.utilisation;
        let takes = |per_second: f64| items / (servers * per_second * used) * 1e3;
        let ci = speed.ci.map(|[low, high]| [takes(high), takes(low)]);
        verdict.capacity_per_second = Some(servers * speed.per_second * used);
        let actual = takes(speed.per_second);
        self.judge(&mut verdict, actual, ci, 1.0 - actual / limit, |takes| takes <= limit * (1.0 + 1e-9));
        Some(verdict)
    }

    /// Of a simulated line: nobody has waited.
    fn latency(&self) -> Option<Verdict> {
        let slo = self.workload.slo.as_ref()?;
        let metric = format!("latency.p{}", (slo.quantile * 1e6).round() / 1e4);
        let mut verdict = self.verdict(slo.text.clone(), &metric, slo.limit_ms, "ms");
        let Some((speed, servers)) = self.servers().filter(|_| self.found.servers.is_some()) else {
            verdict.status = self.found.meets;
            verdict.notes = self.found.notes.clone();
            return Some(verdict);
        };
        if verdict.basis == Some(Basis::Measured) {
            verdict.basis = Some(Basis::Predicted);
            verdict.notes.push("a simulated line, from the times that were measured".to_owned());
        }
        verdict.actual = self.found.latency_at_peak_ms;
        verdict.actual_ci = self.found.latency_at_peak_ci_ms;
        verdict.margin = verdict.actual.map(|actual| 1.0 - actual / slo.limit_ms);
        verdict.status = match self.workload.servers {
            None => self.found.meets,
            Some(_) => {
                let finding = |per_second: f64| {
                    let with = self.candidate.pace(speed, per_second).with(self.workload, servers as u64);
                    with.latency.map_or(Finding::Unclear, |latency| latency.finding)
                };
                let speeds = speed.ci.unwrap_or([speed.per_second; 2]);
                match (finding(speeds[0]), finding(speeds[1])) {
                    (Finding::Met, _) => Status::Met,
                    (_, Finding::Missed) => Status::Missed,
                    _ => Status::Unknown,
                }
            }
        };
        if verdict.actual.is_none() {
            verdict.notes.push("more come than are served: the line grows without end".to_owned());
        }
        Some(verdict)
    }

    /// Before anything is known, but for why not.
    fn verdict(&self, requirement: String, metric: &str, limit: f64, unit: &str) -> Verdict {
        let unknown = self.servers().is_none();
        Verdict {
            requirement,
            metric: metric.to_owned(),
            source: Some(format!("plan: {}", self.found.name)),
            limit: Some(limit),
            unit: unit.to_owned(),
            basis: Some(self.candidate.basis),
            status: if unknown { self.found.meets } else { Status::Unknown },
            notes: if unknown { self.found.notes.clone() } else { Vec::new() },
            ..Verdict::default()
        }
    }

    /// With servers given, the whole interval decides. With as many as it takes, servers are added where it turns out
    /// to be slow, and the notes tell how many.
    fn judge(
        &self,
        verdict: &mut Verdict,
        actual: f64,
        ci: Option<Interval>,
        room: f64,
        is_met: impl Fn(f64) -> bool,
    ) {
        verdict.actual = Some(actual);
        verdict.margin = Some(room);
        let ends = ci.unwrap_or([actual; 2]).map(is_met);
        verdict.status = match (ends, self.workload.servers) {
            ([true, true], _) => Status::Met,
            ([false, false], _) => Status::Missed,
            // Where no number of servers keeps latency, these are no answer.
            (_, servers) if servers.is_some() || self.found.servers.is_none() => Status::Unknown,
            _ => {
                let slow = self.found.servers_ci.map(|[_, worst]| worst);
                let note = |worst| format!("at the slow end of its interval it takes {worst} servers");
                verdict.notes.extend(slow.map(note));
                self.found.meets
            }
        };
        verdict.actual_ci = ci;
    }
}

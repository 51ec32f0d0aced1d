//! One way of doing the work, worked out: at the speed expected and at both ends of its interval.

use weigh_ir::units::{milliseconds, percent};
use weigh_report::report::{Configuration, Interval, Status};

use super::bill::Bill;
use super::judge::Finding;
use super::servers::{Pace, Servers, TooFew};
use super::{Candidate, NoSpeed, Site, Speed, Workload, verdicts};

/// Above this, waiting depends on how evenly items come, and no limit on latency says that it may not.
const BUSY: f64 = 0.9;
/// A measured percentile this far from that of the distribution assumed is told.
const APART: f64 = 0.05;
/// The 99th percentile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_9;

pub(super) fn of(candidate: &Candidate, workload: &Workload, site: &Site) -> Configuration {
    let mut found = Configuration {
        name: candidate.name.clone(),
        engine: candidate.engine.clone(),
        device: candidate.device.clone(),
        dtype: candidate.dtype.clone(),
        batch: Some(candidate.batch),
        streams: Some(candidate.streams),
        basis: Some(candidate.basis),
        price_per_h: candidate.price.as_ref().map(|price| price.per_h),
        price_source: candidate.price.as_ref().map(|price| price.source.clone()),
        cost_is_daily: !workload.is_once(),
        notes: candidate.notes.clone(),
        ..Configuration::default()
    };
    match &candidate.speed {
        Ok(speed) => {
            let work = Work { candidate, workload, site, speed };
            work.add_speed(&mut found);
            work.add_servers(&mut found);
        }
        Err(reason) => {
            found.meets = match reason {
                NoSpeed::Unknown(_) => Status::Unknown,
                NoSpeed::Impossible(_) => Status::Missed,
            };
            found.notes.push(reason.to_string());
        }
    }
    found
}

/// A speed at work.
struct Work<'a> {
    candidate: &'a Candidate,
    workload: &'a Workload,
    site: &'a Site,
    speed: &'a Speed,
}

impl Candidate {
    /// At so many items per second.
    pub(super) fn pace<'a>(&'a self, speed: &Speed, per_second: f64) -> Pace<'a> {
        let mean = self.service_ms(speed.per_second);
        let variation = speed.stddev_ms.map_or(0.0, |stddev| stddev / mean);
        Pace { candidate: self, per_second, variation }
    }
}

impl Work<'_> {
    fn pace(&self, per_second: f64) -> Pace<'_> {
        self.candidate.pace(self.speed, per_second)
    }

    fn add_speed(&self, found: &mut Configuration) {
        let Speed { per_second, ci, stddev_ms, .. } = *self.speed;
        let hours =
            |per_second: f64| Some(self.workload.items? / (per_second * self.workload.utilisation * 3600.0));
        let service = |per_second: f64| self.candidate.service_ms(per_second);
        found.service_ms = Some(service(per_second));
        found.service_ci_ms = ci.map(|[low, high]| [service(high), service(low)]);
        found.service_stddev_ms = stddev_ms;
        found.throughput_per_second = Some(per_second);
        found.throughput_ci = ci;
        found.one_server_h = hours(per_second);
        found.one_server_ci_h = ci.and_then(|[low, high]| Some([hours(high)?, hours(low)?]));
        if self.workload.is_nothing() {
            let flat_out = |per_second: f64| Some(found.price_per_h? / (per_second * 3600.0) * 1e6);
            found.cost_per_million = flat_out(per_second);
            found.cost_per_million_ci = ci.and_then(|[low, high]| Some([flat_out(high)?, flat_out(low)?]));
            found.joules_per_item = self.candidate.energy.as_ref().map(|energy| energy.joules);
        }
    }

    /// How many, whether that is enough, and what they cost.
    fn add_servers(&self, found: &mut Configuration) {
        if self.workload.is_nothing() {
            return;
        }
        let [fast, slow] = self.speed.ci.map_or([None; 2], |[low, high]| [Some(high), Some(low)]);
        let at = |per_second: f64| match self.workload.servers {
            Some(count) => Ok(self.pace(per_second).with(self.workload, count)),
            None => self.pace(per_second).servers(self.workload),
        };
        let (middle, fast, slow) = (at(self.speed.per_second), fast.map(at), slow.map(at));
        let fails = |end: &Option<Result<Servers, TooFew>>| end.as_ref().is_some_and(Result::is_err);
        match &middle {
            Ok(servers) => {
                found.meets = if fails(&slow) { Status::Unknown } else { Status::Met };
                if let (Some(Ok(fast)), Some(Ok(slow))) = (&fast, &slow) {
                    found.servers_ci = Some([fast.count, slow.count]);
                }
                if let Some(Err(error)) = &slow {
                    found.notes.push(format!("at the slow end of its interval: {error}"));
                }
                self.add_found(servers, found);
                self.add_bill(servers.count, found);
                self.add_notes(servers, found);
            }
            Err(error) => {
                let perhaps = matches!(fast, Some(Ok(_)));
                found.meets = if perhaps { Status::Unknown } else { Status::Missed };
                found.notes.push(error.to_string());
            }
        }
        if self.workload.servers.is_some() {
            found.meets = verdicts::together(&verdicts::of(self.candidate, found, self.workload));
        }
    }

    fn add_found(&self, servers: &Servers, found: &mut Configuration) {
        let capacity = servers.count as f64 * self.speed.per_second;
        let finite = |ms: f64| Some(ms).filter(|ms| ms.is_finite());
        found.servers = Some(servers.count);
        found.capacity_per_second = Some(capacity);
        found.budget_ms =
            self.workload.highest().map(|rate| self.candidate.service_ms(rate) * servers.count as f64);
        found.servers_for = servers.reason.map(str::to_owned);
        found.utilisation = self.workload.mean().map(|mean| mean / capacity);
        found.peak_utilisation = self.workload.peak.map(|peak| peak / capacity);
        found.latency_at_peak_ms = servers.latency.and_then(|latency| finite(latency.ms));
        found.latency_at_peak_ci_ms = self.latency_ci_ms(servers).filter(|[_, high]| high.is_finite());
        found.latency_one_fewer_ms = servers.one_fewer.and_then(|latency| finite(latency.ms));
        found.queue = self.pace(self.speed.per_second).queue(self.workload, servers);
    }

    /// From the low end of the simulation at the fast end of the speed's interval to the high end at the slow one.
    fn latency_ci_ms(&self, servers: &Servers) -> Option<Interval> {
        let [low, high] = servers.latency?.ci_ms;
        let Some([slow, fast]) = self.speed.ci else { return Some([low, high]) };
        let at = |per_second| self.pace(per_second).with(self.workload, servers.count).latency;
        Some([low.min(at(fast)?.ci_ms[0]), high.max(at(slow)?.ci_ms[1])])
    }

    fn add_bill(&self, servers: u64, found: &mut Configuration) {
        let bill = Bill::of(self.workload, servers, self.speed.per_second);
        // With the servers that each end asks for.
        let ends: Option<[Bill; 2]> =
            self.speed.ci.zip(found.servers_ci).map(|([low, high], [best, worst])| {
                [Bill::of(self.workload, best, high), Bill::of(self.workload, worst, low)]
            });
        let millions = self.workload.items_paid().map(|items| items / 1e6).filter(|millions| *millions > 0.0);
        found.hours = bill.hours;
        if let Some(price) = found.price_per_h {
            let interval = |of: &dyn Fn(&Bill) -> f64| ends.map(|ends| sorted(ends.each_ref().map(of)));
            found.cost = Some(bill.cost(price));
            found.cost_ci = interval(&|bill| bill.cost(price));
            found.cost_per_million = millions.map(|millions| bill.cost(price) / millions);
            found.cost_per_million_ci =
                millions.and_then(|millions| interval(&|bill| bill.cost(price) / millions));
            found.cost_over_days = self.workload.days.map(|days| bill.cost(price) * days);
        }
        if let Some(energy) = &self.candidate.energy {
            found.joules_per_item = Some(energy.joules);
            found.energy_basis = Some(energy.basis);
            found.energy_source = Some(energy.source.clone());
        }
        let effectiveness = self.site.power_usage_effectiveness.max(1.0);
        if let Some((hours, complete)) = bill.kilowatt_hours(self.workload, self.candidate) {
            let hours = hours * effectiveness;
            found.kilowatt_hours = Some(hours);
            if let Some((grams, grid)) = &self.site.grid {
                found.co2_kg = Some(hours * grams / 1e3);
                found.grid = Some(grid.clone());
            }
            if !complete {
                found.notes.push(
                    "what servers take while idle is not known: energy is of the work alone".to_owned(),
                );
            }
        }
    }

    fn add_notes(&self, servers: &Servers, found: &mut Configuration) {
        let used = found.peak_utilisation.or(found.utilisation);
        let mut say = |note: String| found.notes.push(note);
        match &self.workload.slo {
            None => {
                let limited = self.workload.utilisation < 1.0;
                if let Some(used) = used.filter(|used| !limited && (BUSY..=1.0).contains(used)) {
                    say(format!(
                        "used at {}: where items do not come evenly they wait long (--slo, --utilisation 0.7)",
                        percent(used)
                    ));
                }
            }
            Some(_) => {
                if servers.one_fewer.is_some_and(|latency| latency.finding == Finding::Unclear) {
                    say("one server fewer may do: the simulation cannot tell".to_owned());
                }
                if self.workload.peak.is_none() {
                    say("no peak is given: latency is at the mean rate".to_owned());
                }
                match (self.speed.stddev_ms, self.speed.p99_ms) {
                    (None, _) => {
                        say("how the time of an inference varies is not known: it is taken to be constant"
                            .to_owned())
                    }
                    (Some(stddev), Some(measured)) => {
                        let mean = self.candidate.service_ms(self.speed.per_second);
                        let spread = (stddev / mean).powi(2).ln_1p();
                        let assumed = mean * (NORMAL_P99 * spread.sqrt() - spread / 2.0).exp();
                        if (measured / assumed - 1.0).abs() > APART {
                            let [measured, assumed] = [measured, assumed].map(milliseconds);
                            say(format!(
                                "p99 of an inference was {measured}; the distribution that the queue assumes has {assumed}"
                            ));
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

fn sorted([a, b]: Interval) -> Interval {
    [a.min(b), a.max(b)]
}

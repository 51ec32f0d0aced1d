//! A meter: counters read over a window of seconds, and what the machine takes when idle subtracted.
//!
//! A counter counts everything that goes on in its part, not only the model. So the idle power is measured first, and
//! the net energy of a window is its gross energy less idle power times its seconds. Windows should last seconds: short
//! ones drown in the counters' steps and in what else the machine does.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::counters::{Absent, Counter, Kind, Scope};
use super::units::{Joules, Watts};
use super::{Basis, Energy};

/// A window whose energy is not at least this many steps of its counter is not fit to be told: a step at either end
/// would be more than one percent.
const LEAST_STEPS: f64 = 200.0;

/// Reads counters over windows.
pub struct Meter {
    counters: Vec<Box<dyn Counter>>,
    idle: Vec<Option<Watts>>,
    /// The readings with which the window began, and when.
    begun: Option<(Instant, Vec<Result<Joules, Absent>>)>,
}

/// What a counter's part takes when nothing is asked of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Idle {
    /// The counter.
    pub source: String,
    /// The mean power.
    pub watts: Watts,
    /// Over how many seconds it was measured.
    pub seconds: f64,
}

/// What one counter told of a window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Window {
    /// The counter.
    pub source: String,
    /// What it counts.
    pub scope: Scope,
    /// How it comes by its figure.
    pub kind: Kind,
    /// How long the window was.
    pub seconds: f64,
    /// Everything that was counted.
    pub gross: Joules,
    /// The idle power that is subtracted; `None` where it was not measured.
    pub idle: Option<Watts>,
    /// Gross less idle; below zero where the machine was quieter than before. `None` without an idle power.
    pub net: Option<Joules>,
    /// Whether the gross energy is at least 200 steps of the counter, so that steps matter less than one percent;
    /// `None` where the step is not known.
    pub is_resolved: Option<bool>,
}

impl Window {
    /// The net energy where there is one, otherwise the gross. The source says where power was sampled.
    pub fn energy(&self) -> Energy {
        let source = match self.kind {
            Kind::Counted => self.source.clone(),
            Kind::SampledPower => format!("{}, sampled power", self.source),
        };
        let basis = Basis::Measured { source, seconds: self.seconds };
        Energy { joules: self.net.unwrap_or(self.gross), bounds: None, basis }
    }
}

impl Meter {
    /// A meter over these counters.
    pub fn new(counters: Vec<Box<dyn Counter>>) -> Meter {
        let idle = counters.iter().map(|_| None).collect();
        Meter { counters, idle, begun: None }
    }

    /// Measures the idle power of every counter, while this process sleeps for so long. Windows subtract it from
    /// then on. Counters that fail have none.
    pub fn measure_idle(&mut self, during: Duration) -> Vec<Idle> {
        let (windows, ()) = self.during(|| thread::sleep(during));
        let mut measured = Vec::new();
        for (counter, idle) in self.counters.iter().zip(&mut self.idle) {
            let window = windows.iter().flatten().find(|window| window.source == counter.name());
            *idle = window.and_then(|window| window.gross.over(window.seconds));
            if let (Some(window), Some(watts)) = (window, *idle) {
                measured.push(Idle { source: window.source.clone(), watts, seconds: window.seconds });
            }
        }
        measured
    }

    /// Begins a window, and ends one that was not ended.
    pub fn start(&mut self) {
        let readings = self.counters.iter_mut().map(|counter| counter.read()).collect();
        self.begun = Some((Instant::now(), readings));
    }

    /// Reads in between, so that no counter wraps around unseen and sampled power has enough samples. Errors come up
    /// at the end.
    pub fn poll(&mut self) {
        for counter in &mut self.counters {
            let _ = counter.read();
        }
    }

    /// Seconds after which [`Meter::poll`] is due; `None` where it never is.
    pub fn longest_wait(&self) -> Option<f64> {
        self.counters.iter().filter_map(|counter| counter.longest_wait()).reduce(f64::min)
    }

    /// Ends the window: what each counter told, in their order, or why it could not. Empty where none was begun.
    pub fn stop(&mut self) -> Vec<Result<Window, Absent>> {
        let Some((begun, first)) = self.begun.take() else { return Vec::new() };
        let seconds = begun.elapsed().as_secs_f64();
        let ends = self.counters.iter_mut().zip(first).zip(&self.idle);
        let window = |((counter, first), idle): ((&mut Box<dyn Counter>, _), &Option<Watts>)| {
            let gross = counter.read()? - first?;
            Ok(window(&**counter, gross, seconds, *idle))
        };
        ends.map(window).collect()
    }

    /// The window in which `work` runs, on this thread, while another one polls as often as is needed.
    pub fn during<T>(&mut self, work: impl FnOnce() -> T) -> (Vec<Result<Window, Absent>>, T) {
        let wait = self.longest_wait();
        self.start();
        let Some(wait) = wait else {
            let result = work();
            return (self.stop(), result);
        };
        let (done, changed) = (Mutex::new(false), Condvar::new());
        let wait = Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX);
        let result = thread::scope(|scope| {
            // Also where `work` panics: the other thread would wait for ever.
            let _finish = Finish { done: &done, changed: &changed };
            scope.spawn(|| {
                let mut is_done = done.lock().unwrap_or_else(PoisonError::into_inner);
                while !*is_done {
                    let waited = changed.wait_timeout(is_done, wait);
                    let (lock, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                    is_done = lock;
                    if timeout.timed_out() && !*is_done {
                        self.poll();
                    }
                }
            });
            work()
        });
        (self.stop(), result)
    }
}

/// Tells the polling thread that the work is over.
struct Finish<'a> {
    done: &'a Mutex<bool>,
    changed: &'a Condvar,
}

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }
}

fn window(counter: &dyn Counter, gross: Joules, seconds: f64, idle: Option<Watts>) -> Window {
    Window {
        source: counter.name().to_owned(),
        scope: counter.scope(),
        kind: counter.kind(),
        seconds,
        gross,
        idle,
        net: idle.map(|watts| gross - watts.for_seconds(seconds)),
        is_resolved: counter.resolution().map(|step| gross.0 >= LEAST_STEPS * step.0),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// A counter that tells what a test sets, in millijoules, and counts its reads.
    #[derive(Clone, Default)]
    struct Fake {
        millijoules: Arc<AtomicU64>,
        reads: Arc<AtomicU64>,
        wait: Option<f64>,
    }

    impl Counter for Fake {
        fn name(&self) -> &str {
            "fake"
        }

        fn scope(&self) -> Scope {
            Scope::Package
        }

        fn kind(&self) -> Kind {
            Kind::Counted
        }

        fn resolution(&self) -> Option<Joules> {
            Some(Joules(0.001))
        }

        fn longest_wait(&self) -> Option<f64> {
            self.wait
        }

        fn read(&mut self) -> Result<Joules, Absent> {
            self.reads.fetch_add(1, Ordering::Relaxed);
            match self.millijoules.load(Ordering::Relaxed) {
                u64::MAX => Err(Absent::new("fake", "it is gone")),
                told => Ok(Joules(told as f64 * 1e-3)),
            }
        }
    }

    #[test]
    fn idle_power_is_subtracted() {
        // 30 J in 2 s, of which 5 W would have been spent anyway: 20 J.
        let told = window(&Fake::default(), Joules(30.0), 2.0, Some(Watts(5.0)));
        assert_eq!((told.net, told.is_resolved), (Some(Joules(20.0)), Some(true)));
        let energy = told.energy();
        assert_eq!(energy.joules, Joules(20.0));
        assert_eq!(energy.basis, Basis::Measured { source: "fake".to_owned(), seconds: 2.0 });
        let sampled = Window { kind: Kind::SampledPower, ..told }.energy().basis;
        assert_eq!(sampled, Basis::Measured { source: "fake, sampled power".to_owned(), seconds: 2.0 });
        let told = window(&Fake::default(), Joules(0.1), 2.0, None);
        // 100 steps of 1 mJ are too few.
        assert_eq!((told.net, told.is_resolved), (None, Some(false)));
        assert_eq!(told.energy().joules, Joules(0.1));
    }

    #[test]
    fn a_window_holds_what_was_counted_in_it() {
        let fake = Fake::default();
        fake.millijoules.store(7_000, Ordering::Relaxed);
        let mut meter = Meter::new(vec![Box::new(fake.clone())]);
        assert!(meter.stop().is_empty());
        meter.start();
        fake.millijoules.store(9_500, Ordering::Relaxed);
        let told = meter.stop();
        assert_eq!(told[0].as_ref().unwrap().gross, Joules(2.5));
        let (told, result) = meter.during(|| {
            fake.millijoules.store(10_000, Ordering::Relaxed);
            "done"
        });
        assert_eq!((result, told[0].as_ref().unwrap().gross), ("done", Joules(0.5)));
    }

    #[test]
    fn counters_are_read_in_between() {
        let fake = Fake { wait: Some(0.005), ..Fake::default() };
        let mut meter = Meter::new(vec![Box::new(fake.clone())]);
        let enough = || {
            while fake.reads.load(Ordering::Relaxed) < 4 {
                thread::sleep(Duration::from_millis(1));
            }
        };
        assert_eq!(meter.during(enough).0.len(), 1);
        let idle = meter.measure_idle(Duration::from_millis(2));
        assert_eq!((idle.len(), idle[0].watts), (1, Watts(0.0)));
    }

    #[test]
    fn a_counter_that_fails_is_told() {
        let fake = Fake::default();
        let mut meter = Meter::new(vec![Box::new(fake.clone())]);
        meter.start();
        fake.millijoules.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(meter.stop()[0].as_ref().unwrap_err().reason, "it is gone");
    }
}

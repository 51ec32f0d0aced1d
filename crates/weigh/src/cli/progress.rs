//! A bar for whatever takes over a second, on terminals only.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use weigh_measure::fleet::Step;

/// How long nothing is shown.
const PATIENCE: Duration = Duration::from_millis(1000);
/// How often the time left is told anew while nothing else happens.
const TICK: Duration = Duration::from_millis(250);

/// The bar of one measurement.
pub(crate) struct Bar {
    bar: ProgressBar,
    since: Instant,
    shown: bool,
}

impl Bar {
    /// A bar that appears once there has been something to wait for.
    pub fn new(name: &str) -> Bar {
        let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::hidden());
        let template = "{prefix}  {msg:<24} {bar:32} {pos}/{len}  {elapsed} gone, {eta} left";
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(name.to_owned());
        Bar { bar, since: Instant::now(), shown: false }
    }

    /// So many of the processes are done.
    pub fn step(&mut self, step: Step) {
        self.show(step.done, step.of, &format!("configuration {}", step.configuration + 1));
    }

    /// So many of the pairs of processes are done.
    pub fn pair(&mut self, done: usize, of: usize) {
        let words = if done < of { "measuring in turns" } else { "comparing outputs" };
        self.show(done, of, words);
    }

    /// So much of a stage is done, from 0 to 1.
    pub fn part(&mut self, done: f64, words: &str) {
        self.show((done.clamp(0.0, 1.0) * 100.0) as usize, 100, words);
    }

    /// Something is being done that has no measure.
    pub fn busy(&mut self, words: &str) {
        self.show(0, 1, words);
    }

    fn show(&mut self, done: usize, of: usize, words: &str) {
        if !self.shown && self.since.elapsed() > PATIENCE && std::io::stderr().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(TICK);
            self.shown = true;
        }
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(words.to_owned());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

//! A bar for whatever takes over a second, on terminals only.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use weigh_measure::fleet::Step;

use super::output::visible;
use super::terminal::{can_draw, speaks_unicode};

/// How long nothing is shown.
const PATIENCE: Duration = Duration::from_millis(1000);
/// How often the time left is told anew while nothing else happens.
const TICK: Duration = Duration::from_millis(250);

/// With the time left, where there is a measure of what is done.
const MEASURED: &str = "{prefix:24!}  {msg}  {wide_bar}  {pos}/{len}, {eta} left";
/// Without one.
const BUSY: &str = "{prefix:24!}  {msg}  {spinner} {elapsed}";

/// The bar of one piece of work.
pub(crate) struct Bar {
    bar: ProgressBar,
    /// Draws the bar once there has been something to wait for; nothing without a terminal.
    drawer: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    /// A bar that appears once there has been something to wait for.
    pub fn new(name: &str) -> Bar {
        let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::hidden());
        bar.set_style(style(BUSY));
        bar.set_prefix(visible(name));
        let drawer = can_draw().then(|| draw_later(bar.clone()));
        Bar { bar, drawer }
    }

    /// The bar of work on several things, named after the only one or their number.
    pub fn of_several(names: &[String], words: &str) -> Bar {
        let bar = match names {
            [only] => Bar::new(only),
            several => Bar::new(&format!("{} models", several.len())),
        };
        bar.busy(words);
        bar
    }

    /// So many of the processes are done.
    pub fn step(&self, step: Step) {
        self.done(step.done, step.of, &format!("configuration {}", step.configuration + 1));
    }

    /// So many of the pairs of processes are done.
    pub fn pair(&self, done: usize, of: usize) {
        let words = if done < of { "measuring in turns" } else { "comparing outputs" };
        self.done(done, of, words);
    }

    /// So much of a stage is done, from 0 to 1.
    pub fn part(&self, done: f64, words: &str) {
        self.done((done.clamp(0.0, 1.0) * 100.0) as usize, 100, words);
    }

    /// One more of so many is done.
    pub fn another(&self, of: usize, words: &str) {
        self.bar.inc(1);
        self.done(self.bar.position() as usize, of, words);
    }

    /// Something is being done that has no measure.
    pub fn busy(&self, words: &str) {
        self.bar.set_style(style(BUSY));
        self.bar.set_message(words.to_owned());
    }

    fn done(&self, done: usize, of: usize, words: &str) {
        self.bar.set_style(style(MEASURED));
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(words.to_owned());
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    match speaks_unicode() {
        true => style,
        false => style.progress_chars("=> ").tick_chars("|/-\\ "),
    }
}

/// A thread that waits and then draws, so that work which tells nothing for long has a bar too.
fn draw_later(bar: ProgressBar) -> (Sender<()>, JoinHandle<()>) {
    let (ended, wait) = channel();
    let draw = move || {
        if wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(TICK);
        }
    };
    (ended, std::thread::spawn(draw))
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((ended, drawer)) = self.drawer.take() {
            drop(ended);
            // A thread that only drew has nothing to say.
            let _ = drawer.join();
        }
        self.bar.finish_and_clear();
    }
}

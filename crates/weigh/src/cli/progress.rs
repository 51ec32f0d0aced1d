//! A bar for whatever takes over a second, on terminals only.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use weigh_measure::{Phase, Progress};

/// How long nothing is shown.
const PATIENCE: Duration = Duration::from_millis(1000);

/// The bar of one measurement.
pub(crate) struct Bar {
    bar: ProgressBar,
    since: Instant,
    shown: bool,
}

impl Bar {
    /// A bar that appears once there has been something to wait for.
    pub fn new(name: &str) -> Bar {
        let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{prefix}  {msg:<16} {bar:32}  {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(name.to_owned());
        Bar { bar, since: Instant::now(), shown: false }
    }

    /// Moves the bar.
    pub fn update(&mut self, progress: Progress) {
        if !self.shown && self.since.elapsed() > PATIENCE && std::io::stderr().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.shown = true;
        }
        self.bar.set_message(match progress.phase {
            Phase::Load => "loading",
            Phase::First => "first inference",
            Phase::WarmUp => "warming up",
            Phase::Sample => "measuring",
        });
        self.bar.set_position((progress.fraction * 1000.0) as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

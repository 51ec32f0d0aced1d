//! Worker processes of this very program.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use weigh_measure::fleet::Launcher;

use super::{FAILED, INTERRUPTED, Outcome};

/// The argument that makes this program a worker.
pub(crate) const ARGUMENT: &str = "worker";

/// Starts workers of this program until the user presses Ctrl-C. A second Ctrl-C ends everything at once.
pub(crate) fn launcher(patience: Duration) -> anyhow::Result<Launcher> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let cancelled = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&cancelled);
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
    };
    ctrlc::set_handler(handler).context("cannot listen for Ctrl-C")?;
    Ok(Launcher { program, arguments: vec![ARGUMENT.to_owned()], patience, cancelled })
}

/// How a command ends that ran models.
pub(crate) fn ending(launcher: &Launcher, all_good: bool) -> ExitCode {
    match (launcher.is_cancelled(), all_good) {
        (true, _) => ExitCode::from(INTERRUPTED),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(FAILED),
    }
}

/// Is a worker.
pub(crate) fn run() -> Outcome {
    weigh_measure::worker::serve(std::io::stdin().lock(), std::io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}

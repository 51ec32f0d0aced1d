//! Waiting until this process has come to rest.
//!
//! Threads of a pool often spin for a while after their last run, in the hope of more (ONNX Runtime's for some 30 ms).
//! A worker that answered meanwhile would take a processor from the worker that comes next.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long the process is watched at a time.
const GLANCE: Duration = Duration::from_millis(5);
/// It rests if its threads run for less than this part of that time.
const RESTING: f64 = 0.05;
/// Threads that never rest are not waited for.
const PATIENCE: Duration = Duration::from_millis(300);

/// Returns when no thread of this process runs any more, or after [`PATIENCE`]; at once where the system does not tell.
pub(super) fn wait() {
    let begun = Instant::now();
    let Some(mut before) = on_cpu() else { return };
    while begun.elapsed() < PATIENCE {
        let watched = Instant::now();
        sleep(GLANCE);
        let Some(now) = on_cpu() else { return };
        let ran = now.saturating_sub(before).as_secs_f64();
        if ran < RESTING * watched.elapsed().as_secs_f64() {
            return;
        }
        before = now;
    }
}

/// The time that this process's threads have run, all together (Linux: the first figure of `schedstat`, in
/// nanoseconds; Documentation/scheduler/sched-stats.rst).
fn on_cpu() -> Option<Duration> {
    let threads = fs::read_dir("/proc/self/task").ok()?;
    let time = |thread: std::io::Result<fs::DirEntry>| -> Option<u64> {
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    Some(Duration::from_nanos(threads.filter_map(time).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn running_is_seen() {
        let before = on_cpu().unwrap();
        let begun = Instant::now();
        while on_cpu().unwrap() <= before && begun.elapsed() < Duration::from_secs(10) {
            std::hint::spin_loop();
        }
        assert!(on_cpu().unwrap() > before);
        wait();
    }
}

//! Resident memory of this process, as the operating system counts it.

use serde::{Deserialize, Serialize};

/// How much memory a measurement took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryUse {
    /// Resident bytes before the model was loaded.
    pub before_bytes: u64,
    /// Resident bytes with the model loaded and after its last run.
    pub after_bytes: u64,
    /// The most bytes resident at any time of the measurement, or since the process started where the system does
    /// not let the mark be reset.
    pub peak_bytes: u64,
}

impl MemoryUse {
    /// What loading and running the model added to the process: weights, what the engine keeps, and threads. 0
    /// where the process shrank.
    pub fn model_bytes(&self) -> u64 {
        self.after_bytes.saturating_sub(self.before_bytes)
    }
}

/// What is resident at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resident {
    /// Bytes resident now.
    pub(crate) now_bytes: u64,
    /// The most bytes resident since the start or since [`reset_peak`].
    pub(crate) peak_bytes: u64,
}

/// This process's resident memory; `None` on systems without Linux's `/proc`.
pub(crate) fn resident() -> Option<Resident> {
    parse(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// Another process's resident bytes; `None` where it is gone or the system does not tell.
pub(crate) fn resident_of(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    Some(parse(&status)?.now_bytes)
}

/// Lets the peak start anew from what is resident now, where the system allows it (Linux: "5" written to
/// `clear_refs`, proc(5)).
pub(crate) fn reset_peak() {
    if cfg!(target_os = "linux") {
        // A refusal leaves the peak since the start of the process, which is still an upper bound.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
    }
}

/// Reads `VmRSS` and `VmHWM` (high-water mark), given in units of 1024 bytes called kB.
fn parse(status: &str) -> Option<Resident> {
    let bytes = |field: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    };
    Some(Resident { now_bytes: bytes("VmRSS")?, peak_bytes: bytes("VmHWM")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_file_is_read() {
        let status =
            "Name:\tweigh\nVmPeak:\t  999999 kB\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t3\n";
        assert_eq!(parse(status), Some(Resident { now_bytes: 1 << 20, peak_bytes: 2 << 20 }));
        assert_eq!(parse("VmHWM:\t1 kB\n"), None);
        assert_eq!(parse("VmHWM:\tx kB\nVmRSS:\t1 kB\n"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn the_model_is_the_difference() {
        let used = MemoryUse { before_bytes: 10, after_bytes: 70, peak_bytes: 90 };
        assert_eq!(used.model_bytes(), 60);
        assert_eq!(MemoryUse { after_bytes: 5, ..used }.model_bytes(), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_resident() {
        reset_peak();
        let resident = resident().unwrap();
        assert!(resident.now_bytes > 0 && resident.peak_bytes > 0);
    }
}

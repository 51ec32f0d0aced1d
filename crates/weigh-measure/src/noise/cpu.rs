//! `/proc/stat`: what all CPUs together did with their time.

/// Time of all CPUs in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CpuTime {
    /// All of it.
    pub(super) total: u64,
    /// Idle, with nothing waiting for a disk.
    pub(super) idle: u64,
    /// Idle, with something waiting for a disk.
    pub(super) io_wait: u64,
    /// Given to another machine by a hypervisor.
    pub(super) steal: u64,
}

impl CpuTime {
    /// The time in which a process or the system ran on this machine.
    pub(super) fn busy(&self) -> u64 {
        self.total.saturating_sub(self.idle).saturating_sub(self.io_wait).saturating_sub(self.steal)
    }

    /// What passed since then; `None` where a counter went backwards. (The one of waiting for disks does at times,
    /// as proc(5) warns; it then counts as none.)
    pub(super) fn since(&self, before: &CpuTime) -> Option<CpuTime> {
        Some(CpuTime {
            total: self.total.checked_sub(before.total)?,
            idle: self.idle.checked_sub(before.idle)?,
            io_wait: self.io_wait.saturating_sub(before.io_wait),
            steal: self.steal.checked_sub(before.steal)?,
        })
    }

    /// That many ticks as a share of all; `None` where no time passed.
    pub(super) fn share(&self, ticks: u64) -> Option<f64> {
        (self.total > 0).then(|| ticks as f64 / self.total as f64)
    }
}

/// Reads the line of all CPUs: user, nice, system, idle, iowait, irq, softirq, steal. What follows (guest time) is in
/// user time already.
pub(super) fn parse(stat: &str) -> Option<CpuTime> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> =
        line.split_whitespace().take(8).map(|field| field.parse().ok()).collect::<Option<_>>()?;
    let &[_, _, _, idle, io_wait, _, _, steal] = ticks.as_slice() else {
        return None;
    };
    let total = ticks.iter().try_fold(0u64, |sum, &ticks| sum.checked_add(ticks))?;
    Some(CpuTime { total, idle, io_wait, steal })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "cpu  100 20 30 800 40 5 5 10 7 0\ncpu0 50 10 15 400 20 2 3 5 3 0\nintr 12345\n";

    #[test]
    fn the_line_of_all_cpus_is_read() {
        // 100 + 20 + 30 + 800 + 40 + 5 + 5 + 10; guest time is not added.
        let time = parse(STAT).unwrap();
        assert_eq!(time, CpuTime { total: 1010, idle: 800, io_wait: 40, steal: 10 });
        assert_eq!(time.busy(), 160);
    }

    #[test]
    fn anything_else_is_not() {
        for text in ["", "cpu0 1 2 3 4 5 6 7 8\n", "cpu  1 2 3 4\n", "cpu  1 2 3 x 5 6 7 8\n"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&format!("cpu  {0} {0} 0 0 0 0 0 0\n", u64::MAX)), None);
    }

    #[test]
    fn a_counter_that_goes_backwards_tells_nothing() {
        let after = parse(STAT).unwrap();
        assert_eq!(after.since(&CpuTime { idle: 801, ..after }), None);
        assert_eq!(after.since(&CpuTime { io_wait: 41, ..after }).unwrap().io_wait, 0);
        assert_eq!(after.since(&after).unwrap().share(0), None);
    }
}

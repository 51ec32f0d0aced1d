//! `/proc/self`: this process's CPU time, page faults and switches between threads.

/// Counters of the whole process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProcessTime {
    /// CPU time of all threads, in the same ticks as `/proc/stat`.
    pub(super) ticks: u64,
    /// Pages given without reading a disk.
    pub(super) minor_faults: u64,
    /// Pages read from a disk.
    pub(super) major_faults: u64,
}

impl ProcessTime {
    /// What was added since then; `None` where a counter went backwards.
    pub(super) fn since(&self, before: &ProcessTime) -> Option<ProcessTime> {
        Some(ProcessTime {
            ticks: self.ticks.checked_sub(before.ticks)?,
            minor_faults: self.minor_faults.checked_sub(before.minor_faults)?,
            major_faults: self.major_faults.checked_sub(before.major_faults)?,
        })
    }
}

/// Reads `/proc/self/stat`. Its second field is the program's name in parentheses and may hold anything; the third
/// follows the last parenthesis. Fields 10, 12, 14 and 15 are minflt, majflt, utime and stime.
pub(super) fn parse_stat(stat: &str) -> Option<ProcessTime> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(ProcessTime {
        ticks: field(14)?.checked_add(field(15)?)?,
        minor_faults: field(10)?,
        major_faults: field(12)?,
    })
}

/// How often threads gave up their CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Switches {
    pub(super) voluntary: u64,
    pub(super) involuntary: u64,
}

impl Switches {
    /// What was added since then; `None` where it is less, as threads with more to their account have ended.
    pub(super) fn since(&self, before: &Switches) -> Option<Switches> {
        Some(Switches {
            voluntary: self.voluntary.checked_sub(before.voluntary)?,
            involuntary: self.involuntary.checked_sub(before.involuntary)?,
        })
    }

    fn plus(self, other: Switches) -> Option<Switches> {
        Some(Switches {
            voluntary: self.voluntary.checked_add(other.voluntary)?,
            involuntary: self.involuntary.checked_add(other.involuntary)?,
        })
    }
}

/// The switches of all threads that there are.
pub(super) fn switches() -> Option<Switches> {
    let threads = std::fs::read_dir("/proc/self/task").ok()?;
    // A thread may end between being listed and being read.
    let texts =
        threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("status")).ok());
    sum(texts)
}

/// Adds up the status files of threads; `None` of none.
fn sum(mut texts: impl Iterator<Item = String>) -> Option<Switches> {
    let first = parse_status(&texts.next()?)?;
    texts.try_fold(first, |sum, text| sum.plus(parse_status(&text)?))
}

fn parse_status(status: &str) -> Option<Switches> {
    let count = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().parse().ok()
    };
    Some(Switches {
        voluntary: count("voluntary_ctxt_switches")?,
        involuntary: count("nonvoluntary_ctxt_switches")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_whatever_the_program_is_called() {
        let stat = "42 (a) S (b) R 1 42 42 0 -1 4194304 1500 2 3 4 120 30 5 6 20 0 8 0 12345 1 2 3\n";
        let time = ProcessTime { ticks: 150, minor_faults: 1500, major_faults: 3 };
        assert_eq!(parse_stat(stat), Some(time));
        assert_eq!(time.since(&ProcessTime { ticks: 151, ..time }), None);
    }

    #[test]
    fn a_short_or_strange_stat_is_not_read() {
        for text in ["", "42 (weigh", "42 (weigh) R 1 42", "42 (w) R 1 42 42 0 -1 0 x 2 3 4 120 30"] {
            assert_eq!(parse_stat(text), None, "{text}");
        }
    }

    #[test]
    fn switches_of_threads_add_up() {
        let status = |a: u64, b: u64| {
            format!("Name:\tweigh\nvoluntary_ctxt_switches:\t{a}\nnonvoluntary_ctxt_switches:\t{b}\n")
        };
        let sum_of = |texts: &[String]| sum(texts.iter().cloned());
        let expected = Switches { voluntary: 13, involuntary: 7 };
        assert_eq!(sum_of(&[status(10, 5), status(3, 2)]), Some(expected));
        assert_eq!(sum_of(&[]), None);
        assert_eq!(sum_of(&[status(1, 1), "Name:\tweigh\n".to_owned()]), None);
        assert_eq!(expected.since(&Switches { voluntary: 14, involuntary: 0 }), None);
    }
}

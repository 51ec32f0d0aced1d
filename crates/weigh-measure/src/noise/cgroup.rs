//! The control group this process is in, of version 1 or 2, and how often it was throttled there (cgroups(7)).

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

const MOUNT: &str = "/sys/fs/cgroup";

/// Time in which this control group was not allowed to run, having used up its share of the CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Throttling {
    /// How many of the scheduler's periods ended that way.
    pub periods: u64,
    /// For how long in milliseconds, added up over CPUs.
    pub ms: f64,
}

impl Throttling {
    /// What was added since then; `None` where a counter went backwards.
    pub(super) fn since(&self, before: &Throttling) -> Option<Throttling> {
        let periods = self.periods.checked_sub(before.periods)?;
        (self.ms >= before.ms).then_some(Throttling { periods, ms: self.ms - before.ms })
    }
}

/// Where files of this process's control group may be, the likeliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    folders: Vec<PathBuf>,
}

/// The control group that governs this process's CPU time.
pub(super) fn of_this_process() -> Group {
    let memberships = super::read("/proc/self/cgroup").unwrap_or_default();
    Group { folders: folders(&memberships) }
}

impl Group {
    /// The text of one of the group's files.
    pub(super) fn read(&self, name: &str) -> Option<String> {
        self.folders.iter().find_map(|folder| std::fs::read_to_string(folder.join(name)).ok())
    }

    pub(super) fn throttling(&self) -> Option<Throttling> {
        parse_throttling(&self.read("cpu.stat")?)
    }
}

/// Reads lines `number:controllers:path` of `/proc/self/cgroup`. Version 2 has number 0 and no controllers; version 1
/// mounts each set of controllers by its own name. Within a container the path may be one of the host's that is not
/// to be seen there; the mount's own folder is then the container's.
fn folders(memberships: &str) -> Vec<PathBuf> {
    let fields = memberships.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        rest.split_once(':')
    });
    let mut folders = Vec::new();
    for (controllers, path) in fields {
        let mount = match controllers {
            "" => PathBuf::from(MOUNT),
            names if names.split(',').any(|name| name == "cpu") => PathBuf::from(MOUNT).join(names),
            _ => continue,
        };
        let inside = mount.join(path.trim_start_matches('/'));
        folders.push(inside);
        folders.push(mount);
    }
    folders.dedup();
    folders
}

/// Reads `cpu.stat`: microseconds in `throttled_usec` (version 2) or nanoseconds in `throttled_time` (version 1). A
/// group without a limit has neither in version 2.
fn parse_throttling(stat: &str) -> Option<Throttling> {
    let count = |name: &str| -> Option<u64> {
        let line = stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        line.trim().parse().ok()
    };
    let ms = match count("throttled_usec") {
        Some(microseconds) => microseconds as f64 / 1e3,
        None => count("throttled_time")? as f64 / 1e6,
    };
    Some(Throttling { periods: count("nr_throttled")?, ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_cpu_stat_are_read() {
        let second = "usage_usec 9000\nuser_usec 8000\nsystem_usec 1000\nnr_periods 50\nnr_throttled 4\nthrottled_usec 230000\n";
        assert_eq!(parse_throttling(second), Some(Throttling { periods: 4, ms: 230.0 }));
        let first = "nr_periods 50\nnr_throttled 4\nthrottled_time 230000000\n";
        assert_eq!(parse_throttling(first), Some(Throttling { periods: 4, ms: 230.0 }));
        assert_eq!(parse_throttling("usage_usec 9000\nuser_usec 8000\n"), None);
        assert_eq!(parse_throttling("nr_throttled x\nthrottled_usec 1\n"), None);
    }

    #[test]
    fn what_was_added() {
        let (before, after) = (Throttling { periods: 1, ms: 10.0 }, Throttling { periods: 3, ms: 40.0 });
        assert_eq!(after.since(&before), Some(Throttling { periods: 2, ms: 30.0 }));
        assert_eq!(before.since(&after), None);
    }

    #[test]
    fn groups_of_both_versions_are_found() {
        let paths = |memberships: &str| -> Vec<String> {
            folders(memberships).iter().map(|folder| folder.to_string_lossy().into_owned()).collect()
        };
        assert_eq!(
            paths("0::/user.slice/session.scope\n"),
            ["/sys/fs/cgroup/user.slice/session.scope", "/sys/fs/cgroup"]
        );
        assert_eq!(
            paths("4:memory:/a\n3:cpu,cpuacct:/docker/b\n2:cpuset:/c\n"),
            ["/sys/fs/cgroup/cpu,cpuacct/docker/b", "/sys/fs/cgroup/cpu,cpuacct"]
        );
        assert!(paths("").is_empty() && paths("nonsense\n").is_empty());
    }
}

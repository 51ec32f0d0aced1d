//! How much processor time the control group of this process may use (Linux).

use std::fs;
use std::path::{Path, PathBuf};

const MOUNT: &str = "/sys/fs/cgroup";

/// The lowest quota of this process's control groups, in processors: 1.5 are 150 ms of processor time every 100 ms.
/// `None` without one.
pub(crate) fn detect() -> Option<f64> {
    lowest(&fs::read_to_string("/proc/self/cgroup").ok()?, Path::new(MOUNT))
}

/// The lowest quota from the groups that `/proc/self/cgroup` names up to the mount. Version 2 has one hierarchy
/// (`0::/path`), version 1 one for each set of controllers (`4:cpu,cpuacct:/path`); in a container the path may be one
/// that is not to be seen, and the mount itself is the container's group.
fn lowest(memberships: &str, mount: &Path) -> Option<f64> {
    let fields = memberships.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
    let mut lowest: Option<f64> = None;
    for (controllers, path) in fields {
        let root = match controllers {
            "" => mount.to_owned(),
            _ if controllers.split(',').any(|name| name == "cpu") => mount.join(controllers),
            _ => continue,
        };
        let mut folder: PathBuf = root.join(path.trim_start_matches('/'));
        loop {
            let text = |name| fs::read_to_string(folder.join(name)).ok();
            let here = text("cpu.max")
                .and_then(|text| version_2(&text))
                .or_else(|| version_1(&text("cpu.cfs_quota_us")?, &text("cpu.cfs_period_us")?));
            lowest = match (lowest, here) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            if folder == root || !folder.starts_with(&root) || !folder.pop() {
                break;
            }
        }
    }
    lowest
}

/// `200000 100000`, or `max 100000` for none.
fn version_2(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    version_1(quota, period)
}

/// Two numbers of microseconds; a quota of -1 is none.
fn version_1(quota: &str, period: &str) -> Option<f64> {
    let [quota, period]: [f64; 2] = [quota.trim().parse().ok()?, period.trim().parse().ok()?];
    Some(quota / period).filter(|processors| processors.is_finite() && *processors > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas() {
        assert_eq!(version_2("150000 100000\n"), Some(1.5));
        assert_eq!(version_2("max 100000\n"), None);
        assert_eq!(version_1("200000\n", "100000\n"), Some(2.0));
        assert_eq!(version_1("-1\n", "100000\n"), None);
        assert_eq!(version_1("1\n", "0\n"), None);
    }

    #[test]
    fn the_lowest_of_nested_groups_counts() {
        let mount = std::env::temp_dir().join(format!("weigh-quota-{}", std::process::id()));
        let inner = mount.join("outer/inner");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("cpu.max"), "max 100000\n").unwrap();
        fs::write(mount.join("outer/cpu.max"), "150000 100000\n").unwrap();
        assert_eq!(lowest("0::/outer/inner\n", &mount), Some(1.5));
        assert_eq!(lowest("0::/elsewhere\n1:memory:/outer\n", &mount), None);
        let first = mount.join("cpu,cpuacct");
        fs::create_dir_all(&first).unwrap();
        fs::write(first.join("cpu.cfs_quota_us"), "50000\n").unwrap();
        fs::write(first.join("cpu.cfs_period_us"), "100000\n").unwrap();
        assert_eq!(lowest("4:cpu,cpuacct:/not/seen\n0::/outer\n", &mount), Some(0.5));
        fs::remove_dir_all(&mount).unwrap();
    }
}

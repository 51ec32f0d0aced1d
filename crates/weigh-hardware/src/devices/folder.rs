//! Where users keep devices of their own, and reading what is there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::DeviceError;

/// The most bytes that a file of devices may have.
const MOST_BYTES: u64 = 4 << 20;

/// The folder of the user's own devices: `weigh/devices` in `$XDG_CONFIG_HOME`, else in `~/.config`. `None` where
/// neither is known. It need not exist.
pub fn config_folder() -> Option<PathBuf> {
    // The XDG specification wants relative paths ignored.
    let given = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let config = given.or_else(|| Some(std::env::home_dir()?.join(".config")))?;
    Some(config.join("weigh").join("devices"))
}

/// The files `*.toml` of a folder, sorted by name; none where there is no such folder.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, DeviceError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let paths: Result<Vec<PathBuf>, io::Error> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(|error| unreadable(folder, &error))?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    paths.sort();
    Ok(paths)
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, DeviceError> {
    let size = fs::metadata(path).map_err(|error| unreadable(path, &error))?.len();
    if size > MOST_BYTES {
        return Err(unreadable(path, &io::Error::other("it is larger than 4 MiB")));
    }
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> DeviceError {
    let hint = "a file of devices is TOML; see docs/devices.md";
    DeviceError::new(path.display().to_string(), None, "", format!("cannot be read: {error}"), hint)
}

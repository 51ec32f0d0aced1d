//! Folders that are made once for each state of what they are made from.

use std::path::Path;

use anyhow::{Context, Result};

/// Make a folder anew, unless it was made by what is `wanted` now.
pub fn make(folder: &Path, wanted: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let stamp = folder.join("made-by.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        println!("{} is up to date", folder.display());
        return Ok(());
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fill(folder)?;
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

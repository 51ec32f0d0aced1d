//! Where things are: the repository, what cargo builds, what corpora download or make.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Where cargo builds, and where everything that is made or downloaded lives.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Where everything lives that a corpus downloads or makes.
pub fn corpus_folder() -> PathBuf {
    target().join("corpus")
}

//! Why a history cannot be read or written, and what to do about it.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// What went wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such file.
    #[error("there is no history at {}", path.display())]
    Missing {
        /// Which file.
        path: PathBuf,
    },
    /// The file, or its folder, cannot be made, read or written.
    #[error("the history {} cannot be used: {why}", path.display())]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// Another process has been writing for too long.
    #[error("the history {} is in use by another process", path.display())]
    Busy {
        /// Which file.
        path: PathBuf,
    },
    /// The file is damaged, or something else.
    #[error("{} is no history of weigh: {why}", path.display())]
    NotOne {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A newer weigh made it.
    #[error("{} was made by a newer weigh: its schema is version {found}, this one reads up to {known}", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
}

impl StoreError {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            StoreError::Missing { .. } => "keep measurements with `weigh measure MODEL --save`",
            StoreError::Unusable { .. } => "name a file in a folder that can be written: --history FILE",
            StoreError::Busy { .. } => "try again when the other weigh is done",
            StoreError::NotOne { .. } => {
                "move the file away, and the next --save begins a new history; or name another: --history FILE"
            }
            StoreError::Newer { .. } => "use the newer weigh, or another file: --history FILE",
        }
    }

    pub(crate) fn not_one(path: &Path, why: impl Into<String>) -> StoreError {
        StoreError::NotOne { path: path.to_owned(), why: why.into() }
    }

    pub(crate) fn io(path: &Path, error: &std::io::Error) -> StoreError {
        match error.kind() {
            std::io::ErrorKind::NotFound => StoreError::Missing { path: path.to_owned() },
            _ => StoreError::Unusable { path: path.to_owned(), why: error.to_string() },
        }
    }

    /// What an error of SQLite means.
    pub(crate) fn of(path: &Path, error: &rusqlite::Error) -> StoreError {
        let path = path.to_owned();
        let why = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path },
            Some(
                ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::DiskFull
                | ErrorCode::PermissionDenied
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory,
            ) => StoreError::Unusable { path, why },
            _ => StoreError::NotOne { path, why },
        }
    }
}

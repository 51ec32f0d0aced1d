//! The file that a calibration is kept in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use weigh_hardware::Machine;
use weigh_hardware::ceilings::Ceilings;
use weigh_hardware::devices::config_folder;
use weigh_predict::calibrated::EngineCalibration;

/// The name and version of the file's format.
const SCHEMA: &str = "weigh.calibration/1";

/// The most bytes that a calibration may have.
const MOST_BYTES: u64 = 64 << 20;

/// What is known about this machine by measuring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    schema: String,
    /// What arithmetic and memory can do at most; its fingerprint is the machine's, its date the calibration's.
    pub ceilings: Ceilings,
    /// Engines that were timed.
    pub engines: Vec<EngineCalibration>,
}

/// Why a calibration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// It holds something else.
    #[error("{} is no calibration: {why}", path.display())]
    NotOne {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It is of another machine.
    #[error("{} is of another machine: {}", path.display(), differences.join("; "))]
    OtherMachine {
        /// Which file.
        path: PathBuf,
        /// What differs, in words.
        differences: Vec<String>,
    },
}

impl CalibrationError {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        "run `weigh hardware calibrate` on this machine; it takes some three minutes"
    }
}

impl Calibration {
    /// A calibration of this machine's ceilings and of these engines.
    pub fn new(ceilings: Ceilings, engines: Vec<EngineCalibration>) -> Calibration {
        Calibration { schema: SCHEMA.to_owned(), ceilings, engines }
    }

    /// Where the user's calibration is kept: `weigh/calibration.json` in `$XDG_CONFIG_HOME`, else in `~/.config`.
    pub fn usual_path() -> Option<PathBuf> {
        Some(config_folder()?.parent()?.join("calibration.json"))
    }

    /// The calibration in a file; `None` where there is no such file.
    ///
    /// # Errors
    /// See [`CalibrationError`]; one that was made on a machine other than this is refused.
    pub fn load(path: &Path, machine: &Machine) -> Result<Option<Calibration>, CalibrationError> {
        let failed = |source| CalibrationError::Io { path: path.to_owned(), source };
        let not_one = |why: String| CalibrationError::NotOne { path: path.to_owned(), why };
        match fs::metadata(path) {
            Ok(found) if found.len() > MOST_BYTES => {
                return Err(not_one("it is larger than 64 MiB".to_owned()));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        }
        let bytes = fs::read(path).map_err(failed)?;
        let read: Calibration = serde_json::from_slice(&bytes).map_err(|error| not_one(error.to_string()))?;
        if read.schema != SCHEMA {
            return Err(not_one(format!("its schema is '{}', not '{SCHEMA}'", read.schema)));
        }
        let Some(fingerprint) = &read.ceilings.fingerprint else {
            return Err(not_one("it does not say of which machine it is".to_owned()));
        };
        let differences = fingerprint.differences(&machine.fingerprint());
        match differences.is_empty() {
            true => Ok(Some(read)),
            false => Err(CalibrationError::OtherMachine { path: path.to_owned(), differences }),
        }
    }

    /// Writes it, its folder too.
    ///
    /// # Errors
    /// [`CalibrationError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), CalibrationError> {
        let failed = |source| CalibrationError::Io { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let text = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
        fs::write(path, text).map_err(failed)
    }

    /// The timed kernels of an engine at a number of threads.
    pub fn engine(&self, name: &str, threads: usize) -> Option<&EngineCalibration> {
        self.engines.iter().find(|engine| engine.engine == name && engine.threads == threads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_read_back_here_and_refused_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let (path, machine) = (folder.path().join("new").join("calibration.json"), Machine::detect());
        assert!(Calibration::load(&path, &machine).unwrap().is_none());
        let ceilings = Ceilings { fingerprint: Some(machine.fingerprint()), ..Ceilings::default() };
        let made = Calibration::new(ceilings, Vec::new());
        made.save(&path).unwrap();
        assert_eq!(Calibration::load(&path, &machine).unwrap(), Some(made));

        let other = Machine { cpu: "another".to_owned(), ..machine };
        let refused = Calibration::load(&path, &other).unwrap_err();
        assert!(refused.to_string().contains("another machine"), "{refused}");

        fs::write(&path, r#"{"schema":"weigh.report/1"}"#).unwrap();
        assert!(matches!(Calibration::load(&path, &other), Err(CalibrationError::NotOne { .. })));
    }
}

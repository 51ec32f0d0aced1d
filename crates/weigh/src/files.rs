//! Model files as bytes: read whole, and written so that nobody finds half of one.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};

use weigh_formats::onnx::{self, Weights, WriteError, WriteOptions};

use crate::Opened;
use crate::open::map;

/// Why there are no bytes of a model.
#[derive(Debug, thiserror::Error)]
pub enum NoBytes {
    /// The model file cannot be read.
    #[error("cannot read the model's file")]
    Io(#[source] io::Error),
    /// The model of the zoo cannot be written.
    #[error(transparent)]
    Zoo(#[from] WriteError),
}

impl NoBytes {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            NoBytes::Io(_) => "check that the file is still there and may be read",
            NoBytes::Zoo(error) => error.hint(),
        }
    }
}

/// What the user can do where a file cannot be written.
pub(crate) const CANNOT_WRITE: &str = "check that the folder exists, may be written to and has room";

/// The bytes of the model's file; a model of the zoo is written into memory.
pub(crate) fn bytes(opened: &Opened, weights: Weights) -> Result<Box<dyn Deref<Target = [u8]>>, NoBytes> {
    match &opened.file {
        Some(file) => {
            let mapped = File::open(file).and_then(|file| map(&file)).map_err(NoBytes::Io)?;
            Ok(Box::new(mapped))
        }
        None => Ok(Box::new(onnx::write(&opened.model, &WriteOptions { weights })?)),
    }
}

/// The path with something behind its name.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A file that gets its name when it is complete, and goes away if it never is. So a model can be rewritten in place.
pub(crate) struct Unfinished {
    pub(crate) out: BufWriter<File>,
    at: PathBuf,
    to: PathBuf,
    is_finished: bool,
}

impl Unfinished {
    pub(crate) fn new(to: &Path) -> io::Result<Unfinished> {
        let at = with_ending(to, ".partial");
        let out = BufWriter::new(File::create(&at)?);
        Ok(Unfinished { out, at, to: to.to_owned(), is_finished: false })
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        fs::rename(&self.at, &self.to)?;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_finished {
            // Nothing can be done where even that fails.
            let _ = fs::remove_file(&self.at);
        }
    }
}

//! Loading: from a file to what is in it. A decoder for each kind of file.
//!
//! Files are hostile until decoded: every size is checked before memory is taken for it, and a decoder that panics
//! is an error.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use weigh_engine::Tensor;

use crate::images::Picture;
use crate::{DataError, Recipe};

mod image;
mod npy;
mod npz;
mod wav;

/// The most bytes that one file may have, and that it may decode to: 1 GiB.
const MAX_BYTES: u64 = 1 << 30;
/// The most bytes that one text may have: 16 MiB.
pub(crate) const MAX_TEXT_BYTES: u64 = 16 << 20;

/// What was in a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Loaded {
    /// An RGB picture.
    Picture(Picture),
    /// An array.
    Array(Tensor),
    /// Arrays with names.
    Arrays(Vec<(String, Tensor)>),
    /// A recording.
    Recording(Recording),
    /// A text.
    Text(String),
}

/// A recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Samples per second in each channel.
    pub rate: u32,
    /// Channels; at least 1.
    pub channels: usize,
    /// The samples in \[−1, 1], the channels of one moment side by side.
    pub samples: Vec<f32>,
}

/// What a file holds, by the ending of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Picture,
    Array,
    Arrays,
    Recording,
    /// One text a line.
    Lines,
    /// One text.
    Text,
}

/// The endings of names, in lower case.
const ENDINGS: [(&str, Kind); 10] = [
    ("jpg", Kind::Picture),
    ("jpeg", Kind::Picture),
    ("png", Kind::Picture),
    ("webp", Kind::Picture),
    ("npy", Kind::Array),
    ("npz", Kind::Arrays),
    ("wav", Kind::Recording),
    ("txt", Kind::Lines),
    ("text", Kind::Text),
    ("md", Kind::Text),
];

impl Kind {
    /// The kind of a file, where its name tells.
    pub(crate) fn of(path: &Path) -> Option<Kind> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        ENDINGS.iter().find(|row| row.0 == ending).map(|row| row.1)
    }

    /// Whether the recipe can do something with it.
    pub(crate) fn suits(self, recipe: &Recipe) -> bool {
        match recipe {
            Recipe::Image(_) => self == Kind::Picture,
            Recipe::Sound(_) => self == Kind::Recording,
            Recipe::Text(_) => matches!(self, Kind::Lines | Kind::Text),
            Recipe::Raw {} => matches!(self, Kind::Picture | Kind::Array | Kind::Arrays),
        }
    }
}

/// The endings of the files that a recipe takes, e.g. `.jpg, .png`.
pub(crate) fn endings(recipe: &Recipe) -> String {
    let suiting = ENDINGS.iter().filter(|row| row.1.suits(recipe));
    suiting.map(|row| format!(".{}", row.0)).collect::<Vec<_>>().join(", ")
}

/// What one inference reads for one place of its batch: a file, or a line of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) path: Arc<Path>,
    pub(crate) kind: Kind,
    /// Where it lies in the file and how long it is, in bytes; `None` for the whole file.
    pub(crate) span: Option<(u64, u64)>,
}

impl Item {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads and decodes one item.
pub(crate) fn load(item: &Item) -> Result<Loaded, DataError> {
    let path = item.path();
    let work = || match item.kind {
        Kind::Picture => image::decode(&read(path)?).map(Loaded::Picture),
        Kind::Array => npy::decode(&read(path)?).map(Loaded::Array),
        Kind::Arrays => npz::decode(&read(path)?).map(Loaded::Arrays),
        Kind::Recording => wav::decode(&read(path)?).map(Loaded::Recording),
        Kind::Lines | Kind::Text => {
            read_part(path, item.span, MAX_TEXT_BYTES).and_then(text).map(Loaded::Text)
        }
    };
    let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(broken("its decoder gave up")));
    outcome.map_err(|error| DataError::file(path, &error, error.hint()))
}

/// A text file as a whole.
pub(crate) fn read_text(path: &Path, limit: u64) -> Result<String, DataError> {
    let whole = read_part(path, None, limit).and_then(text);
    whole.map_err(|error| DataError::file(path, &error, error.hint()))
}

fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    read_part(path, None, MAX_BYTES)
}

/// A file, or so many bytes from a place in it. Errors do not name it.
fn read_part(path: &Path, span: Option<(u64, u64)>, limit: u64) -> Result<Vec<u8>, DataError> {
    let (mut file, size) = open(path)?;
    let (start, length) = span.unwrap_or((0, size));
    if length > limit {
        return Err(DataError::new(
            format!("{length} bytes are more than the limit of {limit}"),
            "use smaller files",
        ));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.seek(SeekFrom::Start(start))
        .and_then(|_| file.take(length).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    Ok(bytes)
}

/// A file that is one, and its size. Errors do not name it.
pub(crate) fn open(path: &Path) -> Result<(File, u64), DataError> {
    // Asked before it is opened: opening a pipe waits for its other end.
    let about = path.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(DataError::new("not a file", "name a file, or a folder of files"));
    }
    Ok((File::open(path).map_err(unreadable)?, about.len()))
}

pub(crate) fn unreadable(error: std::io::Error) -> DataError {
    DataError::new(format!("cannot be read: {error}"), "check the path, and that the file may be read")
}

/// The error of a decoder.
fn broken(reason: impl std::fmt::Display) -> DataError {
    DataError::new(reason.to_string(), "check that the file is whole, or leave it out")
}

fn text(bytes: Vec<u8>) -> Result<String, DataError> {
    let wrong = |error: std::string::FromUtf8Error| {
        let at = error.utf8_error().valid_up_to();
        DataError::new(format!("no UTF-8 text: wrong from byte {at} on"), "save it as UTF-8")
    };
    String::from_utf8(bytes).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_tell_the_kind() {
        assert_eq!(Kind::of(Path::new("a/B.JPeG")), Some(Kind::Picture));
        assert_eq!(Kind::of(Path::new("a.tar.npz")), Some(Kind::Arrays));
        assert_eq!(Kind::of(Path::new("jpg")), None);
        assert_eq!(endings(&Recipe::named("wav16k").unwrap()), ".wav");
        assert_eq!(endings(&Recipe::named("raw").unwrap()), ".jpg, .jpeg, .png, .webp, .npy, .npz");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, b"ok \xff").unwrap();
        let error = read_text(&path, 9).unwrap_err().to_string();
        assert_eq!(error, format!("{}: no UTF-8 text: wrong from byte 3 on", path.display()));
        assert!(
            read_text(&path, 3).unwrap_err().to_string().contains("4 bytes are more than the limit of 3")
        );
        assert!(read_text(folder.path(), 9).unwrap_err().to_string().ends_with("not a file"));
        assert!(
            read_text(&folder.path().join("none"), 9).unwrap_err().to_string().contains("cannot be read")
        );
    }
}

//! From what the user names, a path or `zoo:NAME`, to a graph.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use weigh_formats::{FormatError, Surroundings};
use weigh_ir::Model;

/// A model that has been read.
#[derive(Debug)]
pub struct Opened {
    /// What the user called it.
    pub path: String,
    /// A short name: of the file, or in the zoo.
    pub name: String,
    /// The graph.
    pub model: Model,
    /// Where it was read from; `None` for a model of the zoo.
    pub file: Option<PathBuf>,
    /// Bytes on disk, files of external data included.
    pub file_bytes: Option<u64>,
}

/// Why a model could not be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing has this path.
    #[error("there is no such file")]
    NoFile(String),
    /// The file cannot be opened.
    #[error("cannot open the file")]
    Io(#[source] io::Error),
    /// The path is a folder or a device.
    #[error("not a file")]
    NotAFile,
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is what weigh itself wrote.
    #[error("a saved report, and no model")]
    Report,
    /// What is in it is no readable model.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The zoo has no such model.
    #[error("the zoo has no '{0}'")]
    NotInZoo(String),
}

impl OpenError {
    /// What the user can do about it.
    pub fn hint(&self) -> String {
        match self {
            OpenError::NoFile(path) => closest(path).filter(|_| is_plain_name(path)).map_or_else(
                || "check the path; `weigh zoo list` names the models that need no file".to_owned(),
                meant,
            ),
            OpenError::Io(_) => "check that the file may be read".to_owned(),
            OpenError::NotAFile => "name the model file inside the folder, for example model.onnx".to_owned(),
            OpenError::Empty => "the export or download did not finish: make it again".to_owned(),
            OpenError::Report => {
                "`weigh render FILE` shows it again; `weigh compare`, `plan` and `check` take it too"
                    .to_owned()
            }
            OpenError::Format(error) => error.hint().to_owned(),
            OpenError::NotInZoo(name) => {
                closest(name).map_or_else(|| "`weigh zoo list` names all".to_owned(), meant)
            }
        }
    }
}

/// What to say where a name of the zoo is so close that it was meant.
fn meant(close: &str) -> String {
    format!("did you mean zoo:{close}? `weigh zoo list` names all")
}

/// Whether this names neither a folder nor a kind of file.
fn is_plain_name(path: &str) -> bool {
    !path.contains(['/', '\\', '.', ':'])
}

/// The name in the zoo that is most like what was asked for, but for dashes.
fn closest(name: &str) -> Option<&'static str> {
    /// From this similarity on (1 less the share of letters to change, 1 is equal) a name is a suggestion.
    const SIMILAR: f64 = 0.6;
    let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(name);
    let score = |other: &str| strsim::normalized_damerau_levenshtein(&wanted, &plain(other));
    let scored = weigh_zoo::ENTRIES.iter().map(|entry| (score(entry.name), entry.name));
    let (score, best) = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (score >= SIMILAR).then_some(best)
}

/// Opens a model: a path, or `zoo:NAME`.
///
/// # Errors
/// See [`OpenError`].
pub fn open(path: &str) -> Result<Opened, OpenError> {
    match path.strip_prefix("zoo:") {
        Some(name) => from_zoo(path, name),
        None => from_file(path),
    }
}

fn from_zoo(path: &str, name: &str) -> Result<Opened, OpenError> {
    let entry = weigh_zoo::find(name).ok_or_else(|| OpenError::NotInZoo(name.to_owned()))?;
    let model = (entry.build)(&weigh_zoo::Options::default());
    Ok(Opened { path: path.to_owned(), name: name.to_owned(), model, file: None, file_bytes: None })
}

fn from_file(path: &str) -> Result<Opened, OpenError> {
    let file = PathBuf::from(path);
    let handle = File::open(&file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => OpenError::NoFile(path.to_owned()),
        _ => OpenError::Io(error),
    })?;
    let metadata = handle.metadata().map_err(OpenError::Io)?;
    if !metadata.is_file() {
        return Err(OpenError::NotAFile);
    }
    if metadata.len() == 0 {
        return Err(OpenError::Empty);
    }
    let bytes = contents(&handle, metadata.len())?;
    if is_report(&bytes) {
        return Err(OpenError::Report);
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let external_size = |name: &str| {
        folder.join(name).metadata().ok().filter(|found| found.is_file()).map(|found| found.len())
    };
    let model = weigh_formats::read(&bytes, &Surroundings { external_size: &external_size })?;
    let beside: u64 = external_files(&model).iter().filter_map(|name| external_size(name)).sum();
    let name = file.file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned());
    let file_bytes = Some(metadata.len().saturating_add(beside));
    Ok(Opened { path: path.to_owned(), name, model, file: Some(file), file_bytes })
}

/// The files of external data that a model refers to and that lie beside it.
pub(crate) fn external_files<'a>(model: &'a Model) -> BTreeSet<&'a str> {
    let external = |tensor: &'a weigh_ir::Tensor| match &tensor.stored.as_ref()?.place {
        weigh_ir::Place::External { path, .. } if is_beside(path) => Some(&**path),
        _ => None,
    };
    model.tensors.iter().filter_map(external).collect()
}

/// Whether a path of external data stays in the model's folder.
pub(crate) fn is_beside(path: &str) -> bool {
    !path.is_empty() && !Path::new(path).is_absolute() && !path.split(['/', '\\']).any(|part| part == "..")
}

/// Whether these are the first bytes of a report.
fn is_report(bytes: &[u8]) -> bool {
    let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    begin.trim_start().starts_with('{') && begin.contains("\"weigh.report/")
}

/// Files of fewer bytes are read, which is faster than to map them.
const SMALL: u64 = 64 << 10;

/// The bytes of a file.
fn contents(file: &File, length: u64) -> Result<Box<dyn Deref<Target = [u8]>>, OpenError> {
    if length >= SMALL {
        return Ok(Box::new(map(file).map_err(OpenError::Io)?));
    }
    let mut bytes = Vec::with_capacity(length as usize);
    file.take(length).read_to_end(&mut bytes).map_err(OpenError::Io)?;
    Ok(Box::new(bytes))
}

/// Maps a file into memory, so that only the pages that are looked at are ever read.
#[allow(unsafe_code)]
pub(crate) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the map is only read. Another process that shortens the file while it is mapped can make a read
    // fail with a bus error; that is the price every tool pays that does not copy gigabytes of weights.
    unsafe { Mmap::map(file) }
}

//! The files that data come from.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::{self, Item, Kind, MAX_TEXT_BYTES, unreadable};
use crate::{DataError, Recipe};

/// The most items of one source.
const MAX_ITEMS: usize = 1 << 20;

/// The files that data come from, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    items: Vec<Item>,
    skipped: BTreeMap<String, usize>,
}

impl Source {
    /// A file, or the files of a folder that the recipe takes. Folders inside it and hidden files are left out.
    ///
    /// # Errors
    /// A path that cannot be read, a file of a kind that the recipe does not take, and a folder without one that it
    /// does. What is in the files is not looked at, but for the lines of `.txt` files.
    pub fn open(path: &Path, recipe: &Recipe) -> Result<Source, DataError> {
        let about = path.metadata().map_err(|error| named(path, &unreadable(error)))?;
        let paths = if about.is_dir() { listed(path)? } else { vec![path.to_owned()] };
        let mut source = Source { items: Vec::new(), skipped: BTreeMap::new() };
        for path in paths {
            source.add(path, recipe)?;
        }
        if source.items.is_empty() {
            let skipped = source.skipped().map(|skipped| format!(" ({skipped})")).unwrap_or_default();
            return Err(DataError::file(
                path,
                format!("nothing that the recipe can use{skipped}"),
                format!("give a file or a folder of files that end in {}", files::endings(recipe)),
            ));
        }
        Ok(source)
    }

    /// How many items there are; at least 1.
    #[allow(clippy::len_without_is_empty)] // it never is
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// The file of an item, counted round and round.
    pub fn path(&self, index: usize) -> &Path {
        self.item(index).path()
    }

    /// The files that were left out because the recipe does not take their kind, e.g. `2 of .xml, 1 of .json`.
    pub fn skipped(&self) -> Option<String> {
        let kinds: Vec<_> = self.skipped.iter().map(|(kind, count)| format!("{count} of {kind}")).collect();
        (!kinds.is_empty()).then(|| kinds.join(", "))
    }

    /// An item, counted round and round.
    pub(crate) fn item(&self, index: usize) -> &Item {
        &self.items[index % self.items.len()]
    }

    fn add(&mut self, path: PathBuf, recipe: &Recipe) -> Result<(), DataError> {
        let Some(kind) = Kind::of(&path).filter(|kind| kind.suits(recipe)) else {
            let ending = path.extension().map(|ending| format!(".{}", ending.display()));
            *self.skipped.entry(ending.unwrap_or_else(|| "no ending".to_owned())).or_default() += 1;
            return Ok(());
        };
        let path: Arc<Path> = path.into();
        match kind {
            Kind::Lines => {
                let lines = lines(&path).map_err(|error| named(&path, &error))?;
                self.items.extend(lines.into_iter().map(|span| Item {
                    path: path.clone(),
                    kind,
                    span: Some(span),
                }));
            }
            _ => self.items.push(Item { path: path.clone(), kind, span: None }),
        }
        if self.items.len() > MAX_ITEMS {
            return Err(DataError::file(
                &path,
                format!("more than {MAX_ITEMS} items"),
                "use fewer files or lines",
            ));
        }
        Ok(())
    }
}

fn named(path: &Path, error: &DataError) -> DataError {
    DataError::file(path, error, error.hint())
}

/// The files of a folder that are not hidden, sorted.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let entries = folder.read_dir().and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| named(folder, &unreadable(error)))?;
    let visible = entries.iter().filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    let mut paths: Vec<PathBuf> =
        visible.map(std::fs::DirEntry::path).filter(|path| path.is_file()).collect();
    paths.sort();
    Ok(paths)
}

/// Where the lines of a file lie that hold more than white space, without their line ends.
fn lines(path: &Path) -> Result<Vec<(u64, u64)>, DataError> {
    let (file, _) = files::open(path)?;
    let mut reader = BufReader::new(file);
    let (mut spans, mut at, mut line) = (Vec::new(), 0u64, Vec::new());
    loop {
        line.clear();
        let read = read_line(&mut reader, &mut line)?;
        if read == 0 {
            return Ok(spans);
        }
        let length = line.trim_ascii_end().len() as u64;
        if length > 0 {
            spans.push((at, length));
        }
        if spans.len() > MAX_ITEMS {
            return Err(DataError::new(format!("more than {MAX_ITEMS} lines"), "use fewer lines"));
        }
        at = at.saturating_add(read);
    }
}

/// One line with its end; its length in bytes.
fn read_line(reader: &mut BufReader<File>, line: &mut Vec<u8>) -> Result<u64, DataError> {
    let mut limited = std::io::Read::take(reader, MAX_TEXT_BYTES + 1);
    let read = limited.read_until(b'\n', line).map_err(unreadable)? as u64;
    if read > MAX_TEXT_BYTES {
        return Err(DataError::new(
            format!("a line of more than {MAX_TEXT_BYTES} bytes"),
            "use shorter lines",
        ));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Loaded, load};

    #[test]
    fn a_folder_is_sorted_and_says_what_it_skips() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.png", "a.JPG", ".hidden.png", "c.xml", "d.xml", "labels"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("e.png")).unwrap();
        let source = Source::open(folder.path(), &Recipe::named("imagenet").unwrap()).unwrap();
        assert_eq!(source.len(), 2);
        let names: Vec<_> = (0..3).map(|index| source.path(index).file_name().unwrap()).collect();
        assert_eq!(names, ["a.JPG", "b.png", "a.JPG"]);
        assert_eq!(source.skipped().unwrap(), "2 of .xml, 1 of no ending");

        let error = Source::open(folder.path(), &Recipe::named("wav16k").unwrap()).unwrap_err();
        assert!(
            error.to_string().contains("nothing that the recipe can use (1 of .JPG, 1 of .png"),
            "{error}"
        );
        assert_eq!(error.hint(), "give a file or a folder of files that end in .wav");
        let nowhere = Source::open(&folder.path().join("none"), &Recipe::Raw {}).unwrap_err();
        assert!(nowhere.to_string().contains("cannot be read"));
    }

    #[test]
    fn lines_are_items_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "one\r\n\n  \ntwo words\nthrée").unwrap();
        let source = Source::open(&path, &Recipe::named("tokenizer:x").unwrap()).unwrap();
        let texts: Vec<_> = (0..source.len()).map(|index| load(source.item(index)).unwrap()).collect();
        assert_eq!(texts, ["one", "two words", "thrée"].map(|text| Loaded::Text(text.to_owned())));
    }
}

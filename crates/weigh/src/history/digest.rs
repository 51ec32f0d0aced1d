//! What tells one state of a model's files from another, without reading gigabytes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::Opened;
use crate::open::external_files;

/// Blocks that are read of each file, evenly spaced, the first and the last among them.
const BLOCKS: u64 = 64;
/// Bytes of a block.
const BLOCK: u64 = 64 << 10;

/// The size of all files and a checksum (CRC-32) of up to 4 MiB of each: `102146837-1c291ca3`. `None` for a model without
/// files, and where they cannot be read.
pub(super) fn digest(opened: &Opened) -> Option<String> {
    let file = opened.file.as_ref()?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let beside = external_files(&opened.model).into_iter().map(|name| folder.join(name));
    let files: Vec<PathBuf> = std::iter::once(file.clone()).chain(beside).collect();
    of(&files).ok()
}

fn of(files: &[PathBuf]) -> io::Result<String> {
    let mut checksum = crc32fast::Hasher::new();
    let mut bytes = 0u64;
    let mut block = Vec::new();
    for path in files {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        bytes = bytes.saturating_add(size);
        for start in starts(size) {
            file.seek(SeekFrom::Start(start))?;
            block.clear();
            (&mut file).take(BLOCK).read_to_end(&mut block)?;
            checksum.update(&block);
        }
    }
    Ok(format!("{bytes}-{:08x}", checksum.finalize()))
}

/// Where blocks begin.
fn starts(size: u64) -> Vec<u64> {
    if size <= BLOCKS * BLOCK {
        return (0..size.div_ceil(BLOCK)).map(|index| index * BLOCK).collect();
    }
    let last = size - BLOCK;
    // In 128 bits, as sizes may be anything.
    let at = |index: u64| u128::from(last) * u128::from(index) / u128::from(BLOCKS - 1);
    (0..BLOCKS).map(|index| u64::try_from(at(index)).unwrap_or(last)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_small_files_and_both_ends_of_large_ones() {
        assert_eq!(starts(0), Vec::<u64>::new());
        assert_eq!(starts(1), [0]);
        assert_eq!(starts(BLOCK + 1), [0, BLOCK]);
        let large = starts(u64::MAX);
        assert_eq!((large.len(), large[0], large[63]), (64, 0, u64::MAX - BLOCK));
        assert!(large.windows(2).all(|pair| pair[1] - pair[0] >= BLOCK));
    }

    #[test]
    fn other_bytes_are_another_state() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m.onnx");
        std::fs::write(&file, b"123456789").unwrap();
        // The check value of CRC-32.
        assert_eq!(of(std::slice::from_ref(&file)).unwrap(), "9-cbf43926");
        std::fs::write(&file, b"123456780").unwrap();
        assert_ne!(of(&[file]).unwrap(), "9-cbf43926");
        assert!(of(&[folder.path().join("none")]).is_err());
    }
}

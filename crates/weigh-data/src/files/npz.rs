//! Arrays with names as NumPy saves them: `.npz`, a ZIP archive of `.npy` files.

use std::io::{Cursor, Read};

use weigh_engine::Tensor;
use zip::ZipArchive;

use super::{MAX_BYTES, broken, npy};
use crate::DataError;

/// The most arrays of one file.
const MAX_ARRAYS: usize = 4096;

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<(String, Tensor)>, DataError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.len() > MAX_ARRAYS {
        return Err(broken(format!("{} arrays are more than {MAX_ARRAYS}", archive.len())));
    }
    let mut left = MAX_BYTES;
    (0..archive.len())
        .map(|index| {
            let member = archive.by_index(index).map_err(broken)?;
            let name = member.name().map_err(broken)?.into_owned();
            let name = name.strip_suffix(".npy").unwrap_or(&name).to_owned();
            let mut content = Vec::new();
            // What a member says of its size is not believed: reading stops where the limit is passed.
            member.take(left + 1).read_to_end(&mut content).map_err(broken)?;
            left = left
                .checked_sub(content.len() as u64)
                .ok_or_else(|| broken(format!("its arrays have more than {MAX_BYTES} bytes")))?;
            let array = npy::decode(&content)
                .map_err(|error| DataError::new(format!("array `{name}`: {error}"), error.hint()))?;
            Ok((name, array))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use weigh_engine::TensorData;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    fn archive(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn npy(content: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({},), }}\n", content.len());
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(content);
        bytes
    }

    #[test]
    fn arrays_keep_their_names() {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let bytes = archive(&[("ids.npy", &npy(&[1, 2])), ("a/mask.npy", &npy(&[3]))], method);
            let arrays = decode(&bytes).unwrap();
            assert_eq!(arrays[0].0, "ids");
            assert_eq!(arrays[0].1.data(), &TensorData::U8(vec![1, 2]));
            assert_eq!((arrays[1].0.as_str(), arrays[1].1.shape()), ("a/mask", [1].as_slice()));
        }
    }

    #[test]
    fn broken_archives_are_errors() {
        let whole = archive(&[("ids.npy", &npy(&[1, 2]))], CompressionMethod::Deflated);
        for length in 0..whole.len() {
            assert!(decode(&whole[..length]).is_err(), "cut at {length}");
        }
        let error =
            decode(&archive(&[("x.npy", b"text")], CompressionMethod::Stored)).unwrap_err().to_string();
        assert_eq!(error, "array `x`: no .npy array");
    }
}

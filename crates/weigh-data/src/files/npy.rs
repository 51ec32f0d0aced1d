//! Arrays as NumPy saves them: `.npy` of format 1, 2 and 3 (NumPy Enhancement Proposal 1, `numpy.lib.format`).

use weigh_engine::{Tensor, TensorData};

use super::broken;
use crate::DataError;

const MAGIC: &[u8] = b"\x93NUMPY";
/// The most dims that NumPy's arrays have.
const MAX_DIMS: usize = 64;

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    big_endian: bool,
    /// The type's letter and its width in bytes, e.g. `f4`.
    kind: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

pub(super) fn decode(bytes: &[u8]) -> Result<Tensor, DataError> {
    let (text, content) = split(bytes).ok_or_else(|| broken("no .npy array"))?;
    let header = Header::parse(text)?;
    let elements = header.shape.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim));
    let width: usize = header.kind.get(1..).and_then(|width| width.parse().ok()).unwrap_or_default();
    let bytes = elements.and_then(|elements| elements.checked_mul(width));
    let content = bytes.and_then(|bytes| content.get(..bytes)).ok_or_else(|| {
        broken(format!("cut off: {} bytes are too few for an array of {:?}", content.len(), header.shape))
    })?;
    let order = header.fortran_order.then_some(header.shape.as_slice());
    let data = elements_of(&header.kind, content, header.big_endian, order)?;
    Tensor::new(header.shape, data).ok_or_else(|| broken("its elements do not fill its shape"))
}

/// The header's text and what follows it.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (&[major, _minor], rest) = rest.split_first_chunk()?;
    let (length, rest) = match major {
        1 => rest.split_first_chunk().map(|(length, rest)| (u32::from(u16::from_le_bytes(*length)), rest))?,
        2 | 3 => rest.split_first_chunk().map(|(length, rest)| (u32::from_le_bytes(*length), rest))?,
        _ => return None,
    };
    let (header, content) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((std::str::from_utf8(header).ok()?, content))
}

impl Header {
    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
    fn parse(text: &str) -> Result<Header, DataError> {
        let missing = |key: &str| broken(format!("the header has no readable '{key}'"));
        let description = field(text, "descr").ok_or_else(|| missing("descr"))?;
        let Some(description) = quoted(description) else {
            return Err(DataError::new("an array of records", "save plain arrays of numbers"));
        };
        let (order, kind) = description.split_at_checked(1).ok_or_else(|| missing("descr"))?;
        let fortran = field(text, "fortran_order").ok_or_else(|| missing("fortran_order"))?;
        let fortran_order = match () {
            () if fortran.starts_with("False") => false,
            () if fortran.starts_with("True") => true,
            () => return Err(missing("fortran_order")),
        };
        let shape = field(text, "shape").and_then(tuple).ok_or_else(|| missing("shape"))?;
        Ok(Header { big_endian: order == ">", kind: kind.to_owned(), fortran_order, shape })
    }
}

/// What follows the key's colon.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("'{key}'"))?;
    Some(rest.trim_start().strip_prefix(':')?.trim_start())
}

/// The text between single quotes.
fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.split_once('\'').map(|(inner, _)| inner)
}

/// The numbers between parentheses.
fn tuple(text: &str) -> Option<Vec<usize>> {
    let (inner, _) = text.strip_prefix('(')?.split_once(')')?;
    let numbers = inner.split(',').map(str::trim).filter(|number| !number.is_empty());
    let shape: Vec<usize> =
        numbers.map(|number| number.trim_end_matches('L').parse().ok()).collect::<Option<_>>()?;
    (shape.len() <= MAX_DIMS).then_some(shape)
}

/// The elements in row-major order; `fortran` is the shape of a column-major array.
fn elements_of(
    kind: &str,
    bytes: &[u8],
    big_endian: bool,
    fortran: Option<&[usize]>,
) -> Result<TensorData, DataError> {
    macro_rules! numbers {
        ($variant:ident, $type:ty) => {{
            let read = if big_endian { <$type>::from_be_bytes } else { <$type>::from_le_bytes };
            let numbers = bytes.as_chunks().0.iter().map(|&bytes| read(bytes)).collect();
            TensorData::$variant(row_major(numbers, fortran))
        }};
    }
    Ok(match kind {
        "f8" => numbers!(F64, f64),
        "f4" => numbers!(F32, f32),
        "f2" => numbers!(F16, u16),
        "i8" => numbers!(I64, i64),
        "i4" => numbers!(I32, i32),
        "i2" => numbers!(I16, i16),
        "i1" => numbers!(I8, i8),
        "u8" => numbers!(U64, u64),
        "u4" => numbers!(U32, u32),
        "u2" => numbers!(U16, u16),
        "u1" => numbers!(U8, u8),
        "b1" => TensorData::Bool(row_major(bytes.iter().map(|&byte| byte != 0).collect(), fortran)),
        other => {
            return Err(DataError::new(
                format!("an array of the type '{other}'"),
                "save floats, integers or truth values of at most 8 bytes",
            ));
        }
    })
}

/// Row-major order from column-major.
fn row_major<T: Copy>(elements: Vec<T>, fortran: Option<&[usize]>) -> Vec<T> {
    let Some(shape) = fortran.filter(|shape| shape.len() > 1 && !elements.is_empty()) else {
        return elements;
    };
    let strides: Vec<usize> =
        shape.iter().scan(1, |stride, &dim| Some(std::mem::replace(stride, *stride * dim))).collect();
    let mut made = Vec::with_capacity(elements.len());
    let (mut index, mut at) = (vec![0usize; shape.len()], 0usize);
    for _ in 0..elements.len() {
        made.extend(elements.get(at).copied());
        // Counts up, the last axis fastest.
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, content: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(content);
        bytes
    }

    fn header(kind: &str, fortran: &str, shape: &str) -> String {
        format!("{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {shape}, }}  \n")
    }

    #[test]
    fn numbers_of_both_byte_orders() {
        let little = decode(&file(&header("<i2", "False", "(2, 1)"), &[1, 0, 2, 1])).unwrap();
        assert_eq!((little.shape(), little.data()), ([2, 1].as_slice(), &TensorData::I16(vec![1, 258])));
        let big = decode(&file(&header(">f4", "False", "(1,)"), &1.5f32.to_be_bytes())).unwrap();
        assert_eq!(big.data(), &TensorData::F32(vec![1.5]));
        let scalar = decode(&file(&header("|b1", "False", "()"), &[7])).unwrap();
        assert_eq!((scalar.shape(), scalar.data()), ([].as_slice(), &TensorData::Bool(vec![true])));
        let empty = decode(&file(&header("<f8", "True", "(0, 3)"), &[])).unwrap();
        assert_eq!(empty.data(), &TensorData::F64(vec![]));
    }

    #[test]
    fn columns_become_rows() {
        // Column-major 0 1 2 3 4 5 of (2, 3): element (i, j) lies at i + 2j, so the rows are 0 2 4 and 1 3 5.
        let columns = decode(&file(&header("|u1", "True", "(2, 3)"), &[0, 1, 2, 3, 4, 5])).unwrap();
        assert_eq!(columns.data(), &TensorData::U8(vec![0, 2, 4, 1, 3, 5]));
        // (2, 2, 2): element (i, j, k) lies at i + 2j + 4k.
        let cube = decode(&file(&header("|u1", "True", "(2, 2, 2)"), &[0, 1, 2, 3, 4, 5, 6, 7])).unwrap();
        assert_eq!(cube.data(), &TensorData::U8(vec![0, 4, 2, 6, 1, 5, 3, 7]));
    }

    #[test]
    fn broken_arrays_are_errors() {
        let wrong = [
            header("<f4", "False", "(3,)"),
            header("<f4", "False", "(99999999999999, 99999999999999)"),
            header("<f4", "False", "(-1,)"),
            header("<c8", "False", "(1,)"),
            header("|O", "False", "(1,)"),
            header("", "False", "(1,)"),
            header("é", "False", "(1,)"),
            header("<f4", "Maybe", "(1,)"),
            header("<f4", "False", "(1,)").replace("'<f4'", "[('a', '<f4')]"),
            "{}".to_owned(),
        ];
        for header in wrong {
            assert!(decode(&file(&header, &[0; 8])).is_err(), "{header}");
        }
        let whole = file(&header("<f4", "False", "(2,)"), &[0; 8]);
        for length in 0..whole.len() {
            assert!(decode(&whole[..length]).is_err(), "cut at {length}");
        }
    }
}

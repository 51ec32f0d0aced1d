//! Stored tensors (`TensorProto`): their type, extents and place. Data is looked at only where it is short
//! enough to decide shapes.

use weigh_ir::half::f16_to_f32;
use weigh_ir::{DType, Expr, MAX_VALUE_ELEMENTS, Place, Shape, Stored, Value, bytes_of};

use super::{dtype, read};
use crate::FormatError;
use crate::protobuf::{Field, Message};

/// Floating-point values of more elements than this decide no shape (the scales of a resize are one per axis).
const MAX_FLOATS: u64 = 16;

/// A stored tensor and the file it lies in, if not the model's.
pub(super) struct TensorProto<'a> {
    pub name: &'a str,
    pub stored: Stored,
    /// Bytes that the file of external data must have, if the tensor lies in one.
    pub external_end: Option<u64>,
}

/// Reads a tensor's header.
pub(super) fn parse<'a>(message: Message<'a>) -> Result<TensorProto<'a>, FormatError> {
    let (mut dims, mut data_type, mut name) = (Vec::new(), 0, "");
    let mut raw: Option<Message<'a>> = None;
    let mut typed: Vec<Field<'a>> = Vec::new();
    let mut external = External::default();
    let mut is_external = false;
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => {
                field.extend_ints(&mut dims)?;
                if dims.len() > read::MAX_RANK {
                    return Err(corrupt(
                        field.offset,
                        format!("a tensor of more than {} axes", read::MAX_RANK),
                    ));
                }
            }
            2 => data_type = field.int()?,
            4..=7 | 10 | 11 if typed.len() <= MAX_VALUE_ELEMENTS => typed.push(field),
            8 => name = field.text()?,
            9 => raw = Some(field.message()?),
            13 => external.entry(read::string_entry(field.message()?)?, field.offset)?,
            14 => is_external = field.int()? == 1,
            _ => {}
        }
    }
    let offset = message.offset;
    let Some(dtype) = dtype::from_number(data_type) else {
        return Err(corrupt(
            offset,
            format!("tensor '{name}' has data type {data_type}, which ONNX does not define"),
        ));
    };
    if let Some(negative) = dims.iter().find(|dim| **dim < 0) {
        return Err(corrupt(offset, format!("tensor '{name}' has an extent of {negative}")));
    }
    let shape = Shape::of(&dims);
    let elements = shape.elements().as_int().and_then(|count| u64::try_from(count).ok());
    let expected = bytes_of(&shape.elements(), dtype)
        .map(|bytes| bytes.as_int().and_then(|bytes| u64::try_from(bytes).ok()));
    let too_large =
        || corrupt(offset, format!("the size of tensor '{name}' {shape} does not fit in 64 bits"));
    let elements = elements.ok_or_else(too_large)?;
    let bytes = match expected {
        Some(bytes) => bytes.ok_or_else(too_large)?,
        None => {
            typed.iter().filter_map(|field| field.message().ok()).map(|text| text.bytes.len() as u64).sum()
        }
    };
    let mut stored =
        Stored { dtype, shape: shape.clone(), bytes, value: None, place: Place::File { offset } };
    if is_external {
        let end = external.offset.checked_add(external.length.unwrap_or(bytes)).ok_or_else(too_large)?;
        stored.place = Place::External { path: external.location.into(), offset: external.offset };
        return Ok(TensorProto { name, stored, external_end: Some(end) });
    }
    if let Some(raw) = raw
        && raw.bytes.len() as u64 != bytes
    {
        let found = raw.bytes.len();
        return Err(corrupt(
            raw.offset,
            format!("tensor '{name}' {} {dtype} needs {bytes} bytes, {found} are stored", stored.shape),
        ));
    }
    if raw.is_none() && typed.is_empty() && elements > 0 {
        return Err(corrupt(offset, format!("tensor '{name}' {} {dtype} has no data", stored.shape)));
    }
    if elements <= MAX_FLOATS || (elements <= MAX_VALUE_ELEMENTS as u64 && !dtype.is_float()) {
        stored.value = match raw {
            Some(raw) => raw_value(raw.bytes, dtype),
            None => typed_value(&typed, dtype)?,
        }
        .filter(|value| value.len() as u64 == elements);
    }
    Ok(TensorProto { name, stored, external_end: None })
}

fn corrupt(offset: u64, problem: String) -> FormatError {
    FormatError::Corrupt { offset, problem }
}

/// The key-value pairs that say where external data lies.
#[derive(Default)]
struct External<'a> {
    location: &'a str,
    offset: u64,
    length: Option<u64>,
}

impl<'a> External<'a> {
    fn entry(&mut self, (key, value): (&'a str, &'a str), offset: u64) -> Result<(), FormatError> {
        let number = || {
            value
                .parse::<u64>()
                .map_err(|_| corrupt(offset, format!("external data has '{value}' for its {key}")))
        };
        match key {
            "location" => self.location = value,
            "offset" => self.offset = number()?,
            "length" => self.length = Some(number()?),
            _ => {}
        }
        Ok(())
    }
}

/// Little-endian elements of a fixed width as a value.
fn raw_value(bytes: &[u8], dtype: DType) -> Option<Value> {
    macro_rules! ints {
        ($type:ty) => {
            Some(Value::ints(
                bytes
                    .chunks_exact(size_of::<$type>())
                    .map(|chunk| <$type>::from_le_bytes(chunk.try_into().unwrap_or_default()) as i64),
            ))
        };
    }
    match dtype {
        DType::I64 | DType::U64 => ints!(i64),
        DType::I32 => ints!(i32),
        DType::U32 => ints!(u32),
        DType::I16 => ints!(i16),
        DType::U16 => ints!(u16),
        DType::I8 => ints!(i8),
        DType::U8 | DType::Bool => ints!(u8),
        DType::F32 => {
            let float = |chunk: &[u8]| f64::from(f32::from_le_bytes(chunk.try_into().unwrap_or_default()));
            Some(Value::Floats(bytes.chunks_exact(4).map(float).collect()))
        }
        DType::F64 => {
            let float = |chunk: &[u8]| f64::from_le_bytes(chunk.try_into().unwrap_or_default());
            Some(Value::Floats(bytes.chunks_exact(8).map(float).collect()))
        }
        DType::F16 | DType::BF16 => {
            let bits = |chunk: &[u8]| u16::from_le_bytes(chunk.try_into().unwrap_or_default());
            Some(Value::Floats(bytes.chunks_exact(2).map(|chunk| short_float(bits(chunk), dtype)).collect()))
        }
        _ => None,
    }
}

/// The value of a 16-bit float. A bfloat16 is the upper half of a binary32.
fn short_float(bits: u16, dtype: DType) -> f64 {
    f64::from(match dtype {
        DType::BF16 => f32::from_bits(u32::from(bits) << 16),
        _ => f16_to_f32(bits),
    })
}

/// Elements kept in the typed fields (`float_data`, `int32_data`, `int64_data`, ...).
fn typed_value(fields: &[Field<'_>], dtype: DType) -> Result<Option<Value>, FormatError> {
    let (mut ints, mut floats) = (Vec::new(), Vec::new());
    for field in fields {
        match (field.number, dtype) {
            (4, DType::F32) => field.extend_floats(&mut floats)?,
            (5 | 7 | 11, _) => field.extend_ints(&mut ints)?,
            _ => return Ok(None),
        }
    }
    Ok(match dtype {
        DType::F32 => Some(Value::Floats(floats.into_iter().map(f64::from).collect())),
        DType::F16 | DType::BF16 => {
            Some(Value::Floats(ints.into_iter().map(|bits| short_float(bits as u16, dtype)).collect()))
        }
        DType::I64
        | DType::I32
        | DType::I16
        | DType::I8
        | DType::U64
        | DType::U32
        | DType::U16
        | DType::U8
        | DType::Bool => Some(Value::exprs(ints.into_iter().map(Expr::Int))),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_of_16_bits() {
        // 1.5: binary16 exponent 15 and fraction 0x200, bfloat16 the upper half of 0x3fc00000; then −2 in both.
        let floats = |values: [f64; 2]| Some(Value::Floats(values.into()));
        assert_eq!(raw_value(&[0x00, 0x3e, 0x00, 0xc0], DType::F16), floats([1.5, -2.0]));
        assert_eq!(raw_value(&[0xc0, 0x3f, 0x00, 0xc0], DType::BF16), floats([1.5, -2.0]));
    }
}

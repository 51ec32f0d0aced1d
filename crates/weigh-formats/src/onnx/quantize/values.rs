//! The elements of stored weights, wherever they lie.

use std::borrow::Cow;
use std::io;

use weigh_ir::DType;

use super::QuantizeError;
use super::source::StoredTensor;

/// Reads so many bytes at an offset of a file beside the model.
pub type External<'e> = dyn Fn(&str, u64, u64) -> io::Result<Vec<u8>> + 'e;

fn weights(tensor: &StoredTensor<'_>, problem: impl Into<String>) -> QuantizeError {
    QuantizeError::Weights { tensor: tensor.name.to_owned(), problem: problem.into() }
}

/// The data of a tensor as little-endian bytes, exactly as many as its type and shape need.
pub(super) fn raw<'a>(
    tensor: &StoredTensor<'a>,
    external: &External<'_>,
) -> Result<Cow<'a, [u8]>, QuantizeError> {
    let bytes = match &tensor.external {
        Some((file, offset)) => {
            let read = external(file, *offset, tensor.bytes);
            Cow::Owned(read.map_err(|error| weights(tensor, format!("cannot read '{file}': {error}")))?)
        }
        None => inline(tensor)?,
    };
    if bytes.len() as u64 != tensor.bytes {
        let problem = format!("{} bytes are needed, {} are stored", tensor.bytes, bytes.len());
        return Err(weights(tensor, problem));
    }
    Ok(bytes)
}

fn inline<'a>(tensor: &StoredTensor<'a>) -> Result<Cow<'a, [u8]>, QuantizeError> {
    let mut floats: Vec<f32> = Vec::new();
    for field in tensor.message.fields() {
        let field = field?;
        match field.number {
            9 => return Ok(Cow::Borrowed(field.message()?.bytes)),
            4 => field.extend_floats(&mut floats)?,
            _ => {}
        }
    }
    Ok(Cow::Owned(floats.iter().flat_map(|value| value.to_le_bytes()).collect()))
}

/// Whether [`raw`] can give the data: it is stored as bytes, or as single-precision numbers.
pub(super) fn has_raw(tensor: &StoredTensor<'_>) -> bool {
    let has_field =
        |number: u32| tensor.message.fields().any(|field| field.is_ok_and(|field| field.number == number));
    tensor.external.is_some() || has_field(9) || (tensor.dtype == DType::F32 && has_field(4))
}

/// The elements of a float32 tensor.
pub(super) fn floats(tensor: &StoredTensor<'_>, external: &External<'_>) -> Result<Vec<f32>, QuantizeError> {
    let raw = raw(tensor, external)?;
    Ok(raw.chunks_exact(4).map(|chunk| f32::from_le_bytes(chunk.try_into().unwrap_or_default())).collect())
}

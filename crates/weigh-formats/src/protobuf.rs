//! The protobuf wire format: a cursor that borrows everything, and a writer.
//!
//! Messages are walked, not decoded into structs, because model files need what decoders do not give:
//! errors with a byte offset, no copy and no touch of weights, and memory in proportion to what is kept
//! rather than to how many (possibly empty) messages a hostile file holds.
//! Wire format: <https://protobuf.dev/programming-guides/encoding/>.

use crate::FormatError;

/// The bytes of one message and where they lie in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub bytes: &'a [u8],
    pub offset: u64,
}

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub number: u32,
    pub payload: Payload<'a>,
    pub offset: u64,
}

/// A field's value, by wire type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Payload<'a> {
    Varint(u64),
    /// Eight bytes; no message that is read here has such a field.
    Fixed64,
    Fixed32(u32),
    Bytes(Message<'a>),
}

fn corrupt(offset: u64, problem: impl Into<String>) -> FormatError {
    FormatError::Corrupt { offset, problem: problem.into() }
}

impl<'a> Message<'a> {
    /// A whole file as one message.
    pub fn file(bytes: &'a [u8]) -> Message<'a> {
        Message { bytes, offset: 0 }
    }

    /// The fields in order.
    pub fn fields(self) -> Fields<'a> {
        Fields { message: self, at: 0 }
    }

    /// The bytes as text.
    pub fn text(self) -> Result<&'a str, FormatError> {
        std::str::from_utf8(self.bytes).map_err(|error| {
            corrupt(self.offset.saturating_add(error.valid_up_to() as u64), "a name is not valid UTF-8")
        })
    }

    /// The numbers of a packed repeated field.
    pub fn varints(self) -> impl Iterator<Item = Result<u64, FormatError>> + use<'a> {
        let mut cursor = Fields { message: self, at: 0 };
        std::iter::from_fn(move || (cursor.at < cursor.message.bytes.len()).then(|| cursor.varint()))
    }
}

/// Iterator over the fields of a message; ends after the first error.
pub(crate) struct Fields<'a> {
    message: Message<'a>,
    at: usize,
}

impl<'a> Fields<'a> {
    fn here(&self) -> u64 {
        self.message.offset.saturating_add(self.at as u64)
    }

    fn varint(&mut self) -> Result<u64, FormatError> {
        let start = self.here();
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let Some(byte) = self.message.bytes.get(self.at) else {
                return Err(corrupt(start, "the file ends within a number"));
            };
            self.at += 1;
            if shift == 63 && *byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(corrupt(start, "a number of more than 64 bits"))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], FormatError> {
        let rest = &self.message.bytes[self.at..];
        match usize::try_from(length).ok().and_then(|length| rest.get(..length)) {
            Some(bytes) => {
                self.at += bytes.len();
                Ok(bytes)
            }
            None => Err(corrupt(self.here(), format!("{length} bytes announced, {} left", rest.len()))),
        }
    }

    fn field(&mut self) -> Result<Field<'a>, FormatError> {
        let offset = self.here();
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| (1..1 << 29).contains(number));
        let Some(number) = number else {
            return Err(corrupt(offset, format!("{} is no field number", tag >> 3)));
        };
        let payload = match tag & 7 {
            0 => Payload::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                Payload::Fixed64
            }
            2 => {
                let length = self.varint()?;
                let start = self.here();
                Payload::Bytes(Message { bytes: self.take(length)?, offset: start })
            }
            5 => Payload::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().unwrap_or_default())),
            other => return Err(corrupt(offset, format!("wire type {other} is not protobuf 3"))),
        };
        Ok(Field { number, payload, offset })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.message.bytes.len() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.at = self.message.bytes.len();
        }
        Some(field)
    }
}

impl<'a> Field<'a> {
    fn wrong(&self, wanted: &str) -> FormatError {
        corrupt(self.offset, format!("field {} should be {wanted}", self.number))
    }

    /// The value as an integer.
    pub fn int(&self) -> Result<i64, FormatError> {
        match self.payload {
            Payload::Varint(value) => Ok(value as i64),
            _ => Err(self.wrong("an integer")),
        }
    }

    /// The value as a single-precision number.
    pub fn float(&self) -> Result<f32, FormatError> {
        match self.payload {
            Payload::Fixed32(bits) => Ok(f32::from_bits(bits)),
            _ => Err(self.wrong("a 32-bit number")),
        }
    }

    /// The value as a nested message, or bytes.
    pub fn message(&self) -> Result<Message<'a>, FormatError> {
        match self.payload {
            Payload::Bytes(message) => Ok(message),
            _ => Err(self.wrong("a message")),
        }
    }

    /// The value as text.
    pub fn text(&self) -> Result<&'a str, FormatError> {
        self.message()?.text()
    }

    /// Appends the integers of a repeated field, packed or not.
    pub fn extend_ints(&self, into: &mut Vec<i64>) -> Result<(), FormatError> {
        match self.payload {
            Payload::Varint(value) => into.push(value as i64),
            Payload::Bytes(packed) => {
                for value in packed.varints() {
                    into.push(value? as i64);
                }
            }
            _ => return Err(self.wrong("integers")),
        }
        Ok(())
    }

    /// Appends the single-precision numbers of a repeated field, packed or not.
    pub fn extend_floats(&self, into: &mut Vec<f32>) -> Result<(), FormatError> {
        match self.payload {
            Payload::Fixed32(bits) => into.push(f32::from_bits(bits)),
            Payload::Bytes(packed) if packed.bytes.len().is_multiple_of(4) => {
                into.extend(
                    packed
                        .bytes
                        .chunks_exact(4)
                        .map(|chunk| f32::from_le_bytes(chunk.try_into().unwrap_or_default())),
                );
            }
            _ => return Err(self.wrong("32-bit numbers")),
        }
        Ok(())
    }
}

/// Builds a message.
#[derive(Default)]
pub(crate) struct Writer(pub Vec<u8>);

impl Writer {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn tag(&mut self, number: u32, wire_type: u64) {
        self.varint(u64::from(number) << 3 | wire_type);
    }

    /// An integer field.
    pub fn int(&mut self, number: u32, value: i64) -> &mut Writer {
        self.tag(number, 0);
        self.varint(value as u64);
        self
    }

    /// A single-precision field.
    pub fn float(&mut self, number: u32, value: f32) -> &mut Writer {
        self.tag(number, 5);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A field of bytes or text.
    pub fn bytes(&mut self, number: u32, bytes: impl AsRef<[u8]>) -> &mut Writer {
        self.announce(number, bytes.as_ref().len() as u64);
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    /// The beginning of a field of so many bytes, which the caller appends.
    pub fn announce(&mut self, number: u32, length: u64) -> &mut Writer {
        self.tag(number, 2);
        self.varint(length);
        self
    }

    /// A nested message.
    pub fn message(&mut self, number: u32, build: impl FnOnce(&mut Writer)) -> &mut Writer {
        let mut inner = Writer::default();
        build(&mut inner);
        self.bytes(number, inner.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.int(1, -1).bytes(2, "name").float(3, 0.5).message(4, |inner| {
            inner.int(1, 300);
        });
        let fields: Vec<Field<'_>> =
            Message::file(&writer.0).fields().collect::<Result<_, _>>().expect("valid");
        assert_eq!(fields[0].int().expect("int"), -1);
        assert_eq!(fields[1].text().expect("text"), "name");
        assert_eq!(fields[2].float().expect("float"), 0.5);
        let inner = fields[3].message().expect("message");
        assert_eq!(inner.fields().next().expect("one").expect("valid").int().expect("int"), 300);
    }

    #[test]
    fn damage_is_found_where_it_is() {
        let offset = |bytes: &[u8]| match Message::file(bytes).fields().find_map(Result::err) {
            Some(FormatError::Corrupt { offset, .. }) => Some(offset),
            _ => None,
        };
        assert_eq!(offset(&[0x0a, 0x05, b'a']), Some(2));
        assert_eq!(offset(&[0x08, 0x01, 0x0b]), Some(2));
        assert_eq!(offset(&[0x08, 0xff]), Some(1));
        assert_eq!(offset(&[0x08, 0x01]), None);
    }
}

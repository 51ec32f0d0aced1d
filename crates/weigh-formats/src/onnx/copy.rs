//! What rewriting a model file is made of: pieces of the source that are copied byte for byte, and what is new.

use std::io::{self, Write};
use std::ops::Range;

use crate::FormatError;
use crate::protobuf::{Field, Message, Writer};

/// The output: parts of the source, and what is new.
#[derive(Default)]
pub(super) struct Pieces {
    list: Vec<Piece>,
}

enum Piece {
    /// These bytes of the source.
    Copied(Range<usize>),
    Made(Vec<u8>),
}

impl Pieces {
    /// Appends bytes of the source.
    pub fn copy(&mut self, range: Range<usize>) {
        match self.list.last_mut() {
            Some(Piece::Copied(last)) if last.end == range.start => last.end = range.end,
            _ => self.list.push(Piece::Copied(range)),
        }
    }

    /// Appends new bytes.
    pub fn make(&mut self, bytes: Vec<u8>) {
        self.list.push(Piece::Made(bytes));
    }

    /// Appends a message of these pieces as a field.
    pub fn nest(&mut self, number: u32, inner: Pieces) {
        let mut header = Writer::default();
        header.announce(number, inner.bytes());
        self.make(header.0);
        self.list.extend(inner.list);
    }

    /// Writes everything to `out`; `source` is the whole source.
    pub fn write(&self, source: &[u8], out: &mut dyn Write) -> io::Result<()> {
        for piece in &self.list {
            match piece {
                Piece::Copied(range) => out.write_all(source.get(range.clone()).unwrap_or_default())?,
                Piece::Made(made) => out.write_all(made)?,
            }
        }
        Ok(())
    }

    /// How many bytes these are.
    pub fn bytes(&self) -> u64 {
        let length = |piece: &Piece| match piece {
            Piece::Copied(range) => range.len() as u64,
            Piece::Made(made) => made.len() as u64,
        };
        self.list.iter().map(length).sum()
    }
}

/// Calls `visit` with every field and the bytes of the file that it takes, tag included.
pub(super) fn for_each_field<'a>(
    message: Message<'a>,
    visit: &mut dyn FnMut(Field<'a>, Range<usize>) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    let end = place(message.offset).saturating_add(message.bytes.len());
    let mut fields = message.fields();
    let mut next = fields.next().transpose()?;
    while let Some(field) = next {
        next = fields.next().transpose()?;
        let until = next.as_ref().map_or(end, |next| place(next.offset));
        visit(field, place(field.offset)..until)?;
    }
    Ok(())
}

/// Appends those fields of a message that are kept.
pub(super) fn copy_fields<'a>(
    message: Message<'a>,
    into: &mut Vec<u8>,
    keep: &mut dyn FnMut(&Field<'a>) -> bool,
) -> Result<(), FormatError> {
    let start = usize::try_from(message.offset).unwrap_or(usize::MAX);
    for_each_field(message, &mut |field, range| {
        if keep(&field) {
            let within = range.start.saturating_sub(start)..range.end.saturating_sub(start);
            into.extend_from_slice(message.bytes.get(within).unwrap_or_default());
        }
        Ok(())
    })
}

/// A copy of a message with the messages in field `number` put in other words.
pub(super) fn edited<'a>(
    message: Message<'a>,
    number: u32,
    edit: &mut dyn FnMut(Message<'a>) -> Result<Vec<u8>, FormatError>,
) -> Result<Vec<u8>, FormatError> {
    let mut made = Writer::default();
    let start = usize::try_from(message.offset).unwrap_or(usize::MAX);
    for_each_field(message, &mut |field, range| {
        if field.number == number {
            made.bytes(number, edit(field.message()?)?);
        } else {
            let within = range.start.saturating_sub(start)..range.end.saturating_sub(start);
            made.0.extend_from_slice(message.bytes.get(within).unwrap_or_default());
        }
        Ok(())
    })?;
    Ok(made.0)
}

/// A field that holds a message, with its tag.
pub(super) fn message(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.bytes(number, bytes);
    writer.0
}

/// The name of a node's first output, empty where it has none.
pub(super) fn first_output<'a>(node: Message<'a>) -> Result<&'a str, FormatError> {
    for field in node.fields() {
        let field = field?;
        if field.number == 2 {
            return field.text();
        }
    }
    Ok("")
}

/// The names of a node's inputs.
pub(super) fn inputs(node: Message<'_>) -> Result<Vec<String>, FormatError> {
    let fields = node.fields().filter(|field| field.as_ref().map_or(true, |field| field.number == 1));
    fields.map(|field| field?.text().map(str::to_owned)).collect()
}

/// A node that makes a list of 64-bit integers.
pub(super) fn int_list(output: &str, values: &[i64]) -> Vec<u8> {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut node = Writer::default();
    node.bytes(2, output).bytes(4, "Constant").message(5, |attribute| {
        attribute.bytes(1, "value").int(20, 4).message(5, |tensor| {
            tensor.int(1, values.len() as i64).int(2, 7).bytes(9, &raw);
        });
    });
    node.0
}

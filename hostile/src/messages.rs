//! Changes to the messages in a file: what a field holds becomes something else, and lengths follow.

use weigh_formats::onnx::spellings;

use crate::wire::{self, Random, Wire};

/// A file taken apart.
#[derive(Clone, Debug)]
pub struct Messages {
    fields: Vec<Field>,
    names: Vec<Vec<u8>>,
}

impl Messages {
    /// Takes a model apart; `None` if it is not put together as onnx.proto says.
    pub fn parse(bytes: &[u8]) -> Option<Messages> {
        let fields = parse(bytes, Kind::Model)?;
        let names = tensor_names(&fields);
        Some(Messages { fields, names })
    }

    /// The file, put together again.
    pub fn bytes(&self) -> Vec<u8> {
        unparse(&self.fields).0
    }

    /// The file with one to four fields changed.
    pub fn mutant(&self, seed: u64) -> Vec<u8> {
        let (mut random, mut fields) = (Random(seed), self.fields.clone());
        for _ in 0..1 + random.below(4) {
            change(&mut fields, Kind::Model, &mut random, &self.names);
        }
        unparse(&fields).0
    }
}

/// A field of a protobuf message.
#[derive(Clone, Debug)]
enum Field {
    Int(u64, i64),
    Bytes(u64, Vec<u8>),
    Message(u64, Vec<Field>),
    Float(u64, f32),
}

/// What the messages of onnx.proto are made of, as far as it is taken apart here.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    Dim,
}

impl Kind {
    /// The kind of a field of this number, if it is a message.
    fn inner(self, number: u64) -> Option<Kind> {
        Some(match (self, number) {
            (Kind::Model, 7) | (Kind::Attribute, 6) => Kind::Graph,
            (Kind::Graph, 1) => Kind::Node,
            (Kind::Graph, 5) | (Kind::Attribute, 5) => Kind::Tensor,
            (Kind::Graph, 11..=13) => Kind::ValueInfo,
            (Kind::Node, 5) => Kind::Attribute,
            (Kind::ValueInfo, 2) => Kind::Type,
            (Kind::Type, 1) => Kind::TensorType,
            (Kind::TensorType, 2) => Kind::Shape,
            (Kind::Shape, 1) => Kind::Dim,
            _ => return None,
        })
    }
}

/// Takes a file that was written right apart; `None` if it was not.
fn parse(bytes: &[u8], kind: Kind) -> Option<Vec<Field>> {
    fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *bytes.get(*at)?;
            *at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        Some(value)
    }
    fn take<'b>(bytes: &'b [u8], at: &mut usize, length: usize) -> Option<&'b [u8]> {
        let piece = bytes.get(*at..at.checked_add(length)?)?;
        *at += length;
        Some(piece)
    }
    let (mut fields, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let tag = varint(bytes, &mut at)?;
        let number = tag >> 3;
        fields.push(match tag & 7 {
            0 => Field::Int(number, varint(bytes, &mut at)? as i64),
            2 => {
                let length = usize::try_from(varint(bytes, &mut at)?).ok()?;
                let content = take(bytes, &mut at, length)?;
                match kind.inner(number) {
                    Some(inner) => Field::Message(number, parse(content, inner)?),
                    None => Field::Bytes(number, content.to_vec()),
                }
            }
            5 => Field::Float(number, f32::from_le_bytes(take(bytes, &mut at, 4)?.try_into().ok()?)),
            _ => return None,
        });
    }
    Some(fields)
}

fn unparse(fields: &[Field]) -> Wire {
    fields.iter().fold(Wire::new(), |wire, field| match field {
        Field::Int(number, value) => wire.int(*number, *value),
        Field::Bytes(number, content) => wire.bytes(*number, content),
        Field::Message(number, inner) => wire.message(*number, unparse(inner)),
        Field::Float(number, value) => wire.float(*number, *value),
    })
}

/// Changes one field somewhere below; the kind of message tells what may stand there.
fn change(fields: &mut Vec<Field>, kind: Kind, random: &mut Random, names: &[Vec<u8>]) {
    if fields.is_empty() {
        return;
    }
    let at = random.below(fields.len());
    // Down more often than not: most of the file is deep inside.
    if let Field::Message(number, inner) = &mut fields[at]
        && !random.once_in(8)
        && let Some(kind) = kind.inner(*number)
    {
        return change(inner, kind, random, names);
    }
    match random.below(8) {
        0 => drop(fields.remove(at)),
        1 => fields.push(fields[at].clone()),
        2 => {
            let other = random.below(fields.len());
            fields.swap(at, other);
        }
        3 if kind == Kind::Node => {
            let attribute = wire::random_attribute(random);
            fields.push(Field::Bytes(5, attribute.0));
        }
        _ => match &mut fields[at] {
            Field::Int(_, value) if random.once_in(2) => {
                *value = value.wrapping_add(random.pick(&[1, -1, 2, -2]))
            }
            Field::Int(_, value) => *value = random.pick(wire::INTEGERS),
            Field::Float(_, value) => *value = random.pick(&[0.0, -1.0, f32::NAN, f32::INFINITY]),
            Field::Bytes(1 | 2, name) if kind == Kind::Node => *name = any_name(random, names),
            Field::Bytes(4, op) if kind == Kind::Node => {
                let all = spellings();
                *op = all[random.below(all.len())].op_type.as_bytes().to_vec();
            }
            Field::Bytes(9, raw) if !raw.is_empty() => {
                let byte = random.below(raw.len());
                raw[byte] = random.pick(&[0, 1, 2, 3, 7, 0x7f, 0x80, 0xff]);
            }
            Field::Bytes(_, text) if random.once_in(2) => {
                *text = random
                    .pick(&["", "batch", "seq*2 - 1", "n//0", "\x1b[2J", "0", "a b"])
                    .as_bytes()
                    .to_vec();
            }
            Field::Bytes(_, text) => *text = any_name(random, names),
            Field::Message(_, inner) => drop(inner.drain(..inner.len() / 2)),
        },
    }
}

fn any_name(random: &mut Random, names: &[Vec<u8>]) -> Vec<u8> {
    if names.is_empty() { Vec::new() } else { random.pick(names) }
}

/// The names of tensors that nodes read and make.
fn tensor_names(model: &[Field]) -> Vec<Vec<u8>> {
    let inner = |field: &Field, wanted: u64| match field {
        Field::Message(number, inner) if *number == wanted => inner.clone(),
        _ => Vec::new(),
    };
    let nodes = model.iter().flat_map(|field| inner(field, 7)).flat_map(|field| inner(&field, 1));
    nodes
        .filter_map(|field| match field {
            Field::Bytes(1 | 2, name) => Some(name),
            _ => None,
        })
        .collect()
}

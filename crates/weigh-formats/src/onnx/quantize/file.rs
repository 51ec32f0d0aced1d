//! The rewritten file: where its bytes come from, how long they are, and writing them.

use std::io::{self, Write};
use std::ops::Range;

use weigh_ir::DType;

use super::nodes::tensor_header;
use crate::protobuf::Writer;

/// External data begins at multiples of this, so that it can be mapped and read in place.
const ALIGNMENT: u64 = 64;
/// Where the weights of a skeleton are said to lie.
pub(super) const NOWHERE: &str = "weights";

/// A second file, for weights that do not fit into one.
pub struct Beside<'b> {
    /// Its name, as the model refers to it: beside the model.
    pub name: &'b str,
    /// Where its bytes go.
    pub out: &'b mut dyn Write,
}

/// A part of the new graph, in order.
#[derive(Debug)]
pub(super) enum Part {
    /// These bytes of the source: whole fields.
    Copied(Range<usize>),
    /// A node.
    Node(Vec<u8>),
    /// A tensor; the bytes of the source that hold it as it is, if they do.
    Tensor { tensor: NewTensor, copied: Option<Range<usize>> },
}

/// A stored tensor of the new file.
#[derive(Clone, Debug)]
pub(super) struct NewTensor {
    pub name: String,
    pub dtype: DType,
    pub dims: Vec<i64>,
    pub bytes: u64,
    pub content: Content,
}

/// Where the data of a tensor comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The elements of a weight of the plan.
    Weight(usize),
    /// Its scales.
    Scales(usize),
    /// The new bias of a folded normalisation.
    Bias(usize),
    /// A stored tensor of the source.
    Stored(usize),
}

/// Where the data of tensors goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placement<'p> {
    /// Into the model file.
    Inline,
    /// Into this file beside it.
    Beside(&'p str),
}

/// Pieces of the new file.
#[derive(Debug)]
pub(super) enum Item<'p> {
    Copied(Range<usize>),
    Made(Vec<u8>),
    Data(&'p NewTensor),
}

impl Item<'_> {
    fn length(&self) -> u64 {
        match self {
            Item::Copied(range) => range.len() as u64,
            Item::Made(bytes) => bytes.len() as u64,
            Item::Data(tensor) => tensor.bytes,
        }
    }
}

/// A file laid out: its pieces, and the tensors that lie in the file beside it, with their offsets.
#[derive(Debug, Default)]
pub(super) struct Layout<'p> {
    pub items: Vec<Item<'p>>,
    pub beside: Vec<(u64, &'p NewTensor)>,
    end: u64,
}

impl<'p> Layout<'p> {
    /// The graph's fields.
    pub fn of(parts: &'p [Part], placement: Placement<'_>) -> Layout<'p> {
        let mut layout = Layout::default();
        for part in parts {
            layout.part(part, placement);
        }
        layout
    }

    fn part(&mut self, part: &'p Part, placement: Placement<'_>) {
        let mut writer = Writer::default();
        match (part, placement) {
            (Part::Copied(range), _) | (Part::Tensor { copied: Some(range), .. }, Placement::Inline) => {
                self.copy(range.clone())
            }
            (Part::Node(bytes), _) => {
                writer.bytes(1, bytes);
                self.items.push(Item::Made(writer.0));
            }
            (Part::Tensor { tensor, copied: None }, Placement::Inline) => {
                let mut header = tensor_header(&tensor.name, tensor.dtype, &tensor.dims);
                header.announce(9, tensor.bytes);
                writer.announce(5, (header.0.len() as u64).saturating_add(tensor.bytes));
                writer.0.extend_from_slice(&header.0);
                self.items.extend([Item::Made(writer.0), Item::Data(tensor)]);
            }
            (Part::Tensor { tensor, .. }, Placement::Beside(file)) => {
                let offset = self.end.next_multiple_of(ALIGNMENT);
                self.end = offset.saturating_add(tensor.bytes);
                self.beside.push((offset, tensor));
                let mut header = tensor_header(&tensor.name, tensor.dtype, &tensor.dims);
                let (offset, length) = (offset.to_string(), tensor.bytes.to_string());
                for (key, value) in [("location", file), ("offset", &offset), ("length", &length)] {
                    header.message(13, |entry| {
                        entry.bytes(1, key).bytes(2, value);
                    });
                }
                header.int(14, 1);
                writer.bytes(5, header.0);
                self.items.push(Item::Made(writer.0));
            }
        }
    }

    fn copy(&mut self, range: Range<usize>) {
        match self.items.last_mut() {
            Some(Item::Copied(last)) if last.end == range.start => last.end = range.end,
            _ => self.items.push(Item::Copied(range)),
        }
    }

    /// Bytes of the pieces.
    pub fn bytes(&self) -> u64 {
        self.items.iter().map(Item::length).fold(0, u64::saturating_add)
    }

    /// Bytes of the file beside.
    pub fn bytes_beside(&self) -> u64 {
        self.end
    }
}

/// Zeros up to an offset.
pub(super) fn pad(out: &mut dyn Write, at: u64, offset: u64) -> io::Result<()> {
    let zeros = [0; ALIGNMENT as usize];
    let missing = usize::try_from(offset.saturating_sub(at)).unwrap_or(0).min(zeros.len());
    out.write_all(zeros.get(..missing).unwrap_or_default())
}

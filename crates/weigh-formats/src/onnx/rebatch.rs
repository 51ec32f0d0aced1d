//! A model file copied with other extents: of its inputs, and of shapes that nodes read.
//!
//! Everything else is copied byte for byte, straight from the source: weights are not decoded, and a map of a file of
//! any size is copied with little memory. What the file declares of outputs and of tensors between nodes would no
//! longer be true, so these shapes are left out. References to external data stay.

use std::io::{self, Write};
use std::ops::Range;

use super::at_node;
use super::copy::{self, Pieces, copy_fields, edited, for_each_field, int_list, message};
use super::read::{ModelProto, ValueInfo};
use crate::FormatError;
use crate::protobuf::{Message, Writer};

/// An extent of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExtent<'a> {
    /// The input's name.
    pub input: &'a str,
    /// The axis.
    pub axis: usize,
    /// The extent.
    pub extent: i64,
}

/// Extents that an input of a node is to have or to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewShape<'a> {
    /// The node's first output, which names the node.
    pub node: &'a str,
    /// Which input of the node.
    pub input: usize,
    /// The extents.
    pub extents: &'a [i64],
    /// Whether the input is a tensor that is to be expanded to these extents; otherwise it is a list of extents and
    /// these take its place.
    pub expand: bool,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum RebatchError {
    /// The source is damaged, or has not what was asked for.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The copy cannot be written.
    #[error("cannot write the copy")]
    Io(#[from] io::Error),
}

/// Writes a copy of a model file with these extents and shapes. A node of the main graph that reads a new shape reads
/// it from a node of its own, so that others that shared the old one are as they were.
///
/// # Errors
/// Where the source is no ONNX model, where it has no such input, axis or node, and where `out` fails.
pub fn rebatch(
    bytes: &[u8],
    extents: &[NewExtent<'_>],
    shapes: &[NewShape<'_>],
    out: &mut dyn Write,
) -> Result<(), RebatchError> {
    let file = Message::file(bytes);
    if ModelProto::parse(file)?.graph.is_none() {
        return Err(FormatError::Model("the file has no graph".to_owned()).into());
    }
    let mut model = Pieces::default();
    let mut job = Job { extents, shapes, extents_done: 0, shapes_done: 0 };
    for_each_field(file, &mut |field, range| {
        match field.number {
            GRAPH => {
                let graph = job.graph(field.message()?)?;
                model.nest(GRAPH, graph);
            }
            _ => model.copy(range),
        }
        Ok(())
    })?;
    job.check()?;
    Ok(model.write(bytes, out)?)
}

/// `ModelProto.graph`.
const GRAPH: u32 = 7;

/// What is to be changed, and how much of it was found.
struct Job<'j> {
    extents: &'j [NewExtent<'j>],
    shapes: &'j [NewShape<'j>],
    extents_done: usize,
    shapes_done: usize,
}

impl Job<'_> {
    fn graph(&mut self, graph: Message<'_>) -> Result<Pieces, FormatError> {
        let mut pieces = Pieces::default();
        for_each_field(graph, &mut |field, range| {
            match field.number {
                1 if !self.shapes.is_empty() => self.node(field.message()?, range, &mut pieces)?,
                11 => self.input(field.message()?, range, &mut pieces)?,
                12 => pieces.make(message(12, &without_shape(field.message()?)?)),
                13 => {}
                _ => pieces.copy(range),
            }
            Ok(())
        })?;
        Ok(pieces)
    }

    fn input(
        &mut self,
        info: Message<'_>,
        range: Range<usize>,
        into: &mut Pieces,
    ) -> Result<(), FormatError> {
        let name = ValueInfo::parse(info)?.name;
        let mut changed: Option<Vec<u8>> = None;
        for wanted in self.extents.iter().filter(|wanted| wanted.input == name) {
            let source = changed.as_ref().map_or(info, |changed| Message { bytes: changed, ..info });
            let (made, found) = with_extent(source, wanted)?;
            if !found {
                let problem = format!("input '{name}' has no declared axis {}", wanted.axis);
                return Err(FormatError::Model(problem));
            }
            changed = Some(made);
            self.extents_done += 1;
        }
        match changed {
            Some(changed) => into.make(message(11, &changed)),
            None => into.copy(range),
        }
        Ok(())
    }

    fn node(&mut self, node: Message<'_>, range: Range<usize>, into: &mut Pieces) -> Result<(), FormatError> {
        let first = copy::first_output(node)?;
        let wanted: Vec<_> = self.shapes.iter().filter(|shape| shape.node == first).collect();
        if first.is_empty() || wanted.is_empty() {
            into.copy(range);
            return Ok(());
        }
        let mut inputs = copy::inputs(node)?;
        for shape in &wanted {
            let Some(input) = inputs.get_mut(shape.input) else {
                return Err(at_node(first, format!("it has no input {}", shape.input)));
            };
            let extents = format!("{first}/{}/extents", shape.input);
            into.make(message(1, &int_list(&extents, shape.extents)));
            *input = match shape.expand {
                true => {
                    let expanded = format!("{first}/{}/expanded", shape.input);
                    let mut expand = Writer::default();
                    expand.bytes(1, &*input).bytes(1, &extents).bytes(2, &expanded).bytes(4, "Expand");
                    into.make(message(1, &expand.0));
                    expanded
                }
                false => extents,
            };
            self.shapes_done += 1;
        }
        let mut made = Writer::default();
        inputs.iter().for_each(|input| {
            made.bytes(1, input);
        });
        copy_fields(node, &mut made.0, &mut |field| field.number != 1)?;
        into.make(message(1, &made.0));
        Ok(())
    }

    fn check(&self) -> Result<(), FormatError> {
        let missing =
            |what: &str| Err(FormatError::Model(format!("the main graph lacks {what} to be changed")));
        match (self.extents_done == self.extents.len(), self.shapes_done == self.shapes.len()) {
            (true, true) => Ok(()),
            (false, _) => missing("an input that is"),
            (_, false) => missing("a node that is"),
        }
    }
}

/// A `ValueInfoProto` of a tensor with another extent, and whether it has that axis.
fn with_extent(info: Message<'_>, wanted: &NewExtent<'_>) -> Result<(Vec<u8>, bool), FormatError> {
    let mut found = false;
    let made = edited(info, 2, &mut |kind| {
        edited(kind, 1, &mut |tensor| {
            edited(tensor, 2, &mut |shape| {
                let mut axis = 0;
                edited(shape, 1, &mut |dim| {
                    axis += 1;
                    if axis - 1 != wanted.axis {
                        return Ok(dim.bytes.to_vec());
                    }
                    found = true;
                    let mut made = Writer::default();
                    made.int(1, wanted.extent);
                    copy_fields(dim, &mut made.0, &mut |field| field.number > 2)?;
                    Ok(made.0)
                })
            })
        })
    })?;
    Ok((made, found))
}

/// A `ValueInfoProto` of a tensor that no longer says the shape.
fn without_shape(info: Message<'_>) -> Result<Vec<u8>, FormatError> {
    edited(info, 2, &mut |kind| {
        edited(kind, 1, &mut |tensor| {
            let mut made = Vec::new();
            copy_fields(tensor, &mut made, &mut |field| field.number != 2)?;
            Ok(made)
        })
    })
}

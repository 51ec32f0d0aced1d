//! A model file copied with notes on it: metadata of the model and of the nodes of its main graph.
//!
//! Everything else is copied byte for byte, references to external data included. Metadata under other keys stays, and a
//! copy of a copy with the same notes is that copy. The version of the file format stays too, though metadata of nodes
//! came with version 10: to readers of an older time they are a field that protobuf has them skip, whereas a higher
//! version would have older runtimes refuse the file, and would change what the inputs of very old files mean.

use std::io::{self, Write};
use std::ops::Range;

use super::MAX_BYTES;
use super::copy::{Pieces, copy_fields, for_each_field, message};
use super::read::string_entry;
use crate::FormatError;
use crate::protobuf::{Field, Message, Writer};

/// A key and its value.
pub type Note = (String, String);

/// What is to be written into a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// What all keys begin with: entries of the source whose keys do so are left out.
    pub prefix: String,
    /// Of the model.
    pub model: Vec<Note>,
    /// Of the nodes of the main graph, in the file's order; those that the list is too short for have none.
    pub nodes: Vec<Vec<Note>>,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum AnnotateError {
    /// The source is damaged, or has other nodes than the notes.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// More than a file can hold.
    #[error("the file would have {0} bytes, and ONNX files end at 2 GiB")]
    TooLarge(u64),
    /// The copy cannot be written.
    #[error("cannot write the copy")]
    Io(#[from] io::Error),
}

/// Writes a copy of a model file with these notes, and returns how many nodes its main graph has.
///
/// # Errors
/// Where the source is no ONNX model of one graph, where it has fewer nodes than there are notes for, where the copy would
/// be too large for a file, and where `out` fails.
pub fn annotate(bytes: &[u8], notes: &Notes, out: &mut dyn Write) -> Result<usize, AnnotateError> {
    let file = Message::file(bytes);
    let mut job = Job { notes, nodes_done: 0 };
    let mut graphs = 0;
    let mut model = Pieces::default();
    for_each_field(file, &mut |field, range| {
        match field.number {
            GRAPH => {
                graphs += 1;
                let graph = job.graph(field.message()?)?;
                model.nest(GRAPH, graph);
            }
            MODEL_METADATA if job.is_old(&field)? => {}
            _ => model.copy(range),
        }
        Ok(())
    })?;
    if graphs != 1 || job.nodes_done < notes.nodes.len() {
        let problem = format!("the file has {graphs} graphs and {} nodes in them", job.nodes_done);
        return Err(FormatError::Model(problem).into());
    }
    model.make(entries(MODEL_METADATA, &notes.model));
    if model.bytes() > MAX_BYTES {
        return Err(AnnotateError::TooLarge(model.bytes()));
    }
    model.write(bytes, out)?;
    Ok(job.nodes_done)
}

/// `ModelProto.graph`.
const GRAPH: u32 = 7;
/// `ModelProto.metadata_props`.
const MODEL_METADATA: u32 = 14;
/// `GraphProto.node`.
const NODE: u32 = 1;
/// `NodeProto.metadata_props`.
const NODE_METADATA: u32 = 9;

struct Job<'n> {
    notes: &'n Notes,
    nodes_done: usize,
}

impl Job<'_> {
    fn graph(&mut self, graph: Message<'_>) -> Result<Pieces, FormatError> {
        let mut pieces = Pieces::default();
        for_each_field(graph, &mut |field, range| {
            match field.number {
                NODE => self.node(field.message()?, range, &mut pieces)?,
                _ => pieces.copy(range),
            }
            Ok(())
        })?;
        Ok(pieces)
    }

    fn node(&mut self, node: Message<'_>, range: Range<usize>, into: &mut Pieces) -> Result<(), FormatError> {
        let notes = self.notes.nodes.get(self.nodes_done).map_or(&[][..], Vec::as_slice);
        self.nodes_done += 1;
        let mut has_old = false;
        for field in node.fields() {
            has_old |= self.is_old_of_node(&field?)?;
        }
        if notes.is_empty() && !has_old {
            into.copy(range);
            return Ok(());
        }
        let mut made = Vec::new();
        // All of them were read above.
        copy_fields(node, &mut made, &mut |field| !self.is_old_of_node(field).unwrap_or(false))?;
        made.extend(entries(NODE_METADATA, notes));
        into.make(message(NODE, &made));
        Ok(())
    }

    /// Whether a field of a node is a note from before.
    fn is_old_of_node(&self, field: &Field<'_>) -> Result<bool, FormatError> {
        Ok(field.number == NODE_METADATA && self.is_old(field)?)
    }

    /// Whether an entry of metadata is a note from before.
    fn is_old(&self, field: &Field<'_>) -> Result<bool, FormatError> {
        Ok(string_entry(field.message()?)?.0.starts_with(&self.notes.prefix))
    }
}

/// The notes as fields of metadata.
fn entries(number: u32, notes: &[Note]) -> Vec<u8> {
    let mut writer = Writer::default();
    for (key, value) in notes {
        writer.message(number, |entry| {
            entry.bytes(1, key).bytes(2, value);
        });
    }
    writer.0
}

//! Nodes carried to a later version of the operator set, meaning what they meant.
//!
//! Between versions 11 and 21 most operators only took more types or optional attributes whose defaults are what was.
//! The others are in [`RULES`], after the changelog of ONNX (docs/Changelog.md) and its version converter. What
//! cannot be said in the words of the later version is refused.

use crate::FormatError;
use crate::onnx::MAX_DEPTH;
use crate::onnx::copy::{copy_fields, edited, int_list};
use crate::onnx::read::NodeProto;
use crate::protobuf::{Message, Writer};

use super::nodes::{self, Names};

/// Nodes of older versions are not carried.
pub(super) const OLDEST: i64 = 11;

/// What changed in an operator.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// This attribute, a list of integers, became the second input.
    ToInput(&'static str),
    /// This attribute no longer exists and meant nothing where nothing is trained.
    Gone(&'static str),
    /// The input was taken for a matrix, split before the axis (default 1).
    Coerced,
    /// How many parts there are must be said, where their extents are not.
    CountParts,
    /// More than one output meant training.
    OneOutput,
    /// This attribute has another default; this was it.
    Default(&'static str, &'static str),
    /// These values of an attribute are called otherwise.
    Renamed(&'static str, &'static [(&'static str, &'static str)]),
    /// It means something else.
    Refused,
}

use Change::{Coerced, CountParts, Default, Gone, OneOutput, Refused, Renamed, ToInput};

/// Operators, the version in which they changed, and how.
const RULES: &[(&str, i64, Change)] = &[
    ("Dropout", 12, Gone("ratio")),
    ("Squeeze", 13, ToInput("axes")),
    ("Unsqueeze", 13, ToInput("axes")),
    ("ReduceSum", 13, ToInput("axes")),
    ("Split", 13, ToInput("split")),
    ("Softmax", 13, Coerced),
    ("LogSoftmax", 13, Coerced),
    ("Hardmax", 13, Coerced),
    ("BatchNormalization", 14, OneOutput),
    ("RoiAlign", 16, Default("coordinate_transformation_mode", "output_half_pixel")),
    ("ReduceL1", 18, ToInput("axes")),
    ("ReduceL2", 18, ToInput("axes")),
    ("ReduceLogSum", 18, ToInput("axes")),
    ("ReduceLogSumExp", 18, ToInput("axes")),
    ("ReduceMax", 18, ToInput("axes")),
    ("ReduceMean", 18, ToInput("axes")),
    ("ReduceMin", 18, ToInput("axes")),
    ("ReduceProd", 18, ToInput("axes")),
    ("ReduceSumSquare", 18, ToInput("axes")),
    ("Split", 18, CountParts),
    ("DFT", 20, Refused),
    ("GridSample", 20, Renamed("mode", &[("bilinear", "linear"), ("bicubic", "cubic")])),
    ("GroupNormalization", 21, Refused),
];

/// Why a node cannot be carried.
pub(super) enum Stuck {
    Format(FormatError),
    /// The operator.
    Node(String),
}

impl From<FormatError> for Stuck {
    fn from(error: FormatError) -> Stuck {
        Stuck::Format(error)
    }
}

/// From one version to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raise {
    pub from: i64,
    pub to: i64,
}

impl Raise {
    /// The nodes that mean the same; `None` where it is the node itself.
    pub fn node(self, message: Message<'_>, names: &mut Names<'_>) -> Result<Option<Vec<Vec<u8>>>, Stuck> {
        self.nested(message, names, MAX_DEPTH)
    }

    fn nested(
        self,
        message: Message<'_>,
        names: &mut Names<'_>,
        depth: usize,
    ) -> Result<Option<Vec<Vec<u8>>>, Stuck> {
        let with_graphs = self.graphs(message, names, depth)?;
        let message = with_graphs.as_ref().map_or(message, |bytes| Message { bytes, offset: 0 });
        let proto = NodeProto::parse(message)?;
        let rules = RULES.iter().filter(|(op_type, since, _)| {
            proto.domain.is_empty() && *op_type == proto.op_type && self.from < *since && *since <= self.to
        });
        let mut carried = Carried::of(message, &proto);
        for (_, _, change) in rules {
            carried.apply(*change, names)?;
        }
        match (carried.changed, &with_graphs) {
            (true, _) => Ok(Some(carried.into_nodes())),
            (false, Some(bytes)) => Ok(Some(vec![bytes.clone()])),
            (false, None) => Ok(None),
        }
    }

    /// The node with its subgraphs carried, if it has any.
    fn graphs(
        self,
        message: Message<'_>,
        names: &mut Names<'_>,
        depth: usize,
    ) -> Result<Option<Vec<u8>>, Stuck> {
        let mut has_graph = false;
        for field in message.fields().filter(|field| field.as_ref().is_ok_and(|field| field.number == 5)) {
            for part in field?.message()?.fields() {
                has_graph |= part?.number == 6;
            }
        }
        if !has_graph {
            return Ok(None);
        }
        if depth == 0 {
            return Err(FormatError::Model(format!("subgraphs nested deeper than {MAX_DEPTH}")).into());
        }
        let mut stuck = None;
        let made = edited(message, 5, &mut |attribute| {
            edited(attribute, 6, &mut |graph| {
                let mut made = Writer::default();
                for field in graph.fields() {
                    let field = field?;
                    if field.number != 1 {
                        continue;
                    }
                    let node = field.message()?;
                    match self.nested(node, names, depth - 1) {
                        Ok(Some(nodes)) => nodes.iter().for_each(|node| {
                            made.bytes(1, node);
                        }),
                        Ok(None) => {
                            made.bytes(1, node.bytes);
                        }
                        Err(why) => stuck = Some(why),
                    }
                }
                copy_fields(graph, &mut made.0, &mut |field| field.number != 1)?;
                Ok(made.0)
            })
        })?;
        stuck.map_or(Ok(Some(made)), Err)
    }
}

/// A node under change.
struct Carried<'a> {
    message: Message<'a>,
    op_type: &'a str,
    label: &'a str,
    inputs: Vec<String>,
    outputs: Vec<String>,
    /// Names, and whole messages.
    attributes: Vec<(String, Vec<u8>)>,
    before: Vec<Vec<u8>>,
    after: Vec<Vec<u8>>,
    changed: bool,
}

impl<'a> Carried<'a> {
    fn of(message: Message<'a>, proto: &NodeProto<'a>) -> Carried<'a> {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let messages = message.fields().filter_map(Result::ok).filter(|field| field.number == 5);
        let bytes = messages.filter_map(|field| field.message().ok()).map(|message| message.bytes.to_vec());
        let names = proto.attributes.iter().map(|attribute| attribute.name.to_owned());
        let first = proto.outputs.first().copied().unwrap_or("");
        Carried {
            message,
            op_type: proto.op_type,
            label: if proto.name.is_empty() { first } else { proto.name },
            inputs: own(&proto.inputs),
            outputs: own(&proto.outputs),
            attributes: names.zip(bytes).collect(),
            before: Vec::new(),
            after: Vec::new(),
            changed: false,
        }
    }

    fn stuck(&self) -> Stuck {
        Stuck::Node(format!("node '{}' ({}) means something else there", self.label, self.op_type))
    }

    fn first_output(&self) -> String {
        self.outputs.first().cloned().unwrap_or_default()
    }

    fn take(&mut self, name: &str) -> Option<Vec<u8>> {
        let at = self.attributes.iter().position(|(own, _)| own == name)?;
        Some(self.attributes.remove(at).1)
    }

    fn apply(&mut self, change: Change, names: &mut Names<'_>) -> Result<(), Stuck> {
        match change {
            ToInput(name) => {
                if let Some(attribute) = self.take(name) {
                    let list = names.fresh(&self.first_output(), name);
                    self.before.push(int_list(&list, &ints(&attribute)?));
                    self.inputs.resize(2, String::new());
                    self.inputs[1] = list;
                    self.changed = true;
                }
            }
            Gone(name) => self.changed |= self.take(name).is_some(),
            Coerced => self.coerced(names)?,
            CountParts => {
                if self.inputs.get(1).is_none_or(String::is_empty) {
                    let count = self.outputs.len() as i64;
                    self.set("num_outputs", |attribute| {
                        attribute.int(3, count).int(20, 2);
                    });
                }
            }
            OneOutput => {
                if self.outputs.iter().filter(|output| !output.is_empty()).count() > 1 {
                    return Err(self.stuck());
                }
                if self.outputs.len() > 1 {
                    self.outputs.truncate(1);
                    self.changed = true;
                }
            }
            Default(name, value) => {
                if !self.attributes.iter().any(|(own, _)| own == name) {
                    self.set(name, |attribute| {
                        attribute.bytes(4, value).int(20, 3);
                    });
                }
            }
            Renamed(name, values) => {
                if let Some(attribute) = self.take(name) {
                    let value = text(&attribute)?;
                    let new = values.iter().find(|(old, _)| *old == value).map_or(value, |(_, new)| *new);
                    let new = new.to_owned();
                    self.set(name, |attribute| {
                        attribute.bytes(4, new).int(20, 3);
                    });
                }
            }
            Refused => return Err(self.stuck()),
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: impl FnOnce(&mut Writer)) {
        let mut attribute = Writer::default();
        attribute.bytes(1, name);
        value(&mut attribute);
        self.attributes.push((name.to_owned(), attribute.0));
        self.changed = true;
    }

    /// Flattened before the axis, over the last axis of the matrix, and back to the shape that was.
    fn coerced(&mut self, names: &mut Names<'_>) -> Result<(), Stuck> {
        let axis = self.take("axis").map_or(Ok(1), |attribute| int(&attribute))?;
        self.set("axis", |attribute| {
            attribute.int(3, -1).int(20, 2);
        });
        if axis == -1 {
            return Ok(());
        }
        let (Some(input), Some(output)) = (self.inputs.first().cloned(), self.outputs.first().cloned())
        else {
            return Err(self.stuck());
        };
        let mut name = |end: &str| names.fresh(&output, end);
        let (shape, flat, made) = (name("shape"), name("flat"), name("matrix"));
        let label = |end: &str| format!("{}/{end}", self.label);
        self.before.push(nodes::node("Shape", &label("shape"), &[&input], &[&shape], &[]));
        self.before.push(nodes::node("Flatten", &label("flat"), &[&input], &[&flat], &[("axis", axis)]));
        self.after.push(nodes::node("Reshape", &label("reshape"), &[&made, &shape], &[&output], &[]));
        self.inputs = vec![flat];
        self.outputs = vec![made];
        Ok(())
    }

    fn into_nodes(self) -> Vec<Vec<u8>> {
        let mut node = Writer::default();
        self.inputs.iter().for_each(|input| {
            node.bytes(1, input);
        });
        self.outputs.iter().for_each(|output| {
            node.bytes(2, output);
        });
        self.attributes.iter().for_each(|(_, attribute)| {
            node.bytes(5, attribute);
        });
        // The message was walked before, so that it cannot fail here.
        let _ = copy_fields(self.message, &mut node.0, &mut |field| !matches!(field.number, 1 | 2 | 5));
        self.before.into_iter().chain([node.0]).chain(self.after).collect()
    }
}

fn ints(attribute: &[u8]) -> Result<Vec<i64>, FormatError> {
    let mut values = Vec::new();
    for field in Message::file(attribute).fields() {
        let field = field?;
        if field.number == 8 {
            field.extend_ints(&mut values)?;
        }
    }
    Ok(values)
}

fn int(attribute: &[u8]) -> Result<i64, FormatError> {
    let mut value = 0;
    for field in Message::file(attribute).fields() {
        let field = field?;
        if field.number == 3 {
            value = field.int()?;
        }
    }
    Ok(value)
}

fn text(attribute: &[u8]) -> Result<&str, FormatError> {
    let mut value = "";
    for field in Message::file(attribute).fields() {
        let field = field?;
        if field.number == 4 {
            value = field.text()?;
        }
    }
    Ok(value)
}

//! The questions every operator answers.
//!
//! [`Operator`] has no default bodies on purpose: whoever adds an operator answers every question, and
//! what cannot be answered is said to be unknown. It is never 0.

use std::any::Any;
use std::fmt;

use smallvec::SmallVec;

use crate::{Backward, DType, Expr, Shape, TensorType, Value, bytes_of};

/// What a node does: its meaning, apart from any format's spelling.
pub trait Operator: Any + fmt::Debug + Send + Sync {
    /// The kind, in the field's usual word: `Conv`, `MatMul`, `LayerNormalization`.
    fn name(&self) -> &str;

    /// A few characters that tell this one from others of its kind: `3×3 64→128 /2`. May be empty.
    fn detail(&self, node: &Operands<'_>) -> String;

    /// The types of the outputs, one for each the operator can have, from those of the inputs.
    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop>;

    /// What one execution computes, from the types of inputs and outputs.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop>;

    /// How it treats memory: what it can overwrite, what it really reads.
    fn memory(&self, node: &Operands<'_>) -> Memory;

    /// How gradients go back through it, and what it keeps for them, from the types of inputs and outputs. What
    /// merely lets no gradient through says so; what is not known is `Unknown`.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop>;

    /// What stored data means when this operator reads it as input `index`.
    fn role(&self, index: usize) -> Role;
}

/// The types of a node's outputs.
pub type Outputs = SmallVec<[TensorType; 1]>;

/// Why an operator gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// It depends on something unknown; what, in a few words.
    #[error("{0}")]
    Unknown(&'static str),
    /// The inputs cannot be right; why, with the numbers.
    #[error("{0}")]
    Contradiction(String),
}

impl Stop {
    /// What a body costs that is never run.
    pub const NEVER_RUNS: Stop = Stop::Unknown("a branch that never runs");

    /// The inputs cannot be right.
    pub fn contradiction(message: impl Into<String>) -> Stop {
        Stop::Contradiction(message.into())
    }
}

/// What one execution of an operator computes, by the definitions of the metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Multiply-accumulates of matrix-like operators; no bias adds; padding counted.
    pub macs: Expr,
    /// Arithmetic of everything else, each primitive (add, multiply, divide, exp, ...) counted once.
    /// Comparisons and index moves are 0.
    pub other_ops: Expr,
}

impl Cost {
    /// No arithmetic: index moves, comparisons, views.
    pub const FREE: Cost = Cost { macs: Expr::ZERO, other_ops: Expr::ZERO };

    /// Multiply-accumulates only.
    pub fn macs(macs: Expr) -> Cost {
        Cost { macs, other_ops: Expr::ZERO }
    }

    /// Other operations only.
    pub fn other(other_ops: Expr) -> Cost {
        Cost { macs: Expr::ZERO, other_ops }
    }

    /// The cost with further other operations, such as a bias add.
    pub fn and_other(mut self, other_ops: Expr) -> Cost {
        self.other_ops = self.other_ops + other_ops;
        self
    }

    /// The cost of doing it `count` times.
    pub fn times(&self, count: &Expr) -> Cost {
        Cost { macs: &self.macs * count, other_ops: &self.other_ops * count }
    }
}

/// How an operator treats memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Inputs that the first output may overwrite when this is their last reader and the sizes agree.
    pub overwrites: SmallVec<[usize; 2]>,
    /// How much of its inputs and outputs it moves.
    pub traffic: Traffic,
    /// What it needs while it runs, beside inputs and outputs.
    pub workspace: Workspace,
}

/// Scratch memory of an operator: a model of a usual implementation, since the definition of an operator says
/// nothing about it. Buffers whose size the caches of a machine decide are not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// How many bytes; `None` where that is unknown.
    pub bytes: Option<Expr>,
    /// What is in it, in a few words; empty where there is none.
    pub purpose: &'static str,
}

impl Workspace {
    /// None at all.
    pub const NONE: Workspace = Workspace { bytes: Some(Expr::ZERO), purpose: "" };
}

/// How much memory traffic an operator causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Every input is read and every output written.
    All,
    /// Nothing moves: views and queries of shapes.
    Nothing,
    /// Of this input only as many elements are read as the first output has (a table look-up, a slice).
    Selected(usize),
}

impl Memory {
    /// Reads all, writes all, needs its own output.
    pub fn fresh() -> Memory {
        Memory { overwrites: SmallVec::new(), traffic: Traffic::All, workspace: Workspace::NONE }
    }

    /// Reads all, writes all, may write over one of these inputs.
    pub fn in_place(inputs: impl IntoIterator<Item = usize>) -> Memory {
        Memory { overwrites: inputs.into_iter().collect(), ..Memory::fresh() }
    }

    /// The output is the first input seen differently.
    pub fn view() -> Memory {
        Memory { overwrites: SmallVec::from_slice(&[0]), ..Memory::untouched() }
    }

    /// Reads only part of input `index`.
    pub fn selects(index: usize) -> Memory {
        Memory { traffic: Traffic::Selected(index), ..Memory::fresh() }
    }

    /// Touches no data at all.
    pub fn untouched() -> Memory {
        Memory { traffic: Traffic::Nothing, ..Memory::fresh() }
    }

    /// The same with a workspace: so many elements of this type. What cannot be said is unknown.
    pub fn with_workspace(
        mut self,
        purpose: &'static str,
        elements: Result<Expr, Stop>,
        dtype: Option<DType>,
    ) -> Memory {
        let bytes = elements.ok().and_then(|elements| bytes_of(&elements, dtype?));
        self.workspace = match bytes {
            Some(Expr::ZERO) => Workspace::NONE,
            bytes => Workspace { bytes, purpose },
        };
        self
    }

    /// The same for an operator whose workspace nobody knows.
    pub fn with_unknown_workspace(mut self) -> Memory {
        self.workspace = Workspace { bytes: None, purpose: "" };
        self
    }
}

/// What stored data means to the operator that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Only the element type is looked at, never the data.
    Type,
    /// Shapes, axes, indices, scales, zero points, masks: counted in bytes, not in parameters.
    Constant,
    /// State that is stored but not learned: running mean and variance.
    Buffer,
    /// An ordinary operand: learned if it is a floating-point tensor and no mere scalar.
    Operand,
    /// A learned tensor, whatever its type: weights, biases, embedding tables.
    Parameter,
    /// A learned tensor whose elements are packed into those of another type.
    Packed(Packing),
}

impl Role {
    /// Whether it is a learned tensor.
    pub fn is_learned(self) -> bool {
        matches!(self, Role::Parameter | Role::Packed(_))
    }
}

/// How the elements of a learned tensor are packed into stored ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Packing {
    /// How many bits each element has.
    pub bits: u8,
    /// How many elements there are, where padding makes that fewer than the bits would hold.
    pub elements: Option<i64>,
}

impl Packing {
    /// The elements of a stored tensor of so many bytes.
    pub fn elements_in(self, bytes: &Expr) -> Expr {
        match self.elements {
            Some(elements) => Expr::Int(elements),
            None => (bytes * 8).floor_div(&Expr::Int(i64::from(self.bits))),
        }
    }

    /// The element type, where there is one of so many bits.
    pub fn dtype(self) -> Option<DType> {
        match self.bits {
            2 => Some(DType::U2),
            4 => Some(DType::U4),
            8 => Some(DType::U8),
            _ => None,
        }
    }
}

/// The typed inputs and outputs of a node whose types are inferred.
#[derive(Clone, Copy)]
pub struct Operands<'a> {
    /// The inputs; `None` where an optional one is left out.
    pub inputs: &'a [Option<&'a TensorType>],
    /// The outputs; `None` where an optional one is left out.
    pub outputs: &'a [Option<&'a TensorType>],
    /// What one run of each body costs, for control flow.
    pub bodies: &'a [Result<Cost, Stop>],
}

impl<'a> Operands<'a> {
    /// Whether input `index` is there.
    pub fn has_input(&self, index: usize) -> bool {
        self.inputs.get(index).is_some_and(Option::is_some)
    }

    /// The shape of input `index`.
    pub fn input(&self, index: usize) -> Result<&'a Shape, Stop> {
        shape_of(self.inputs, index, "the shape of an input is unknown")
    }

    /// The shape of output `index`.
    pub fn output(&self, index: usize) -> Result<&'a Shape, Stop> {
        shape_of(self.outputs, index, "the shape of an output is unknown")
    }

    /// The elements of input `index`, where they are known.
    pub fn value(&self, index: usize) -> Option<&'a Value> {
        self.inputs.get(index).copied().flatten()?.value.as_ref()
    }

    /// The element type of input `index`.
    pub fn dtype(&self, index: usize) -> Option<DType> {
        self.inputs.get(index).copied().flatten()?.dtype
    }
}

fn shape_of<'a>(
    types: &'a [Option<&'a TensorType>],
    index: usize,
    unknown: &'static str,
) -> Result<&'a Shape, Stop> {
    types.get(index).copied().flatten().and_then(|typed| typed.shape.as_ref()).ok_or(Stop::Unknown(unknown))
}

/// What an operator sees while its outputs are being inferred.
pub struct Inference<'a> {
    /// The types of the inputs; `None` where an optional one is left out.
    pub inputs: &'a [Option<&'a TensorType>],
    /// How many outputs the node names.
    pub output_count: usize,
    /// Stem of the names of extents that only the data decides.
    pub symbol_stem: &'a str,
    /// Runs inference over the node's bodies, for control flow.
    pub bodies: &'a mut dyn Bodies,
}

/// The bodies of a control-flow node, as inference sees them.
pub trait Bodies {
    /// The types of the outputs of body `index`, given those of its inputs: what holds for any run.
    fn infer(&mut self, index: usize, inputs: Vec<TensorType>) -> Result<Vec<TensorType>, Stop>;

    /// The same for one run that surely happens. An operator that follows its runs one by one costs what they
    /// cost together; where it gives up on the way, a call of `infer` forgets the runs.
    ///
    /// # Errors
    /// Unknown, where following takes too much work or a run contradicts itself.
    fn run(&mut self, index: usize, inputs: Vec<TensorType>) -> Result<Vec<TensorType>, Stop>;

    /// Whether all shapes in body `index`, as last inferred, are known and none depends on data alone.
    fn is_certain(&self, index: usize) -> bool;

    /// Whether body `index`, as last inferred, contradicts itself: no valid input leads there.
    fn contradicts(&self, index: usize) -> bool;

    /// Body `index` never runs, although it was inferred: what it contradicts is a note and no error.
    fn rule_out(&mut self, index: usize);
}

/// The bodies of an operator that has none.
pub struct NoBodies;

impl Bodies for NoBodies {
    fn infer(&mut self, _: usize, _: Vec<TensorType>) -> Result<Vec<TensorType>, Stop> {
        Err(Stop::Unknown("the node has no such body"))
    }

    fn run(&mut self, index: usize, inputs: Vec<TensorType>) -> Result<Vec<TensorType>, Stop> {
        self.infer(index, inputs)
    }

    fn is_certain(&self, _: usize) -> bool {
        false
    }

    fn contradicts(&self, _: usize) -> bool {
        false
    }

    fn rule_out(&mut self, _: usize) {}
}

impl<'a> Inference<'a> {
    /// The inputs alone, as an operator sees them once types are known.
    pub fn operands(&self) -> Operands<'a> {
        Operands { inputs: self.inputs, outputs: &[], bodies: &[] }
    }

    /// Whether input `index` is there.
    pub fn has_input(&self, index: usize) -> bool {
        self.operands().has_input(index)
    }

    /// The shape of input `index`.
    pub fn input(&self, index: usize) -> Result<&'a Shape, Stop> {
        shape_of(self.inputs, index, "the shape of an input is unknown")
    }

    /// The element type of input `index`.
    pub fn dtype(&self, index: usize) -> Option<DType> {
        self.operands().dtype(index)
    }

    /// The elements of input `index`, where they are known.
    pub fn value(&self, index: usize) -> Option<&'a Value> {
        self.operands().value(index)
    }

    /// The elements of an input that decides shapes, as plain integers.
    pub fn ints(&self, index: usize) -> Result<Vec<i64>, Stop> {
        self.value(index)
            .and_then(Value::as_ints)
            .ok_or(Stop::Unknown("a shape depends on values that are not known"))
    }

    /// An extent that only the data decides, as a symbol of its own.
    pub fn unknown_dim(&self, output: usize, axis: usize) -> Expr {
        Expr::symbol(&format!("{}_{output}_{axis}", self.symbol_stem))
    }
}

/// The outputs of an operator that has one.
pub fn single(output: TensorType) -> Outputs {
    let mut outputs = Outputs::new();
    outputs.push(output);
    outputs
}

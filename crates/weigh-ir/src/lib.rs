//! The neutral graph that every format is translated into, and the vocabulary operators answer in.
//!
//! - [`Expr`]: symbolic integers, for extents, counts and formulas;
//! - [`Model`], [`Graph`], [`Node`], [`Tensor`]: the graph;
//! - [`Operator`]: what every operator answers (types, cost, memory, roles);
//! - [`units`]: numbers as people read them; [`Diagnostic`]: findings.
//!
//! No I/O, and no knowledge of any format.
#![forbid(unsafe_code)]

mod backward;
mod diagnostic;
mod dtype;
mod expr;
mod graph;
pub mod half;
mod operator;
mod shape;
mod tensor;
pub mod units;

pub use backward::{Backward, InputGradient, Saved};
pub use diagnostic::{Diagnostic, Severity};
pub use dtype::DType;
pub use expr::{Bindings, Expr, Formula, Invalid, Leading, ParseExprError, Symbol};
pub use graph::{Graph, Model, Node};
pub use operator::{
    Bodies, Cost, Inference, Memory, NoBodies, Operands, Operator, Outputs, Packing, Role, Stop, Traffic,
    Workspace, single,
};
pub use shape::{Shape, broadcast_dims, resolve_axis};
pub use tensor::{MAX_VALUE_ELEMENTS, Members, Place, Stored, Tensor, TensorId, TensorType, Value, bytes_of};

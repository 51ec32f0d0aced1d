//! Functions of single elements, each a row of a table.

mod backward;
mod cast;
mod function;
mod pointwise;
mod table;
mod values;

pub use cast::Cast;
pub use function::Elementwise;
pub use pointwise::{Gate, Mask, POINTWISE, Pointwise, PointwiseFunction};
pub use table::{Arity, FUNCTIONS, Function, Returns};

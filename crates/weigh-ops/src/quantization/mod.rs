//! Few bits for many: into and out of integers, and products of them.

mod quantize;
mod requantize;

pub use quantize::{BlockQuantizedMatMul, Dequantize, DynamicQuantize, Granularity, IntegerMatMul, Quantize};
pub use requantize::{QuantizedInput, Requantized};

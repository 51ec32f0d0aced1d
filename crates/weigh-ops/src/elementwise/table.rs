//! The table of functions: name, inputs, type of the result, arithmetic of one element.
//!
//! The arithmetic counts primitives (add, multiply, divide, square root, exp, log, a trigonometric function, erf: one
//! each) of the definition in the ONNX operator specification; comparisons, selections and bit moves are 0.

/// How many inputs a function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// One, and possibly parameters of the function that are no operands (the bounds of Clip).
    One,
    /// Two that broadcast.
    Two,
    /// Any number that broadcast; the arithmetic is done once fewer than there are inputs.
    Any,
    /// Condition, then, else: all broadcast.
    Choice,
}

/// What element type a function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// That of its first operand.
    Same,
    /// Booleans.
    Bool,
}

/// One elementwise function.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// The name, as in ONNX.
    pub name: &'static str,
    /// How many inputs it takes.
    pub arity: Arity,
    /// What it returns.
    pub returns: Returns,
    /// Arithmetic primitives for each element.
    pub operations: i64,
}

const fn row(name: &'static str, arity: Arity, returns: Returns, operations: i64) -> Function {
    Function { name, arity, returns, operations }
}

use Arity::{Any, Choice, One, Two};
use Returns::{Bool, Same};

/// Every elementwise function.
pub const FUNCTIONS: &[Function] = &[
    // Arithmetic.
    row("Add", Two, Same, 1),
    row("Sub", Two, Same, 1),
    row("Mul", Two, Same, 1),
    row("Div", Two, Same, 1),
    row("Pow", Two, Same, 1),
    row("Mod", Two, Same, 1),
    row("PRelu", Two, Same, 1),
    row("Sum", Any, Same, 1),
    row("Mean", Any, Same, 1),
    row("Neg", One, Same, 1),
    row("Abs", One, Same, 1),
    row("Reciprocal", One, Same, 1),
    row("Sqrt", One, Same, 1),
    row("Exp", One, Same, 1),
    row("Log", One, Same, 1),
    row("Erf", One, Same, 1),
    row("Sin", One, Same, 1),
    row("Cos", One, Same, 1),
    row("Tan", One, Same, 1),
    row("Asin", One, Same, 1),
    row("Acos", One, Same, 1),
    row("Atan", One, Same, 1),
    row("Sinh", One, Same, 1),
    row("Cosh", One, Same, 1),
    row("Tanh", One, Same, 1),
    row("Asinh", One, Same, 1),
    row("Acosh", One, Same, 1),
    row("Atanh", One, Same, 1),
    row("Floor", One, Same, 1),
    row("Ceil", One, Same, 1),
    row("Round", One, Same, 1),
    // Activation functions, by the primitives of their definitions.
    row("Relu", One, Same, 0),            // max(0, x)
    row("LeakyRelu", One, Same, 1),       // a·x
    row("ThresholdedRelu", One, Same, 0), // x or 0
    row("Elu", One, Same, 3),             // a·(e^x − 1)
    row("Celu", One, Same, 4),            // a·(e^(x/a) − 1)
    row("Selu", One, Same, 4),            // g·(a·e^x − a)
    row("Sigmoid", One, Same, 4),         // 1 / (1 + e^−x)
    row("HardSigmoid", One, Same, 2),     // a·x + b
    row("HardSwish", One, Same, 3),       // x·(a·x + b)
    row("Softplus", One, Same, 3),        // ln(1 + e^x)
    row("Softsign", One, Same, 3),        // x / (1 + |x|)
    row("Mish", One, Same, 5),            // x·tanh(ln(1 + e^x))
    row("Swish", One, Same, 5),           // x·sigmoid(x)
    row("SwiGLU", Two, Same, 6),          // x·sigmoid(x)·y
    row("QuickGelu", One, Same, 6),       // x·sigmoid(a·x)
    // Four products and two sums for every pair of real and imaginary part.
    row("ComplexMul", Two, Same, 3),
    row("ComplexMulConj", Two, Same, 3),
    row("Gelu", One, Same, 5),     // x·(1 + erf(x/√2))/2
    row("FastGelu", One, Same, 8), // x·(1 + tanh(b·(x + a·x³)))/2
    row("BiasGelu", Two, Same, 6), // gelu(x + b)
    row("Shrink", One, Same, 1),   // x − b
    // Dropped from the standard, kept by ONNX Runtime.
    row("Affine", One, Same, 2),             // a·x + b
    row("ParametricSoftplus", One, Same, 5), // a·ln(1 + e^(b·x))
    row("ScaledTanh", One, Same, 3),         // a·tanh(b·x)
    row("Scale", One, Same, 1),              // a·x
    row("ImageScaler", One, Same, 2),        // a·x + b of the channel
    row("Sign", One, Same, 0),
    row("Clip", One, Same, 0),
    row("Max", Any, Same, 0),
    row("Min", Any, Same, 0),
    // Comparisons and logic.
    row("Equal", Two, Bool, 0),
    row("Less", Two, Bool, 0),
    row("LessOrEqual", Two, Bool, 0),
    row("Greater", Two, Bool, 0),
    row("GreaterOrEqual", Two, Bool, 0),
    row("And", Two, Bool, 0),
    row("Or", Two, Bool, 0),
    row("Xor", Two, Bool, 0),
    row("Not", One, Bool, 0),
    row("IsNaN", One, Bool, 0),
    row("IsInf", One, Bool, 0),
    row("BitwiseAnd", Two, Same, 0),
    row("BitwiseOr", Two, Same, 0),
    row("BitwiseXor", Two, Same, 0),
    row("BitwiseNot", One, Same, 0),
    row("BitShift", Two, Same, 0),
    row("Where", Choice, Same, 0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (index, function) in FUNCTIONS.iter().enumerate() {
            assert!(FUNCTIONS[..index].iter().all(|other| other.name != function.name), "{}", function.name);
        }
    }
}

//! Slopes of elementwise functions: what each keeps for them and their arithmetic, a row for every function.
//!
//! What is kept follows PyTorch's table of derivatives; the arithmetic counts the primitives of the derivative and
//! the product with the gradient, as the table of functions counts those of the function.

use weigh_ir::{Backward, Cost, DType, Expr, Operands, Saved, Stop};

use super::{Arity, Elementwise};

/// What the slope of a function is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slope {
    /// It is 0 wherever there is one, or the function is not one of real numbers: no gradient goes through.
    Flat,
    /// Nothing: it is the same everywhere.
    Constant(i64),
    /// Its input, or all its inputs.
    Inputs(i64),
    /// Its output.
    Output(i64),
    /// Of each input the other one.
    Partner(i64),
    /// The condition of a choice.
    Condition,
    /// Of a quotient, or a power: the inputs, and for the gradient of an exponent the output.
    Quotient,
    /// See [`Slope::Quotient`].
    Power,
    /// A slope that is learned on one side: x and the slope for the first input, x for the second.
    Learned,
}

use Slope::{Condition, Constant, Flat, Inputs, Learned, Output, Partner, Power, Quotient};

/// The slope of every function of [`FUNCTIONS`](super::FUNCTIONS).
const SLOPES: &[(&str, Slope)] = &[
    ("Add", Constant(0)),
    ("Sub", Constant(0)),
    ("Mul", Partner(1)),
    ("Div", Quotient),
    ("Pow", Power),
    ("Mod", Inputs(2)),
    ("PRelu", Learned),
    ("Sum", Constant(0)),
    ("Mean", Constant(1)),
    ("Neg", Constant(1)),
    ("Abs", Inputs(1)),        // g·sign(x)
    ("Reciprocal", Output(3)), // −g·y·y
    ("Sqrt", Output(2)),       // g / (2·y)
    ("Exp", Output(1)),        // g·y
    ("Log", Inputs(1)),        // g / x
    ("Erf", Inputs(4)),        // g·2/√π·exp(−x²)
    ("Sin", Inputs(2)),
    ("Cos", Inputs(3)),
    ("Tan", Output(3)),  // g·(1 + y²)
    ("Asin", Inputs(4)), // g / √(1 − x²)
    ("Acos", Inputs(5)),
    ("Atan", Inputs(3)), // g / (1 + x²)
    ("Sinh", Inputs(2)),
    ("Cosh", Inputs(2)),
    ("Tanh", Output(3)),  // g·(1 − y²)
    ("Asinh", Inputs(4)), // g / √(x² + 1)
    ("Acosh", Inputs(4)),
    ("Atanh", Inputs(3)), // g / (1 − x²)
    ("Floor", Flat),
    ("Ceil", Flat),
    ("Round", Flat),
    ("Relu", Output(0)), // g where y > 0
    ("LeakyRelu", Inputs(1)),
    ("ThresholdedRelu", Inputs(0)),
    ("Elu", Inputs(3)), // g·a·e^x
    ("Celu", Inputs(3)),
    ("Selu", Inputs(4)),
    ("Sigmoid", Output(3)), // g·y·(1 − y)
    ("HardSigmoid", Inputs(1)),
    ("HardSwish", Inputs(4)), // g·(2·a·x + b)
    ("Softplus", Inputs(5)),  // g·sigmoid(x)
    ("Softsign", Inputs(4)),  // g / (1 + |x|)²
    ("Mish", Inputs(12)),     // g·(t + x·(1 − t²)·sigmoid(x)), t = tanh(ln(1 + e^x))
    ("Swish", Inputs(9)),     // g·s·(1 + x·(1 − s)), s = sigmoid(x)
    ("SwiGLU", Inputs(12)),
    ("QuickGelu", Inputs(10)),
    ("ComplexMul", Partner(3)),
    ("ComplexMulConj", Partner(3)),
    ("Gelu", Inputs(11)),     // g·(Φ(x) + x·φ(x)): 4, 4, and product, sum, product
    ("FastGelu", Inputs(17)), // the same of the approximation with tanh
    ("BiasGelu", Inputs(12)),
    ("Shrink", Inputs(0)),
    ("Affine", Constant(1)),
    ("ParametricSoftplus", Inputs(7)),
    ("ScaledTanh", Output(4)),
    ("Scale", Constant(1)),
    ("ImageScaler", Constant(1)),
    ("Sign", Flat),
    ("Clip", Inputs(0)),
    ("Max", Inputs(0)),
    ("Min", Inputs(0)),
    ("Equal", Flat),
    ("Less", Flat),
    ("LessOrEqual", Flat),
    ("Greater", Flat),
    ("GreaterOrEqual", Flat),
    ("And", Flat),
    ("Or", Flat),
    ("Xor", Flat),
    ("Not", Flat),
    ("IsNaN", Flat),
    ("IsInf", Flat),
    ("BitwiseAnd", Flat),
    ("BitwiseOr", Flat),
    ("BitwiseXor", Flat),
    ("BitwiseNot", Flat),
    ("BitShift", Flat),
    ("Where", Condition),
];

fn slope(name: &str) -> Option<Slope> {
    SLOPES.iter().find(|row| row.0 == name).map(|row| row.1)
}

/// The backward pass of an elementwise function. Where an input was broadcast, its gradient is summed up again.
pub(super) fn backward(op: &Elementwise, node: &Operands<'_>) -> Result<Backward, Stop> {
    let slope = slope(op.function.name).ok_or(Stop::Unknown("a function whose slope is not known"))?;
    let inputs = match op.function.arity {
        Arity::One => 0..1.min(node.inputs.len()),
        Arity::Choice => 1..node.inputs.len(),
        Arity::Two | Arity::Any => 0..node.inputs.len(),
    };
    let is_float = |index: usize| node.dtype(index).is_none_or(DType::is_float);
    if slope == Flat || !inputs.clone().all(is_float) {
        return Ok(Backward::none());
    }
    let output = node.output(0)?.elements();
    let all = || inputs.clone().map(Saved::Input).collect::<Vec<_>>();
    let result = || vec![Saved::Output(0)];
    let mut backward = Backward::none();
    for input in inputs.clone() {
        let (operations, saved) = match (slope, input) {
            (Flat, _) => (0, Vec::new()),
            (Constant(operations), _) => (operations, Vec::new()),
            (Inputs(operations), _) => (operations, all()),
            (Output(operations), _) => (operations, result()),
            (Partner(operations), _) => {
                (operations, all().into_iter().filter(|saved| *saved != Saved::Input(input)).collect())
            }
            (Condition, _) => (0, vec![Saved::Input(0)]),
            // g/b, and −g·a/b².
            (Quotient, 0) => (1, vec![Saved::Input(1)]),
            (Quotient, _) => (3, all()),
            // g·b·a^(b − 1), and g·y·ln a.
            (Power, 0) => (4, all()),
            (Power, _) => (3, [all(), result()].concat()),
            (Learned, 0) => (1, all()),
            (Learned, _) => (1, vec![Saved::Input(0)]),
        };
        let is_broadcast = node.input(input)?.elements() != output;
        let operations = Expr::Int(operations + i64::from(is_broadcast));
        backward = backward.and(input, Cost::other(&output * operations), saved);
    }
    Ok(backward)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FUNCTIONS;
    use crate::testing::{backward, shape};

    #[test]
    fn every_function_has_a_slope() {
        for function in FUNCTIONS {
            assert!(slope(function.name).is_some(), "{}", function.name);
        }
        assert_eq!(SLOPES.len(), FUNCTIONS.len());
    }

    #[test]
    fn what_is_kept() {
        let named = |name| Elementwise::named(name).expect("a function");
        let (tokens, vector) = (shape(&[2, 3, 8]), shape(&[8]));
        let relu = backward(&named("Relu"), std::slice::from_ref(&tokens));
        assert_eq!(relu.gradients[0].saved.as_slice(), [Saved::Output(0)]);
        let product = backward(&named("Mul"), &[tokens.clone(), vector.clone()]);
        assert_eq!(product.gradients[0].saved.as_slice(), [Saved::Input(1)]);
        // 48 products and as many sums into 8.
        assert_eq!(product.gradients[1].cost.other_ops, Expr::Int(96));
        let sum = backward(&named("Add"), &[tokens.clone(), vector]);
        assert_eq!(sum.gradients[0].cost, Cost::FREE);
        assert!(sum.gradients.iter().all(|gradient| gradient.saved.is_empty()));
        assert!(!backward(&named("Less"), &[tokens.clone(), tokens]).is_differentiable());
    }
}

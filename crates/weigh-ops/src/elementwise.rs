//! Functions applied element by element, with broadcasting.
//!
//! Each is one row of [`FUNCTIONS`]: its name, how many inputs it takes, what type it returns and how much
//! arithmetic one element takes. The arithmetic counts primitives (add, multiply, divide, square root, exp,
//! log, a trigonometric function, erf: one each) of the definition in the ONNX operator specification;
//! comparisons, selections and bit moves are 0.

use weigh_ir::{
    Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType, Value,
    single,
};

use crate::values;

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
    row("Gelu", One, Same, 5),            // x·(1 + erf(x/√2))/2
    row("FastGelu", One, Same, 8),        // x·(1 + tanh(b·(x + a·x³)))/2
    row("BiasGelu", Two, Same, 6),        // gelu(x + b)
    row("Shrink", One, Same, 1),          // x − b
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

/// An elementwise function as an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elementwise {
    /// Which function.
    pub function: &'static Function,
    /// Whether the output has the first input's shape whatever the others' (the one-sided broadcasting of ONNX
    /// before opset 7, which aligns the second input at an axis).
    pub one_sided: bool,
    /// Further operations for each element that a setting adds: a factor that is not 1.
    pub further: i64,
    /// Whether a rest has the sign of the dividend, and not of the divisor (`Mod` with `fmod`).
    pub signed_rest: bool,
}

impl Elementwise {
    /// The operator of this name, if there is such a function.
    pub fn named(name: &str) -> Option<Elementwise> {
        let function = FUNCTIONS.iter().find(|function| function.name == name)?;
        Some(Elementwise { function, one_sided: false, further: 0, signed_rest: false })
    }

    /// The operator of this name, whether upper or lower case.
    pub fn named_in_any_case(name: &str) -> Option<Elementwise> {
        FUNCTIONS
            .iter()
            .find(|function| function.name.eq_ignore_ascii_case(name))
            .and_then(|function| Elementwise::named(function.name))
    }

    /// Which inputs are operands: the condition of a choice and the bounds of a clip are not.
    fn operands(&self, inputs: usize) -> std::ops::Range<usize> {
        match self.function.arity {
            One => 0..1.min(inputs),
            Choice => 1..inputs,
            Two | Any => 0..inputs,
        }
    }

    fn value(&self, node: &Inference<'_>, shape: &Shape) -> Option<Value> {
        let operand = |index: usize| values::broadcast(node.value(index)?, node.input(index).ok()?, shape);
        let is_float = node.dtype(0).is_some_and(DType::is_float);
        let name = self.function.name;
        match self.function.arity {
            One if name == "Clip" => clip_value(node),
            One => unary_value(name, node.value(0)?),
            Two if name == "Mod" => rest(&operand(0)?, &operand(1)?, self.signed_rest),
            Two => binary_value(name, &operand(0)?, &operand(1)?, is_float),
            Any => (1..node.inputs.len())
                .try_fold(operand(0)?, |total, index| binary_value(name, &total, &operand(index)?, is_float)),
            Choice => choose(&operand(0)?, &operand(1)?, &operand(2)?),
        }
    }
}

impl Operator for Elementwise {
    fn name(&self) -> &str {
        self.function.name
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let involved = match self.function.arity {
            _ if self.one_sided => 1,
            One => 1,
            _ => node.inputs.len(),
        };
        let mut shape = node.input(0)?.clone();
        for index in 1..involved {
            shape = shape.broadcast(node.input(index)?)?;
        }
        let dtype = match self.function.returns {
            Bool => Some(DType::Bool),
            Same => node.dtype(self.operands(node.inputs.len()).start),
        };
        let value = self.value(node, &shape);
        Ok(single(TensorType::new(dtype, shape).with_value(value)))
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let repeats = match self.function.arity {
            // n − 1 additions; the mean divides once more.
            Any => node.inputs.len() as i64 - if self.function.name == "Mean" { 0 } else { 1 },
            _ => 1,
        };
        let operations = self.function.operations * repeats + self.further;
        Ok(Cost::other(node.output(0)?.elements() * operations))
    }

    fn memory(&self, node: &Operands<'_>) -> Memory {
        let memory = Memory::in_place(self.operands(node.inputs.len()));
        match self.function.name {
            // What goes into the error function is needed once more for the product.
            "BiasGelu" => {
                memory.with_workspace("input and bias", node.output(0).map(Shape::elements), node.dtype(0))
            }
            _ => memory,
        }
    }

    fn role(&self, index: usize) -> Role {
        match (self.function.name, self.function.arity, index) {
            ("PRelu" | "BiasGelu" | "FastGelu", _, 1) => Role::Parameter,
            (_, Choice, 0) => Role::Constant,
            (_, One, 1..) => Role::Constant,
            _ => Role::Operand,
        }
    }
}

/// Integers that a floating-point tensor holds are exact: rounding leaves them alone.
fn unary_value(name: &str, value: &Value) -> Option<Value> {
    let truth = |value: bool| Expr::Int(i64::from(value));
    let same = |x: &Expr| Some(x.clone());
    match name {
        "Neg" => values::map(value, |x| Some(Expr::ZERO - x), |x| Some(-x)),
        "Abs" => values::map(
            value,
            |x| {
                if x.at_least(&Expr::ZERO) {
                    Some(x.clone())
                } else {
                    x.as_int()?.checked_abs().map(Expr::Int)
                }
            },
            |x| Some(x.abs()),
        ),
        "Not" => values::map(value, |x| Some(truth(x.as_int()? == 0)), |_| None),
        "Floor" => values::map(value, same, |x| Some(x.floor())),
        "Ceil" => values::map(value, same, |x| Some(x.ceil())),
        "Round" => values::map(value, same, |x| Some(x.round_ties_even())),
        "Sqrt" => values::map(value, |_| None, |x| Some(x.sqrt())),
        "Reciprocal" => values::map(value, |_| None, |x| Some(1.0 / x)),
        "Exp" => values::map(value, |_| None, |x| certain(x.exp())),
        "Log" => values::map(value, |_| None, |x| certain(x.ln())),
        "Relu" => values::map(value, |x| Some(x.larger(&Expr::ZERO)), |x| Some(x.max(0.0))),
        "Sign" => {
            let sign = |x: f64| if x == 0.0 { Some(x) } else { Some(x.signum()) };
            values::map(value, |x| Some(Expr::Int(x.as_int()?.signum())), sign)
        }
        _ => None,
    }
}

/// What a function returns that runtimes compute to within a last digit only: certain where it is whole.
fn certain(x: f64) -> Option<f64> {
    (x.fract() == 0.0).then_some(x)
}

fn binary_value(name: &str, a: &Value, b: &Value, is_float: bool) -> Option<Value> {
    let compare = |ints: fn(&Expr, &Expr) -> Option<bool>, floats: fn(&f64, &f64) -> bool| {
        values::compare(a, b, ints, floats)
    };
    let divide = if is_float { exact_div } else { truncated_div };
    let truth = |value: &Expr| value.as_int().map(|value| value != 0);
    let logic = |rule: fn(bool, bool) -> bool| {
        let rule = |x: &Expr, y: &Expr| Some(Expr::Int(i64::from(rule(truth(x)?, truth(y)?))));
        values::zip(a, b, rule, |_, _| None)
    };
    match name {
        "Add" | "Sum" => values::zip(a, b, |x, y| Some(x + y), |x, y| Some(x + y)),
        "Sub" => values::zip(a, b, |x, y| Some(x - y), |x, y| Some(x - y)),
        "Mul" => values::zip(a, b, |x, y| Some(x * y), |x, y| Some(x * y)),
        "Div" => values::zip(a, b, divide, |x, y| Some(x / y)),
        "Pow" => values::zip(a, b, power, |x, y| certain(x.powf(y))),
        "Max" => values::zip(a, b, |x, y| Some(x.larger(y)), |x, y| Some(x.max(y))),
        "Min" => values::zip(a, b, |x, y| Some(x.smaller(y)), |x, y| Some(x.min(y))),
        "Equal" => compare(certainly_equal, f64::eq),
        "Less" => compare(|x, y| Some(!certainly_at_least(x, y)?), f64::lt),
        "LessOrEqual" => compare(|x, y| certainly_at_least(y, x), f64::le),
        "Greater" => compare(|x, y| Some(!certainly_at_least(y, x)?), f64::gt),
        "GreaterOrEqual" => compare(certainly_at_least, f64::ge),
        "And" => logic(|x, y| x && y),
        "Or" => logic(|x, y| x || y),
        "Xor" => logic(|x, y| x != y),
        _ => None,
    }
}

/// The smaller bound first, as the operator does; bounds that are attributes are not seen here.
fn clip_value(node: &Inference<'_>) -> Option<Value> {
    (node.inputs.len() > 1).then_some(())?;
    let value = node.value(0)?;
    let bound = |value: Value, index: usize, name: &str| match node.has_input(index) {
        false => Some(value),
        true => {
            let bound = node.value(index)?.pick(std::iter::repeat_n(0, value.len()))?;
            binary_value(name, &value, &bound, false)
        }
    };
    bound(bound(value.clone(), 1, "Max")?, 2, "Min")
}

/// Whether one extent is at least another, where that is certain.
fn certainly_at_least(a: &Expr, b: &Expr) -> Option<bool> {
    match (a.at_least(b), b.at_least(&(a + 1))) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// Whether two extents are equal, where that is certain: an extent is never −1 or 0 when it is a symbol.
fn certainly_equal(a: &Expr, b: &Expr) -> Option<bool> {
    match (a, b) {
        _ if a == b => Some(true),
        (Expr::Int(_), Expr::Int(_)) => Some(false),
        _ if a.at_least(&(b + 1)) || b.at_least(&(a + 1)) => Some(false),
        _ => None,
    }
}

/// Integer division as ONNX and C define it: towards zero.
fn truncated_div(a: &Expr, b: &Expr) -> Option<Expr> {
    match (a, b) {
        (Expr::Int(a), Expr::Int(b)) => a.checked_div(*b).map(Expr::Int),
        _ => (a.at_least(&Expr::ZERO) && b.at_least(&Expr::ONE)).then(|| a.floor_div(b)),
    }
}

/// A division in floating point, where the quotient is whole.
fn exact_div(a: &Expr, b: &Expr) -> Option<Expr> {
    let quotient = a.floor_div(b);
    (quotient.invalid().is_none() && &quotient * b == *a).then_some(quotient)
}

/// The rest of a division, with the sign of the dividend or of the divisor; where they have the same, it is no
/// question. Numbers of floating point only have the first form.
fn rest(a: &Value, b: &Value, signed: bool) -> Option<Value> {
    let ints = |a: &Expr, b: &Expr| match (a.as_int(), b.as_int()) {
        (Some(a), Some(b)) if signed => a.checked_rem(b).map(Expr::Int),
        _ if signed => (a.at_least(&Expr::ZERO) && b.at_least(&Expr::ONE)).then(|| a.modulo(b)),
        (_, Some(0)) => None,
        (Some(_), Some(_)) => Some(a.modulo(b)),
        _ => b.at_least(&Expr::ONE).then(|| a.modulo(b)),
    };
    values::zip(a, b, ints, |a, b| signed.then_some(a % b))
}

fn power(base: &Expr, exponent: &Expr) -> Option<Expr> {
    let exponent = exponent.as_int().filter(|exponent| (0..=16).contains(exponent))?;
    Some((0..exponent).fold(Expr::ONE, |product, _| product * base))
}

/// Elements of a choice; where the condition is known, only the chosen side needs to be.
fn choose(condition: &Value, then: &Value, otherwise: &Value) -> Option<Value> {
    let condition = condition.as_ints()?;
    let pick = |index: usize| if condition[index] != 0 { index } else { condition.len() + index };
    let both = match (then, otherwise) {
        (Value::Ints(a), Value::Ints(b)) => Value::exprs(a.iter().chain(b.iter()).cloned()),
        _ => Value::Floats(then.as_floats()?.into_iter().chain(otherwise.as_floats()?).collect()),
    };
    both.pick((0..condition.len()).map(pick))
}

/// Conversion to another element type. ONNX `Cast`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cast {
    /// The type to convert to; `None` where the second input's type is meant (`CastLike`).
    pub to: Option<DType>,
}

impl Operator for Cast {
    fn name(&self) -> &str {
        "Cast"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        self.to.map(|dtype| format!("to {dtype}")).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let to = self.to.or_else(|| node.dtype(1));
        let value = node.value(0).and_then(|value| cast_value(value, to?));
        Ok(single(TensorType::new(to, node.input(0)?.clone()).with_value(value)))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::in_place([0])
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Type }
    }
}

fn cast_value(value: &Value, to: DType) -> Option<Value> {
    match (value, to) {
        (Value::Ints(_), to) if to.is_integer() => Some(value.clone()),
        (Value::Ints(ints), DType::Bool) => {
            let truth = |value: &Expr| Some(Expr::Int(i64::from(!certainly_equal(value, &Expr::ZERO)?)));
            Some(Value::Ints(ints.iter().map(truth).collect::<Option<_>>()?))
        }
        (Value::Ints(_), to) if to.is_float() => match value.as_floats() {
            Some(floats) => Some(Value::Floats(floats.into())),
            // A formula stays an exact integer while it passes through floating point.
            None => Some(value.clone()),
        },
        (Value::Floats(floats), to) if to.is_float() => Some(Value::Floats(floats.clone())),
        (Value::Floats(floats), to) if to.is_integer() => {
            // Towards zero. What a number beyond the type becomes is up to the runtime.
            let fits = |value: &&f64| value.abs() < 9e18;
            let ints =
                floats.iter().map(|value| Some(value).filter(fits).map(|value| Expr::Int(*value as i64)));
            Some(Value::Ints(ints.collect::<Option<_>>()?))
        }
        (Value::Floats(floats), DType::Bool) => {
            Some(Value::ints(floats.iter().map(|value| i64::from(*value != 0.0))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{infer, ints};

    #[test]
    fn names_are_unique() {
        for (index, function) in FUNCTIONS.iter().enumerate() {
            assert!(FUNCTIONS[..index].iter().all(|other| other.name != function.name), "{}", function.name);
        }
    }

    #[test]
    fn extents_compare_only_where_certain() {
        let batch = Expr::symbol("batch");
        assert_eq!(certainly_equal(&batch, &Expr::Int(-1)), Some(false));
        assert_eq!(certainly_equal(&batch, &Expr::Int(8)), None);
    }

    fn floats(values: &[f64]) -> TensorType {
        let shape = Shape::of(&[values.len() as i64]);
        TensorType::known(DType::F32, shape, Value::Floats(values.into()))
    }

    fn value(name: &str, inputs: &[TensorType]) -> Option<Value> {
        infer(&Elementwise::named(name).expect("a function"), inputs)[0].value.clone()
    }

    #[test]
    fn comparisons_of_numbers_are_truths() {
        let (a, b) = (floats(&[1.0, 2.5, 3.0]), floats(&[2.0, 2.5, 1.0]));
        let of = |name| value(name, &[a.clone(), b.clone()]);
        assert_eq!(of("Less"), Some(Value::ints([1, 0, 0])));
        assert_eq!(of("GreaterOrEqual"), Some(Value::ints([0, 1, 1])));
        assert_eq!(of("Equal"), Some(Value::ints([0, 1, 0])));
        // An extent is at least 1, and not known to be more.
        let extent = TensorType::known(DType::I64, Shape::of(&[1]), Value::exprs([Expr::symbol("n")]));
        assert_eq!(value("Greater", &[extent.clone(), ints(&[0])]), Some(Value::ints([1])));
        assert_eq!(value("Greater", &[extent, ints(&[1])]), None);
    }

    #[test]
    fn rounding_and_rests() {
        assert_eq!(
            value("Round", &[floats(&[0.5, 1.5, -2.5])]),
            Some(Value::Floats([0.0, 2.0, -2.0].into()))
        );
        assert_eq!(value("Ceil", &[floats(&[-0.5, 1.2])]), Some(Value::Floats([-0.0, 2.0].into())));
        let rest = |signed_rest: bool, inputs: &[TensorType]| {
            let op = Elementwise { signed_rest, ..Elementwise::named("Mod").expect("a function") };
            infer(&op, inputs)[0].value.clone()
        };
        // −7 = −3 · 3 + 2 = −2 · 3 − 1.
        let sevens = [ints(&[7, -7, 7, -7]), ints(&[3, 3, -3, -3])];
        assert_eq!(rest(false, &sevens), Some(Value::ints([1, 2, -2, -1])));
        assert_eq!(rest(true, &sevens), Some(Value::ints([1, -1, 1, -1])));
        assert_eq!(rest(false, &[ints(&[1]), ints(&[0])]), None);
        assert_eq!(rest(true, &[floats(&[-7.0]), floats(&[3.0])]), Some(Value::Floats([-1.0].into())));
        assert_eq!(value("Clip", &[ints(&[-5, 3, 9]), ints(&[0]), ints(&[4])]), Some(Value::ints([0, 3, 4])));
        // 2³ is whole, e is not.
        assert_eq!(value("Pow", &[floats(&[2.0]), floats(&[3.0])]), Some(Value::Floats([8.0].into())));
        assert_eq!(value("Exp", &[floats(&[1.0])]), None);
    }

    #[test]
    fn formulas_in_floating_point_divide_only_exactly() {
        let n = Expr::symbol("n");
        let of = |extent: Expr| TensorType::known(DType::F32, Shape::of(&[1]), Value::exprs([extent]));
        assert_eq!(value("Div", &[of(&n * 6), floats(&[2.0])]), Some(Value::exprs([&n * 3])));
        assert_eq!(value("Div", &[of(n), floats(&[2.0])]), None);
    }

    #[test]
    fn casts_truncate() {
        let cast = |values: &[f64]| infer(&Cast { to: Some(DType::I64) }, &[floats(values)])[0].value.clone();
        assert_eq!(cast(&[-1.5, 2.9]), Some(Value::ints([-1, 2])));
        assert_eq!(cast(&[f64::NAN]), None);
        assert_eq!(cast(&[1e300]), None);
    }

    #[test]
    fn integer_division_truncates() {
        assert_eq!(truncated_div(&Expr::Int(-7), &Expr::Int(2)), Some(Expr::Int(-3)));
        assert_eq!(truncated_div(&Expr::Int(7), &Expr::Int(0)), None);
    }
}

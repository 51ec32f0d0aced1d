//! Functions applied to values that are known: numbers, and formulas of extents.

use weigh_ir::{Expr, Inference, Value};

use crate::values;

/// Integers that a floating-point tensor holds are exact: rounding leaves them alone.
pub(super) fn unary_value(name: &str, value: &Value) -> Option<Value> {
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

pub(super) fn binary_value(name: &str, a: &Value, b: &Value, is_float: bool) -> Option<Value> {
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
pub(super) fn clip_value(node: &Inference<'_>) -> Option<Value> {
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
pub(super) fn certainly_equal(a: &Expr, b: &Expr) -> Option<bool> {
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
pub(super) fn rest(a: &Value, b: &Value, signed: bool) -> Option<Value> {
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
pub(super) fn choose(condition: &Value, then: &Value, otherwise: &Value) -> Option<Value> {
    let condition = condition.as_ints()?;
    let pick = |index: usize| if condition[index] != 0 { index } else { condition.len() + index };
    let both = match (then, otherwise) {
        (Value::Ints(a), Value::Ints(b)) => Value::exprs(a.iter().chain(b.iter()).cloned()),
        _ => Value::Floats(then.as_floats()?.into_iter().chain(otherwise.as_floats()?).collect()),
    };
    both.pick((0..condition.len()).map(pick))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Elementwise;
    use crate::testing::{infer, ints};
    use weigh_ir::{DType, Shape, TensorType};

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
    fn integer_division_truncates() {
        assert_eq!(truncated_div(&Expr::Int(-7), &Expr::Int(2)), Some(Expr::Int(-3)));
        assert_eq!(truncated_div(&Expr::Int(7), &Expr::Int(0)), None);
    }
}

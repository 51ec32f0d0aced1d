//! How far the outputs of two configurations are apart, over the same inputs.

use serde::{Deserialize, Serialize};
use weigh_engine::{Tensor, TensorData};
use weigh_ir::half::f16_to_f32;

use super::bench::engine;
use super::protocol::{Feed, Setup};
use super::work::{load, prepare};

/// The largest differences between two models' outputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The largest absolute difference of two elements; `None` where nothing could be compared.
    pub absolute: Option<f64>,
    /// That difference over the largest magnitude in the same output of the first; `None` where that is all zeros.
    pub relative: Option<f64>,
    /// Outputs that were not compared, and why.
    pub notes: Vec<String>,
}

/// Runs both once, one after the other, and compares.
pub(super) fn difference(a: &Setup, b: &Setup) -> Result<Difference, String> {
    if matches!(a.feed, Feed::Data(_)) || matches!(b.feed, Feed::Data(_)) {
        return Err("outputs are compared over synthetic inputs only".to_owned());
    }
    let (a, b) = (outputs(a)?, outputs(b)?);
    Ok(compare(&a, &b))
}

fn outputs(setup: &Setup) -> Result<Vec<(String, Tensor)>, String> {
    let mut session = load(engine(setup)?, setup)?;
    prepare(setup, &mut *session)?;
    session.run_with_outputs().map_err(|error| error.to_string())
}

/// Outputs are paired by name, or by position where the names differ.
fn compare(a: &[(String, Tensor)], b: &[(String, Tensor)]) -> Difference {
    let mut difference = Difference::default();
    for (index, (name, left)) in a.iter().enumerate() {
        let right = b.iter().find(|(other, _)| other == name).or_else(|| b.get(index));
        let Some((_, right)) = right else {
            difference.notes.push(format!("output '{name}' is of the first only"));
            continue;
        };
        if left.shape() != right.shape() {
            let shapes = format!("{:?} and {:?}", left.shape(), right.shape());
            difference.notes.push(format!("output '{name}' has two shapes: {shapes}"));
            continue;
        }
        let (left, right) = (numbers(left.data()), numbers(right.data()));
        let absolute = left.iter().zip(&right).map(|(x, y)| apart(*x, *y)).fold(0.0, f64::max);
        let magnitude = left.iter().filter(|x| x.is_finite()).map(|x| x.abs()).fold(0.0, f64::max);
        if !absolute.is_finite() {
            difference.notes.push(format!("output '{name}' is not finite in one of the two only"));
        } else if difference.absolute.is_none_or(|known| known <= absolute) {
            difference.absolute = Some(absolute);
            difference.relative = (magnitude > 0.0).then(|| absolute / magnitude);
        }
    }
    difference
}

/// The distance of two elements; infinite where only one of them is finite.
fn apart(x: f64, y: f64) -> f64 {
    if x == y || (x.is_nan() && y.is_nan()) {
        return 0.0;
    }
    if x.is_finite() && y.is_finite() { (x - y).abs() } else { f64::INFINITY }
}

fn numbers(data: &TensorData) -> Vec<f64> {
    match data {
        TensorData::F64(x) => x.clone(),
        TensorData::F32(x) => x.iter().map(|&x| x.into()).collect(),
        TensorData::F16(x) => x.iter().map(|&x| f16_to_f32(x).into()).collect(),
        TensorData::BF16(x) => x.iter().map(|&x| f32::from_bits(u32::from(x) << 16).into()).collect(),
        TensorData::I64(x) => x.iter().map(|&x| x as f64).collect(),
        TensorData::I32(x) => x.iter().map(|&x| x.into()).collect(),
        TensorData::I16(x) => x.iter().map(|&x| x.into()).collect(),
        TensorData::I8(x) => x.iter().map(|&x| x.into()).collect(),
        TensorData::U64(x) => x.iter().map(|&x| x as f64).collect(),
        TensorData::U32(x) => x.iter().map(|&x| x.into()).collect(),
        TensorData::U16(x) => x.iter().map(|&x| x.into()).collect(),
        TensorData::U8(x) => x.iter().map(|&x| x.into()).collect(),
        TensorData::Bool(x) => x.iter().map(|&x| f64::from(u8::from(x))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(name: &str, data: Vec<f32>) -> (String, Tensor) {
        (name.to_owned(), Tensor::new(vec![data.len()], TensorData::F32(data)).unwrap())
    }

    #[test]
    fn the_largest_difference_counts() {
        let a = [output("x", vec![1.0, 2.0]), output("y", vec![0.5])];
        let b = [output("y", vec![0.25]), output("x", vec![1.0, 4.0])];
        let difference = compare(&a, &b);
        assert_eq!((difference.absolute, difference.relative), (Some(2.0), Some(1.0)));
        assert!(difference.notes.is_empty());
    }

    #[test]
    fn what_is_no_number_does_not_vanish() {
        let nan = compare(&[output("x", vec![1.0, 2.0])], &[output("x", vec![f32::NAN, 2.0])]);
        assert_eq!(nan.absolute, None);
        assert_eq!(nan.notes, ["output 'x' is not finite in one of the two only"]);
        let same = compare(&[output("x", vec![f32::INFINITY])], &[output("x", vec![f32::INFINITY])]);
        assert_eq!(same.absolute, Some(0.0));
    }

    #[test]
    fn other_shapes_are_told() {
        let other = compare(&[output("x", vec![1.0])], &[output("x", vec![1.0, 2.0])]);
        assert_eq!(other.absolute, None);
        assert_eq!(other.notes, ["output 'x' has two shapes: [1] and [2]"]);
    }
}

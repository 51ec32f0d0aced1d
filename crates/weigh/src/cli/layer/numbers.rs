//! Numbers of a layer as they are typed. What is wrong with one is said with what to type instead.

use weigh_zoo::layers::Moves;

/// Most axes that a window moves over.
const MOST_AXES: usize = 3;

/// One number for all axes, or one for each: `3`, `3x5`.
#[derive(Clone, Debug)]
pub(super) struct Numbers(pub Vec<i64>);

/// Padding as it is typed.
#[derive(Clone, Debug)]
pub(super) enum Padding {
    /// As much as keeps the extents at stride 1.
    Same,
    /// So much at both ends.
    Each(Numbers),
}

impl Padding {
    pub(super) fn amounts(&self) -> Option<Vec<i64>> {
        match self {
            Padding::Same => None,
            Padding::Each(numbers) => Some(numbers.0.clone()),
        }
    }
}

/// A whole number from 1 on.
pub(super) fn positive(text: &str) -> Result<i64, String> {
    at_least(1, text, "write a whole number from 1 on, for example 64")
}

/// Whole numbers from 1 on.
pub(super) fn extents(text: &str) -> Result<Numbers, String> {
    list(1, text, "write one whole number from 1 on for each axis, for example 3x3")
}

/// `same`, or whole numbers from 0 on.
pub(super) fn padding(text: &str) -> Result<Padding, String> {
    match text {
        "same" => Ok(Padding::Same),
        _ => list(0, text, "write `same`, or a whole number from 0 on, for example 1 or 1x2")
            .map(Padding::Each),
    }
}

fn at_least(least: i64, text: &str, hint: &str) -> Result<i64, String> {
    let wrong = |why: &str| Err(format!("{why}\nhint: {hint}"));
    match text.parse::<i64>() {
        Ok(number) if number >= least => Ok(number),
        Ok(_) => wrong(if least == 1 { "it has to be positive" } else { "it may not be negative" }),
        Err(error) => match error.kind() {
            std::num::IntErrorKind::PosOverflow => wrong("it does not fit in 64 bits"),
            _ => wrong("it is no whole number"),
        },
    }
}

fn list(least: i64, text: &str, hint: &str) -> Result<Numbers, String> {
    let numbers =
        text.split(['x', '×']).map(|part| at_least(least, part, hint)).collect::<Result<Vec<_>, _>>()?;
    match numbers.len() {
        ..=MOST_AXES => Ok(Numbers(numbers)),
        _ => Err(format!("there are more than {MOST_AXES} axes\nhint: {hint}")),
    }
}

/// How a window moves.
pub(super) fn moves(kernel: &Numbers, stride: &Numbers, dilation: &Numbers, padding: &Padding) -> Moves {
    let [kernel, stride, dilation] = [kernel, stride, dilation].map(|numbers| numbers.0.clone());
    Moves { kernel, stride, dilation, padding: padding.amounts() }
}

//! Formulas as text: exact for machines (`Display`), short for people ([`Expr::pretty`]).

use std::fmt;

use super::polynomial::{Atom, Monomial, Polynomial};
use super::{Expr, Formula};
use crate::units::si;

/// Exact text that Python evaluates to the same number and that parses back to the same expression.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Int(value) => write!(f, "{value}"),
            Expr::Formula(formula) => write!(f, "{formula}"),
            Expr::Invalid(why) => write!(f, "invalid ({why})"),
        }
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = |coefficient: u64| coefficient.to_string();
        f.write_str(&sum(&self.0, "*", &exact, &|atom, power| match power {
            1 => exact_atom(atom),
            _ => format!("{}**{power}", exact_atom(atom)),
        }))
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Expr {
    /// Text for people: SI prefixes with four significant digits, `·` and superscripts, e.g.
    /// `4.089 G·batch` or `85.05 M·batch·seq + 18.43 k·batch·seq²`.
    pub fn pretty(&self) -> String {
        match self {
            Expr::Int(value) => si(*value as f64),
            Expr::Formula(formula) => sum(&formula.0, "·", &|value| si(value as f64), &|atom, power| {
                let mut text = pretty_atom(atom);
                if power > 1 {
                    text.extend(power.to_string().chars().map(superscript));
                }
                text
            }),
            Expr::Invalid(why) => why.to_string(),
        }
    }
}

fn sum(
    polynomial: &Polynomial,
    times: &str,
    number: &dyn Fn(u64) -> String,
    factor: &dyn Fn(&Atom, u32) -> String,
) -> String {
    let mut text = String::new();
    for (index, (monomial, coefficient)) in polynomial.terms().iter().enumerate() {
        text.push_str(match (index, *coefficient < 0) {
            (0, true) => "-",
            (0, false) => "",
            (_, true) => " - ",
            (_, false) => " + ",
        });
        text.push_str(&term(monomial, coefficient.unsigned_abs(), times, number, factor));
    }
    text
}

fn term(
    monomial: &Monomial,
    coefficient: u64,
    times: &str,
    number: &dyn Fn(u64) -> String,
    factor: &dyn Fn(&Atom, u32) -> String,
) -> String {
    let mut parts = Vec::new();
    if coefficient != 1 || monomial.is_empty() {
        parts.push(number(coefficient));
    }
    parts.extend(monomial.iter().map(|(atom, power)| factor(atom, *power)));
    parts.join(times)
}

fn exact_atom(atom: &Atom) -> String {
    match atom {
        Atom::Symbol(symbol) => symbol.to_string(),
        Atom::FloorDiv(pair) => format!("(({})//({}))", pair.0, pair.1),
        Atom::Min(operands) => format!("min({})", list(operands, &Expr::to_string)),
        Atom::Max(operands) => format!("max({})", list(operands, &Expr::to_string)),
    }
}

fn list(operands: &[Expr], text: &dyn Fn(&Expr) -> String) -> String {
    operands.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn pretty_atom(atom: &Atom) -> String {
    let plain = |expr: &Expr| match expr {
        Expr::Int(value) => value.to_string(),
        other => other.pretty(),
    };
    match atom {
        Atom::Symbol(symbol) => symbol.to_string(),
        Atom::FloorDiv(pair) => match &pair.0 {
            simple if simple.as_symbol().is_some() => format!("⌊{}/{}⌋", plain(simple), plain(&pair.1)),
            sum => format!("⌊({})/{}⌋", plain(sum), plain(&pair.1)),
        },
        Atom::Min(operands) => format!("min({})", list(operands, &plain)),
        Atom::Max(operands) => format!("max({})", list(operands, &plain)),
    }
}

fn superscript(digit: char) -> char {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    digit.to_digit(10).map_or(digit, |value| DIGITS[value as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_and_pretty() {
        let (batch, seq) = (Expr::symbol("batch"), Expr::symbol("seq"));
        assert_eq!((&batch * 4_089_184_256).to_string(), "4089184256*batch");
        assert_eq!((&batch * 4_089_184_256).pretty(), "4.089 G·batch");
        let cost = &batch * &seq * 85_054_464 + &batch * &seq * &seq * 18_432;
        assert_eq!(cost.to_string(), "18432*batch*seq**2 + 85054464*batch*seq");
        assert_eq!(cost.pretty(), "18.43 k·batch·seq² + 85.05 M·batch·seq");
        assert_eq!((&seq + 1).floor_div(&Expr::Int(2)).to_string(), "((seq + 1)//(2))");
        assert_eq!((&seq + 1).floor_div(&Expr::Int(2)).pretty(), "⌊(seq + 1)/2⌋");
    }
}

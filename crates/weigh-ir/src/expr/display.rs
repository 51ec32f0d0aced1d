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

impl Expr {
    /// [`Expr::pretty`] with what all terms share written once, where that is shorter:
    /// `batch·(123.5 M·seq + 18.43 k·seq²)`.
    pub fn factored(&self) -> String {
        let plain = self.pretty();
        let factored = self.take_out().map(|(shared, rest)| {
            let brackets = rest.as_atom().is_none();
            let text = rest.pretty();
            format!("{}·{}", shared.pretty(), if brackets { format!("({text})") } else { text })
        });
        factored.filter(|text| text.chars().count() < plain.chars().count()).unwrap_or(plain)
    }

    /// What all terms of a sum share, or all operands of a minimum or maximum, and the rest. Symbols are
    /// positive, so that the order of operands stays.
    fn take_out(&self) -> Option<(Expr, Expr)> {
        let Expr::Formula(formula) = self else { return None };
        let (parts, join): (&[Expr], Join) = match self.as_atom() {
            Some(Atom::Min(operands)) => (operands, |rest| Expr::smallest(rest)),
            Some(Atom::Max(operands)) => (operands, |rest| Expr::largest(rest)),
            _ if formula.0.terms().len() < 2 => return None,
            _ => (std::slice::from_ref(self), |mut rest| rest.pop()),
        };
        let shared = shared_factor(parts)?;
        let rest = parts.iter().map(|part| part.exact_div(&shared)).collect::<Option<Vec<_>>>()?;
        Some((shared, join(rest)?))
    }
}

/// Makes one expression of parts.
type Join = fn(Vec<Expr>) -> Option<Expr>;

/// The product of the symbols that every term of every expression has; `None` where there is none.
fn shared_factor(exprs: &[Expr]) -> Option<Expr> {
    let mut terms = Vec::new();
    for expr in exprs {
        let Expr::Formula(formula) = expr else { return None };
        terms.extend(formula.0.terms().iter().map(|(monomial, _)| monomial));
    }
    let symbols = terms.first()?.iter().filter(|(atom, _)| matches!(atom, Atom::Symbol(_)));
    let shared = symbols.map(|(atom, _)| {
        let power_in = |monomial: &&Monomial| {
            monomial.iter().find(|(other, _)| other == atom).map_or(0, |(_, power)| *power)
        };
        let power = terms.iter().map(power_in).min().unwrap_or(0);
        (0..power).fold(Expr::ONE, |product, _| product * Expr::from(Polynomial::atom(atom.clone())))
    });
    Some(shared.fold(Expr::ONE, |product, power| product * power)).filter(|shared| *shared != Expr::ONE)
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

pub(super) fn superscript(digit: char) -> char {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    digit.to_digit(10).map_or(digit, |value| DIGITS[value as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_written_once() {
        let (batch, seq) = (Expr::symbol("batch"), Expr::symbol("seq"));
        let cost = &batch * &seq * 123_532_032 + &batch * &seq * &seq * 18_432;
        assert_eq!(cost.factored(), "batch·seq·(18.43 k·seq + 123.5 M)");
        assert_eq!((&batch * 7).factored(), "7·batch");
        assert_eq!((&batch + &seq).factored(), "batch + seq");
        let peak = (&batch * &seq * 9).larger(&(&batch * 4096)).larger(&(&batch * &seq * &seq));
        assert_eq!(peak.factored(), "batch·max(4096, 9·seq, seq²)");
    }

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

//! How formulas grow: their orders and leading terms once symbols are large.
//!
//! Floor divisions grow as plain quotients, a minimum as its slowest operand, a maximum as its fastest; so
//! `⌊s/2⌋` is linear and `min(512, s)` constant in `s`.

use std::collections::BTreeMap;
use std::fmt;

use super::display::superscript;
use super::polynomial::{Atom, Polynomial};
use super::{Expr, Symbol};
use crate::units::si;

/// Sums smaller than this share of what was added cancel, and their order is unknown.
const CANCELLED: f64 = 1e-9;
/// More terms than this in a sum and its leading terms are not looked for.
const MAX_TERMS: usize = 1024;

/// A product of powers of symbols; the empty product is 1.
type Powers = BTreeMap<Symbol, u32>;

/// The leading terms of a formula: those that no other term outgrows, with real coefficients. What is left out becomes
/// negligible when all symbols are large.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Leading(BTreeMap<Powers, f64>);

/// `81.50 k·h·w`
impl fmt::Display for Leading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let highest_first = self.0.iter().rev();
        let terms = highest_first.map(|(powers, coefficient)| {
            let number = (powers.is_empty() || *coefficient != 1.0).then(|| si(*coefficient));
            let symbols = powers.iter().map(|(symbol, power)| match power {
                1 => symbol.to_string(),
                _ => symbol.as_str().chars().chain(power.to_string().chars().map(superscript)).collect(),
            });
            number.into_iter().chain(symbols).collect::<Vec<_>>().join("·")
        });
        match self.0.is_empty() {
            true => f.write_str("0"),
            false => f.write_str(&terms.collect::<Vec<_>>().join(" + ")),
        }
    }
}

impl Expr {
    /// The order of growth in `symbol`, the others held fixed: 0 where the expression stays bounded, 1 where it grows
    /// linearly, and so on. `None` where that is not known: the leading terms cancel.
    pub fn degree(&self, symbol: &Symbol) -> Option<u32> {
        // The others stand at numbers that no formula was made for, so that nothing cancels by chance.
        let spread = |text: &str| text.bytes().fold(0u64, |sum, byte| (sum * 31 + u64::from(byte)) % 9973);
        let fixed = |other: &Symbol| (other != symbol).then(|| 10_007.0 + spread(other.as_str()) as f64);
        let leading = Leading::of(self, &fixed)?;
        Some(leading.0.keys().filter_map(|powers| powers.get(symbol).copied()).max().unwrap_or(0))
    }

    /// The leading terms, where they are known: not where they cancel, nor where it depends on the proportions of
    /// symbols which operand of a minimum or maximum leads.
    pub fn leading(&self) -> Option<Leading> {
        Leading::of(self, &|_| None)
    }
}

impl Leading {
    /// The leading terms in the symbols that are not held at a fixed number.
    fn of(expr: &Expr, fixed: &dyn Fn(&Symbol) -> Option<f64>) -> Option<Leading> {
        match expr {
            Expr::Int(value) => Some(Leading::constant(*value as f64)),
            Expr::Formula(formula) => Leading::of_polynomial(&formula.0, fixed),
            Expr::Invalid(_) => None,
        }
    }

    fn of_polynomial(polynomial: &Polynomial, fixed: &dyn Fn(&Symbol) -> Option<f64>) -> Option<Leading> {
        let mut sum = Vec::new();
        for (monomial, coefficient) in polynomial.terms() {
            let mut product = Leading::constant(*coefficient as f64);
            for (atom, power) in monomial {
                let factor = Leading::of_atom(atom, fixed)?;
                for _ in 0..*power {
                    product = product.times(&factor)?;
                }
            }
            sum.extend(product.0);
        }
        Leading::sum(sum)
    }

    fn of_atom(atom: &Atom, fixed: &dyn Fn(&Symbol) -> Option<f64>) -> Option<Leading> {
        let of_all = |operands: &[Expr]| {
            operands.iter().map(|operand| Leading::of(operand, fixed)).collect::<Option<Vec<_>>>()
        };
        match atom {
            Atom::Symbol(symbol) => Some(match fixed(symbol) {
                Some(value) => Leading::constant(value),
                None => Leading([(Powers::from([(symbol.clone(), 1)]), 1.0)].into()),
            }),
            Atom::FloorDiv(pair) => Leading::of(&pair.0, fixed)?.over(&Leading::of(&pair.1, fixed)?),
            Atom::Max(operands) => {
                let operands = of_all(operands)?;
                let leads = |one: &&Leading| operands.iter().all(|other| one.is_above(other));
                operands.iter().find(leads).cloned()
            }
            Atom::Min(operands) => {
                let operands = of_all(operands)?;
                let trails = |one: &&Leading| operands.iter().all(|other| other.is_above(one));
                operands.iter().find(trails).cloned()
            }
        }
    }

    fn constant(value: f64) -> Leading {
        Leading(if value == 0.0 { BTreeMap::new() } else { [(Powers::new(), value)].into() })
    }

    /// The sum of terms, without those that another one outgrows; `None` where what leads cancels.
    fn sum(terms: Vec<(Powers, f64)>) -> Option<Leading> {
        if terms.len() > MAX_TERMS {
            return None;
        }
        let mut sums: BTreeMap<Powers, (f64, f64)> = BTreeMap::new();
        for (powers, coefficient) in terms {
            let (sum, added) = sums.entry(powers).or_default();
            *sum += coefficient;
            *added += coefficient.abs();
        }
        let leads = |powers: &Powers| !sums.keys().any(|other| other != powers && divides(powers, other));
        let leading = sums.iter().filter(|(powers, _)| leads(powers));
        leading
            .map(|(powers, (sum, added))| (sum.abs() > CANCELLED * added).then(|| (powers.clone(), *sum)))
            .collect::<Option<_>>()
            .map(Leading)
    }

    fn times(&self, other: &Leading) -> Option<Leading> {
        if self.0.len() * other.0.len() > MAX_TERMS {
            return None;
        }
        let products = self.0.iter().flat_map(|(a, x)| {
            other.0.iter().map(move |(b, y)| {
                let mut powers = a.clone();
                b.iter().for_each(|(symbol, power)| *powers.entry(symbol.clone()).or_default() += power);
                (powers, x * y)
            })
        });
        Leading::sum(products.collect())
    }

    /// The quotient by a single term; what the divisor outgrows goes to zero.
    fn over(&self, divisor: &Leading) -> Option<Leading> {
        let mut terms = divisor.0.iter();
        let (Some((below, by)), None) = (terms.next(), terms.next()) else { return None };
        let mut quotients = Vec::new();
        for (powers, coefficient) in &self.0 {
            if divides(below, powers) {
                let mut quotient = powers.clone();
                below
                    .iter()
                    .for_each(|(symbol, power)| *quotient.entry(symbol.clone()).or_default() -= power);
                quotient.retain(|_, power| *power > 0);
                quotients.push((quotient, coefficient / by));
            } else if !divides(powers, below) {
                return None;
            }
        }
        Leading::sum(quotients)
    }

    /// Whether this is at least the other once all symbols are large.
    fn is_above(&self, other: &Leading) -> bool {
        let covers = |powers: &Powers, coefficient: f64| {
            self.0.iter().any(|(own, value)| match own == powers {
                true => *value >= coefficient,
                false => *value > 0.0 && divides(powers, own),
            })
        };
        let is_covered =
            |(powers, coefficient): (&Powers, &f64)| *coefficient <= 0.0 || covers(powers, *coefficient);
        let sinks = |(powers, coefficient): (&Powers, &f64)| {
            *coefficient < 0.0 && other.0.get(powers).is_none_or(|value| value > coefficient)
        };
        other.0.iter().all(is_covered) && !self.0.iter().any(sinks)
    }
}

/// Whether `b` is a multiple of `a`.
fn divides(a: &Powers, b: &Powers) -> bool {
    a.iter().all(|(symbol, power)| b.get(symbol).is_some_and(|available| available >= power))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Expr {
        text.parse().expect("a formula")
    }

    fn degree(text: &str, symbol: &str) -> Option<u32> {
        read(text).degree(&Symbol::new(symbol))
    }

    fn leading(text: &str) -> Option<String> {
        read(text).leading().map(|leading| leading.to_string())
    }

    #[test]
    fn orders_of_growth() {
        assert_eq!(degree("85*b*s + 18*b*s**2", "s"), Some(2));
        assert_eq!(degree("85*b*s + 18*b*s**2", "b"), Some(1));
        assert_eq!(degree("85*b*s + 18*b*s**2", "c"), Some(0));
        assert_eq!(degree("(s + 1)//2 * s", "s"), Some(2));
        assert_eq!(degree("min(512, s)*b", "s"), Some(0));
        assert_eq!(degree("max(512*s, b*s**2)", "s"), Some(2));
        assert_eq!(degree("max(512*s, b*s**2)", "b"), Some(1));
        // Of s·b/s each is taken with the other fixed; 7/s goes to nothing.
        assert_eq!(degree("(s*b + 1)//(s)", "b"), Some(1));
        assert_eq!(degree("7//s", "s"), Some(0));
    }

    #[test]
    fn what_cancels_is_unknown() {
        // s mod 2 is bounded, which its terms do not show.
        assert_eq!(degree("s - 2*(s//2)", "s"), None);
        assert_eq!(leading("s - 2*(s//2) + 7"), None);
        // What cancels below the leading term does not matter.
        assert_eq!(degree("s**2 + s - 2*(s//2)", "s"), Some(2));
    }

    #[test]
    fn leading_terms() {
        // 64·(h/2)·(w/2) + 1024·(h/4)·(w/4) = (16 + 64)·h·w
        let extents = "64*((h + 1)//2)*((w + 1)//2) + 1024*((h + 3)//4)*((w + 3)//4) + 99*h + 102440608";
        assert_eq!(leading(extents).as_deref(), Some("80·h·w"));
        assert_eq!(leading("18432*b*s**2 + 123532032*b*s").as_deref(), Some("18.43 k·b·s²"));
        assert_eq!(leading("3*h + 5*w + 7").as_deref(), Some("5·w + 3·h"));
        assert_eq!(leading("max(7000, 12*h*w, 3*h*w + 9*h)").as_deref(), Some("12·h·w"));
        assert_eq!(leading("min(512, s) + 8").as_deref(), Some("520"));
        // Which of them leads is a question of their proportion.
        assert_eq!(leading("max(h, w)"), None);
    }
}

//! Symbolic integer expressions: the sizes, counts and formulas of the whole program.
//!
//! An [`Expr`] is a plain integer or a polynomial with integer coefficients over *atoms*: named symbols
//! (`batch`, `seq`) and the non-polynomial forms floor division, minimum and maximum of other expressions.
//! Polynomials are kept in one canonical form, so equal formulas compare equal.
//!
//! Invariants:
//! - arithmetic is checked: what leaves 64 bits, divides by zero or grows without bound becomes
//!   [`Expr::Invalid`], which every later operation carries along and no operation turns back into a number;
//! - symbols stand for tensor extents, hence positive integers. Only comparisons ([`Expr::at_least`],
//!   [`Expr::larger`], [`Expr::smaller`]) use that.

mod display;
mod floor;
mod growth;
mod parse;
mod polynomial;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};
use std::sync::Arc;

pub use growth::Leading;
pub use parse::ParseExprError;
use polynomial::{Atom, Polynomial};

/// The name of a symbolic extent: letters, digits and underscores, so that formulas can be evaluated by
/// other programs.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(Arc<str>);

impl Symbol {
    /// A symbol of this name; characters that no identifier may hold become underscores.
    pub fn new(name: &str) -> Symbol {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if starts_well && name.chars().all(plain) {
            return Symbol(name.into());
        }
        let mut cleaned: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
        if !starts_well {
            cleaned.insert(0, '_');
        }
        Symbol(cleaned.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A minimum or maximum of more operands than this is too complex.
const MAX_OPERANDS: usize = 64;

/// What symbols stand for in one analysis.
pub type Bindings = BTreeMap<Symbol, i64>;

/// Why an expression has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum Invalid {
    /// A result does not fit in 64 bits.
    #[error("the value does not fit in 64 bits")]
    Overflow,
    /// A division by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// The formula outgrew its limit (a bound on memory and time for hostile files).
    #[error("the formula is too complex")]
    TooComplex,
}

/// A symbolic integer: a plain one, or a polynomial with integer coefficients over named symbols, floor
/// divisions, minima and maxima. Arithmetic is checked; what has no value is [`Expr::Invalid`] from then on.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Expr {
    /// A plain integer.
    Int(i64),
    /// A formula that has at least one symbol.
    Formula(Formula),
    /// No value, and why.
    Invalid(Invalid),
}

/// A canonical polynomial with at least one symbol; made by arithmetic on [`Expr`] only.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Formula(Arc<Polynomial>);

impl Expr {
    /// The integer 0.
    pub const ZERO: Expr = Expr::Int(0);
    /// The integer 1.
    pub const ONE: Expr = Expr::Int(1);

    /// The expression that is just this symbol.
    pub fn symbol(name: &str) -> Expr {
        Polynomial::atom(Atom::Symbol(Symbol::new(name))).into()
    }

    /// The value, where it is a plain integer.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Expr::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// Why there is no value, if there is none.
    pub fn invalid(&self) -> Option<Invalid> {
        match self {
            Expr::Invalid(why) => Some(*why),
            _ => None,
        }
    }

    /// The single symbol that this expression is, if it is just that.
    pub fn as_symbol(&self) -> Option<&Symbol> {
        match self.as_atom()? {
            Atom::Symbol(symbol) => Some(symbol),
            _ => None,
        }
    }

    /// Calls `visit` with every symbol in the expression (repeats possible).
    pub fn for_each_symbol(&self, visit: &mut dyn FnMut(&Symbol)) {
        if let Expr::Formula(formula) = self {
            formula.0.for_each_symbol(visit);
        }
    }

    /// The expression with the bound symbols replaced by their values.
    pub fn bind(&self, bindings: &Bindings) -> Expr {
        match self {
            Expr::Formula(formula) if !bindings.is_empty() => {
                formula.0.map_symbols(&|symbol| bindings.get(symbol).map(|value| Expr::Int(*value)))
            }
            _ => self.clone(),
        }
    }

    /// `⌊self / divisor⌋`.
    pub fn floor_div(&self, divisor: &Expr) -> Expr {
        floor::floor_div(self, divisor)
    }

    /// `⌈self / divisor⌉`.
    pub fn ceil_div(&self, divisor: &Expr) -> Expr {
        match divisor {
            Expr::Int(by) if *by < 0 => (Expr::ZERO - self).ceil_div(&(Expr::ZERO - divisor)),
            _ => (self + divisor - Expr::ONE).floor_div(divisor),
        }
    }

    /// The quotient, where `divisor` divides the expression without remainder for every binding.
    pub fn exact_div(&self, divisor: &Expr) -> Option<Expr> {
        polynomial::exact_div(self, divisor)
    }

    /// `self − divisor·⌊self / divisor⌋`.
    pub fn modulo(&self, divisor: &Expr) -> Expr {
        self - divisor * self.floor_div(divisor)
    }

    /// The larger of the two.
    pub fn larger(&self, other: &Expr) -> Expr {
        Expr::largest([self.clone(), other.clone()]).unwrap_or_default()
    }

    /// The smaller of the two.
    pub fn smaller(&self, other: &Expr) -> Expr {
        Expr::smallest([self.clone(), other.clone()]).unwrap_or_default()
    }

    /// The largest of many; what others dominate vanishes. `None` of nothing.
    pub fn largest(values: impl IntoIterator<Item = Expr>) -> Option<Expr> {
        Expr::choose(values, Expr::at_least, Atom::Max)
    }

    /// The smallest of many; what dominates others vanishes. `None` of nothing.
    pub fn smallest(values: impl IntoIterator<Item = Expr>) -> Option<Expr> {
        Expr::choose(values, |a, b| b.at_least(a), Atom::Min)
    }

    /// Those of the values that no other beats: itself where one is left, else an atom over all in order.
    fn choose(
        values: impl IntoIterator<Item = Expr>,
        beats: fn(&Expr, &Expr) -> bool,
        atom: fn(Arc<[Expr]>) -> Atom,
    ) -> Option<Expr> {
        let mut leaders: Vec<Expr> = Vec::new();
        // Repeated layers repeat their formulas: each is compared once.
        let mut seen: HashSet<Expr> = HashSet::new();
        for value in values {
            if value.invalid().is_some() {
                return Some(value);
            }
            if matches!(value, Expr::Formula(_)) && !seen.insert(value.clone()) {
                continue;
            }
            let mut lead = |value: Expr| {
                if !leaders.iter().any(|leader| beats(leader, &value)) {
                    leaders.retain(|leader| !beats(&value, leader));
                    leaders.push(value);
                }
            };
            // The operands of an atom of the same kind are taken apart.
            match value.as_atom().map(|own| (own, atom(Arc::default()))) {
                Some((Atom::Max(operands), Atom::Max(_)) | (Atom::Min(operands), Atom::Min(_))) => {
                    operands.iter().cloned().for_each(lead);
                }
                _ => lead(value),
            }
            if leaders.len() > MAX_OPERANDS {
                return Some(Expr::Invalid(Invalid::TooComplex));
            }
        }
        leaders.sort();
        match leaders.len() {
            0 | 1 => leaders.pop(),
            _ => Some(Polynomial::atom(atom(leaders.into())).into()),
        }
    }

    fn as_atom(&self) -> Option<&Atom> {
        match self {
            Expr::Formula(formula) => formula.0.as_atom(),
            _ => None,
        }
    }

    /// Whether `self >= other` is certain for all positive values of the symbols.
    pub fn at_least(&self, other: &Expr) -> bool {
        match (self, other) {
            (Expr::Int(a), Expr::Int(b)) => a >= b,
            (Expr::Invalid(_), _) | (_, Expr::Invalid(_)) => false,
            _ => match self - other {
                Expr::Int(difference) => difference >= 0,
                Expr::Formula(formula) => formula.0.is_never_negative(),
                Expr::Invalid(_) => false,
            },
        }
    }
}

impl Default for Expr {
    /// The integer 0: the empty sum.
    fn default() -> Expr {
        Expr::ZERO
    }
}

impl From<Polynomial> for Expr {
    fn from(polynomial: Polynomial) -> Expr {
        match polynomial.as_int() {
            Some(value) => Expr::Int(value),
            None => match polynomial.too_complex() {
                true => Expr::Invalid(Invalid::TooComplex),
                false => Expr::Formula(Formula(Arc::new(polynomial))),
            },
        }
    }
}

impl From<i64> for Expr {
    fn from(value: i64) -> Expr {
        Expr::Int(value)
    }
}

impl From<usize> for Expr {
    fn from(value: usize) -> Expr {
        i64::try_from(value).map_or(Expr::Invalid(Invalid::Overflow), Expr::Int)
    }
}

/// `a + sign·b` where it stands.
fn accumulate(a: &mut Expr, b: &Expr, sign: i64) {
    *a = match (&*a, b) {
        (Expr::Int(x), Expr::Int(y)) => {
            let sum = y.checked_mul(sign).and_then(|y| x.checked_add(y));
            sum.map_or(Expr::Invalid(Invalid::Overflow), Expr::Int)
        }
        (Expr::Invalid(why), _) | (_, Expr::Invalid(why)) => Expr::Invalid(*why),
        (_, Expr::Int(0)) => return,
        (Expr::Int(0), other) if sign == 1 => other.clone(),
        _ => return polynomial::accumulate(a, b, sign),
    };
}

fn add(mut a: Expr, b: &Expr) -> Expr {
    accumulate(&mut a, b, 1);
    a
}

fn subtract(mut a: Expr, b: &Expr) -> Expr {
    accumulate(&mut a, b, -1);
    a
}

fn multiply(mut a: Expr, b: &Expr) -> Expr {
    match (&a, b) {
        (Expr::Int(a), Expr::Int(b)) => a.checked_mul(*b).map_or(Expr::Invalid(Invalid::Overflow), Expr::Int),
        (Expr::Invalid(why), _) | (_, Expr::Invalid(why)) => Expr::Invalid(*why),
        (Expr::Int(1), other) => other.clone(),
        (_, Expr::Int(1)) => a,
        (_, Expr::Int(factor)) => {
            polynomial::scale(&mut a, *factor);
            a
        }
        (Expr::Int(factor), other) => {
            let mut product = other.clone();
            polynomial::scale(&mut product, *factor);
            product
        }
        _ => polynomial::product(&a, b),
    }
}

/// The operators on every mix of owned and borrowed expressions and plain integers.
macro_rules! operators {
    ($($trait:ident $method:ident $function:ident),*) => {$(
        impl $trait<&Expr> for &Expr {
            type Output = Expr;
            fn $method(self, other: &Expr) -> Expr { $function(self.clone(), other) }
        }
        impl $trait<Expr> for &Expr {
            type Output = Expr;
            fn $method(self, other: Expr) -> Expr { $function(self.clone(), &other) }
        }
        impl $trait<&Expr> for Expr {
            type Output = Expr;
            fn $method(self, other: &Expr) -> Expr { $function(self, other) }
        }
        impl $trait<Expr> for Expr {
            type Output = Expr;
            fn $method(self, other: Expr) -> Expr { $function(self, &other) }
        }
        impl $trait<i64> for &Expr {
            type Output = Expr;
            fn $method(self, other: i64) -> Expr { $function(self.clone(), &Expr::Int(other)) }
        }
        impl $trait<i64> for Expr {
            type Output = Expr;
            fn $method(self, other: i64) -> Expr { $function(self, &Expr::Int(other)) }
        }
    )*};
}
operators!(Add add add, Sub sub subtract, Mul mul multiply);

impl AddAssign<&Expr> for Expr {
    fn add_assign(&mut self, other: &Expr) {
        accumulate(self, other, 1);
    }
}

impl SubAssign<&Expr> for Expr {
    fn sub_assign(&mut self, other: &Expr) {
        accumulate(self, other, -1);
    }
}

impl Sum for Expr {
    fn sum<I: Iterator<Item = Expr>>(terms: I) -> Expr {
        terms.fold(Expr::ZERO, |total, term| total + term)
    }
}

impl<'a> Sum<&'a Expr> for Expr {
    fn sum<I: Iterator<Item = &'a Expr>>(terms: I) -> Expr {
        terms.fold(Expr::ZERO, |total, term| total + term)
    }
}

impl<'a> Product<&'a Expr> for Expr {
    /// Numbers are multiplied first, formulas then, so that one formula is made and not one for every factor.
    fn product<I: Iterator<Item = &'a Expr>>(factors: I) -> Expr {
        let (mut number, mut formula) = (Expr::ONE, Expr::ONE);
        for factor in factors {
            match factor {
                Expr::Int(_) => number = number * factor,
                _ => formula = formula * factor,
            }
        }
        formula * number
    }
}

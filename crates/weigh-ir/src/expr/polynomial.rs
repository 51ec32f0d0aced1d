//! The canonical polynomial behind a formula, and the arithmetic on it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::{Expr, Formula, Invalid, Symbol};

/// More terms than this and a formula is given up as too complex.
const MAX_TERMS: usize = 256;
/// Deeper nesting of divisions, minima and maxima than this is too complex.
const MAX_DEPTH: u16 = 24;
/// Higher total powers than this are too complex.
const MAX_DEGREE: u32 = 64;
/// Comparisons look at the operands of no more minima and maxima than this.
const MAX_CHOICES: u8 = 2;

/// What polynomials are polynomials *of*.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Atom {
    Symbol(Symbol),
    FloorDiv(Arc<(Expr, Expr)>),
    /// Two or more operands, sorted, none certainly above another, none a minimum itself.
    Min(Arc<[Expr]>),
    /// Two or more operands, sorted, none certainly below another, none a maximum itself.
    Max(Arc<[Expr]>),
}

/// A product of powers, sorted by atom; the empty product is 1.
pub(super) type Monomial = SmallVec<[(Atom, u32); 2]>;

pub(super) type Terms = SmallVec<[(Monomial, i64); 2]>;

/// A sum of terms with non-zero coefficients, in descending graded lexicographic order.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Polynomial {
    terms: Terms,
    depth: u16,
}

fn degree(monomial: &Monomial) -> u32 {
    monomial.iter().map(|(_, power)| power).sum()
}

/// Graded lexicographic order: by total degree, then by the power of the first atom that differs.
/// It is compatible with multiplication, which polynomial division relies on.
fn compare(a: &Monomial, b: &Monomial) -> Ordering {
    degree(a).cmp(&degree(b)).then_with(|| {
        for ((atom_a, power_a), (atom_b, power_b)) in a.iter().zip(b) {
            match atom_b.cmp(atom_a).then(power_a.cmp(power_b)) {
                Ordering::Equal => {}
                unequal => return unequal,
            }
        }
        a.len().cmp(&b.len())
    })
}

fn multiply_monomials(a: &Monomial, b: &Monomial) -> Monomial {
    let mut product = a.clone();
    for (atom, power) in b {
        match product.binary_search_by(|(other, _)| other.cmp(atom)) {
            Ok(at) => product[at].1 += power,
            Err(at) => product.insert(at, (atom.clone(), *power)),
        }
    }
    product
}

pub(super) fn divide_monomials(a: &Monomial, b: &Monomial) -> Option<Monomial> {
    let mut quotient = a.clone();
    for (atom, power) in b {
        let at = quotient.binary_search_by(|(other, _)| other.cmp(atom)).ok()?;
        match quotient[at].1.cmp(power) {
            Ordering::Less => return None,
            Ordering::Equal => {
                quotient.remove(at);
            }
            Ordering::Greater => quotient[at].1 -= power,
        }
    }
    Some(quotient)
}

/// Whether `b` is a multiple of `a`.
fn divides(a: &Monomial, b: &Monomial) -> bool {
    let mut rest = b.iter();
    a.iter().all(|(atom, power)| rest.any(|(other, available)| other == atom && available >= power))
}

impl Polynomial {
    pub(super) fn constant(value: i64) -> Polynomial {
        let terms = if value == 0 { smallvec![] } else { smallvec![(Monomial::new(), value)] };
        Polynomial { terms, depth: 0 }
    }

    pub(super) fn atom(atom: Atom) -> Polynomial {
        let depth = atom_depth(&atom);
        Polynomial { terms: smallvec![(smallvec![(atom, 1)], 1)], depth }
    }

    /// Collects terms into canonical form; `None` when a coefficient overflows.
    pub(super) fn collect(mut terms: Terms) -> Option<Polynomial> {
        terms.sort_by(|a, b| compare(&b.0, &a.0));
        let mut merged: Terms = SmallVec::with_capacity(terms.len());
        for (monomial, coefficient) in terms {
            match merged.last_mut() {
                Some((last, total)) if *last == monomial => *total = total.checked_add(coefficient)?,
                _ => merged.push((monomial, coefficient)),
            }
        }
        merged.retain(|(_, coefficient)| *coefficient != 0);
        let depth = terms_depth(&merged);
        Some(Polynomial { terms: merged, depth })
    }

    pub(super) fn terms(&self) -> &[(Monomial, i64)] {
        &self.terms
    }

    pub(super) fn as_int(&self) -> Option<i64> {
        match self.terms.as_slice() {
            [] => Some(0),
            [(monomial, value)] if monomial.is_empty() => Some(*value),
            _ => None,
        }
    }

    pub(super) fn as_atom(&self) -> Option<&Atom> {
        match self.terms.as_slice() {
            [(monomial, 1)] => match monomial.as_slice() {
                [(atom, 1)] => Some(atom),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn too_complex(&self) -> bool {
        self.terms.len() > MAX_TERMS
            || self.depth > MAX_DEPTH
            || self.terms.first().is_some_and(|(monomial, _)| degree(monomial) > MAX_DEGREE)
    }

    pub(super) fn for_each_symbol(&self, visit: &mut dyn FnMut(&Symbol)) {
        for (atom, _) in self.terms.iter().flat_map(|(monomial, _)| monomial) {
            match atom {
                Atom::Symbol(symbol) => visit(symbol),
                Atom::FloorDiv(pair) => {
                    pair.0.for_each_symbol(visit);
                    pair.1.for_each_symbol(visit);
                }
                Atom::Min(operands) | Atom::Max(operands) => {
                    operands.iter().for_each(|operand| operand.for_each_symbol(visit));
                }
            }
        }
    }

    /// Replaces symbols by expressions and simplifies again.
    pub(super) fn map_symbols(&self, replace: &dyn Fn(&Symbol) -> Option<Expr>) -> Expr {
        let map = |expr: &Expr| match expr {
            Expr::Formula(formula) => formula.0.map_symbols(replace),
            other => other.clone(),
        };
        self.evaluate(&|atom| match atom {
            Atom::Symbol(symbol) => replace(symbol).unwrap_or_else(|| Polynomial::atom(atom.clone()).into()),
            Atom::FloorDiv(pair) => map(&pair.0).floor_div(&map(&pair.1)),
            Atom::Min(operands) => Expr::smallest(operands.iter().map(map)).unwrap_or_default(),
            Atom::Max(operands) => Expr::largest(operands.iter().map(map)).unwrap_or_default(),
        })
    }

    /// The sum of the terms, each atom replaced by what `value_of` says.
    fn evaluate(&self, value_of: &dyn Fn(&Atom) -> Expr) -> Expr {
        let term = |(monomial, coefficient): &(Monomial, i64)| {
            monomial.iter().fold(Expr::Int(*coefficient), |product, (atom, power)| {
                let value = value_of(atom);
                (0..*power).fold(product, |product, _| product * &value)
            })
        };
        self.terms.iter().map(term).sum()
    }

    /// Whether the value is certainly >= 0 for positive symbols: with each symbol written as `1 + x`,
    /// x >= 0, no coefficient is negative; or else it is so whatever operand a minimum or maximum turns out to be.
    pub(super) fn is_never_negative(&self) -> bool {
        self.is_never_negative_within(MAX_CHOICES)
    }

    fn is_never_negative_within(&self, choices: u8) -> bool {
        self.atoms_are_never_negative()
            && (self.shifted_is_never_negative()
                || self.quotient_reaches()
                || choices > 0 && self.chosen_is_never_negative(choices - 1))
    }

    /// Whether this is k·⌊a / b⌋ − c, which is at least 0 where a reaches ⌈c / k⌉·b.
    fn quotient_reaches(&self) -> bool {
        let is_constant = |(monomial, _): &&(Monomial, i64)| monomial.is_empty();
        let (mut constants, mut others) =
            (self.terms.iter().filter(is_constant), self.terms.iter().filter(|term| !is_constant(term)));
        let (Some((_, constant)), Some((monomial, factor)), None) =
            (constants.next(), others.next(), others.next())
        else {
            return false;
        };
        let [(Atom::FloorDiv(pair), 1)] = monomial.as_slice() else { return false };
        let (Some(needed), 1..) = (constant.checked_neg(), *factor) else { return false };
        let quotient = Expr::Int(needed).ceil_div(&Expr::Int(*factor));
        pair.0.at_least(&(quotient * &pair.1))
    }

    fn shifted_is_never_negative(&self) -> bool {
        if self.terms.iter().all(|(_, coefficient)| *coefficient >= 0) {
            return true;
        }
        // Written so, a negative term keeps its sign unless a positive one is a multiple of it: that is seen
        // without the expansion, whose length is exponential in the number of symbols.
        let outgrown = |monomial: &Monomial| {
            let mut positive = self.terms.iter().filter(|(_, coefficient)| *coefficient > 0);
            positive.any(|(other, _)| divides(monomial, other))
        };
        if self.terms.iter().any(|(monomial, coefficient)| *coefficient < 0 && !outgrown(monomial)) {
            return false;
        }
        let shifted = |symbol: &Symbol| Expr::from(Polynomial::atom(Atom::Symbol(symbol.clone()))) + 1;
        let value_of = |atom: &Atom| match atom {
            Atom::Symbol(symbol) => shifted(symbol),
            other => Polynomial::atom(other.clone()).into(),
        };
        match self.evaluate(&value_of) {
            Expr::Int(value) => value >= 0,
            Expr::Formula(formula) => formula.0.terms.iter().all(|(_, coefficient)| *coefficient >= 0),
            Expr::Invalid(_) => false,
        }
    }

    /// The same with the first minimum or maximum replaced by its operands. A minimum that is only subtracted, or
    /// a maximum that is only added, may be replaced by any of them: that makes the value smaller. Every other
    /// choice must hold.
    fn chosen_is_never_negative(&self, choices: u8) -> bool {
        let atoms = self.terms.iter().flat_map(|(monomial, _)| monomial).map(|(atom, _)| atom);
        let Some((atom, operands, sign)) = atoms.into_iter().find_map(|atom| match atom {
            Atom::Min(operands) => Some((atom, operands, -1)),
            Atom::Max(operands) => Some((atom, operands, 1)),
            _ => None,
        }) else {
            return false;
        };
        let mut uses = self.terms.iter().flat_map(|(monomial, coefficient)| {
            monomial
                .iter()
                .filter(|(other, _)| other == atom)
                .map(move |(_, power)| (*power, coefficient.signum()))
        });
        let any_will_do = uses.all(|found| found == (1, sign));
        let holds = |operand: &Expr| {
            let value_of = |other: &Atom| match other == atom {
                true => operand.clone(),
                false => Polynomial::atom(other.clone()).into(),
            };
            match self.evaluate(&value_of) {
                Expr::Int(value) => value >= 0,
                Expr::Formula(formula) => formula.0.is_never_negative_within(choices),
                Expr::Invalid(_) => false,
            }
        };
        match any_will_do {
            true => operands.iter().any(holds),
            false => operands.iter().all(holds),
        }
    }

    fn atoms_are_never_negative(&self) -> bool {
        self.terms.iter().flat_map(|(monomial, _)| monomial).all(|(atom, _)| match atom {
            Atom::Symbol(_) => true,
            Atom::FloorDiv(pair) => pair.0.at_least(&Expr::ZERO) && pair.1.at_least(&Expr::ONE),
            Atom::Min(operands) => operands.iter().all(|operand| operand.at_least(&Expr::ZERO)),
            Atom::Max(operands) => operands.iter().any(|operand| operand.at_least(&Expr::ZERO)),
        })
    }
}

/// How deep divisions, minima and maxima are nested. Equal polynomials have equal depths, whatever was in them before
/// terms cancelled.
fn terms_depth(terms: &Terms) -> u16 {
    terms.iter().flat_map(|(monomial, _)| monomial).map(|(atom, _)| atom_depth(atom)).max().unwrap_or(0)
}

fn atom_depth(atom: &Atom) -> u16 {
    match atom {
        Atom::Symbol(_) => 0,
        Atom::FloorDiv(pair) => 1 + depth(&pair.0).max(depth(&pair.1)),
        Atom::Min(operands) | Atom::Max(operands) => 1 + operands.iter().map(depth).max().unwrap_or(0),
    }
}

fn depth(expr: &Expr) -> u16 {
    match expr {
        Expr::Formula(formula) => formula.0.depth,
        _ => 0,
    }
}

/// The polynomial of a valid expression.
pub(super) fn polynomial(expr: &Expr) -> Cow<'_, Polynomial> {
    match expr {
        Expr::Formula(formula) => Cow::Borrowed(&formula.0),
        Expr::Int(value) => Cow::Owned(Polynomial::constant(*value)),
        Expr::Invalid(_) => Cow::Owned(Polynomial::constant(0)),
    }
}

/// The expression of a polynomial, if it did not overflow.
pub(super) fn finish(polynomial: Option<Polynomial>) -> Expr {
    polynomial.map_or(Expr::Invalid(Invalid::Overflow), Expr::from)
}

/// Adds `sign·more` to a valid expression where it stands: what is not shared is not copied.
pub(super) fn accumulate(total: &mut Expr, more: &Expr, sign: i64) {
    let more = polynomial(more);
    if let Expr::Int(value) = *total {
        *total = Expr::Formula(Formula(Arc::new(Polynomial::constant(value))));
    }
    let Expr::Formula(Formula(shared)) = total else { return };
    let sum = Arc::make_mut(shared);
    let mut cancels = false;
    sum.depth = sum.depth.max(more.depth);
    for (monomial, coefficient) in &more.terms {
        let place = sum.terms.binary_search_by(|(other, _)| compare(monomial, other));
        let before = place.map_or(0, |at| sum.terms[at].1);
        let Some(after) = coefficient.checked_mul(sign).and_then(|added| before.checked_add(added)) else {
            *total = Expr::Invalid(Invalid::Overflow);
            return;
        };
        match place {
            Ok(at) if after == 0 => {
                sum.terms.remove(at);
                cancels = true;
            }
            Ok(at) => sum.terms[at].1 = after,
            Err(at) => sum.terms.insert(at, (monomial.clone(), after)),
        }
    }
    if cancels && sum.depth > 0 {
        sum.depth = terms_depth(&sum.terms);
    }
    if let Some(value) = sum.as_int() {
        *total = Expr::Int(value);
    } else if sum.too_complex() {
        *total = Expr::Invalid(Invalid::TooComplex);
    }
}

/// Multiplies a valid expression by a number where it stands.
pub(super) fn scale(expr: &mut Expr, factor: i64) {
    let Expr::Formula(Formula(shared)) = expr else { return };
    if factor == 0 {
        *expr = Expr::ZERO;
        return;
    }
    for (_, coefficient) in &mut Arc::make_mut(shared).terms {
        match coefficient.checked_mul(factor) {
            Some(scaled) => *coefficient = scaled,
            None => {
                *expr = Expr::Invalid(Invalid::Overflow);
                return;
            }
        }
    }
}

/// `a·b` of valid expressions.
pub(super) fn product(a: &Expr, b: &Expr) -> Expr {
    let (a, b) = (polynomial(a), polynomial(b));
    if a.terms.len() * b.terms.len() > 4 * MAX_TERMS {
        return Expr::Invalid(Invalid::TooComplex);
    }
    let mut terms: Terms = SmallVec::with_capacity(a.terms.len() * b.terms.len());
    for (monomial_a, coefficient_a) in &a.terms {
        for (monomial_b, coefficient_b) in &b.terms {
            match coefficient_a.checked_mul(*coefficient_b) {
                Some(coefficient) => terms.push((multiply_monomials(monomial_a, monomial_b), coefficient)),
                None => return Expr::Invalid(Invalid::Overflow),
            }
        }
    }
    // The order of terms is compatible with multiplication: times a single term it stays as it is.
    if a.terms.len() == 1 || b.terms.len() == 1 {
        return Polynomial { terms, depth: a.depth.max(b.depth) }.into();
    }
    finish(Polynomial::collect(terms))
}

/// Polynomial long division; `None` when a remainder is left or a number overflows.
pub(super) fn exact_div(dividend: &Expr, divisor: &Expr) -> Option<Expr> {
    if dividend.invalid().or(divisor.invalid()).is_some() || *divisor == Expr::ZERO {
        return None;
    }
    if let (Expr::Int(a), Expr::Int(b)) = (dividend, divisor) {
        return (a.checked_rem(*b)? == 0).then(|| Expr::Int(a / b));
    }
    let divisor_terms = polynomial(divisor);
    let (lead, lead_coefficient) = divisor_terms.terms.first()?;
    let mut quotient = Expr::ZERO;
    let mut remainder = dividend.clone();
    for _ in 0..MAX_TERMS {
        if remainder == Expr::ZERO {
            return Some(quotient);
        }
        let terms = polynomial(&remainder);
        let (monomial, coefficient) = terms.terms.first()?;
        if coefficient.checked_rem(*lead_coefficient)? != 0 {
            return None;
        }
        let factor = smallvec![(divide_monomials(monomial, lead)?, coefficient / lead_coefficient)];
        let factor = finish(Polynomial::collect(factor));
        remainder = remainder - &factor * divisor;
        quotient = quotient + factor;
        if remainder.invalid().or(quotient.invalid()).is_some() {
            return None;
        }
    }
    None
}

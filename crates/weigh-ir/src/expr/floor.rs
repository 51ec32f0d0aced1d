//! Floor division in canonical form: what divides evenly stands outside the floor, and a floor of floors is one.
//!
//! For integers `x`, `q`, `r` and positive `d`, `g`, `n`:
//! - `⌊(x + q·d)/d⌋ = ⌊x/d⌋ + q`;
//! - `⌊(g·x + r)/(g·d)⌋ = ⌊(x + ⌊r/g⌋)/d⌋`;
//! - `⌊−x/d⌋ = −⌊(x + d − 1)/d⌋`, so that the first term under a floor is positive;
//! - `⌊(⌊x/n⌋ + r)/d⌋ = ⌊(x + r·n)/(n·d)⌋`, and by the line above the same for `−⌊x/n⌋ = ⌊(n − 1 − x)/n⌋`.
//!
//! The extents of a deep convolutional net are chains of `⌊(x + 1)/2⌋`; the last rule makes them `⌊(x + 3)/4⌋`,
//! `⌊(x + 7)/8⌋` and so on, which are short, and equal where they are equal.

use std::sync::Arc;

use super::polynomial::{Atom, Polynomial, Terms, exact_div, finish, polynomial};
use super::{Expr, Invalid};

/// `⌊dividend / divisor⌋`.
pub(super) fn floor_div(dividend: &Expr, divisor: &Expr) -> Expr {
    match (dividend, divisor) {
        (Expr::Invalid(why), _) | (_, Expr::Invalid(why)) => Expr::Invalid(*why),
        (_, Expr::Int(0)) => Expr::Invalid(Invalid::DivisionByZero),
        (Expr::Int(a), Expr::Int(b)) => {
            let quotient = a.checked_div_euclid(*b);
            // Euclidean division rounds up where the divisor is negative and something is left over.
            let rounds_up = *b < 0 && a.checked_rem_euclid(*b).is_some_and(|rest| rest != 0);
            let quotient = quotient.and_then(|quotient| quotient.checked_sub(i64::from(rounds_up)));
            quotient.map_or(Expr::Invalid(Invalid::Overflow), Expr::Int)
        }
        (_, Expr::Int(1)) => dividend.clone(),
        (_, Expr::Int(by)) if *by > 0 => by_constant(&polynomial(dividend), *by),
        (_, Expr::Int(by)) if *by > -i64::MAX => floor_div(&(Expr::ZERO - dividend), &Expr::Int(-by)),
        _ => exact_div(dividend, divisor).unwrap_or_else(|| atom(dividend.clone(), divisor.clone())),
    }
}

fn atom(dividend: Expr, divisor: Expr) -> Expr {
    Polynomial::atom(Atom::FloorDiv(Arc::new((dividend, divisor)))).into()
}

/// By a constant above 1.
fn by_constant(dividend: &Polynomial, divisor: i64) -> Expr {
    let (mut outside, mut inside) = (Terms::new(), Terms::new());
    for (monomial, coefficient) in dividend.terms() {
        // Coefficients keep their sign; a constant is left in 0..divisor.
        let (quotient, rest) = match monomial.is_empty() {
            true => (coefficient.div_euclid(divisor), coefficient.rem_euclid(divisor)),
            false => (coefficient / divisor, coefficient % divisor),
        };
        outside.push((monomial.clone(), quotient));
        inside.push((monomial.clone(), rest));
    }
    let outside = finish(Polynomial::collect(outside));
    match Polynomial::collect(inside) {
        None => Expr::Invalid(Invalid::Overflow),
        Some(rest) if rest.as_int().is_some() => outside,
        Some(rest) => outside + of_rest(rest, divisor),
    }
}

/// Of what is left when nothing stands outside the floor any more.
fn of_rest(rest: Polynomial, divisor: i64) -> Expr {
    let is_negated = rest.terms().first().is_some_and(|(_, coefficient)| *coefficient < 0);
    if is_negated {
        let mirrored = Expr::Int(divisor - 1) - Expr::from(rest);
        return Expr::ZERO - floor_div(&mirrored, &Expr::Int(divisor));
    }
    let (rest, divisor) = reduce(rest, divisor);
    match (divisor, merge(&rest, divisor)) {
        (1, _) => rest.into(),
        (_, Some(merged)) => merged,
        (_, None) => atom(rest.into(), Expr::Int(divisor)),
    }
}

/// Divides both by what all coefficients but the constant share with the divisor.
fn reduce(rest: Polynomial, divisor: i64) -> (Polynomial, i64) {
    let varying = rest.terms().iter().filter(|(monomial, _)| !monomial.is_empty());
    let shared = varying.fold(divisor.unsigned_abs(), |shared, (_, coefficient)| {
        greatest_common_divisor(shared, coefficient.unsigned_abs())
    });
    let shared = i64::try_from(shared).unwrap_or(1);
    if shared == 1 {
        return (rest, divisor);
    }
    let terms = rest.terms().iter();
    let divided = terms.map(|(monomial, coefficient)| (monomial.clone(), coefficient.div_euclid(shared)));
    match Polynomial::collect(divided.collect()) {
        Some(divided) => (divided, divisor / shared),
        None => (rest, divisor),
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// One floor in place of two, where exactly one floor by a constant is added or subtracted under this one. Each
/// merger leaves one floor less, so there is an end to them.
fn merge(rest: &Polynomial, divisor: i64) -> Option<Expr> {
    let mut floors = rest.terms().iter().filter_map(|(monomial, coefficient)| match monomial.as_slice() {
        [(Atom::FloorDiv(pair), 1)] if coefficient.abs() == 1 => {
            let inner = pair.1.as_int().filter(|inner| *inner > 0)?;
            Some((&pair.0, inner, *coefficient))
        }
        _ => None,
    });
    let (dividend, inner, sign) = floors.next()?;
    if floors.next().is_some() {
        return None;
    }
    let both = inner.checked_mul(divisor)?;
    let floor = atom(dividend.clone(), Expr::Int(inner));
    let others = Expr::from(rest.clone()) - floor * sign;
    let dividend = match sign {
        1 => dividend + others * inner,
        _ => others * inner - dividend + (inner - 1),
    };
    let merged = floor_div(&dividend, &Expr::Int(both));
    merged.invalid().is_none().then_some(merged)
}

//! Any formula: its canonical form has the value that plain arithmetic gives, wherever both have one.
#![no_main]

use arbitrary::Arbitrary;
use weigh_ir::{Bindings, Expr, Symbol};

/// A formula as it is put together.
#[derive(Arbitrary, Debug)]
enum Tree {
    Int(i16),
    Symbol(u8),
    Add(Box<Tree>, Box<Tree>),
    Subtract(Box<Tree>, Box<Tree>),
    Multiply(Box<Tree>, Box<Tree>),
    FloorDivide(Box<Tree>, Box<Tree>),
    CeilDivide(Box<Tree>, Box<Tree>),
    Larger(Box<Tree>, Box<Tree>),
    Smaller(Box<Tree>, Box<Tree>),
}

const SYMBOLS: [&str; 4] = ["a", "b", "c", "d"];

impl Tree {
    fn name(symbol: u8) -> &'static str {
        SYMBOLS[usize::from(symbol) % SYMBOLS.len()]
    }

    fn expr(&self) -> Expr {
        match self {
            Tree::Int(value) => Expr::Int(i64::from(*value)),
            Tree::Symbol(symbol) => Expr::symbol(Tree::name(*symbol)),
            Tree::Add(a, b) => a.expr() + b.expr(),
            Tree::Subtract(a, b) => a.expr() - b.expr(),
            Tree::Multiply(a, b) => a.expr() * b.expr(),
            Tree::FloorDivide(a, b) => a.expr().floor_div(&b.expr()),
            Tree::CeilDivide(a, b) => a.expr().ceil_div(&b.expr()),
            Tree::Larger(a, b) => a.expr().larger(&b.expr()),
            Tree::Smaller(a, b) => a.expr().smaller(&b.expr()),
        }
    }

    /// The value by plain arithmetic; `None` where it divides by what is not positive, or does not fit.
    fn value(&self, bindings: &Bindings) -> Option<i128> {
        let both = |a: &Tree, b: &Tree| Some((a.value(bindings)?, b.value(bindings)?));
        let fits = |value: i128| i64::try_from(value).is_ok().then_some(value);
        match self {
            Tree::Int(value) => Some(i128::from(*value)),
            Tree::Symbol(symbol) => bindings.get(&Symbol::new(Tree::name(*symbol))).map(|value| i128::from(*value)),
            Tree::Add(a, b) => both(a, b).and_then(|(a, b)| fits(a + b)),
            Tree::Subtract(a, b) => both(a, b).and_then(|(a, b)| fits(a - b)),
            Tree::Multiply(a, b) => both(a, b).and_then(|(a, b)| fits(a * b)),
            Tree::FloorDivide(a, b) => both(a, b).and_then(|(a, b)| (b > 0).then(|| a.div_euclid(b))),
            Tree::CeilDivide(a, b) => both(a, b).and_then(|(a, b)| (b > 0).then(|| -(-a).div_euclid(b))),
            Tree::Larger(a, b) => both(a, b).map(|(a, b)| a.max(b)),
            Tree::Smaller(a, b) => both(a, b).map(|(a, b)| a.min(b)),
        }
    }
}

libfuzzer_sys::fuzz_target!(|input: (Tree, [u8; 4])| {
    let (tree, values) = input;
    // Symbols stand for extents: they are positive.
    let bindings: Bindings =
        SYMBOLS.iter().zip(values).map(|(name, value)| (Symbol::new(name), i64::from(value) + 1)).collect();
    let formula = tree.expr();
    let (Some(expected), Some(found)) = (tree.value(&bindings), formula.bind(&bindings).as_int()) else { return };
    assert_eq!(i128::from(found), expected, "{formula} of {tree:?}");
});

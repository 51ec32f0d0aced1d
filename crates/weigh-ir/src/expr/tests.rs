//! The algebra of formulas: canonical forms, comparisons, and agreement with plain arithmetic.

use super::*;
use proptest::prelude::*;

fn symbol(name: &str) -> Expr {
    Expr::symbol(name)
}

#[test]
fn canonical_forms_compare_equal() {
    let (b, s) = (symbol("b"), symbol("s"));
    assert_eq!((&b + 1) * (&s + 2), &b * &s + &b * 2 + &s + 2);
    assert_eq!(&b - &b, Expr::ZERO);
}

#[test]
fn division_that_is_exact_leaves_no_floor() {
    let (b, s) = (symbol("b"), symbol("s"));
    assert_eq!((&b * &s * 768).floor_div(&(&b * &s)), Expr::Int(768));
    assert_eq!(((&b + 1) * (&s + 2)).exact_div(&(&s + 2)), Some(&b + 1));
    assert_eq!((&b * 4 + 6).floor_div(&Expr::Int(4)), &b + 1);
    assert_eq!((&b * 4 + 7).floor_div(&Expr::Int(2)), &b * 2 + 3);
}

#[test]
fn nested_floors_merge() {
    let h = symbol("h");
    let half = (&h + 1).floor_div(&Expr::Int(2));
    assert_eq!(half.floor_div(&Expr::Int(2)), (&h + 1).floor_div(&Expr::Int(4)));
    // Three convolutions of stride 2: ⌊(h + 1)/2⌋, ⌊(⌊(h + 1)/2⌋ + 1)/2⌋ = ⌊(h + 3)/4⌋, ⌊(h + 7)/8⌋.
    let stride = |extent: &Expr| (extent - 1).floor_div(&Expr::Int(2)) + 1;
    assert_eq!(stride(&h), half);
    assert_eq!(stride(&stride(&h)), (&h + 3).floor_div(&Expr::Int(4)));
    assert_eq!(stride(&stride(&stride(&h))), (&h + 7).floor_div(&Expr::Int(8)));
    // ⌊(⌊(h + 1)/2⌋ + w)/2⌋ = ⌊(h + 2·w + 1)/4⌋; ⌊(h − ⌊h/2⌋)/2⌋ = ⌊⌈h/2⌉/2⌋ = ⌊(h + 1)/4⌋
    let w = symbol("w");
    assert_eq!((&half + &w).floor_div(&Expr::Int(2)), (&h + &w * 2 + 1).floor_div(&Expr::Int(4)));
    let upper = &h - h.floor_div(&Expr::Int(2));
    assert_eq!(upper.floor_div(&Expr::Int(2)), (&h + 1).floor_div(&Expr::Int(4)));
}

#[test]
fn what_divides_stands_outside_the_floor() {
    let h = symbol("h");
    let over = |dividend: Expr, divisor: i64| dividend.floor_div(&Expr::Int(divisor));
    assert_eq!(over(&h * 5 + 9, 4), &h + 2 + over(&h + 1, 4));
    assert_eq!(over(&h * 2 + 1, 4), over(h.clone(), 2));
    assert_eq!(Expr::ZERO - over(Expr::ZERO - &h, 32), h.ceil_div(&Expr::Int(32)));
    assert_eq!(over(h.clone(), -2), Expr::ZERO - over(&h + 1, 2));
    // What pads h to a multiple of 32, added to it, gives that multiple.
    let padding = (Expr::Int(32) - h.modulo(&Expr::Int(32))).modulo(&Expr::Int(32));
    assert_eq!(&h + padding, h.ceil_div(&Expr::Int(32)) * 32);
}

#[test]
fn comparisons_choose_operands() {
    let (s, t) = (symbol("s"), symbol("t"));
    let rows = s.smaller(&Expr::Int(512));
    assert_eq!(s.larger(&rows), s);
    assert_eq!(Expr::Int(512).smaller(&rows), rows);
    assert!((&s * 768).at_least(&(&rows * 768)));
    assert!((&t * &s + &t).at_least(&(&t * &rows)));
    assert!(!rows.at_least(&s));
    let either = s.larger(&t);
    assert!(either.at_least(&s) && (&either * 2).at_least(&(&s + 1)) && !s.at_least(&either));
}

#[test]
fn overflow_is_carried_not_wrapped() {
    let huge = Expr::Int(i64::MAX) * 2;
    assert_eq!(huge.invalid(), Some(Invalid::Overflow));
    assert_eq!((huge + 1).invalid(), Some(Invalid::Overflow));
    assert_eq!(symbol("b").floor_div(&Expr::ZERO).invalid(), Some(Invalid::DivisionByZero));
}

#[test]
fn growth_is_bounded() {
    let mut product = Expr::ONE;
    for index in 0..64 {
        product = product * (symbol(&format!("s{index}")) + 1);
    }
    assert_eq!(product.invalid(), Some(Invalid::TooComplex));
}

/// Sums of many floors, multiplied and compared: every question ends, whatever its answer.
#[test]
fn questions_about_large_formulas_end() {
    let floor = |index: i64| (symbol(&format!("s{index}")) * 3 + index).floor_div(&Expr::Int(7));
    let sum: Expr = (0..40).map(floor).sum();
    let nested = (0..8).fold(sum, |nested, index| {
        let longer = nested * 3 + symbol(&format!("t{index}")).smaller(&Expr::Int(index + 9)) - index;
        longer.floor_div(&Expr::Int(11)).larger(&floor(index))
    });
    let cube = &nested * &nested * &nested;
    assert!(cube.invalid().is_none());
    assert!(!cube.at_least(&nested) && !nested.at_least(&cube));
    let _ = (cube.leading(), cube.degree(&Symbol::new("s0")), cube.factored(), cube.pretty());
}

#[test]
fn quotients_of_what_is_large_enough() {
    // max(10, n) reaches 5·2, not 6·2.
    let half = Expr::symbol("n").larger(&Expr::Int(10)).floor_div(&Expr::Int(2));
    assert!(half.at_least(&Expr::Int(5)) && !half.at_least(&Expr::Int(6)));
    // 3·5 reaches 15, and ⌈16 / 3⌉ = 6 is too much.
    assert!((&half * 3).at_least(&Expr::Int(15)) && !(&half * 3).at_least(&Expr::Int(16)));
}

#[test]
fn dominated_terms_vanish_from_a_maximum() {
    let (b, s) = (symbol("b"), symbol("s"));
    let candidates = [&b * 3, &b * &s * 2, &b * &s * 5, Expr::Int(4)];
    assert_eq!(Expr::largest(candidates[1..3].to_vec()), Some(&b * &s * 5));
    assert!((&b * &s * 3).at_least(&(&b * 3)));
    assert!(!(&b * 3).at_least(&Expr::Int(4)));
}

/// A random expression together with its value at fixed bindings.
fn expression() -> impl Strategy<Value = (Expr, Option<i64>)> {
    let leaf = prop_oneof![
        (-20i64..20).prop_map(|value| (Expr::Int(value), Some(value))),
        Just((Expr::symbol("a"), Some(7))),
        Just((Expr::symbol("b"), Some(12))),
        Just((Expr::symbol("c"), Some(5))),
    ];
    leaf.prop_recursive(5, 40, 2, |inner| {
        (inner.clone(), inner, 0..7u8).prop_map(|((a, x), (b, y), operation)| {
            let values = x.zip(y);
            match operation {
                0 => (&a + &b, values.and_then(|(x, y)| x.checked_add(y))),
                1 => (&a - &b, values.and_then(|(x, y)| x.checked_sub(y))),
                2 => (&a * &b, values.and_then(|(x, y)| x.checked_mul(y))),
                3 => (a.larger(&b), values.map(|(x, y)| x.max(y))),
                4 => (a.smaller(&b), values.map(|(x, y)| x.min(y))),
                _ => {
                    let divisor = 1 + i64::from(operation) * 3;
                    (a.floor_div(&Expr::Int(divisor)), x.map(|x| x.div_euclid(divisor)))
                }
            }
        })
    })
}

/// What a program would compute: symbols bound first, every floor taken where it stands.
fn extents() -> impl Strategy<Value = Vec<(i64, i64, i64, bool)>> {
    prop::collection::vec((1i64..4, -5i64..6, prop_oneof![1i64..9, -3i64..0], any::<bool>()), 1..7)
}

proptest! {
    #[test]
    fn chains_of_floors_keep_their_value(
        steps in extents(), h in prop_oneof![1i64..40, 1i64..100_000], w in 1i64..50
    ) {
        let bindings: Bindings = [(Symbol::new("h"), h), (Symbol::new("w"), w)].into();
        let (mut formula, mut plain) = (symbol("h"), Expr::Int(h));
        for (scale, offset, divisor, adds) in steps {
            let (other, value) = if adds { (symbol("w"), w) } else { (Expr::ZERO, 0) };
            formula = (formula * scale + other + offset).floor_div(&Expr::Int(divisor));
            plain = (plain * scale + value + offset).floor_div(&Expr::Int(divisor));
            prop_assert_eq!(formula.bind(&bindings), plain.clone());
            prop_assert_eq!(formula.to_string().parse::<Expr>(), Ok(formula.clone()));
        }
    }

    #[test]
    fn the_order_of_operands_does_not_matter((a, _) in expression(), (b, _) in expression()) {
        prop_assert_eq!(&a + &b, &b + &a);
        prop_assert_eq!(&a * &b, &b * &a);
    }

    #[test]
    fn comparisons_hold_at_every_binding((a, _) in expression(), (b, _) in expression(), x in 1i64..30, y in 1i64..30) {
        if a.at_least(&b) {
            let bindings: Bindings = [("a", x), ("b", y), ("c", 1)]
                .map(|(name, value)| (Symbol::new(name), value)).into();
            if let (Expr::Int(a), Expr::Int(b)) = (a.bind(&bindings), b.bind(&bindings)) {
                prop_assert!(a >= b);
            }
        }
    }

    #[test]
    fn symbolic_and_plain_arithmetic_agree((expr, value) in expression()) {
        let bindings: Bindings = [("a", 7), ("b", 12), ("c", 5)]
            .map(|(name, value)| (Symbol::new(name), value)).into();
        if let (Some(value), None) = (value, expr.invalid()) {
            prop_assert_eq!(expr.bind(&bindings), Expr::Int(value));
        }
    }

    #[test]
    fn text_round_trips((expr, _) in expression()) {
        if expr.invalid().is_none() {
            prop_assert_eq!(expr.to_string().parse::<Expr>().ok(), Some(expr));
        }
    }
}

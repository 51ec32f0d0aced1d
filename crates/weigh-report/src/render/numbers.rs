//! Counts, sizes and times as people read them: a number, its unit, and what is not known said in words.

use weigh_ir::Expr;
use weigh_ir::units::{self, time_unit};

use super::text;
use crate::report::{Count, Interval};

/// What a count counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Things: SI prefixes.
    Count,
    /// Memory: IEC prefixes.
    Bytes,
}

/// A count as text: `4.089 G`, `97.49 MiB`, `4.089 G·batch`, `4.719 M·seq bytes`, `? (overflow)`.
pub(super) fn count(count: &Count, kind: Kind) -> String {
    match (count.number(), count.0.invalid()) {
        (Some(value), _) => number(value as f64, kind),
        (_, Some(_)) => format!("? ({})", count.exact()),
        _ => with_unit(count.0.pretty(), kind),
    }
}

/// A count as text for a line of `room` columns: what all terms share written once, and a formula that is too long
/// for the line as its leading term, with these words: `≈ 81.50 k·h·w (leading term)`.
pub(super) fn formula(count: &Count, kind: Kind, room: usize) -> String {
    if !matches!(count.0, Expr::Formula(_)) {
        return self::count(count, kind);
    }
    let exact = with_unit(count.0.factored(), kind);
    if text::width(&exact) <= room {
        return exact;
    }
    let leading = count.0.leading().map(|leading| {
        let text = leading.to_string();
        let plural = if is_sum(&text) { "s" } else { "" };
        format!("≈ {} (leading term{plural})", with_unit(text, kind))
    });
    leading.filter(|leading| text::width(leading) <= room).unwrap_or(exact)
}

fn with_unit(formula: String, kind: Kind) -> String {
    match kind {
        Kind::Count => formula,
        Kind::Bytes if is_sum(&formula) => format!("({formula}) bytes"),
        Kind::Bytes => format!("{formula} bytes"),
    }
}

/// Whether the formula has more than one term at its top.
fn is_sum(formula: &str) -> bool {
    let mut depth = 0;
    formula.chars().any(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0 && matches!(c, '+' | '-')
    })
}

pub(super) fn number(value: f64, kind: Kind) -> String {
    match kind {
        Kind::Count => units::si(value),
        Kind::Bytes => units::bytes(value),
    }
}

/// Number and unit apart: `4.089 G` is `4.089` and `G`.
pub(super) fn split(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

/// Times in one unit, chosen for the first, with enough digits to tell them apart: `59.7`, `[59.1, 60.4]`.
pub(super) fn times(values: &[f64]) -> (Vec<String>, &'static str) {
    let (factor, unit) = time_unit(values.first().copied().unwrap_or(0.0));
    let scaled: Vec<f64> = values.iter().map(|value| value * factor).collect();
    (apart(&scaled), unit)
}

/// The values with the fewest decimals, and at least three digits of the first, that tell unequal ones apart.
pub(super) fn apart(values: &[f64]) -> Vec<String> {
    let first = values.first().copied().unwrap_or(0.0);
    let decimals = units::significant(first, 3).split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let written =
        |decimals: usize| values.iter().map(|value| format!("{value:.decimals$}")).collect::<Vec<_>>();
    (decimals..decimals + 3)
        .map(written)
        .find(|texts| {
            texts.iter().zip(values).skip(1).all(|(text, value)| *text != texts[0] || *value == first)
        })
        .unwrap_or_else(|| written(decimals + 3))
}

/// One time: `59.7 ms`.
pub(super) fn time(milliseconds: f64) -> String {
    let (texts, unit) = times(&[milliseconds]);
    format!("{} {unit}", texts[0])
}

/// A rate of any size: `16.7`, `12.35 k`.
pub(super) fn rate(per_second: f64) -> String {
    match per_second.abs() >= 10_000.0 {
        true => units::si(per_second),
        false => apart(&[per_second])[0].clone(),
    }
}

/// What stands for an interval that says nothing: its ends are more than a factor of a hundred apart.
const TOO_WIDE: &str = "too wide to use";

fn is_too_wide([low, high]: Interval) -> bool {
    high > 100.0 * low.max(0.0)
}

/// An interval around a time in milliseconds, in the unit of the time: `[59.1, 60.4]`.
pub(super) fn time_interval(ms: f64, interval: Interval) -> String {
    let [low, high] = interval;
    match &times(&[ms, low, high]).0[..] {
        _ if is_too_wide(interval) => TOO_WIDE.to_owned(),
        [_, low, high] => format!("[{low}, {high}]"),
        _ => String::new(),
    }
}

/// An interval around a rate, in plain numbers where the rate is one.
pub(super) fn rate_interval(per_second: f64, [low, high]: Interval) -> String {
    if is_too_wide([low, high]) {
        return TOO_WIDE.to_owned();
    }
    match per_second.abs() >= 10_000.0 {
        true => format!("[{}, {}]", units::si(low), units::si(high)),
        false => match &apart(&[per_second, low, high])[..] {
            [_, low, high] => format!("[{low}, {high}]"),
            _ => String::new(),
        },
    }
}

/// A share of a whole: `5.7 %`, `13 %`, `< 0.1 %`.
pub(super) fn share(share: f64) -> String {
    match share * 100.0 {
        percent if percent > 0.0 && percent < 0.1 => "< 0.1 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_show_enough_digits() {
        assert_eq!(times(&[59.71, 59.1, 60.4]).0, ["59.7", "59.1", "60.4"]);
        assert_eq!(times(&[59.71, 59.70, 59.73]).0, ["59.71", "59.70", "59.73"]);
        assert_eq!(times(&[59.7, 59.7, 59.7]).0, ["59.7", "59.7", "59.7"]);
        assert_eq!(time(0.0832), "83.2 µs");
        assert_eq!(time(1203.0), "1.20 s");
    }

    #[test]
    fn a_long_formula_is_its_leading_term() {
        let (h, w) = (Expr::symbol("h"), Expr::symbol("w"));
        let half = |extent: &Expr| (extent + 1).floor_div(&Expr::Int(2));
        let cost = Count(half(&h) * half(&w) * 64 + half(&h) * 3 + 5);
        assert_eq!(formula(&cost, Kind::Count, 60), "64·⌊(h + 1)/2⌋·⌊(w + 1)/2⌋ + 3·⌊(h + 1)/2⌋ + 5");
        assert_eq!(formula(&cost, Kind::Count, 40), "≈ 16·h·w (leading term)");
        assert_eq!(formula(&cost, Kind::Bytes, 40), "≈ 16·h·w bytes (leading term)");
    }

    #[test]
    fn an_invalid_count_is_no_number() {
        assert_eq!(count(&Count(weigh_ir::Expr::Int(i64::MAX) * 2), Kind::Count), "? (invalid: overflow)");
    }
}

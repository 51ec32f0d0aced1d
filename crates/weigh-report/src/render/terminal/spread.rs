//! How single times spread: a histogram of one line.

use super::blocks;
use super::many;
use super::panel::{Row, TEXT, Value};
use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::time;
use crate::render::text::width;
use crate::report::Times;

/// Fewer times than this make no shape.
const LEAST: usize = 20;
/// The widest histogram: more columns than this say nothing more.
const WIDEST: usize = 48;
/// The share of times that the histogram shows where the slowest lie far out.
const SHOWN: f64 = 0.98;
/// How much further than the others the slowest may lie before they are told in words.
const FAR: f64 = 1.5;

/// The row, with the times at its ends, and how many are slower than it shows; beneath it where there is no room.
pub(super) fn rows(times: Option<&Times>, ink: &Ink) -> Vec<Row> {
    drawn(times, ink).unwrap_or_default()
}

fn drawn(times: Option<&Times>, ink: &Ink) -> Option<Vec<Row>> {
    let are_all_there = times?.every == 1;
    let all = times?.total_ms.iter().flatten().flatten().copied();
    let mut times: Vec<f64> = all.filter(|ms| ms.is_finite()).collect();
    times.sort_by(f64::total_cmp);
    let (low, most) = (*times.first()?, *times.last()?);
    if times.len() < LEAST || most <= low {
        return None;
    }
    let usual = times[((times.len() - 1) as f64 * SHOWN) as usize];
    let high = if most - low > (usual - low) * FAR { usual } else { most };
    let slower = times.iter().filter(|ms| **ms > high).count();
    let (from, to) = (ink.text(&time(low)), ink.text(&time(high)));
    let room = ink.width.saturating_sub(TEXT + width(&from) + width(&to) + 4).min(WIDEST);
    // Twice the root of their number: more columns would have too few times each to make a shape.
    let parts = room.min((2.0 * (times.len() as f64).sqrt()) as usize);
    let heights = counts(&times[..times.len() - slower], low, high, parts);
    let mut line = Line::new(Role::Plain, format!("{from}  "));
    line.push(Role::Bar, blocks::row(&heights, ink));
    line.push(Role::Plain, format!("  {to}"));
    let row = |line: Line| Row { label: "spread", value: Value::Text(line), facts: Vec::new() };
    if slower == 0 {
        return Some(vec![row(line)]);
    }
    let ones = if are_all_there { many(slower as u64, "slower one") } else { "slower ones".to_owned() };
    let beyond = format!("{ones}, up to {}", ink.text(&time(most)));
    if TEXT + line.width() + width(ink.dot()) + width(&beyond) <= ink.width {
        return Some(vec![row(line.with(Role::Dim, format!("{}{beyond}", ink.dot())))]);
    }
    Some(vec![row(line), Row::text("", Role::Dim, beyond)])
}

/// How many of the times fall into each of so many equal parts of what lies between the ends.
fn counts(times: &[f64], low: f64, high: f64, parts: usize) -> Vec<f64> {
    let mut counts = vec![0.0; parts];
    for ms in times {
        let part = ((ms - low) / (high - low) * parts as f64) as usize;
        if let Some(count) = counts.get_mut(part.min(parts.saturating_sub(1))) {
            *count += 1.0;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::super::panel::Panel;
    use super::*;
    use crate::render::RenderOptions;

    fn drawn(times: Vec<f64>, width: usize) -> String {
        let ink = Ink::new(&RenderOptions { width, ..RenderOptions::default() });
        let times = Times { total_ms: vec![vec![times]], every: 1 };
        let panel = Panel { heading: "", subject: Vec::new(), rows: rows(Some(&times), &ink) };
        ink.paint(&panel.lines(&ink, width))
    }

    #[test]
    fn as_many_in_each_part_as_fall_into_it() {
        assert_eq!(counts(&[0.0, 1.0, 1.5, 2.0, 3.9, 4.0], 0.0, 4.0, 4), [1.0, 2.0, 1.0, 2.0]);
        assert!(counts(&[1.0], 0.0, 4.0, 0).is_empty());
    }

    #[test]
    fn the_slowest_are_told_where_they_lie_far_out() {
        let times = |last: f64| (0..100).map(|i| 10.0 + f64::from(i % 10)).chain([last]).collect::<Vec<_>>();
        let near = drawn(times(20.0), 60);
        assert!(near.contains("20.0 ms") && !near.contains("slower"), "{near}");
        let far = drawn(times(90.0), 100);
        assert!(far.contains("19.0 ms · 1 slower one, up to 90.0 ms"), "{far}");
        let narrow = drawn(times(90.0), 52);
        assert!(narrow.contains("19.0 ms\n               1 slower one"), "{narrow}");
        assert!(narrow.lines().all(|line| line.chars().count() <= 52), "{narrow}");
    }

    #[test]
    fn too_few_or_equal_times_have_no_shape() {
        assert_eq!(drawn(vec![1.0; 19], 80), "");
        assert_eq!(drawn(vec![1.0; 50], 80), "");
        assert_eq!(drawn(vec![f64::NAN; 50], 80), "");
    }
}

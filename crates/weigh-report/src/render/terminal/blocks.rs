//! Heights drawn by block characters, in eighths of a row.

use crate::render::ink::Ink;

/// Parts of a character cell, from empty to full.
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// A cell that is so many eighths full.
pub(super) fn block(eighths: usize) -> &'static str {
    EIGHTHS.get(eighths).copied().unwrap_or("█")
}

/// A column of one row for each height, the largest full; what is not nothing can be seen.
pub(super) fn row(heights: &[f64], ink: &Ink) -> String {
    let most = heights.iter().copied().fold(0.0, f64::max);
    let column = |height: &f64| match *height > 0.0 {
        true => block(((height / most * 8.0).round() as usize).clamp(1, 8)),
        false => block(0),
    };
    ink.text(&heights.iter().map(column).collect::<String>())
}

/// The largest of each group of neighbours, where there are more of them than columns.
pub(super) fn columns(heights: &[f64], room: usize) -> Vec<f64> {
    let group = heights.len().div_ceil(room.max(1)).max(1);
    heights.chunks(group).map(|group| group.iter().copied().fold(0.0, f64::max)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::RenderOptions;

    #[test]
    fn what_is_not_nothing_can_be_seen() {
        let ink = Ink::new(&RenderOptions::default());
        assert_eq!(row(&[0.0, 0.001, 0.5, 1.0], &ink), " ▁▄█");
        assert_eq!(row(&[], &ink), "");
        assert_eq!(row(&[f64::NAN, 0.0], &ink), "  ");
        let ascii = Ink::new(&RenderOptions { unicode: false, ..RenderOptions::default() });
        assert_eq!(row(&[0.001, 0.5, 1.0], &ascii), "_:#");
    }

    #[test]
    fn neighbours_share_a_column_where_they_must() {
        assert_eq!(columns(&[1.0, 3.0, 2.0, 0.0, 5.0], 3), [3.0, 2.0, 5.0]);
        assert_eq!(columns(&[1.0, 3.0], 3), [1.0, 3.0]);
        assert!(columns(&[], 0).is_empty());
    }
}

//! Aligned columns that give way when the terminal is narrow: bars go first, long names shrink, then the least
//! important columns are left out.

use super::ink::{Ink, Line, Role};
use super::text::width;

const GAP: usize = 2;

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// One column: its title, how it stands and how it gives way.
#[derive(Clone, Debug)]
pub(super) struct Column {
    title: String,
    align: Align,
    /// May be shortened down to this width.
    least: Option<usize>,
    /// Left out before columns of a lower rank; never at rank 0.
    rank: u8,
}

impl Column {
    pub(super) fn left(title: impl Into<String>) -> Column {
        Column { title: title.into(), align: Align::Left, least: None, rank: 0 }
    }

    pub(super) fn right(title: impl Into<String>) -> Column {
        Column { align: Align::Right, ..Column::left(title) }
    }

    pub(super) fn shrinks_to(mut self, least: usize) -> Column {
        self.least = Some(least);
        self
    }

    pub(super) fn rank(mut self, rank: u8) -> Column {
        self.rank = rank;
        self
    }
}

/// A table whose first title is a section heading; rows are indented beneath it.
pub(super) struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<(Role, String)>>,
}

impl Grid {
    pub(super) fn new(columns: Vec<Column>) -> Grid {
        Grid { columns, rows: Vec::new() }
    }

    /// Adds a row; its texts are already safe to print.
    pub(super) fn row(&mut self, cells: Vec<(Role, String)>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(cells);
    }

    /// The heading line and the rows.
    pub(super) fn lines(&self, ink: &Ink) -> Vec<Line> {
        let widths = self.widths(ink);
        let titles = self.columns.iter().enumerate().map(|(index, column)| {
            let role = if index == 0 { Role::Heading } else { Role::Dim };
            (role, ink.text(&column.title))
        });
        let mut lines = vec![self.line(titles.collect::<Vec<_>>(), &widths, 0, ink)];
        for row in &self.rows {
            lines.push(self.line(row.clone(), &widths, 2, ink));
        }
        lines
    }

    /// Whether this column has room and content.
    pub(super) fn shows(&self, column: usize, ink: &Ink) -> bool {
        self.widths(ink).get(column).is_some_and(Option::is_some)
    }

    /// Width of each column; `None` where it is left out. The first includes the indent.
    fn widths(&self, ink: &Ink) -> Vec<Option<usize>> {
        let natural = self.natural();
        let mut shown: Vec<bool> = (0..self.columns.len()).map(|index| self.has_content(index)).collect();
        loop {
            let wanted: Vec<Option<usize>> =
                natural.iter().zip(&shown).map(|(width, shown)| shown.then_some(*width)).collect();
            let is_cut = taken(&wanted) > ink.width;
            let widths = self.shrunk(wanted, ink.width);
            let is_over = taken(&widths) > ink.width;
            // Names are worth more than bars.
            let goes = |index: &usize| {
                shown[*index]
                    && self.columns[*index].rank > 0
                    && (is_over || is_cut && self.is_decoration(*index))
            };
            match (0..shown.len()).filter(goes).max_by_key(|index| self.columns[*index].rank) {
                Some(index) => shown[index] = false,
                None => return widths,
            }
        }
    }

    /// Whether the column has nothing but bars.
    fn is_decoration(&self, index: usize) -> bool {
        self.rows.iter().all(|row| row[index].0 == Role::Bar)
    }

    fn has_content(&self, index: usize) -> bool {
        index == 0 || self.rows.iter().any(|row| !row[index].1.is_empty())
    }

    /// The widths that columns would like to have.
    fn natural(&self) -> Vec<usize> {
        let natural = |(index, column): (usize, &Column)| {
            let cells = self.rows.iter().map(|row| width(&row[index].1)).max().unwrap_or(0);
            let indent = if index == 0 { 2 } else { 0 };
            (cells + indent).max(width(&column.title))
        };
        self.columns.iter().enumerate().map(natural).collect()
    }

    /// The shown columns, those that may shrink shrunk as far as needed, the widest first.
    fn shrunk(&self, mut widths: Vec<Option<usize>>, room: usize) -> Vec<Option<usize>> {
        while taken(&widths) > room {
            let can_shrink = |index: &usize| {
                let column = &self.columns[*index];
                column
                    .least
                    .zip(widths[*index])
                    .is_some_and(|(least, now)| now > least.max(width(&column.title)))
            };
            match (0..widths.len()).filter(can_shrink).max_by_key(|index| widths[*index]) {
                Some(index) => widths[index] = widths[index].map(|width| width - 1),
                None => break,
            }
        }
        widths
    }

    fn line(&self, cells: Vec<(Role, String)>, widths: &[Option<usize>], indent: usize, ink: &Ink) -> Line {
        let mut line = Line::default();
        let mut start = 0;
        for ((index, (role, text)), column) in cells.into_iter().enumerate().zip(&self.columns) {
            let Some(columns) = widths[index] else { continue };
            let indent = if index == 0 { indent } else { 0 };
            let text = ink.shorten(&text, columns - indent);
            let before = match column.align {
                Align::Left => indent,
                Align::Right => columns - width(&text),
            };
            line.pad_to(start + before);
            line.push(role, text);
            start += columns + GAP;
        }
        line
    }
}

/// Columns of the line that these columns and the gaps between them make.
fn taken(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten();
    shown.map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
}

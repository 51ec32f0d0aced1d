//! Lines of styled text, painted at the very end so that colour never enters a width.

use anstyle::{AnsiColor, Style};

use super::RenderOptions;
use super::text;

/// Sentences from outside are cut after this many lines.
const MOST_LINES: usize = 4;

/// What a piece of text is, which decides how it is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    Title,
    Heading,
    Value,
    Dim,
    Bar,
    Good,
    Warn,
    Bad,
}

impl Role {
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        match self {
            Role::Plain => Style::new(),
            Role::Title => Style::new().bold(),
            Role::Heading => colour(AnsiColor::Cyan).bold(),
            Role::Value => Style::new().bold(),
            Role::Dim => Style::new().dimmed(),
            Role::Bar => colour(AnsiColor::Blue),
            Role::Good => colour(AnsiColor::Green),
            Role::Warn => colour(AnsiColor::Yellow),
            Role::Bad => colour(AnsiColor::Red).bold(),
        }
    }
}

/// One line, as pieces of styled text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line(Vec<(Role, String)>);

impl Line {
    pub(super) fn new(role: Role, text: impl Into<String>) -> Line {
        Line::default().with(role, text)
    }

    pub(super) fn with(mut self, role: Role, text: impl Into<String>) -> Line {
        self.push(role, text);
        self
    }

    pub(super) fn push(&mut self, role: Role, text: impl Into<String>) {
        self.0.push((role, text.into()));
    }

    pub(super) fn joined(mut self, other: Line) -> Line {
        self.append(other);
        self
    }

    pub(super) fn append(&mut self, other: Line) {
        self.0.extend(other.0);
    }

    pub(super) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text::width(text)).sum()
    }

    /// Adds spaces up to this column.
    pub(super) fn pad_to(&mut self, column: usize) {
        let missing = column.saturating_sub(self.width());
        if missing > 0 {
            self.push(Role::Plain, " ".repeat(missing));
        }
    }
}

/// What there is to write with: columns, colour, characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    pub(super) width: usize,
    colour: bool,
    pub(super) unicode: bool,
}

impl Ink {
    pub(super) fn new(options: &RenderOptions) -> Ink {
        Ink { width: options.width.max(40), colour: options.colour, unicode: options.unicode }
    }

    /// Text of any origin, safe to print, in the characters allowed.
    pub(super) fn text(&self, text: &str) -> String {
        text::clean(text, self.unicode)
    }

    /// Text of any origin, shortened in the middle.
    pub(super) fn name(&self, name: &str, room: usize) -> String {
        text::shorten(&self.text(name), room, self.unicode)
    }

    /// What separates facts on a line.
    pub(super) fn dot(&self) -> &'static str {
        if self.unicode { " · " } else { ", " }
    }

    /// The text with an ellipsis in its middle where it has no room.
    pub(super) fn shorten(&self, text: &str, room: usize) -> String {
        text::shorten(text, room, self.unicode)
    }

    /// The text with an ellipsis at its end where it has no room.
    pub(super) fn cut(&self, text: &str, room: usize) -> String {
        text::cut(text, room, self.unicode)
    }

    /// As many of the facts as fit, in order.
    pub(super) fn facts(&self, facts: &[String], room: usize) -> String {
        let mut line = String::new();
        for fact in facts.iter().map(|fact| self.text(fact)).filter(|fact| !fact.is_empty()) {
            let separator = if line.is_empty() { "" } else { self.dot() };
            if text::width(&line) + text::width(separator) + text::width(&fact) <= room {
                line.push_str(separator);
                line.push_str(&fact);
            }
        }
        line
    }

    /// All of the facts, in as many lines of `room` columns as they need.
    pub(super) fn all_facts(&self, facts: &[String], room: usize) -> Vec<String> {
        let facts: Vec<String> = facts.iter().map(|fact| self.text(fact)).collect();
        text::wrap(facts.iter().map(String::as_str), self.dot(), room, self.unicode)
    }

    /// A sentence of any origin in lines of `room` columns, at most `MOST_LINES` of them.
    pub(super) fn sentence(&self, sentence: &str, room: usize) -> Vec<String> {
        // Endless text is not read to its end.
        let most = room.saturating_add(1).saturating_mul(8 * MOST_LINES);
        let end = sentence.char_indices().nth(most).map(|(end, _)| end);
        let read = end.and_then(|end| sentence.get(..end)).unwrap_or(sentence);
        let mut lines = text::wrap(self.text(read).split(' '), " ", room, self.unicode);
        if lines.len() > MOST_LINES || end.is_some() {
            lines.truncate(MOST_LINES);
            let ellipsis = if self.unicode { " …" } else { " ..." };
            let last = lines.pop().unwrap_or_default();
            lines.push(self.cut(&last, room.saturating_sub(text::width(ellipsis))) + ellipsis);
        }
        lines
    }

    /// A bar of `share` of `columns`, to half a column.
    pub(super) fn bar(&self, share: f64, columns: usize) -> String {
        let halves = (share.clamp(0.0, 1.0) * columns as f64 * 2.0).round() as usize;
        let (full, half) = if self.unicode { ("━", "╸") } else { ("=", "-") };
        match halves {
            0 => String::new(),
            1 => half.to_owned(),
            _ => format!("{}{}", full.repeat(halves / 2), if halves % 2 == 1 { half } else { "" }),
        }
    }

    /// A bar from one share of `columns` to another, to half a column and never shorter; a thin one where it leads
    /// back.
    pub(super) fn span(&self, from: f64, to: f64, columns: usize) -> String {
        let most = columns * 2;
        let halves = |share: f64| (share.clamp(0.0, 1.0) * most as f64).round() as usize;
        let (low, high) = (halves(from.min(to)), halves(from.max(to)));
        let low = if low == high { low.min(most.saturating_sub(1)) } else { low };
        let high = high.max(low + 1).min(most);
        let [full, left, right] = match (self.unicode, from.is_nan() || from <= to) {
            (true, true) => ["━", "╸", "╺"],
            (true, false) => ["─", "╴", "╶"],
            (false, true) => ["=", "-", "-"],
            (false, false) => ["<"; 3],
        };
        let covered = |half: usize| (low..high).contains(&half);
        let column = |column: usize| match (covered(column * 2), covered(column * 2 + 1)) {
            (true, true) => full,
            (true, false) => left,
            (false, true) => right,
            (false, false) => " ",
        };
        (0..columns).map(column).collect::<String>().trim_end().to_owned()
    }

    /// The lines as text: cut to the width, no spaces at their ends.
    pub(super) fn paint(&self, lines: &[Line]) -> String {
        let mut page = String::new();
        for line in lines {
            for (role, text) in self.fitted(line) {
                let style = role.style();
                match self.colour && role != Role::Plain && !text.trim().is_empty() {
                    true => page.push_str(&format!("{style}{text}{style:#}")),
                    false => page.push_str(&text),
                }
            }
            page.push('\n');
        }
        page
    }

    fn fitted(&self, line: &Line) -> Vec<(Role, String)> {
        let mut room = self.width;
        let mut pieces = Vec::with_capacity(line.0.len());
        for (role, text) in &line.0 {
            let text = self.cut(text, room);
            room -= text::width(&text).min(room);
            pieces.push((*role, text));
        }
        while let Some((_, text)) = pieces.last_mut() {
            text.truncate(text.trim_end().len());
            if !text.is_empty() {
                break;
            }
            pieces.pop();
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_begin_where_the_last_one_ended() {
        let ink = Ink::new(&RenderOptions::default());
        // Of 8 columns, 16 halves: 0 to 6; 6 to 9, the last of them half a column; back to 8.
        assert_eq!(ink.span(0.0, 0.375, 8), "━━━");
        assert_eq!(ink.span(0.375, 0.5625, 8), "   ━╸");
        assert_eq!(ink.span(0.5625, 0.5, 8), "    ╴");
        // Nothing is too small to be seen, not even at the end.
        assert_eq!(ink.span(0.5, 0.5001, 8), "    ╸");
        assert_eq!(ink.span(1.0, 1.0, 8), "       ╺");
        assert_eq!(ink.span(f64::NAN, f64::INFINITY, 2), " ╺");
        assert_eq!(ink.span(0.0, 1.0, 0), "");
        let ascii = Ink::new(&RenderOptions { unicode: false, ..RenderOptions::default() });
        assert_eq!(ascii.span(0.375, 0.5625, 8), "   =-");
        assert_eq!(ascii.span(0.5, 0.25, 8), "  <<");
    }
}

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
    unicode: bool,
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
        let mut lines = text::wrap(self.text(sentence).split(' '), " ", room, self.unicode);
        if lines.len() > MOST_LINES {
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

//! A headed block of `label  number unit  facts` rows. All panels share their columns, so that numbers line up
//! across the page: labels at 2, numbers ending at 22, units after them.

use crate::render::ink::{Ink, Line, Role};
use crate::render::numbers::split;
use crate::render::text::width;

/// Where text that follows a label begins.
pub(super) const TEXT: usize = 15;
/// Where numbers end.
const NUMBER_END: usize = 22;

/// What a row says.
pub(super) enum Value {
    /// A number with its unit; `≥` before it where it is a lower bound.
    Number { text: String, lower_bound: bool },
    /// Anything longer: a formula, a remark.
    Text(Line),
}

pub(super) struct Row {
    pub(super) label: &'static str,
    pub(super) value: Value,
    /// What else there is to say, most important first; what has no room is left out.
    pub(super) facts: Vec<String>,
}

impl Row {
    pub(super) fn number(label: &'static str, text: String) -> Row {
        Row { label, value: Value::Number { text, lower_bound: false }, facts: Vec::new() }
    }

    pub(super) fn text(label: &'static str, role: Role, text: impl Into<String>) -> Row {
        Row { label, value: Value::Text(Line::new(role, text)), facts: Vec::new() }
    }

    /// Lines of text, the label at the first of them.
    pub(super) fn paragraph(label: &'static str, role: Role, lines: Vec<String>) -> Vec<Row> {
        let row = |(index, line)| Row::text(if index == 0 { label } else { "" }, role, line);
        lines.into_iter().enumerate().map(row).collect()
    }

    pub(super) fn fact(mut self, fact: impl Into<String>) -> Row {
        self.facts.push(fact.into());
        self
    }
}

pub(super) struct Panel {
    /// Empty for rows that go on beneath other lines.
    pub(super) heading: &'static str,
    /// What the heading is about, after it.
    pub(super) subject: Vec<String>,
    pub(super) rows: Vec<Row>,
}

impl Panel {
    pub(super) fn new(heading: &'static str) -> Panel {
        Panel { heading, subject: Vec::new(), rows: Vec::new() }
    }

    /// Whether every row's value has room; facts may be left out.
    pub(super) fn fits(&self, room: usize) -> bool {
        self.rows.iter().all(|row| match &row.value {
            Value::Text(line) => TEXT + line.width() <= room,
            Value::Number { .. } => true,
        })
    }

    pub(super) fn lines(&self, ink: &Ink, room: usize) -> Vec<Line> {
        let mut heading = Line::new(Role::Heading, self.heading);
        if !self.subject.is_empty() {
            heading.pad_to(TEXT);
            heading.push(Role::Dim, ink.facts(&self.subject, room.saturating_sub(TEXT)));
        }
        let mut lines = if self.heading.is_empty() { Vec::new() } else { vec![heading] };
        let facts_at = (NUMBER_END + 1 + self.unit_width() + 2, TEXT + self.text_width() + 3);
        lines.extend(self.rows.iter().map(|row| row.line(ink, facts_at, room)));
        lines
    }

    /// Width of the longest text that facts follow.
    fn text_width(&self) -> usize {
        let text = |row: &Row| match &row.value {
            Value::Text(text) if !row.facts.is_empty() => text.width(),
            _ => 0,
        };
        self.rows.iter().map(text).max().unwrap_or(0)
    }

    /// Room for units; the long ones push their facts to the right.
    fn unit_width(&self) -> usize {
        let unit = |row: &Row| match &row.value {
            Value::Number { text, .. } => width(split(text).1),
            Value::Text(_) => 0,
        };
        self.rows.iter().map(unit).filter(|width| *width <= 4).max().unwrap_or(0).max(3)
    }
}

impl Row {
    fn line(&self, ink: &Ink, (after_unit, after_text): (usize, usize), room: usize) -> Line {
        let mut line = Line::new(Role::Plain, format!("  {}", self.label));
        match &self.value {
            Value::Text(text) => {
                line.pad_to(TEXT);
                line.append(text.clone());
                if !self.facts.is_empty() {
                    line.pad_to(after_text);
                    line.push(Role::Dim, ink.facts(&self.facts, room.saturating_sub(line.width())));
                }
            }
            Value::Number { text, lower_bound } => {
                let (number, unit) = split(text);
                let least = if *lower_bound { ink.text("≥ ") } else { String::new() };
                line.pad_to(NUMBER_END.saturating_sub(width(&least) + width(number)));
                line.push(Role::Warn, least);
                line.push(Role::Value, number);
                line.push(Role::Plain, format!(" {}", ink.text(unit)));
                line.pad_to(after_unit.max(line.width() + 2));
                line.push(Role::Dim, ink.facts(&self.facts, room.saturating_sub(line.width())));
            }
        }
        line
    }
}

/// Two blocks next to each other, the second at `column`.
pub(super) fn beside(left: Vec<Line>, right: Vec<Line>, column: usize) -> Vec<Line> {
    let rows = left.len().max(right.len());
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    (0..rows)
        .map(|_| {
            let mut line = left.next().unwrap_or_default();
            line.pad_to(column);
            line.append(right.next().unwrap_or_default());
            line
        })
        .collect()
}

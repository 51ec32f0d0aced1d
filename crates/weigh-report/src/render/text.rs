//! Text from files made safe to print, and its width in columns.
//!
//! Names and messages come from files and are hostile: nothing a terminal would obey or hide (control
//! characters, escape sequences, direction overrides, zero-width characters) leaves this module as it came.

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// Columns that the text takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The text with everything a terminal would obey or hide written as visible escapes; without `unicode`, also
/// everything outside ASCII.
pub(super) fn clean(text: &str, unicode: bool) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => cleaned.push_str("\\n"),
            '\r' => cleaned.push_str("\\r"),
            '\t' => cleaned.push_str("\\t"),
            c if is_unsafe(c) => escape(&mut cleaned, c),
            c if unicode || c.is_ascii() => cleaned.push(c),
            c => match ascii(c) {
                Some(plain) => cleaned.push_str(plain),
                None => escape(&mut cleaned, c),
            },
        }
    }
    cleaned
}

/// A character as a visible escape.
pub(super) fn escape(text: &mut String, c: char) {
    // Writing to a string cannot fail.
    let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
}

/// Control characters, and those that reorder text, take no room or choose how others are drawn.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// The text shortened to `room` columns by an ellipsis in its middle: names differ at their ends.
pub(super) fn shorten(text: &str, room: usize, unicode: bool) -> String {
    // Marks that take no room of their own must not let endless text through.
    let crowded = text.len() > 4 * room && text.chars().count() > 2 * room;
    if width(text) <= room && !crowded {
        return text.to_owned();
    }
    let ellipsis = if unicode { "…" } else { "..." };
    let Some(left) = room.checked_sub(width(ellipsis)) else {
        return ".".repeat(room);
    };
    let head = take(text.chars(), left / 2);
    let tail: String = take(text.chars().rev(), left - width(&head)).chars().rev().collect();
    format!("{head}{ellipsis}{tail}")
}

/// The text cut at its end to `room` columns.
pub(super) fn cut(text: &str, room: usize, unicode: bool) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let ellipsis = if unicode { "…" } else { "..." };
    match room.checked_sub(width(ellipsis)) {
        Some(left) => format!("{}{ellipsis}", take(text.chars(), left)),
        None => ".".repeat(room),
    }
}

/// The parts joined in lines of at most `room` columns, `separator` between those of one line; a part that is longer
/// than a line is cut at its end.
pub(super) fn wrap<'a>(
    parts: impl IntoIterator<Item = &'a str>,
    separator: &str,
    room: usize,
    unicode: bool,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        let part = cut(part, room, unicode);
        match lines.last_mut() {
            Some(line) if width(line) + width(separator) + width(&part) <= room => {
                line.push_str(separator);
                line.push_str(&part);
            }
            _ => lines.push(part),
        }
    }
    lines
}

/// As many of the characters as fit; those without width are dropped.
fn take(chars: impl Iterator<Item = char>, room: usize) -> String {
    let mut used = 0;
    chars
        .filter(|c| c.width().unwrap_or(0) > 0)
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= room
        })
        .collect()
}

/// What the signs this program itself uses look like in ASCII.
fn ascii(c: char) -> Option<&'static str> {
    Some(match c {
        '…' => "...",
        '·' => "*",
        '×' => "x",
        'Σ' => "sum of",
        'µ' => "u",
        '≥' => ">=",
        '→' => "->",
        '−' => "-",
        '±' => "+-",
        '─' => "-",
        '┤' | '┼' => "+",
        '━' | '╸' => "=",
        '▁' => "_",
        '▂' | '▃' => ".",
        '▄' | '▅' => ":",
        '▆' | '▇' | '█' => "#",
        '●' => "o",
        '┊' => ":",
        '├' | '└' | '┘' | '┴' => "+",
        '│' => "|",
        '⌊' | '⌋' => "",
        '✓' => "ok",
        '✗' => "no",
        '⁰' => "^0",
        '¹' => "^1",
        '²' => "^2",
        '³' => "^3",
        '⁴' => "^4",
        '⁵' => "^5",
        '⁶' => "^6",
        '⁷' => "^7",
        '⁸' => "^8",
        '⁹' => "^9",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_obeys_gets_through() {
        assert_eq!(clean("a\x1b[31mb\u{202e}c\n\u{9b}2J", true), "a\\u{1b}[31mb\\u{202e}c\\n\\u{9b}2J");
        assert_eq!(clean("größe 3×3", true), "größe 3×3");
        assert_eq!(clean("größe 3×3", false), "gr\\u{f6}\\u{df}e 3x3");
    }

    #[test]
    fn wrapped_at_the_width() {
        let words = |room| wrap("one two three four".split(' '), " ", room, true);
        assert_eq!(words(9), ["one two", "three", "four"]);
        assert_eq!(words(4), ["one", "two", "thr…", "four"]);
    }

    #[test]
    fn shortened_in_the_middle() {
        assert_eq!(shorten("encoder/layer/11/output", 11, true), "encod…utput");
        assert_eq!(shorten("encoder/layer/11/output", 11, false), "enco...tput");
        assert_eq!(shorten("short", 11, true), "short");
        assert_eq!(width(&shorten("漢字漢字漢字漢字", 9, true)), 9);
        assert_eq!(shorten("abcdef", 0, true), "");
        let marks = "a".to_owned() + &"\u{301}".repeat(10_000);
        assert!(shorten(&marks, 20, true).len() < 100);
    }
}

//! What the terminal can show: colours, characters outside ASCII, how wide, and bars that are drawn over themselves.

use std::env;
use std::io::{self, IsTerminal};

/// Wider terminals do not make wider tables.
const MAX_WIDTH: usize = 120;
/// What a result is laid out for where there is no terminal.
pub(super) const FILE_WIDTH: usize = 100;

/// Sees to it that a dumb terminal gets no colours, in help and errors neither. In continuous integration, where the
/// variable CI is set, they would be taken for shown on any terminal.
pub(super) fn leave_dumb_ones_plain() {
    let is_asked_for = ["CLICOLOR", "CLICOLOR_FORCE"].into_iter().any(|name| env::var_os(name).is_some());
    if is_dumb() && !is_asked_for {
        anstream::ColorChoice::Never.write_global();
    }
}

/// Whether standard output gets colours.
pub(super) fn has_colours() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Whether standard error is a terminal that can go back to the beginning of a line.
pub(super) fn can_draw() -> bool {
    io::stderr().is_terminal() && !is_dumb()
}

/// Whether the terminal says that it shows characters one after another and can do nothing else.
fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|terminal| terminal == "dumb")
}

/// How many columns a result on it can take.
pub(super) fn width() -> usize {
    let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
        .unwrap_or(FILE_WIDTH)
        .min(MAX_WIDTH)
}

/// Whether the locale lets characters outside ASCII through.
pub(super) fn speaks_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    // No locale at all is common in containers, whose terminals speak UTF-8 all the same.
    locale.is_none_or(|locale| is_unicode(&locale))
}

/// Whether a locale is one of UTF-8: `de_DE.UTF-8@euro`, `C.utf8`, and `en_US`, which names no encoding.
fn is_unicode(locale: &str) -> bool {
    let encoding = locale.split('@').next().and_then(|locale| locale.split_once('.'));
    match encoding {
        Some((_, encoding)) => encoding.replace('-', "").eq_ignore_ascii_case("utf8"),
        None => !matches!(locale, "C" | "POSIX"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales() {
        let unicode = ["en_US.UTF-8", "C.utf8", "C.UTF-8", "de_DE.UTF-8@euro", "en_US"];
        assert!(unicode.into_iter().all(is_unicode));
        let plain = ["C", "POSIX", "de_DE.ISO-8859-15@euro", "en_US.ISO8859-1"];
        assert!(!plain.into_iter().any(is_unicode));
    }
}

//! Text that LaTeX prints as it is. Names come from files: nothing in them may be a command, a comment or an end of a cell,
//! and what LaTeX has no glyph for is written as a visible escape, so that every page compiles with every engine.

use crate::render::text;

/// Characters that mean something to LaTeX or to its packages, and the signs that weigh writes itself.
const SIGNS: [(char, &str); 36] = [
    ('\\', "\\textbackslash{}"),
    ('{', "\\{"),
    ('}', "\\}"),
    ('$', "\\$"),
    ('&', "\\&"),
    ('#', "\\#"),
    ('%', "\\%"),
    ('_', "\\_"),
    ('^', "\\textasciicircum{}"),
    ('~', "\\textasciitilde{}"),
    ('<', "\\textless{}"),
    ('>', "\\textgreater{}"),
    ('|', "\\textbar{}"),
    // Active with some languages of babel.
    ('"', "{\\char34}"),
    ('\'', "\\textquotesingle{}"),
    ('`', "\\textasciigrave{}"),
    ('…', "\\ldots{}"),
    ('·', "$\\cdot$"),
    ('×', "$\\times$"),
    ('µ', "$\\mu$"),
    ('≥', "$\\geq$"),
    ('≤', "$\\leq$"),
    ('≈', "$\\approx$"),
    ('→', "$\\rightarrow$"),
    ('−', "$-$"),
    ('±', "$\\pm$"),
    ('⌊', "$\\lfloor$"),
    ('⌋', "$\\rfloor$"),
    ('✓', "yes"),
    ('✗', "no"),
    ('²', "$^2$"),
    ('³', "$^3$"),
    ('⁴', "$^4$"),
    ('₂', "$_2$"),
    ('ᵀ', "$^{\\mathsf{T}}$"),
    ('\u{a0}', "~"),
];

/// The text, shortened to `room` characters by an ellipsis in its middle.
pub(super) fn plain(source: &str, room: usize) -> String {
    let mut printable = String::new();
    for c in text::clean(source, true).chars() {
        match c.is_ascii() || is_accented(c) || sign(c).is_some() {
            true => printable.push(c),
            false => text::escape(&mut printable, c),
        }
    }
    let mut escaped = String::new();
    for c in text::shorten(&printable, room, true).trim().chars() {
        match sign(c) {
            Some(written) => escaped.push_str(written),
            // After the end of a row these would be its options.
            None if escaped.is_empty() && matches!(c, '[' | '*') => escaped.extend(['{', c, '}']),
            // Two hyphens would be a dash.
            None if c == '-' && escaped.ends_with('-') => escaped.push_str("{}-"),
            None => escaped.push(c),
        }
    }
    escaped
}

fn sign(c: char) -> Option<&'static str> {
    SIGNS.iter().find(|(sign, _)| *sign == c).map(|(_, written)| *written)
}

/// Letters with accents that every encoding of fonts can put together.
fn is_accented(c: char) -> bool {
    matches!(c, 'À'..='ÿ') && !matches!(c, 'Ð' | 'Þ' | 'ð' | 'þ' | '÷')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_with_a_meaning_is_printed() {
        let cases = [
            ("a_b^c~d", "a\\_b\\textasciicircum{}c\\textasciitilde{}d"),
            ("100% {x} $5 #1 a&b", "100\\% \\{x\\} \\$5 \\#1 a\\&b"),
            ("\\input{/etc/passwd}", "\\textbackslash{}input\\{/etc/passwd\\}"),
            ("<script>", "\\textless{}script\\textgreater{}"),
            ("[1, *]", "{[}1, *]"),
            ("*x", "{*}x"),
            (
                "a--b \"q\" 'r' `s`|",
                "a-{}-b {\\char34}q{\\char34} \\textquotesingle{}r\\textquotesingle{} \\textasciigrave{}s\\textasciigrave{}\\textbar{}",
            ),
            ("3×3 64→128 ≥ 4 µs²", "3$\\times$3 64$\\rightarrow$128 $\\geq$ 4 $\\mu$s$^2$"),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(text, 100), expected);
        }
    }

    #[test]
    fn what_has_no_glyph_is_an_escape() {
        assert_eq!(plain("größe", 60), "größe");
        assert_eq!(plain("\u{202e}x", 60), "\\textbackslash{}u\\{202e\\}x");
        assert_eq!(plain("層\n", 60), "\\textbackslash{}u\\{5c64\\}\\textbackslash{}n");
        assert_eq!(
            plain("^^M%\r\nx", 60),
            "\\textasciicircum{}\\textasciicircum{}M\\%\\textbackslash{}r\\textbackslash{}nx"
        );
    }

    #[test]
    fn text_has_a_bounded_length() {
        assert_eq!(plain(&"x".repeat(10_000), 9), "xxxx\\ldots{}xxxx");
        assert!(plain(&"\u{301}".repeat(10_000), 60).len() < 2_000);
        assert!(plain(&"{\\".repeat(10_000), 60).len() < 1_200);
    }
}

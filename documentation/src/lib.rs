//! Pages of `docs/` that are made from the code, in whole or in part: tests hold them to it, and with `UPDATE_DOCS=1` in
//! the environment write them anew.

use std::path::PathBuf;

/// What ends a part that is made; its beginning names the command that makes it.
const END: &str = "<!-- end -->";

/// The text of a page: `metrics.md`.
///
/// # Panics
/// There is no such page.
pub fn page(name: &str) -> String {
    std::fs::read_to_string(file(name)).expect("the page")
}

/// Holds a page to a text, or writes it.
///
/// # Panics
/// The page has another text, or cannot be written.
pub fn keep(name: &str, wanted: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(file(name), wanted).expect("the page can be written");
    } else {
        assert!(page(name) == wanted, "docs/{name} is out of date: run with UPDATE_DOCS=1");
    }
}

/// Holds the part of a page from the end of `begin` to `<!-- end -->` to a text, or writes it.
///
/// # Panics
/// As [`keep`] does; the part is not marked.
pub fn keep_part(name: &str, begin: &str, made: &str) {
    let page = page(name);
    let (before, rest) = page.split_once(begin).expect("the beginning is marked");
    let (_, after) = rest.split_once(END).expect("the end is marked");
    keep(name, &format!("{before}{begin}{made}{END}{after}"));
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

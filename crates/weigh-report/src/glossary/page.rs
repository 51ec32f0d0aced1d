//! The entries in Markdown, and docs/metrics.md, which is made of them.

use std::fmt::Write;

use super::{Entry, find, sections};

/// What the page begins with.
const HEAD: &str = "# What every number means

The program, its help, its documents and its tests use these words and no others. `weigh docs NAME` prints one of them,
`weigh docs` the list.

<!-- generated: UPDATE_DOCS=1 cargo test -p weigh-report --test glossary -->
";

/// The page with all sections.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for section in sections() {
        let (title, about) = (section.title, section.about);
        // Writing to a string cannot fail.
        let _ =
            write!(page, "\n## {title}\n\n{about}\n\n| name | unit | what it is |\n| --- | --- | --- |\n");
        for Entry { name, unit, short, .. } in section.entries {
            let _ = writeln!(page, "| [{name}](#{}) | {unit} | {short} |", anchor(name));
        }
        page.extend(section.entries.iter().map(|entry| format!("\n{}", block(entry))));
    }
    page
}

/// All there is to say of an entry, beneath its name.
pub fn block(entry: &Entry) -> String {
    let unit = if entry.unit.is_empty() { String::new() } else { format!(", in {}", entry.unit) };
    let mut block = format!("### {}\n\n**{}**{unit}: {}.", entry.name, entry.title, entry.short);
    if !entry.long.is_empty() {
        let _ = write!(block, " {}", entry.long);
    }
    block.push_str("\n\n");
    let link = |name: &str| format!("[{name}](#{})", anchor(name));
    for (label, words) in entry.facts(&code, &link, &|page| format!("[{page}.md]({page}.md)")) {
        let _ = writeln!(block, "- {label}: {}", words.join(", "));
    }
    block
}

fn code(word: &str) -> String {
    format!("`{word}`")
}

/// What a heading is linked by.
fn anchor(name: &str) -> String {
    find::plain(name).replace('.', "")
}

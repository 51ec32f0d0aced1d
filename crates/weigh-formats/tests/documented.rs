//! docs/operators.md lists exactly the operator types that are read.

use std::collections::BTreeMap;
use std::path::Path;

const BEGIN: &str = "--test documented` -->\n";
const END: &str = "<!-- end -->";

#[test]
fn every_spelling_is_documented() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operators.md");
    let page = std::fs::read_to_string(&file).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("the beginning is marked");
    let (_, after) = rest.split_once(END).expect("the end is marked");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", list());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, wanted).expect("the page can be written");
    } else {
        assert!(page == wanted, "docs/operators.md is out of date: run with UPDATE_DOCS=1");
    }
}

fn list() -> String {
    let mut domains: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in weigh_formats::onnx::spellings() {
        domains.entry(row.domain).or_default().push(row.op_type);
    }
    let line = |(domain, names): (&str, Vec<&str>)| {
        let domain = if domain.is_empty() { "ai.onnx" } else { domain };
        format!("\n**{domain}**: {}\n", names.join(", "))
    };
    domains.into_iter().map(line).collect::<String>() + "\n"
}

//! docs/operators.md lists exactly the operator types that are read.

use std::collections::BTreeMap;

const BEGIN: &str = "--test documented` -->\n";

#[test]
fn every_spelling_is_documented() {
    documentation::keep_part("operators.md", BEGIN, &list());
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

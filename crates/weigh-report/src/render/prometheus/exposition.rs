//! The text of metrics: families with their samples, names that cannot break a line.
//!
//! Format: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::collections::BTreeMap;

use crate::render::text;

/// The labels of a sample, in their order.
pub(super) type Labels = Vec<(&'static str, String)>;

/// One metric with all its samples.
pub(super) struct Family {
    /// Without the `weigh_` before it.
    pub(super) name: String,
    pub(super) help: String,
    pub(super) samples: Vec<(Labels, f64)>,
}

impl Family {
    /// A family of the samples that there are.
    pub(super) fn new(
        name: &str,
        help: &str,
        samples: impl Iterator<Item = Option<(Labels, f64)>>,
    ) -> Family {
        Family { name: name.to_owned(), help: help.to_owned(), samples: samples.flatten().collect() }
    }
}

/// All families that have samples, each once; empty where there are none.
pub(super) fn page(families: Vec<Family>) -> String {
    let page: String = families.iter().filter(|family| !family.samples.is_empty()).map(family_text).collect();
    // OpenMetrics wants this line, and to the older format it is a comment.
    if page.is_empty() { page } else { page + "# EOF\n" }
}

fn family_text(family: &Family) -> String {
    let name = format!("weigh_{}", family.name);
    let mut lines = format!("# HELP {name} {}\n# TYPE {name} gauge\n", family.help);
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for (labels, value) in family.samples.iter().filter(|(_, value)| value.is_finite()) {
        let mut pairs: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        // Two series of the same labels are an error to Prometheus: the later ones are numbered.
        let times = seen.entry(pairs.join(",")).or_default();
        *times += 1;
        if *times > 1 {
            pairs.push(format!("nth=\"{times}\""));
        }
        lines.push_str(&format!("{name}{{{}}} {value}\n", pairs.join(",")));
    }
    lines
}

/// A label's value: visible escapes for what a terminal would obey, then those of the format.
fn escaped(value: &str) -> String {
    text::clean(value, true).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_line() {
        let sample = |name: &str| (vec![("model", name.to_owned())], 1.5);
        let family = Family {
            name: "macs".to_owned(),
            help: "Work".to_owned(),
            samples: vec![sample("a\"} 7\nweigh_macs{\\"), sample("b"), sample("b"), (Vec::new(), f64::NAN)],
        };
        let expected = "# HELP weigh_macs Work\n# TYPE weigh_macs gauge\n\
            weigh_macs{model=\"a\\\"} 7\\\\nweigh_macs{\\\\\"} 1.5\n\
            weigh_macs{model=\"b\"} 1.5\nweigh_macs{model=\"b\",nth=\"2\"} 1.5\n# EOF\n";
        assert_eq!(page(vec![family]), expected);
        assert_eq!(page(Vec::new()), "");
    }
}

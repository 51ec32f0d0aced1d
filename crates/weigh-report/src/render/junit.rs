//! Verdicts as JUnit XML, which CI servers show as tests: a suite for each report, a case for each requirement.
//!
//! A missed requirement is a failure. An unknown one is an error, as nothing was proved; where unknown ones are let
//! through it is skipped. The elements and attributes are those of Jenkins' schema (junit-10.xsd), which GitLab reads too.

use super::requirements::{lacks, lines, sentence, subject, title};
use super::{RenderOptions, Renderer, text};
use crate::report::{Report, Status, Verdict};

pub(super) struct Junit;

impl Renderer for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn about(&self) -> &'static str {
        "requirements as JUnit XML, for CI servers"
    }

    fn media(&self) -> &'static str {
        "application/xml"
    }

    fn lacks(&self, reports: &[Report]) -> Option<&'static str> {
        lacks(reports)
    }

    fn render(&self, reports: &[Report], options: &RenderOptions) -> String {
        if reports.is_empty() {
            return String::new();
        }
        let all: Vec<&Verdict> = reports.iter().flat_map(|report| &report.verdicts).collect();
        let suites: String = reports.iter().map(|report| suite(report, options)).collect();
        let [tests, failures, errors, _] = counts(&all, options);
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <testsuites name=\"weigh\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">\n\
            {suites}</testsuites>\n"
        )
    }
}

/// Tests, failures, errors, skipped.
fn counts(verdicts: &[&Verdict], options: &RenderOptions) -> [usize; 4] {
    let of = |status: Status| verdicts.iter().filter(|verdict| verdict.status == status).count();
    let unknown = of(Status::Unknown);
    let (errors, skipped) = if options.allow_unknown { (0, unknown) } else { (unknown, 0) };
    [verdicts.len(), of(Status::Missed), errors, skipped]
}

fn suite(report: &Report, options: &RenderOptions) -> String {
    let name = subject(report);
    let verdicts: Vec<&Verdict> = report.verdicts.iter().collect();
    let [tests, failures, errors, skipped] = counts(&verdicts, options);
    let cases: String = verdicts.iter().map(|verdict| case(name, verdict, options)).collect();
    format!(
        "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
        skipped=\"{skipped}\" time=\"0\">\n{cases}  </testsuite>\n",
        escaped(name)
    )
}

fn case(model: &str, verdict: &Verdict, options: &RenderOptions) -> String {
    let details = lines(verdict).iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\n");
    let message = escaped(&sentence(verdict));
    let outcome = match verdict.status {
        Status::Met => format!("      <system-out>{details}</system-out>\n"),
        Status::Missed => {
            format!("      <failure message=\"{message}\" type=\"missed\">{details}</failure>\n")
        }
        Status::Unknown if options.allow_unknown => format!("      <skipped message=\"{message}\"/>\n"),
        Status::Unknown => {
            format!("      <error message=\"{message}\" type=\"unknown\">{details}</error>\n")
        }
    };
    format!(
        "    <testcase name=\"{}\" classname=\"{}\" time=\"0\">\n{outcome}    </testcase>\n",
        escaped(&title(verdict)),
        escaped(model)
    )
}

/// Text of any origin as character data or an attribute's value. Control characters, most of which XML cannot hold at
/// all, are visible escapes.
fn escaped(source: &str) -> String {
    let mut escaped = String::with_capacity(source.len());
    for c in text::clean(source, true).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // No characters of XML.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hostile_gets_through() {
        assert_eq!(escaped("a<b>&\"'\u{0}\u{ffff}\n"), "a&lt;b&gt;&amp;&quot;&apos;\\u{0}\u{fffd}\\n");
    }
}

//! Verdicts as annotations of GitHub Actions: workflow commands on standard output. A missed requirement is an error, an
//! unknown one too unless unknown ones are let through; those that are met share one notice, as GitHub shows only ten of
//! a kind.

use super::requirements::{lacks, lines, sentence, subject, title};
use super::{RenderOptions, Renderer, text};
use crate::report::{Report, Status, Verdict};

pub(super) struct Github;

impl Renderer for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn about(&self) -> &'static str {
        "requirements as annotations of GitHub Actions"
    }

    fn media(&self) -> &'static str {
        "text/plain"
    }

    fn lacks(&self, reports: &[Report]) -> Option<&'static str> {
        lacks(reports)
    }

    fn render(&self, reports: &[Report], options: &RenderOptions) -> String {
        reports.iter().map(|report| annotations(report, options)).collect()
    }
}

fn annotations(report: &Report, options: &RenderOptions) -> String {
    let model = subject(report);
    let failed = report.verdicts.iter().filter(|verdict| verdict.status != Status::Met);
    let mut page: String = failed.map(|verdict| annotation(model, verdict, options)).collect();
    let met: Vec<String> = report
        .verdicts
        .iter()
        .filter(|verdict| verdict.status == Status::Met)
        .map(|verdict| format!("{}: {}", title(verdict), sentence(verdict)))
        .collect();
    match (met.len(), report.verdicts.len()) {
        (_, 0) => page.push_str(&command("notice", model, &["no requirement was asked about".to_owned()])),
        (0, _) => {}
        (some, all) => {
            page.push_str(&command("notice", &format!("{model}: {some} of {all} requirements met"), &met))
        }
    }
    page
}

fn annotation(model: &str, verdict: &Verdict, options: &RenderOptions) -> String {
    let kind = match verdict.status {
        Status::Unknown if options.allow_unknown => "warning",
        _ => "error",
    };
    command(kind, &format!("{model}: {}", title(verdict)), &lines(verdict))
}

/// `::error title=…::…`, with what would end a property or the command as escapes.
fn command(kind: &str, title: &str, message: &[String]) -> String {
    let data = |text: &str| text::clean(text, true).replace('%', "%25");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let message = message.iter().map(|line| data(line)).collect::<Vec<_>>().join("%0A");
    format!("::{kind} title={}::{message}\n", property(&format!("weigh: {title}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_command() {
        let text = command("error", "a::b,c\r\n::warning::x", &["100 %\n".to_owned(), "::stop".to_owned()]);
        let title = "title=weigh%3A a%3A%3Ab%2Cc\\r\\n%3A%3Awarning%3A%3Ax";
        assert_eq!(text, format!("::error {title}::100 %25\\n%0A::stop\n"));
    }
}

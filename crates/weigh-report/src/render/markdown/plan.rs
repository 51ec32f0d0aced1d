//! What serving a workload takes: a row for each configuration, the chosen one named.

use super::parts::{item, table};
use super::plain;
use crate::Report;
use crate::render::planned::{self, FIGURES};

pub(super) fn tables(report: &Report) -> String {
    let Some(plan) = &report.plan else { return String::new() };
    let has = |value: fn(&crate::report::Configuration) -> Option<String>| {
        plan.configurations.iter().any(|found| value(found).is_some())
    };
    let shown: Vec<_> = FIGURES.iter().filter(|figure| has(figure.value)).collect();
    let titles = shown.iter().map(|figure| {
        let stands = if figure.word { "" } else { ">" };
        format!("{stands}{}", plain(&(figure.title)(&plan.workload)))
    });
    let titles: Vec<String> = ["configuration".to_owned(), String::new()].into_iter().chain(titles).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let rows = plan.configurations.iter().enumerate().map(|(index, found)| {
        let name = if plan.choice == Some(index) {
            format!("**{}**", plain(&found.name))
        } else {
            plain(&found.name)
        };
        let figures = shown.iter().map(|figure| plain(&(figure.value)(found).unwrap_or_default()));
        [name, planned::mark(plan, index).to_owned()].into_iter().chain(figures).collect()
    });
    let asked = planned::workload(&plan.workload).join(", ");
    let asked = if asked.is_empty() { String::new() } else { format!("\n{}\n", plain(&asked)) };
    let mut page = format!("{asked}{}\n", table(&titles, rows));
    page.push_str(&item(&planned::choice(plan)));
    for (found, name) in plan.configurations.iter().zip(planned::names(plan)) {
        for text in found.queue.iter().chain(&found.notes) {
            page.push_str(&item(&format!("{name}: {text}")));
        }
    }
    page
}

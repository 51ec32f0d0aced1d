//! One page that holds everything it needs: the reports as data, and the script that draws them. Nothing of a report is
//! written as markup, so that a name of a layer can be whatever it likes: the script puts texts into the page as texts,
//! and a policy in the page forbids every script but its own, and every request.
//!
//! `page/` has the page's parts; `page/script/sections/` a file for each of its sections.

mod data;
mod policy;

use crate::render::{RenderOptions, Renderer, Wants};
use crate::report::Report;

pub(super) struct Html;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/style.css");
/// Apache ECharts, as its package has it; its licence and notice lie beside it.
const CHARTS: &str = include_str!("page/vendor/echarts-6.1.0.min.js");

/// Makes a list of files of the script, in the order in which they are read.
macro_rules! scripts {
    ($($file:literal),* $(,)?) => { &[$(include_str!(concat!("page/script/", $file))),*] };
}

const SCRIPTS: &[&str] = scripts![
    "numbers.js",
    "elements.js",
    "formulas.js",
    "reports.js",
    "theme.js",
    "charts.js",
    "words.js",
    "tables.js",
    "sections.js",
    "sections/headline.js",
    "sections/verdicts.js",
    "sections/plan.js",
    "sections/comparison.js",
    "sections/versus.js",
    "sections/latency.js",
    "sections/trade_off.js",
    "sections/load.js",
    "sections/waterfall.js",
    "sections/roofline.js",
    "sections/predictions.js",
    "sections/advice.js",
    "sections/history.js",
    "sections/memory.js",
    "sections/training.js",
    "sections/quantization.js",
    "sections/modules.js",
    "sections/layers.js",
    "sections/layer_changes.js",
    "sections/scaling.js",
    "sections/conventions.js",
    "sections/devices.js",
    "sections/environment.js",
    "sections/words.js",
    "main.js",
];

impl Renderer for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn about(&self) -> &'static str {
        "one page with charts, for a browser; needs no network"
    }

    fn media(&self) -> &'static str {
        "text/html"
    }

    fn wants(&self) -> Wants {
        Wants::ALL
    }

    fn render(&self, reports: &[Report], _: &RenderOptions) -> String {
        // Scripts are one, so that files share names and the page only those that it gives away.
        let script = format!("(() => {{\n'use strict';\n{}}})();\n", SCRIPTS.concat());
        let policy = policy::of(&[CHARTS, &script]);
        let data = data::element(reports);
        fill(
            PAGE,
            &[
                ("policy", &policy),
                ("style", STYLE),
                ("data", &(data + "\n" + &data::words())),
                ("charts", &format!("<script>{CHARTS}</script>")),
                ("script", &format!("<script>{script}</script>")),
            ],
        )
    }
}

/// The page with each `<!--name-->` replaced, in order, so that what is put in is never searched itself.
fn fill(page: &str, parts: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = page;
    for (name, part) in parts {
        if let Some((before, after)) = rest.split_once(&format!("<!--{name}-->")) {
            filled.push_str(before);
            filled.push_str(part);
            rest = after;
        }
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_its_place() {
        let page = Html.render(&[Report::default()], &RenderOptions::default());
        assert!(!page.contains("<!--"), "a place was left open");
        assert!(page.ends_with("</html>\n"));
        assert_eq!(page.matches("<script").count(), 4, "reports, words, charts, script");
        assert_eq!(page, Html.render(&[Report::default()], &RenderOptions::default()));
    }

    #[test]
    fn scripts_cannot_end_before_they_end() {
        for script in SCRIPTS.iter().chain([&CHARTS]) {
            assert!(!script.contains("</script") && !script.contains("<!--"));
        }
        assert!(!STYLE.contains("</style"));
    }

    #[test]
    fn every_file_of_the_script_is_read() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/render/html/page/script");
        let files = |folder: &std::path::Path| {
            let entries = std::fs::read_dir(folder).unwrap();
            entries.filter(|entry| entry.as_ref().unwrap().path().is_file()).count()
        };
        assert_eq!(files(&folder) + files(&folder.join("sections")), SCRIPTS.len());
    }
}

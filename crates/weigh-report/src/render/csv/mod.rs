//! One row per layer, exact and machine-readable: plain integers, or formulas where symbols are unbound. Reports that hold
//! something else alone have a row for each of those: see [`PAGES`]. An unknown is an empty field, never a zero.

mod advice;
mod compared;
mod configurations;
mod devices;
mod engines;
mod history;
mod plans;
mod predictions;
mod quantization;
mod verdicts;
mod versus;

use crate::render::{RenderOptions, Renderer, SortKey, sort, text};
use crate::report::{Count, Layer, Report};

pub(super) struct Csv;

const HEADER: &str = "model,index,name,op,detail,scope,inputs,outputs,output_shapes,parameters,macs,flops,\
other_ops,bytes_moved,output_elements,live_bytes,mean_ms,unpriced";

/// What reports may hold in place of layers.
struct Page {
    /// Whether there is nothing else to write.
    are_all: fn(&[Report]) -> bool,
    /// The heading and the rows.
    page: fn(&[Report]) -> String,
}

/// The first that is all there is to write is written.
const PAGES: &[Page] = &[
    Page { are_all: history::are_all, page: history::page },
    Page { are_all: plans::are_all, page: plans::page },
    Page { are_all: advice::are_all, page: advice::page },
    Page { are_all: compared::are_all, page: compared::page },
    Page { are_all: configurations::are_all, page: configurations::page },
    Page { are_all: predictions::are_all, page: predictions::page },
    Page { are_all: devices::are_all, page: devices::page },
    Page { are_all: quantization::are_all, page: quantization::page },
    Page { are_all: verdicts::are_all, page: verdicts::page },
    Page { are_all: versus::are_all, page: versus::page },
    Page { are_all: engines::are_all, page: engines::page },
];

impl Renderer for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn about(&self) -> &'static str {
        "one row per layer, configuration, prediction or whatever else there is, exact numbers"
    }

    fn media(&self) -> &'static str {
        "text/csv"
    }

    fn render(&self, reports: &[Report], options: &RenderOptions) -> String {
        if let Some(page) = PAGES.iter().find(|page| (page.are_all)(reports)) {
            return (page.page)(reports);
        }
        let mut page = format!("{HEADER}\n");
        for report in reports {
            let model = report.model.as_ref().map_or("", |model| &model.name);
            let times = sort::times(report);
            for index in order(report, options) {
                let fields = fields(model, index, &report.layers[index], times[index]);
                page.push_str(&row(fields));
            }
        }
        page
    }
}

/// The order of rows: as executed unless a key is given.
pub(super) fn order(report: &Report, options: &RenderOptions) -> Vec<usize> {
    match options.sort {
        None | Some(SortKey::Order) => (0..report.layers.len()).collect(),
        Some(key) => sort::Scales::new(report, key).order(),
    }
}

fn fields(model: &str, index: usize, layer: &Layer, mean_ms: Option<f64>) -> [String; 18] {
    let exact = |count: &Option<Count>| count.as_ref().map(Count::exact).unwrap_or_default();
    let shape =
        |shape: &Option<crate::report::Shape>| shape.as_ref().map_or("?".to_owned(), |s| s.to_string());
    [
        model.to_owned(),
        index.to_string(),
        layer.name.clone(),
        layer.op.clone(),
        layer.detail.clone(),
        layer.scope.clone(),
        layer.inputs.join(" "),
        layer.outputs.join(" "),
        layer.output_shapes.iter().map(shape).collect::<Vec<_>>().join(" "),
        exact(&layer.parameters),
        exact(&layer.macs),
        exact(&layer.flops),
        exact(&layer.other_ops),
        exact(&layer.bytes_moved),
        exact(&layer.output_elements),
        exact(&layer.live_bytes),
        mean_ms.map(|value| value.to_string()).unwrap_or_default(),
        layer.unpriced.clone().unwrap_or_default(),
    ]
}

/// Fields as a line.
pub(super) fn row(fields: impl IntoIterator<Item = String>) -> String {
    fields.into_iter().map(|field| quote(&field)).collect::<Vec<_>>().join(",") + "\n"
}

/// A word of a closed list, as in JSON.
fn word(value: impl serde::Serialize) -> Option<String> {
    Some(serde_json::to_value(value).ok()?.as_str()?.to_owned())
}

/// A field as RFC 4180 wants it, with control characters as visible escapes.
fn quote(field: &str) -> String {
    let field = text::clean(field, true);
    match field.contains([',', '"']) || field.starts_with(' ') || field.ends_with(' ') {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field,
    }
}

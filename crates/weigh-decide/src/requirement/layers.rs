//! Limits on single layers and modules: `layer4/0/conv2/Conv: macs <= 120M`.

use weigh_ir::units::Dimension;
use weigh_report::Report;
use weigh_report::report::{Basis, Count, Layer, Module, Verdict};

use super::errors::NoRequirement;
use super::evidence::{Found, Known};
use super::judge::verdict;
use super::limit::Requirement;
use super::metrics::same_name;
use super::subject::{Subject, nearest};

/// A limit on a layer, or on a module with everything beneath it.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerLimit {
    /// Name of the layer or path of the module.
    pub layer: String,
    /// Which of their figures, and the limit.
    pub requirement: Requirement,
    figure: usize,
}

/// A figure of a layer or module.
struct Figure {
    name: &'static str,
    /// The place in a document that tells the unit.
    like: &'static str,
    of_layer: fn(&Layer) -> &Option<Count>,
    of_module: Option<fn(&Module) -> &Option<Count>>,
}

/// What layers and modules have.
const FIGURES: [Figure; 6] = [
    Figure {
        name: "macs",
        like: "layers.0.macs",
        of_layer: |layer| &layer.macs,
        of_module: Some(|module| &module.macs),
    },
    Figure {
        name: "flops",
        like: "layers.0.flops",
        of_layer: |layer| &layer.flops,
        of_module: Some(|module| &module.flops),
    },
    Figure {
        name: "parameters",
        like: "layers.0.parameters",
        of_layer: |layer| &layer.parameters,
        of_module: Some(|module| &module.parameters),
    },
    Figure {
        name: "other_ops",
        like: "layers.0.other_ops",
        of_layer: |layer| &layer.other_ops,
        of_module: Some(|module| &module.other_ops),
    },
    Figure {
        name: "bytes_moved",
        like: "totals.bytes_moved",
        of_layer: |layer| &layer.bytes_moved,
        of_module: None,
    },
    Figure {
        name: "live_bytes",
        like: "layers.0.live_bytes",
        of_layer: |layer| &layer.live_bytes,
        of_module: None,
    },
];

impl LayerLimit {
    /// A limit on a layer: `macs`, `<= 120M`.
    ///
    /// # Errors
    /// Layers have no such figure, or the limit is no amount of it.
    pub fn read(layer: &str, metric: &str, limit: &str) -> Result<LayerLimit, NoRequirement> {
        let known = || NoRequirement::LayerMetric {
            name: metric.to_owned(),
            known: FIGURES.iter().map(|figure| figure.name).collect(),
        };
        let position = FIGURES.iter().position(|figure| same_name(figure.name, metric));
        let figure = position.ok_or_else(known)?;
        let requirement = Requirement::on(FIGURES[figure].like.parse::<Subject>()?, limit)?;
        let written = format!("{layer}: {}{}", FIGURES[figure].name, limit.trim().replace(' ', ""));
        Ok(LayerLimit {
            layer: layer.to_owned(),
            requirement: Requirement { written, ..requirement },
            figure,
        })
    }

    /// Whether the model keeps it.
    ///
    /// # Errors
    /// The model has no such layer or module.
    pub fn judge(&self, report: &Report) -> Result<Verdict, NoRequirement> {
        let figure = &FIGURES[self.figure];
        let layer = report.layers.iter().find(|layer| layer.name == self.layer);
        let module = report.modules.iter().find(|module| module.path == self.layer);
        let known = match (layer, module.zip(figure.of_module)) {
            (Some(layer), _) => of((figure.of_layer)(layer), 0),
            (None, Some((module, of_module))) => of(of_module(module), module.unpriced),
            (None, None) if module.is_some() => Known::Unknown(format!("modules have no {}", figure.name)),
            (None, None) => {
                let names = report.layers.iter().map(|layer| layer.name.as_str());
                let paths = report.modules.iter().map(|module| module.path.as_str());
                let nearest = nearest(&self.layer, names.chain(paths));
                return Err(NoRequirement::Layer { name: self.layer.clone(), nearest });
            }
        };
        let mut verdict = verdict(&self.requirement, Found::new(known, Basis::Computed));
        verdict.metric = format!("{}: {}", self.layer, figure.name);
        Ok(verdict)
    }
}

fn of(count: &Option<Count>, unpriced: u64) -> Known {
    match count.as_ref().map(|count| (count.number(), count)) {
        None => Known::Unknown("weigh cannot price this layer".to_owned()),
        Some((None, count)) => {
            Known::Unknown(format!("it is {}: bind its dims with --dim NAME=N", count.exact()))
        }
        Some((Some(value), _)) if unpriced > 0 => {
            Known::AtLeast(value as f64, format!("{unpriced} of its nodes have no price"))
        }
        Some((Some(value), _)) => Known::Value(value as f64, None),
    }
}

impl LayerLimit {
    /// What the limit is on an amount of.
    pub fn dimension(&self) -> Dimension {
        self.requirement.subject.dimension()
    }
}

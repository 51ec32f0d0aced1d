//! Joins optimised graphs to their originals: `correspondence ORIGINAL OPTIMISED [NAME=EXTENT...]` prints as JSON which
//! layers each group of optimised nodes stands for, with the multiply-accumulates of both sides.
//! `corpus/correspondence.py` judges them.

use serde_json::{Value, json};
use weigh::ir::{Bindings, Model, Symbol};
use weigh_analysis::{Layer, attribute, correspond};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut file = || arguments.next().ok_or("an original and an optimised graph?");
    let (original, optimised) = (weigh::open(&file()?)?.model, weigh::open(&file()?)?.model);
    let mut bindings = Bindings::new();
    for binding in arguments {
        let (name, extent) = binding.split_once('=').ok_or("NAME=EXTENT?")?;
        bindings.insert(Symbol::new(name), extent.parse()?);
    }
    let layers = |model: &Model| -> Result<Vec<Layer>, weigh::AnalysisError> {
        let known = weigh::Options { bindings: bindings.clone(), ..weigh::Options::default() };
        weigh::analyze(model, &known).map(|facts| facts.layers)
    };
    let (before, after) = (layers(&original)?, layers(&optimised)?);
    let joined = correspond(&original, &optimised);
    let found = attribute(&joined, &[]);
    let side = |model: &Model, layers: &[Layer], nodes: &[usize]| -> Vec<Value> {
        let one = |node: &usize| {
            let (layer, node) = (layers.get(*node)?, model.graph.nodes.get(*node)?);
            let macs = layer.macs.as_ref().map(ToString::to_string);
            Some(json!([node.name, node.op.name(), macs]))
        };
        nodes.iter().filter_map(one).collect()
    };
    let groups = found.groups.iter().map(|group| {
        json!({
            "layers": side(&original, &before, &group.layers),
            "nodes": side(&optimised, &after, &group.nodes),
        })
    });
    let result = json!({
        "groups": groups.collect::<Vec<_>>(),
        "rest": side(&optimised, &after, &found.rest),
        "lost": side(&original, &before, &joined.lost),
        "untraced": side(&original, &before, &joined.untraced),
    });
    #[allow(clippy::print_stdout)]
    {
        println!("{result}");
    }
    Ok(())
}

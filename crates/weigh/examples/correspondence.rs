//! Joins optimised graphs to their originals: `correspondence ORIGINAL OPTIMISED [NAME:2x3... NAME=VALUE...]`
//! prints as JSON which layers each group of optimised nodes stands for, with the multiply-accumulates of both sides,
//! for inputs of these shapes, or with this one element.
//! `corpus/correspondence.py` judges them.

use serde_json::json;
use weigh::ir::{Model, Shape, Value};
use weigh_analysis::{Layer, attribute, correspond};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut file = || arguments.next().ok_or("an original and an optimised graph?");
    let (original, optimised) = (weigh::open(&file()?)?.model, weigh::open(&file()?)?.model);
    let mut known = weigh::Options::default();
    for argument in arguments {
        if let Some((name, value)) = argument.split_once('=') {
            known.input_values.insert(name.to_owned(), Value::ints([value.parse()?]));
        } else {
            let (name, extents) = argument.rsplit_once(':').ok_or("NAME:2x3 or NAME=VALUE?")?;
            let extents: Vec<i64> = extents.split('x').map(str::parse).collect::<Result<_, _>>()?;
            known.input_shapes.insert(name.to_owned(), Shape::of(&extents));
        }
    }
    let layers = |model: &Model| -> Result<Vec<Layer>, weigh::AnalysisError> {
        weigh::analyze(model, &known).map(|facts| facts.layers)
    };
    let (before, after) = (layers(&original)?, layers(&optimised)?);
    let joined = correspond(&original, &optimised);
    let found = attribute(&joined, &[]);
    let side = |model: &Model, layers: &[Layer], nodes: &[usize]| -> Vec<serde_json::Value> {
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

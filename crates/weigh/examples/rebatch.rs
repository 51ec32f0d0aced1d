//! Gives a model file another batch: `rebatch FROM BATCH TO` writes the copy and prints as JSON what has the batch and
//! what was changed, or why it cannot be. `corpus/rebatch.py` runs the copies.

use std::fs;
use std::io::Write;

use serde_json::json;
use weigh_analysis::{BatchAxis, ChangeKind, rebatch};
use weigh_formats::onnx::{self, NewExtent, NewShape};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("FROM BATCH TO?");
    let (from, batch, to) = (next()?, next()?.parse()?, next()?);
    let mut model = weigh::open(&from)?.model;
    let result = match rebatch(&mut model, batch) {
        Err(refusal) => json!({ "refused": refusal.to_string() }),
        Ok(found) => {
            let extents = found.inputs.iter().map(|input| NewExtent {
                input: &input.name,
                axis: input.axis,
                extent: input.extent,
            });
            let shapes = found.changes.iter().map(|change| NewShape {
                node: &change.output,
                input: change.input,
                extents: &change.to,
                expand: change.kind == ChangeKind::Repeated,
            });
            let (extents, shapes): (Vec<_>, Vec<_>) = (extents.collect(), shapes.collect());
            let mut file = std::io::BufWriter::new(fs::File::create(&to)?);
            onnx::rebatch(&fs::read(&from)?, &extents, &shapes, &mut file)?;
            file.flush()?;
            let axes = |ports: &[BatchAxis]| -> Vec<_> {
                ports.iter().map(|port| json!([port.name, port.axis, port.extent])).collect()
            };
            let changes = found.changes.iter().map(|change| {
                json!({ "node": change.node, "input": change.input, "from": change.from, "to": change.to })
            });
            json!({
                "batch": [found.from, found.to],
                "inputs": axes(&found.inputs),
                "outputs": axes(&found.outputs),
                "mixing": found.mixing,
                "changes": changes.collect::<Vec<_>>(),
            })
        }
    };
    #[allow(clippy::print_stdout)]
    {
        println!("{result}");
    }
    Ok(())
}

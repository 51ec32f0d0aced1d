//! Predicts the resident memory of ONNX Runtime: `resident MODEL [NAME=N...] [--level none|fused|all] [--before BYTES]`
//! prints the parts and the peak as JSON. `corpus/resident.py` judges it.

use serde_json::json;
use weigh::ir::Symbol;
use weigh_predict::resident::{Optimization, Process, onnxruntime};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let opened = weigh::open(&arguments.next().ok_or("which model?")?)?;
    let (mut options, mut process) = (weigh::Options::default(), Process::default());
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), argument.split_once('=')) {
            ("--before", _) => process.before_bytes = arguments.next().ok_or("how many bytes?")?.parse()?,
            ("--level", _) => {
                process.optimization = match arguments.next().as_deref() {
                    Some("none") => Optimization::None,
                    Some("fused") => Optimization::Fused,
                    Some("all") => Optimization::All,
                    _ => return Err("none, fused or all?".into()),
                };
            }
            (_, Some((name, extent))) => {
                options.bindings.insert(Symbol::new(name), extent.parse()?);
            }
            _ => return Err("NAME=N?".into()),
        }
    }
    let facts = weigh::analyze(&opened.model, &options)?;
    let result = match onnxruntime(&opened.model, &facts, &process) {
        Some(told) => json!({
            "peak_bytes": told.peak_bytes(),
            "loading_bytes": told.loading_bytes,
            "running_bytes": told.running_bytes,
            "parts": told.parts,
        }),
        None => json!({ "unknown": "a size is unknown or a formula" }),
    };
    #[allow(clippy::print_stdout)]
    {
        println!("{result}");
    }
    Ok(())
}

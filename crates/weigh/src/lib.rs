//! weigh: what a neural network costs, and what to do about it.
//!
//! The library behind the command. A model goes one way through it: [`open`] turns a file or a name of the zoo
//! into a graph, [`analyze`] turns the graph into facts, [`describe`] turns the facts into a [`Report`], which
//! every renderer of [`report`] reads; a [`Bench`] adds what only running the model can tell.
//!
//! ```
//! let opened = weigh::open("zoo:alexnet-2012")?;
//! let facts = weigh::analyze(&opened.model, &weigh::Options::default())?;
//! assert_eq!(facts.totals.macs.as_int(), Some(724_406_816));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod advise;
mod annotate;
mod benchmark;
mod calibrate;
mod conventions;
mod describe;
mod describe_training;
mod devices;
mod energy;
mod files;
mod history;
mod open;
mod outfit;
mod predict;
mod quantize;

pub use advise::{AdviceRequest, Advised, Goal, Measuring, TECHNIQUES, Target, Technique, advise};
pub use annotate::{Annotated, NotAnnotated, annotate};
pub use benchmark::{
    Batches, Bench, Compared, DataRequest, LoadRequest, NoSlo, Prepared, Served, Setting, SideOfModel, Slo,
    Subject, Swept, engines, machine,
};
pub use calibrate::{Calibration, CalibrationError, EngineCalibrator, this_device};
pub use conventions::conventions;
pub use describe::{describe, describe_memory};
pub use describe_training::describe_training;
pub use devices::device_info;
pub use energy::add_energy;
pub use files::NoBytes;
pub use history::{HistoryRequest, KeepRequest, Kept, history, history_list, keep, matching, model_name};
pub use open::{OpenError, Opened, open};
pub use outfit::outfit;
pub use predict::{NoPrediction, OnThis, PredictionRequest, explain, on_device, without_model};
pub use quantize::{
    NotQuantized, QuantizedSkeleton, describe_quantization, output_difference, quantize, quantized_skeleton,
};
pub use weigh_analysis::conventions::{CONVENTIONS, Convention};
pub use weigh_analysis::training;
pub use weigh_analysis::{Analysis, AnalysisError, FreeDim, Options, analyze};
pub use weigh_decide as decide;
pub use weigh_formats::onnx::quantize::{Request as QuantizeRequest, WeightType};
pub use weigh_ir as ir;
pub use weigh_report as report;
pub use weigh_report::Report;

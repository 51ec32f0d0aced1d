//! What was looked at and where: the model file, the machine, and remarks on the way.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shape;

/// The model that the report is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Model {
    /// Where it was read from, as the user gave it (a path or `zoo:NAME`).
    pub path: String,
    /// Short name: the file name, or the name in the zoo.
    pub name: String,
    /// Name of the format, e.g. `onnx`.
    pub format: String,
    /// Version within the format, e.g. `opset 17`.
    pub format_version: Option<String>,
    /// The program that wrote the file, if the file says so.
    pub producer: Option<String>,
    /// Size on disk in bytes, external weight files included.
    pub file_bytes: Option<u64>,
    /// The tensors the model is given.
    pub inputs: Vec<Tensor>,
    /// The tensors the model gives.
    pub outputs: Vec<Tensor>,
}

/// A model input or output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Tensor {
    /// Name in the file.
    pub name: String,
    /// Element type, e.g. `float32`.
    pub dtype: Option<String>,
    /// Extents as declared, or as given by the user in their place, before symbols are bound; null where the
    /// rank is unknown.
    pub shape: Option<Shape>,
    /// The members, where it is a sequence of tensors of known length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
}

/// A member of a sequence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Member {
    /// Element type, e.g. `float32`.
    pub dtype: Option<String>,
    /// Extents; null where the rank is unknown.
    pub shape: Option<Shape>,
}

/// The machine and the software that measurements were made with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Environment {
    /// Name of the processor.
    pub cpu: Option<String>,
    /// Logical processors that this process may use.
    pub cores: Option<u32>,
    /// Physical cores.
    pub physical_cores: Option<u32>,
    /// Main memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Operating system and its version.
    pub os: Option<String>,
    /// Instruction set, e.g. `x86_64`.
    pub arch: Option<String>,
    /// Caches for data, the nearest first.
    pub caches: Vec<MachineCache>,
    /// The processor time that control groups allow, in processors; null without a quota.
    pub quota: Option<f64>,
    /// NVIDIA's GPUs, as their driver tells.
    pub gpus: Vec<MachineGpu>,
    /// Name of each available engine, to its version.
    pub engines: BTreeMap<String, String>,
    /// What may disturb measurements here (frequency scaling, load, a virtual machine).
    pub notes: Vec<String>,
}

/// A cache for data of the machine, as the system reports it: a virtual machine often shows its host's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MachineCache {
    /// 1 is nearest to the processor.
    pub level: u8,
    /// Size in bytes.
    pub bytes: u64,
    /// Logical processors that share it.
    pub shared_by: u32,
}

/// A GPU of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MachineGpu {
    /// The product's name.
    pub name: String,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Version of the driver.
    pub driver: Option<String>,
}

/// A remark on the model or on the analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// Stable identifier, e.g. `unknown-operator`.
    pub code: String,
    /// What there is to know, in one sentence.
    pub message: String,
    /// Name of the node concerned.
    #[serde(default)]
    pub node: Option<String>,
}

/// How much a remark matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something could not be done.
    Error,
    /// Results are limited by this.
    Warning,
    /// Good to know.
    Note,
}

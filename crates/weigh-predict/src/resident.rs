//! The most memory that a process running a model with ONNX Runtime's defaults has resident.
//!
//! A device needs weights, activations and workspace (`needs`); a process of a runtime takes more. Where it goes, for
//! ONNX Runtime 1.32 on Linux x86-64 (the arena by its source, `bfc_arena.cc`; the rest inferred from measurements,
//! docs/memory.md):
//!
//! - **Process.** The program, its libraries and what they allocate at their start.
//! - **Session.** The graph, the pool of threads, code that is first touched when it runs.
//! - **Weights.** The file is parsed whole into protocol buffers, then each tensor is copied out of them and its origin
//!   freed. So loading takes all weights once and *the largest tensor* once more, unless it lies in an external file,
//!   which is mapped.
//! - **Folded weights.** What nodes compute from weights alone is computed at load and kept beside them.
//! - **Rewritten convolutions.** The optimiser replaces the weights of convolutions: it multiplies those of a batch
//!   normalisation in, and at the level `all` it brings them into blocks of channels (NCHWc). The old ones are freed, but
//!   between the new ones, so the C library's heap keeps the room: two copies stay resident.
//! - **Packed matrices.** Kernels of matrix products pack their weights and free the originals, one after the other. A
//!   share of the room stays in the heap. Blocks of 32 MiB and more are mapped each by itself (glibc's
//!   `DEFAULT_MMAP_THRESHOLD_MAX`, mallopt(3)) and return to the system at once.
//! - **Arena.** The first inference allocates tensors one at a time from regions that double in size (`BFCArena`,
//!   `kNextPowerOfTwo`, from 1 MiB) and are never given back; from the second on one planned block holds all
//!   (`enable_mem_pattern`), which no free region is large enough for. So what is alive at once is resident twice: the
//!   first time with workspaces, taken as the peak of both; the second time planned, taken as the peak in place.
//!
//! The figure is the larger of the peak while loading and what is resident after some inferences. The amounts of the
//! session and the shares are fitted to measurements, and said to be.

use serde::Serialize;
use weigh_analysis::Analysis;
use weigh_ir::{DType, Model, Node, Place, Tensor};

/// Resident bytes of weigh's own worker before it loads a model, with ONNX Runtime's library loaded: measured with ONNX
/// Runtime 1.32.0 on Linux x86-64, 27.7 MiB.
pub const WORKER_BYTES: u64 = 29_046_000;
/// What a session takes beside the weights: fitted, 10 MiB.
const SESSION_BYTES: u64 = 10 << 20;
/// Copies of a rewritten convolution's weights that stay in the heap: fitted.
const REWRITTEN_COPIES: u64 = 2;
/// One in so many bytes of packed matrices stays in the heap: fitted.
const PACKED_SHARE: u64 = 4;
/// From so many bytes on a freed block returns to the system at once.
const MAPPED_BYTES: u64 = 32 << 20;

/// How far ONNX Runtime rewrites the graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Optimization {
    /// Not at all.
    None,
    /// It folds and fuses: the levels `basic` and `extended`.
    Fused,
    /// It changes layouts too: the level `all`, the default.
    #[default]
    All,
}

/// What is told about the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Resident bytes before the model is loaded.
    pub before_bytes: u64,
    /// The level of optimisation.
    pub optimization: Optimization,
}

impl Default for Process {
    /// weigh's worker, at ONNX Runtime's default level.
    fn default() -> Process {
        Process { before_bytes: WORKER_BYTES, optimization: Optimization::All }
    }
}

/// What a part is resident for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// While the model is loaded, and no longer.
    Loading,
    /// From the first inferences on.
    Running,
    /// Always.
    Both,
}

/// One part of the figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What it is, for people.
    pub name: &'static str,
    /// How much.
    pub bytes: u64,
    /// When.
    pub phase: Phase,
    /// What the amount rests on: `facts` of the model, something `measured`, or a share that is `fitted`.
    pub basis: &'static str,
}

/// A prediction of resident memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resident {
    /// Its parts; those of 0 bytes are left out.
    pub parts: Vec<Part>,
    /// The most while the model is loaded.
    pub loading_bytes: u64,
    /// What is resident after some inferences.
    pub running_bytes: u64,
}

impl Resident {
    /// The most at any time.
    pub fn peak_bytes(&self) -> u64 {
        self.loading_bytes.max(self.running_bytes)
    }

    fn of(parts: Vec<Part>) -> Option<Resident> {
        let sum = |left_out: Phase| {
            let mut counted = parts.iter().filter(|part| part.phase != left_out);
            counted.try_fold(0u64, |sum, part| sum.checked_add(part.bytes))
        };
        let (loading_bytes, running_bytes) = (sum(Phase::Running)?, sum(Phase::Loading)?);
        Some(Resident { parts, loading_bytes, running_bytes })
    }
}

/// Predicts the peak of resident memory of a process that loads a model with ONNX Runtime's defaults (one session, arena
/// and memory pattern on, the CPU) and runs it at the sizes of these facts. `None` where sizes are unknown or formulas.
pub fn onnxruntime(model: &Model, facts: &Analysis, process: &Process) -> Option<Resident> {
    let bytes = |expr: &weigh_ir::Expr| u64::try_from(expr.as_int()?).ok();
    if !facts.totals.activations.complete || !facts.totals.needs.complete {
        return None;
    }
    let weights = bytes(&facts.totals.weight_bytes())?;
    let regions = bytes(&facts.totals.needs.bytes)?;
    let planned = bytes(&facts.totals.activations.in_place_peak.bytes)?;
    let shares = Shares::of(model, facts)?;
    let (rewritten, folded) = match process.optimization {
        Optimization::None => (0, 0),
        Optimization::Fused => (shares.normalised, shares.folded),
        Optimization::All => (shares.convolutions, shares.folded),
    };
    let stays = if shares.largest < MAPPED_BYTES { Phase::Both } else { Phase::Loading };
    let part = |name, bytes: Option<u64>, phase, basis| Some(Part { name, bytes: bytes?, phase, basis });
    let parts = [
        part("process", Some(process.before_bytes), Phase::Both, "measured")?,
        part("session", Some(SESSION_BYTES), Phase::Both, "fitted")?,
        part("weights", Some(weights), Phase::Both, "facts")?,
        part("largest weight, while copied", Some(shares.largest), stays, "facts")?,
        part("folded weights", Some(folded), Phase::Both, "facts")?,
        part("rewritten convolutions", rewritten.checked_mul(REWRITTEN_COPIES), Phase::Both, "fitted")?,
        part("packed matrices", Some(shares.packed / PACKED_SHARE), Phase::Both, "fitted")?,
        part("arena's regions", Some(regions), Phase::Running, "facts")?,
        part("arena's plan", Some(planned), Phase::Running, "facts")?,
    ];
    Resident::of(parts.into_iter().filter(|part| part.bytes > 0).collect())
}

/// Weights by what ONNX Runtime does to them, in bytes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shares {
    /// Of convolutions of 32-bit numbers.
    convolutions: u64,
    /// Of those whose result goes into a batch normalisation and nowhere else.
    normalised: u64,
    /// Of other operators that multiply matrices, where a node's are smaller than blocks that are mapped.
    packed: u64,
    /// What is computed from weights at load.
    folded: u64,
    /// The largest stored tensor that is not in an external file.
    largest: u64,
}

impl Shares {
    fn of(model: &Model, facts: &Analysis) -> Option<Shares> {
        let mut shares = Shares { largest: largest(model), ..Shares::default() };
        let (elements, bytes) = (&facts.totals.parameters, &facts.totals.parameter_bytes);
        let (elements, bytes) = (elements.as_int()?.max(1), bytes.as_int()?);
        let normalised = normalised(model);
        let nodes = model.graph.nodes.iter().zip(&facts.layers).zip(&facts.steps);
        for (index, ((node, layer), step)) in nodes.enumerate() {
            if step.live_bytes.is_none() {
                let made = layer.output_bytes.as_ref().and_then(|bytes| u64::try_from(bytes.as_int()?).ok());
                if reads_weights(model, node) {
                    shares.folded = shares.folded.checked_add(made?)?;
                }
                continue;
            }
            let wide = i128::from(layer.parameters.as_int()?) * i128::from(bytes) / i128::from(elements);
            let own = u64::try_from(wide).ok()?;
            if node.op.name() == "Conv" {
                shares.convolutions = shares.convolutions.checked_add(own)?;
                if normalised.get(index).is_some_and(|is| *is) {
                    shares.normalised = shares.normalised.checked_add(own)?;
                }
            } else if own < MAPPED_BYTES && layer.macs.as_ref().is_some_and(|macs| macs.as_int() != Some(0)) {
                shares.packed = shares.packed.checked_add(own)?;
            }
        }
        Some(shares)
    }
}

/// The largest stored tensor that is not in an external file.
fn largest(model: &Model) -> u64 {
    let inside = |tensor: &Tensor| {
        let stored = tensor.stored.as_ref()?;
        (!matches!(stored.place, Place::External { .. })).then_some(stored.bytes)
    };
    model.tensors.iter().filter_map(inside).max().unwrap_or(0)
}

/// Whether a node of constants reads numbers that are stored, and not only shapes to fill.
fn reads_weights(model: &Model, node: &Node) -> bool {
    let is_weight = |stored: &weigh_ir::Stored| {
        matches!(stored.dtype, DType::F32 | DType::F16 | DType::BF16 | DType::F64)
    };
    let stored =
        |id: weigh_ir::TensorId| model.tensor(id).stored.as_ref().is_some_and(|data| is_weight(data));
    node.op.name() != "DequantizeLinear" && node.inputs.iter().flatten().any(|id| stored(*id))
}

/// For every node whether its first result is read by one node alone, a batch normalisation.
fn normalised(model: &Model) -> Vec<bool> {
    let mut readers = vec![(0usize, false); model.tensors.len()];
    for node in &model.graph.nodes {
        for id in node.inputs.iter().flatten() {
            if let Some((count, is_norm)) = readers.get_mut(id.index()) {
                *count += 1;
                *is_norm = node.op.name() == "BatchNormalization";
            }
        }
    }
    let first = |node: &Node| node.outputs.first().copied().flatten();
    let is = |id: weigh_ir::TensorId| readers.get(id.index()) == Some(&(1, true));
    model.graph.nodes.iter().map(|node| first(node).is_some_and(is)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use weigh_analysis::{Options, analyze};
    use weigh_zoo::Batch;

    fn look(name: &str, process: &Process) -> Option<(Shares, Resident)> {
        let options = weigh_zoo::Options { batch: Batch::Fixed(1) };
        let model = (weigh_zoo::find(name).unwrap().build)(&options);
        let facts = analyze(&model, &Options::default()).unwrap();
        Some((Shares::of(&model, &facts)?, onnxruntime(&model, &facts, process)?))
    }

    #[test]
    fn alexnet_by_hand() {
        let process = Process { before_bytes: 1000, optimization: Optimization::All };
        let (shares, told) = look("alexnet", &process).unwrap();
        // Convolutions with their biases: 23,296 + 307,392 + 663,936 + 884,992 + 590,080 = 2,469,696 elements.
        assert_eq!(shares.convolutions, 2_469_696 * 4);
        assert_eq!(shares.normalised, 0);
        // 9216 × 4096 and 4096 × 4096 elements are above 32 MiB; 4096 × 1000 and 1000 biases are not.
        assert_eq!(shares.packed, 4_097_000 * 4);
        assert_eq!((shares.largest, shares.folded), (9216 * 4096 * 4, 0));
        // 61,100,840 weights, the largest tensor, two copies of the convolutions, a quarter of what is packed.
        let loading =
            1000 + (10 << 20) + 61_100_840 * 4 + shares.largest + 2 * shares.convolutions + 4_097_000;
        assert_eq!(told.loading_bytes, loading);
        assert_eq!(told.peak_bytes(), loading);
        // The largest is mapped and gone once it runs.
        assert!(told.running_bytes < loading);
    }

    #[test]
    fn what_the_optimiser_leaves_alone_has_no_copies() {
        let at = |optimization| {
            let process = Process { optimization, ..Process::default() };
            look("resnet18", &process).unwrap().1.peak_bytes()
        };
        let (shares, _) = look("resnet18", &Process::default()).unwrap();
        // Every convolution of a ResNet goes into a batch normalisation.
        assert_eq!(shares.normalised, shares.convolutions);
        assert_eq!(at(Optimization::All), at(Optimization::Fused));
        assert_eq!(at(Optimization::All) - at(Optimization::None), 2 * shares.convolutions);
        let (shares, _) = look("densenet121", &Process::default()).unwrap();
        assert!(shares.normalised > 0 && shares.normalised < shares.convolutions);
    }

    #[test]
    fn a_sum_by_phases() {
        let part = |bytes, phase| Part { name: "a test", bytes, phase, basis: "facts" };
        let parts = vec![part(100, Phase::Both), part(7, Phase::Loading), part(5, Phase::Running)];
        let told = Resident::of(parts).unwrap();
        assert_eq!((told.loading_bytes, told.running_bytes, told.peak_bytes()), (107, 105, 107));
        assert_eq!(Resident::of(vec![part(u64::MAX, Phase::Both), part(1, Phase::Both)]), None);
    }

    #[test]
    fn formulas_have_no_figure() {
        assert!(look("bert_base", &Process::default()).is_none());
    }
}

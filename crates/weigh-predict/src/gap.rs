//! Why a model takes longer than FLOPs / FLOPS: what each cause adds, from the theoretical to the measured time.
//!
//! Every kernel's expected time is laid out in the order of a waterfall: arithmetic at the peak; then what its bytes take
//! beyond that; then starting it; what is left of a kernel with products is its shape, which does not suit the
//! hardware, and what threads wait for each other; what is left of a kernel without products is its own arithmetic and
//! movement, which FLOPs do not count. What the kernels together do not explain of the measured time stays
//! unexplained. So the parts add up to the measured time.

use crate::calibrated::KernelTime;
use crate::kernel::{Kernel, VIEW, Workload};
use crate::roofline::Limits;

/// A cause of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// FLOPs at the peak rate: the theoretical time.
    Arithmetic,
    /// Bytes of kernels whose arithmetic is done before their bytes have come.
    Memory,
    /// Products whose shape does not fill vectors, tiles or caches.
    Shapes,
    /// Threads that wait for each other.
    Threads,
    /// Elementwise operators, normalisations, changes of layout: work without multiply-accumulates.
    Movement,
    /// Starting kernels and runs.
    Overhead,
    /// What none of it explains.
    Unexplained,
}

impl Cause {
    /// Every cause, in the order of the waterfall.
    pub const ALL: [Cause; 7] = [
        Cause::Arithmetic,
        Cause::Memory,
        Cause::Shapes,
        Cause::Threads,
        Cause::Movement,
        Cause::Overhead,
        Cause::Unexplained,
    ];

    /// The word in documents.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Arithmetic => "arithmetic",
            Cause::Memory => "memory",
            Cause::Shapes => "shapes",
            Cause::Threads => "threads",
            Cause::Movement => "movement",
            Cause::Overhead => "overhead",
            Cause::Unexplained => "unexplained",
        }
    }

    /// The cause in words.
    pub fn describe(self) -> &'static str {
        match self {
            Cause::Arithmetic => "FLOPs at the peak rate",
            Cause::Memory => "products that wait for their bytes",
            Cause::Shapes => "products whose shape does not fill the vector units",
            Cause::Threads => "threads that wait for each other",
            Cause::Movement => "elementwise work and changes of layout",
            Cause::Overhead => "starting kernels",
            Cause::Unexplained => "not explained by any of these",
        }
    }
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The median time of a run, in milliseconds.
    pub ms: f64,
    /// The same with one thread, where that was measured.
    pub one_thread_ms: Option<f64>,
    /// Threads of a run.
    pub threads: usize,
}

/// One step of the waterfall.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The cause.
    pub cause: Cause,
    /// Milliseconds that it adds; only what is unexplained may be negative.
    pub ms: f64,
    /// The kernels that add most of it, by index, with milliseconds and why, most first.
    pub kernels: Vec<(usize, f64, String)>,
}

/// How many kernels a cause names.
const NAMED: usize = 5;

/// Lays out a measured time by causes. `run_us` is what a run takes beside its kernels.
pub fn explain(
    kernels: &[Kernel],
    times: &[KernelTime],
    run_us: f64,
    limits: &Limits,
    measured: &Measured,
) -> Vec<Part> {
    let model_weights: f64 = kernels.iter().map(|kernel| kernel.work.weight_bytes).sum();
    let mut found = [const { Vec::new() }; Cause::ALL.len()];
    for (index, (kernel, time)) in kernels.iter().zip(times).enumerate() {
        let work = &kernel.work;
        let attainable = limits.attainable(work, model_weights);
        // A kernel that beats its ceilings is no reason to owe time to others: nothing exceeds what is expected.
        let mut left = time.us;
        let mut take = |us: f64| {
            let taken = us.clamp(0.0, left);
            left -= taken;
            taken
        };
        let arithmetic = take(attainable.compute_us);
        let memory = if work.macs > 0.0 { take(attainable.memory_us - attainable.compute_us) } else { 0.0 };
        let overhead = if work.kind == VIEW { take(f64::INFINITY) } else { take(time.start_us) };
        let rest = left;
        let mut add = |cause: Cause, us: f64, why: String| {
            if us > 0.0 {
                found[cause as usize].push((index, us / 1e3, why));
            }
        };
        add(Cause::Arithmetic, arithmetic, format!("{:.1} M MACs", work.macs / 1e6));
        add(Cause::Memory, memory, slow_bytes(work));
        add(Cause::Overhead, overhead, "starting it".to_owned());
        match work.products {
            Some(_) => add(Cause::Shapes, rest, awkward(work, limits.lanes)),
            None => add(Cause::Movement, rest, format!("{:.1} MB moved", work.bytes() / 1e6)),
        }
    }
    let mut parts: Vec<Part> = Cause::ALL
        .into_iter()
        .zip(found)
        .map(|(cause, mut kernels)| {
            // Of no kernels 0, where `sum` would be -0.
            let ms = kernels.iter().fold(0.0, |sum, (_, ms, _)| sum + ms);
            kernels.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            kernels.truncate(NAMED);
            Part { cause, ms, kernels }
        })
        .collect();
    parts[Cause::Overhead as usize].ms += run_us / 1e3;
    split_waiting(&mut parts, measured);
    let explained: f64 = parts.iter().map(|part| part.ms).sum();
    parts[Cause::Unexplained as usize].ms = measured.ms - explained;
    parts
}

/// Of what products lose, the part that one thread would not lose: beside a thread's share of the time that one thread
/// takes, the rest is waiting.
fn split_waiting(parts: &mut [Part], measured: &Measured) {
    let Some(one) = measured.one_thread_ms.filter(|_| measured.threads > 1) else { return };
    let waiting = measured.ms - one / measured.threads as f64;
    let shapes = &mut parts[Cause::Shapes as usize];
    let waiting = waiting.clamp(0.0, shapes.ms);
    let kept = if shapes.ms > 0.0 { 1.0 - waiting / shapes.ms } else { 1.0 };
    shapes.ms -= waiting;
    shapes.kernels.iter_mut().for_each(|(_, ms, _)| *ms *= kept);
    parts[Cause::Threads as usize].ms = waiting;
}

/// Why the bytes of a kernel take longer than its arithmetic.
fn slow_bytes(work: &Workload) -> String {
    let intensity = 2.0 * work.macs / work.bytes().max(1.0);
    match work.products {
        Some(products) if work.weight_bytes > work.read_bytes + work.written_bytes => {
            format!("each weight is used {}: {intensity:.1} FLOP/B", times(products.rows))
        }
        _ => format!("{intensity:.1} FLOP/B"),
    }
}

fn times(count: f64) -> String {
    if count == 1.0 { "once".to_owned() } else { format!("{count} times") }
}

/// Few rows leave nothing to reuse a weight for.
const FEW_ROWS: f64 = 16.0;
/// Short sums are over before a pipeline is full.
const SHORT_SUM: f64 = 32.0;

/// Why a product's shape does not suit vector units.
fn awkward(work: &Workload, lanes: Option<u32>) -> String {
    let Some(products) = &work.products else { return String::new() };
    let (rows, columns, depth) = (products.rows, products.columns, products.depth);
    let lanes = f64::from(lanes.unwrap_or(1));
    if columns == 1.0 && products.groups > 1.0 && depth == products.window {
        return format!("depthwise: {depth} products for each output");
    }
    if products.groups > 1.0 && columns < lanes {
        return format!("{} groups of {columns} columns beside {lanes} lanes", products.groups);
    }
    if rows < FEW_ROWS {
        return format!("{rows} row{}", if rows == 1.0 { "" } else { "s" });
    }
    if columns % lanes != 0.0 {
        return format!("{columns} columns are no multiple of {lanes} lanes");
    }
    if depth < SHORT_SUM {
        return format!("sums of {depth} terms");
    }
    format!("{rows} × {columns} × {depth}: below the peak rate")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrated::Basis;
    use crate::kernel::Products;
    use crate::roofline::MemoryLevel;

    fn limits() -> Limits {
        let main = MemoryLevel { name: "main".to_owned(), holds_bytes: None, bytes_per_s: 1e10 };
        Limits { flops: 1e11, levels: vec![main], lanes: Some(16), launch_us: None }
    }

    fn kernel(kind: &str, macs: f64, bytes: f64) -> Kernel {
        let products =
            Products { groups: 1.0, rows: 64.0, columns: 64.0, depth: 64.0, window: 1.0, stride: 1.0 };
        let work = Workload {
            kind: kind.to_owned(),
            dtype: Some("float32".to_owned()),
            macs,
            other_ops: 0.0,
            read_bytes: bytes,
            weight_bytes: 0.0,
            written_bytes: 0.0,
            products: (macs > 0.0).then_some(products),
        };
        Kernel { nodes: vec![0], name: kind.to_owned(), op: kind.to_owned(), work }
    }

    fn time(us: f64, start_us: f64) -> KernelTime {
        KernelTime { us, start_us, spread: 0.1, basis: Basis::Timed }
    }

    /// The product: 50 M MACs are 1000 µs at 100 GFLOPS, its 12 MB 1200 µs at 10 GB/s, so 200 beyond; 10 to start;
    /// 1500 expected leave 290 to its shape. The other kernel: 40 of its 50 µs move bytes. With 20 µs of the run
    /// and 1.7 ms measured, 0.13 ms stay unexplained. One thread takes 3 ms: half of that and 0.2 ms of waiting.
    #[test]
    fn the_parts_add_up() {
        let kernels = [kernel("convolution", 5e7, 1.2e7), kernel("Relu", 0.0, 1e5)];
        let times = [time(1500.0, 10.0), time(50.0, 10.0)];
        let measured = Measured { ms: 1.7, one_thread_ms: Some(3.0), threads: 2 };
        let parts = explain(&kernels, &times, 20.0, &limits(), &measured);
        let ms: Vec<String> = parts.iter().map(|part| format!("{:.2}", part.ms)).collect();
        assert_eq!(ms, ["1.00", "0.20", "0.09", "0.20", "0.04", "0.04", "0.13"]);
        assert!((parts.iter().map(|part| part.ms).sum::<f64>() - 1.7).abs() < 1e-12);
    }

    /// A kernel faster than its ceiling has only arithmetic, and what was measured above it is unexplained.
    #[test]
    fn what_beats_its_ceiling_owes_nothing() {
        let parts = explain(
            &[kernel("convolution", 5e7, 0.0)],
            &[time(900.0, 10.0)],
            0.0,
            &limits(),
            &Measured { ms: 0.8, one_thread_ms: None, threads: 1 },
        );
        assert!((parts[0].ms - 0.9).abs() < 1e-12);
        assert!(parts.iter().all(|part| part.ms != 0.0 || part.ms.is_sign_positive()));
        assert!((parts[Cause::Unexplained as usize].ms + 0.1).abs() < 1e-12);
    }
}

//! ONNX Runtime's trace: a JSON list of events, one for each kernel that ran, in microseconds.

use std::collections::HashMap;

use serde::Deserialize;

/// What a node took in all runs that count.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kernel {
    /// The node's name; `Relu_7` for an unnamed one, after its number in the graph.
    pub(super) name: String,
    /// Its operator.
    pub(super) op: String,
    /// Microseconds of each run, the calls of a run together; 0 where it did not run.
    pub(super) runs_us: Vec<f64>,
    /// How often it ran in all.
    pub(super) calls: usize,
}

impl Kernel {
    /// Microseconds of a run: the mean.
    pub(super) fn mean_us(&self) -> f64 {
        self.runs_us.iter().sum::<f64>() / self.runs_us.len().max(1) as f64
    }

    /// Microseconds of a run: the median, or the mean of the middle two.
    pub(super) fn median_us(&self) -> f64 {
        let mut sorted = self.runs_us.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        match sorted.len() {
            0 => 0.0,
            count => (at((count - 1) / 2) + at(count / 2)) / 2.0,
        }
    }
}

#[derive(Deserialize)]
struct Event {
    cat: String,
    name: String,
    /// When it began.
    #[serde(default)]
    ts: f64,
    /// How long it took.
    #[serde(default)]
    dur: f64,
    #[serde(default)]
    args: Arguments,
}

#[derive(Default, Deserialize)]
struct Arguments {
    op_name: Option<String>,
    node_index: Option<String>,
}

impl Event {
    fn is_inside(&self, other: &Event) -> bool {
        self.ts >= other.ts && self.ts + self.dur <= other.ts + other.dur
    }

    /// The node's name where this is a kernel. Older versions have events for waiting before and after it too.
    fn node(&self) -> Option<&str> {
        (self.cat == "Node").then(|| self.name.strip_suffix("_kernel_time")).flatten()
    }

    fn op(&self) -> &str {
        self.args.op_name.as_deref().unwrap_or_default()
    }
}

/// Operators whose kernels run whole graphs, the nodes of which are in the trace too. Their own time includes that of
/// their bodies.
const CONTAINERS: [&str; 7] =
    ["If", "Loop", "Scan", "BeamSearch", "GreedySearch", "Sampling", "WhisperBeamSearch"];

/// The kernels of the model's own graph in the last `runs` runs, in the order in which they first ran. What ran in the
/// body of a loop or branch is part of that node.
///
/// # Errors
/// What is wrong with the trace.
pub(super) fn kernels(trace: &[u8], runs: usize) -> Result<Vec<Kernel>, String> {
    let events: Vec<Event> =
        serde_json::from_slice(trace).map_err(|error| format!("its trace cannot be understood: {error}"))?;
    let all: Vec<&Event> =
        events.iter().filter(|event| event.cat == "Session" && event.name == "model_run").collect();
    let first = all.len().checked_sub(runs).ok_or("its trace lacks runs")?;
    let counted = all.get(first..).unwrap_or_default();

    let run_of = |event: &Event| counted.iter().position(|run| event.is_inside(run));
    let nodes = events.iter().filter_map(|event| Some((event.node()?, event)));
    let nodes: Vec<(&str, &Event, usize)> =
        nodes.filter_map(|(name, event)| Some((name, event, run_of(event)?))).collect();
    let containers: Vec<&Event> =
        nodes.iter().map(|(_, event, _)| *event).filter(|event| CONTAINERS.contains(&event.op())).collect();
    // A body's node begins after the node it is in.
    let in_a_body = |event: &Event| {
        containers.iter().any(|container| event.ts > container.ts && event.is_inside(container))
    };

    let mut kernels: Vec<Kernel> = Vec::new();
    let mut places = HashMap::new();
    for (name, event, run) in nodes.into_iter().filter(|(_, event, _)| !in_a_body(event)) {
        let place = *places.entry((name, event.args.node_index.as_deref())).or_insert_with(|| {
            kernels.push(Kernel {
                name: name.to_owned(),
                op: event.op().to_owned(),
                runs_us: vec![0.0; counted.len()],
                calls: 0,
            });
            kernels.len() - 1
        });
        if let Some(kernel) = kernels.get_mut(place) {
            kernel.calls += 1;
            if let Some(time) = kernel.runs_us.get_mut(run) {
                *time += event.dur;
            }
        }
    }
    Ok(kernels)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two runs of a convolution and a branch; the first is to warm up. The branch's body has a node with the
    /// convolution's number.
    const TRACE: &str = r#"[
        {"cat": "Session", "name": "session_initialization", "ts": 1, "dur": 50, "ph": "X", "args": {}},
        {"cat": "Node", "name": "conv_kernel_time", "ts": 110, "dur": 900, "args": {"op_name": "Conv", "node_index": "0"}},
        {"cat": "Session", "name": "model_run", "ts": 100, "dur": 1000, "args": {}},
        {"cat": "Node", "name": "conv_fence_before", "ts": 2001, "dur": 1, "args": {"op_name": "Conv"}},
        {"cat": "Node", "name": "conv_kernel_time", "ts": 2010, "dur": 80,
         "args": {"op_name": "Conv", "node_index": "0", "thread_scheduling_stats": {"main_thread": {"core": 1}}}},
        {"cat": "Node", "name": "Neg_0_kernel_time", "ts": 2103, "dur": 5, "args": {"op_name": "Neg", "node_index": "0"}},
        {"cat": "Node", "name": "If_1_kernel_time", "ts": 2100, "dur": 10, "args": {"op_name": "If", "node_index": "1"}},
        {"cat": "Session", "name": "model_run", "ts": 2000, "dur": 200, "args": {}},
        {"cat": "Node", "name": "conv_kernel_time", "ts": 3010, "dur": 40, "args": {"op_name": "Conv", "node_index": "0"}},
        {"cat": "Node", "name": "If_1_kernel_time", "ts": 3100, "dur": 10, "args": {"op_name": "If", "node_index": "1"}},
        {"cat": "Session", "name": "model_run", "ts": 3000, "dur": 200, "args": {}}
    ]"#;

    #[test]
    fn only_the_last_runs_count_and_bodies_belong_to_their_node() {
        let found = kernels(TRACE.as_bytes(), 2).unwrap();
        let kernel = |name: &str, op: &str, runs_us: [f64; 2]| Kernel {
            name: name.to_owned(),
            op: op.to_owned(),
            runs_us: runs_us.to_vec(),
            calls: 2,
        };
        assert_eq!(found, [kernel("conv", "Conv", [80.0, 40.0]), kernel("If_1", "If", [10.0, 10.0])]);
        assert_eq!((found[0].mean_us(), found[0].median_us()), (60.0, 60.0));
        assert_eq!(kernels(TRACE.as_bytes(), 1).unwrap()[0].median_us(), 40.0);
    }

    #[test]
    fn a_trace_that_is_cut_is_an_error() {
        assert!(kernels(TRACE.as_bytes(), 4).unwrap_err().contains("lacks runs"));
        assert!(kernels(&TRACE.as_bytes()[..300], 1).is_err());
    }
}

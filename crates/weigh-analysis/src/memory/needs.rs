//! What an inference needs beside the weights: activations, and the workspaces of the operators.

use weigh_ir::{Expr, Model, Workspace};

use super::Extent;
use super::timeline::{Step, Timeline};

/// Memory in one step of the file's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepMemory {
    /// Bytes of the activations alive in it; `None` for a node that runs only at load.
    pub live_bytes: Option<Expr>,
    /// The same where operators write over their inputs when they can.
    pub in_place_bytes: Option<Expr>,
    /// What it needs beside them.
    pub workspace: Workspace,
}

/// The most that steps need in the file's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The largest workspace in bytes.
    pub workspace: Expr,
    /// The node that has it, and what is in it.
    pub workspace_of: Option<(String, &'static str)>,
    /// Activations and workspace together, where that is most.
    pub bytes: Expr,
    /// The node that needs most.
    pub at: Option<String>,
    /// Whether every workspace and every activation is known; otherwise the figures are lower bounds.
    pub complete: bool,
}

pub(super) fn steps(
    timeline: &Timeline,
    live: &[Option<Extent>],
    in_place: &[Option<Extent>],
) -> Vec<StepMemory> {
    let bytes = |live: &[Option<Extent>], at: usize| Some(live.get(at)?.as_ref()?.bytes.clone());
    let step = |(at, step): (usize, &Step)| StepMemory {
        live_bytes: bytes(live, at),
        in_place_bytes: bytes(in_place, at),
        workspace: step.workspace.clone(),
    };
    timeline.steps.iter().enumerate().map(step).collect()
}

pub(super) fn needs(model: &Model, timeline: &Timeline, live: &[Option<Extent>]) -> Needs {
    let name = |at: usize| model.graph.nodes.get(at).map(|node| node.name.to_string());
    let known = |workspace: &Workspace| workspace.bytes.clone().unwrap_or_default();
    let workspaces = timeline.steps.iter().map(|step| known(&step.workspace));
    let workspace = Expr::largest(workspaces).unwrap_or_default();
    let has_it = |step: &Step| workspace != Expr::ZERO && step.workspace.bytes.as_ref() == Some(&workspace);
    let of = timeline.steps.iter().position(has_it);
    // Where a workspace is unknown, what is alive is needed all the same.
    let together: Vec<(usize, Expr)> = live
        .iter()
        .zip(&timeline.steps)
        .enumerate()
        .filter_map(|(at, (live, step))| Some((at, &live.as_ref()?.bytes + &known(&step.workspace))))
        .collect();
    let bytes = Expr::largest(together.iter().map(|(_, bytes)| bytes.clone())).unwrap_or_default();
    let at = together.iter().find(|(_, needed)| *needed == bytes).and_then(|(at, _)| name(*at));
    Needs {
        workspace_of: of.and_then(|at| Some((name(at)?, timeline.steps[at].workspace.purpose))),
        workspace,
        bytes,
        at,
        complete: timeline.complete && timeline.steps.iter().all(|step| step.workspace.bytes.is_some()),
    }
}

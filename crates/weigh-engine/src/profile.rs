//! What an engine's own profiler saw: the time of each node of the graph that really ran.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// Times of the nodes of an optimised graph.
#[derive(Debug)]
pub struct Profile {
    /// Every node that ran, in the order in which they first did.
    pub nodes: Vec<NodeTime>,
    /// The graph that really ran; `None` where the engine does not tell.
    pub graph: Option<GraphFile>,
}

/// What one node took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeTime {
    /// The node's name in the optimised graph, or in the model where there is no such graph.
    pub name: String,
    /// Its operator there.
    pub op: String,
    /// Milliseconds in one run of the model, all its calls together: the mean over the runs.
    pub mean_ms: f64,
    /// The same: the median over the runs.
    pub median_ms: f64,
    /// How often it ran in one run of the model: 1 outside of loops and branches.
    pub calls: f64,
}

/// An ONNX file that lives as long as this value.
#[derive(Debug)]
pub struct GraphFile {
    path: PathBuf,
    /// Deletes itself with all that is in it.
    _folder: TempDir,
}

impl GraphFile {
    /// Guards a file in that folder, and the folder.
    pub fn new(folder: TempDir, path: PathBuf) -> GraphFile {
        GraphFile { path, _folder: folder }
    }

    /// Where the file is. Weights that it keeps in other files are beside it.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

//! What made a report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The program and the command line that made a report, so that it can be made again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MadeBy {
    /// Name and version of the program, e.g. `weigh 0.1.0`.
    pub program: String,
    /// The command line as a POSIX shell would read it.
    pub command: String,
}

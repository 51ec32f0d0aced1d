//! Starting other programs, and treating their failure as an error.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::paths::root;

/// A command that starts in the root of the repository, and whose ONNX Runtime, if it has one, sends nothing home.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).env("ORT_DISABLE_TELEMETRY", "1");
    command
}

/// The cargo that runs this task, so that a toolchain chosen by hand stays chosen.
pub fn cargo(args: &[&str]) -> Command {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(args);
    cargo
}

/// Run to the end, with output going where ours goes.
pub fn run(mut command: Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

/// Whether the command can be started and succeeds, its output thrown away.
pub fn succeeds(mut command: Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

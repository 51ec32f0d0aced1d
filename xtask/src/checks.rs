//! The checks that need only cargo.

use anyhow::Result;

use crate::process::{cargo, run, succeeds};
use crate::steps::{Score, Steps};
use crate::venv::Venv;

/// Formatting, lints, documentation, licences, tests. Without a Python environment, ONNX Runtime is tested where it is
/// found.
pub fn all(steps: &mut Steps, venv: Option<&Venv>) -> Result<()> {
    steps.step("formatting", || run(cargo(&["fmt", "--all", "--check"])))?;
    steps
        .step("lints", || run(cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])))?;
    steps.step("documentation", || {
        let mut doc = cargo(&["doc", "--workspace", "--no-deps"]);
        doc.env("RUSTDOCFLAGS", "-D warnings");
        run(doc)
    })?;
    licences(steps)?;
    let onnxruntime = venv.map(Venv::onnxruntime).transpose()?;
    // Who waits for the verdict wants to know of every failure, so the row goes on.
    steps.counting_step("tests", |score| {
        let mut test = cargo(&["test", "--workspace", "--no-fail-fast"]);
        test.envs(onnxruntime.map(|library| ("ORT_DYLIB_PATH", library)));
        *score = Score::or_failed(run(test).map(|()| Score::default()));
        Ok(())
    })
}

/// Not the advisories: they change from day to day, and a test must not fail for what happened elsewhere.
fn licences(steps: &mut Steps) -> Result<()> {
    let name = "licences, bans, sources";
    if !succeeds(cargo(&["deny", "--version"])) {
        steps.skip(name, "cargo-deny is not installed");
        return Ok(());
    }
    steps.step(name, || run(cargo(&["deny", "check", "licenses", "bans", "sources"])))
}

//! The `weigh` command: parses arguments, makes reports, renders them.
//!
//! Exit codes: 0 fine; 1 a requirement is not met; 2 bad usage or bad input. Results go to standard output,
//! everything else to standard error. A closed pipe is no error.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    send_nothing();
    cli::run()
}

/// Tells ONNX Runtime to send nothing home and to keep no identifier of this machine, here and in workers. Builds since
/// 1.32 do so while the library is loaded, before it can be told by its own functions.
#[allow(unsafe_code)]
fn send_nothing() {
    // SAFETY: no other thread runs yet that could read the environment.
    unsafe { std::env::set_var("ORT_DISABLE_TELEMETRY", "1") };
}

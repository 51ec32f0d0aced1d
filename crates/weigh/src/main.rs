//! The `weigh` command: parses arguments, makes reports, renders them.
//!
//! Exit codes: 0 fine; 1 a requirement is not met; 2 bad usage or bad input. Results go to standard output,
//! everything else to standard error. A closed pipe is no error.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}

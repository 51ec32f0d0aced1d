//! Measures this machine's ceilings and prints them as JSON; progress goes to stderr.

use std::io::Write;
use std::sync::atomic::AtomicBool;

use weigh_hardware::Machine;
use weigh_hardware::ceilings::{self, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let machine = Machine::detect();
    let mut progress = |stage: ceilings::Stage, done: f64| {
        // A closed stderr is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{:>3.0} % {}", done * 100.0, stage.describe());
    };
    let found = ceilings::measure(&machine, &Options::of(&machine), &mut progress, &AtomicBool::new(false))?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&found)?)?;
    Ok(())
}

//! Measures this machine's ceilings and prints them as JSON; progress goes to stderr.
//!
//! Usage: `ceilings [TURNS]`: how often each figure is taken.

use std::io::Write;
use std::sync::atomic::AtomicBool;

use weigh_hardware::Machine;
use weigh_hardware::ceilings::{self, Options, Stage};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let machine = Machine::detect();
    let mut options = Options::of(&machine);
    if let Some(turns) = std::env::args().nth(1) {
        options.turns = turns.parse()?;
    }
    let mut progress = |stage: Stage, done: f64| {
        // A closed stderr is no reason to stop.
        let _ = write!(std::io::stderr(), "\r{:>3.0} % {:20}", done * 100.0, stage.describe());
    };
    let found = ceilings::measure(&machine, &options, &mut progress, &AtomicBool::new(false))?;
    let _ = writeln!(std::io::stderr());
    writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&found)?)?;
    Ok(())
}

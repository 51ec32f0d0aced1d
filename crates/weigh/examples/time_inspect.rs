//! Times static analysis in process, from files to facts: `time_inspect RUNS FILE...` prints the seconds that each run
//! over all files took as a JSON list.
//! `cargo xtask speed` sets it beside the ONNX package's shape inference.

use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let runs = arguments.next().ok_or("how many runs?")?;
    let files: Vec<String> = arguments.collect();
    let mut seconds = Vec::new();
    for _ in 0..runs.parse()? {
        let start = Instant::now();
        for file in &files {
            let opened = weigh::open(file)?;
            std::hint::black_box(weigh::analyze(&opened.model, &weigh::Options::default())?);
        }
        seconds.push(start.elapsed().as_secs_f64());
    }
    #[allow(clippy::print_stdout)]
    {
        println!("{seconds:?}");
    }
    Ok(())
}

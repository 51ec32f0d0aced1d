//! `hostile FILE... --mutants 20000 --seconds 300`: tries mutants of files until so many are tried or the time is up,
//! and counts those that panic, take more than five seconds of processor time or more than 1 GiB of memory.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports to a person")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use cpu_time::ProcessTime;
use hostile::messages::Messages;
use hostile::{FOR_EVER, PATIENCE, Tally, bytes, check};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What one mutant may take at most.
const MEMORY_LIMIT: usize = 1 << 30;
/// Larger files are left out: changes rarely meet what decides anything.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// Tries mutants of files.
#[derive(Parser)]
struct Arguments {
    /// ONNX files, and folders of them.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How many mutants to try.
    #[arg(long, default_value_t = 20_000)]
    mutants: u64,
    /// How long to try at most.
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// The number that the first mutant is made from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where a mutant that fails is kept.
    #[arg(long, default_value = "target/corpus/mutants")]
    keep: PathBuf,
}

/// A file to change.
struct Original {
    bytes: Vec<u8>,
    messages: Option<Messages>,
}

/// What went wrong, how often.
#[derive(Default)]
struct Failures {
    panics: u64,
    slow: u64,
    large: u64,
}

/// The mutant in progress, for the one who watches.
struct Progress {
    started: Mutex<(Instant, Vec<u8>)>,
    tried: AtomicU64,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("hostile: error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    let originals = originals(&arguments.paths)?;
    ensure!(!originals.is_empty(), "no files to change");
    let progress =
        Arc::new(Progress { started: Mutex::new((Instant::now(), Vec::new())), tried: AtomicU64::new(0) });
    watch(&progress, arguments.keep.clone());
    std::panic::set_hook(Box::new(|_| {}));
    let begin = Instant::now();
    let (mut tally, mut failures) = (Tally::default(), Failures::default());
    let (mut slowest, mut largest) = ((Duration::ZERO, 0), 0);
    let mut tried = 0;
    while tried < arguments.mutants && begin.elapsed().as_secs() < arguments.seconds {
        let mutant = mutant(&originals, arguments.seed + tried);
        if let Ok(mut started) = progress.started.lock() {
            *started = (Instant::now(), mutant.clone());
        }
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let start = ProcessTime::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| check(&mutant, tried.is_multiple_of(4))));
        let (time, memory) = (start.elapsed(), MEMORY.peak_usage().saturating_sub(before));
        (slowest, largest) = (slowest.max((time, arguments.seed + tried)), largest.max(memory));
        tried += 1;
        progress.tried.store(tried, Ordering::Relaxed);
        let (slow, large) = (time > PATIENCE, memory > MEMORY_LIMIT);
        failures.slow += u64::from(slow);
        failures.large += u64::from(large);
        failures.panics += u64::from(outcome.is_err());
        if slow || large || outcome.is_err() {
            keep(&arguments.keep, arguments.seed + tried - 1, &mutant)?;
        }
        if let Ok(outcome) = outcome {
            tally.count(outcome);
        }
    }
    let _ = std::panic::take_hook();
    let Failures { panics, slow, large } = failures;
    println!(
        "{tried} mutants of {} files in {:.0} s: {} unreadable, {} refused, {} weighed",
        originals.len(),
        begin.elapsed().as_secs_f64(),
        tally.unreadable,
        tally.refused,
        tally.weighed
    );
    println!(
        "{panics} panics, {slow} over {} s, {large} over 1 GiB; slowest {:.0} ms (mutant {}), largest {} KiB",
        PATIENCE.as_secs(),
        slowest.0.as_secs_f64() * 1e3,
        slowest.1,
        largest >> 10
    );
    let failed = panics + slow + large;
    println!("{} passed, {failed} failed", tried - failed.min(tried));
    Ok(failed == 0)
}

/// The files below these paths, in the order of their names.
fn originals(paths: &[PathBuf]) -> Result<Vec<Original>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let inside = path.read_dir().with_context(|| format!("cannot list {}", path.display()))?;
            for entry in inside {
                files.push(entry?.path());
            }
        } else {
            files.push(path.clone());
        }
    }
    files.retain(|file| file.is_file() && file.extension().is_some_and(|extension| extension == "onnx"));
    files.sort();
    let mut originals = Vec::new();
    for file in files {
        if file.metadata()?.len() <= MAX_FILE_BYTES {
            let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let messages = Messages::parse(&bytes);
            originals.push(Original { bytes, messages });
        }
    }
    Ok(originals)
}

/// The mutant of this number: of each file in turn, of its bytes and of its messages.
fn mutant(originals: &[Original], number: u64) -> Vec<u8> {
    let count = originals.len() as u64;
    let pick = |index: u64| &originals[(index % count) as usize];
    let original = pick(number);
    match &original.messages {
        Some(messages) if (number / count).is_multiple_of(2) => messages.mutant(number),
        _ => bytes::mutant(&original.bytes, &pick(number.wrapping_mul(31) + 7).bytes, number),
    }
}

fn keep(folder: &PathBuf, number: u64, mutant: &[u8]) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join(format!("{number}.onnx"));
    println!("FAILED mutant {number}: kept as {}", file.display());
    std::fs::write(&file, mutant).with_context(|| format!("cannot write {}", file.display()))
}

/// Ends the process when a mutant takes for ever.
fn watch(progress: &Arc<Progress>, folder: PathBuf) {
    let progress = Arc::clone(progress);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let stuck = match progress.started.lock() {
                Ok(started) => (started.0.elapsed() > FOR_EVER).then(|| started.1.clone()),
                Err(_) => None,
            };
            if let Some(mutant) = stuck {
                let number = progress.tried.load(Ordering::Relaxed);
                let _ = keep(&folder, number, &mutant);
                println!("mutant {number} does not end");
                std::process::exit(1);
            }
        }
    });
}

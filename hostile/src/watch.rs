//! Trying files one after the other, in a thread that is waited for: one that hangs is found.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cpu_time::ThreadTime;

use crate::{Outcome, check};

/// Processor time that one file may take at most: other programs do not count.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// A file that takes so long by the clock is taken for one that never ends.
pub const FOR_EVER: Duration = Duration::from_secs(60);

/// Every so many files one is shown as well.
const SHOWN: usize = 4;

/// How files went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Cannot be read.
    pub unreadable: usize,
    /// Can be read, but there are no facts.
    pub refused: usize,
    /// There are facts.
    pub weighed: usize,
}

impl Tally {
    /// Counts one file.
    pub fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Unreadable => self.unreadable += 1,
            Outcome::Refused => self.refused += 1,
            Outcome::Weighed => self.weighed += 1,
        }
    }
}

/// Makes and tries so many files.
///
/// # Panics
/// A file takes longer than [`PATIENCE`], or what should hold for it does not.
pub fn try_all(count: usize, make: impl Fn(usize) -> Vec<u8> + Send + 'static) -> Tally {
    let (done, progress) = mpsc::channel();
    let worker = thread::spawn(move || {
        let mut tally = Tally::default();
        for index in 0..count {
            let (file, start) = (make(index), ThreadTime::now());
            tally.count(check(&file, index.is_multiple_of(SHOWN)));
            assert!(start.elapsed() <= PATIENCE, "file {index} takes over {PATIENCE:?}");
            if done.send(index).is_err() {
                break;
            }
        }
        tally
    });
    let mut finished = 0;
    while finished < count {
        match progress.recv_timeout(FOR_EVER) {
            Ok(index) => finished = index + 1,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("file {finished} takes over {FOR_EVER:?}"),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    match worker.join() {
        Ok(tally) => tally,
        Err(_) => panic!("file {finished} does not hold: see above"),
    }
}

//! Trying files one after the other, in a thread that is waited for: one that hangs is found.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::{Outcome, check};

/// What one file may take at most.
pub const PATIENCE: Duration = Duration::from_secs(5);

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
            tally.count(check(&make(index), index.is_multiple_of(SHOWN)));
            if done.send(index).is_err() {
                break;
            }
        }
        tally
    });
    let mut finished = 0;
    while finished < count {
        match progress.recv_timeout(PATIENCE) {
            Ok(index) => finished = index + 1,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("file {finished} takes over {PATIENCE:?}"),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    match worker.join() {
        Ok(tally) => tally,
        Err(_) => panic!("file {finished} does not hold: see above"),
    }
}

//! One worker process, seen from outside.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::Failure;
use crate::memory;
use crate::sampling::RoundPlan;
use crate::scenario;
use crate::worker::{Difference, LayerTimes, Ready, Reply, Request, Round, ServeOrder, Setup};

/// How often a silent worker is looked at.
const GLANCE: Duration = Duration::from_millis(100);

/// How long an idle worker may take to end by itself, and how often it is looked at meanwhile.
const GRACE: Duration = Duration::from_secs(3);
const BLINK: Duration = Duration::from_millis(2);

/// How workers are started and how long they are waited for.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// A program that calls [`crate::worker::serve`] on its standard input and output.
    pub program: PathBuf,
    /// The arguments that make it do so.
    pub arguments: Vec<String>,
    /// How long an answer may take beyond what was asked for.
    pub patience: Duration,
    /// Set by the user who has seen enough.
    pub cancelled: Arc<AtomicBool>,
}

impl Launcher {
    /// Whether the user has seen enough.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Starts a worker.
    ///
    /// # Errors
    /// [`Failure::Lost`] where the program does not start.
    pub fn start(&self) -> Result<Worker, Failure> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A Ctrl-C at the terminal goes to the whole process group; workers end when told to.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let lost = |error: std::io::Error| {
            Failure::Lost(format!("cannot start {}: {error}", self.program.display()))
        };
        let mut child = command.spawn().map_err(lost)?;
        let (sender, replies) = channel();
        let last_words = Arc::new(Mutex::new(None));
        if let Some(output) = child.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        let listener = child.stderr.take().map(|errors| {
            let last_words = Arc::clone(&last_words);
            thread::spawn(move || {
                for line in BufReader::new(errors.take(1 << 20)).lines().map_while(Result::ok) {
                    if let (false, Ok(mut last)) = (line.trim().is_empty(), last_words.lock()) {
                        *last = Some(line.chars().take(300).collect());
                    }
                }
            })
        });
        let stdin = child.stdin.take();
        let launcher = self.clone();
        Ok(Worker { child, stdin, replies, listener, last_words, resident_bytes: None, launcher })
    }
}

/// A worker process; killed when dropped.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    stdin: Option<ChildStdin>,
    replies: Receiver<String>,
    listener: Option<thread::JoinHandle<()>>,
    last_words: Arc<Mutex<Option<String>>>,
    resident_bytes: Option<u64>,
    launcher: Launcher,
}

impl Worker {
    /// Loads a configuration and warms it up.
    ///
    /// # Errors
    /// See [`Failure`], here and below. After any but [`Failure::Refused`] the worker is of no more use.
    pub fn prepare(&mut self, setup: &Setup) -> Result<Ready, Failure> {
        match self.ask(&Request::Prepare(Box::new(setup.clone())), setup.warm_up.max_time)? {
            Reply::Ready(ready) => Ok(ready),
            _ => Err(strange()),
        }
    }

    /// Runs it for a while.
    ///
    /// # Errors
    /// See [`Worker::prepare`].
    pub fn round(&mut self, plan: &RoundPlan) -> Result<Round, Failure> {
        match self.ask(&Request::Round(plan.clone()), plan.max_time)? {
            Reply::Round(round) => Ok(*round),
            _ => Err(strange()),
        }
    }

    /// Runs it so often with the engine's profiler on, which should take no longer than `expected`.
    ///
    /// # Errors
    /// See [`Worker::prepare`].
    pub fn profile(&mut self, runs: usize, expected: Duration) -> Result<LayerTimes, Failure> {
        match self.ask(&Request::Profile { runs }, expected)? {
            Reply::Layers(layers) => Ok(layers),
            _ => Err(strange()),
        }
    }

    /// A file of the graph that the engine would run, which lives until the next question or the worker's end. Loading
    /// should take no longer than `expected`.
    ///
    /// # Errors
    /// See [`Worker::prepare`].
    pub fn optimized(&mut self, setup: &Setup, expected: Duration) -> Result<PathBuf, Failure> {
        match self.ask(&Request::Optimize(Box::new(setup.clone())), expected)? {
            Reply::Graph { path } => Ok(path),
            _ => Err(strange()),
        }
    }

    /// Puts it under load, which should take no longer than `expected`.
    ///
    /// # Errors
    /// See [`Worker::prepare`].
    pub fn serve(&mut self, order: ServeOrder, expected: Duration) -> Result<scenario::Outcome, Failure> {
        match self.ask(&Request::Serve(Box::new(order)), expected)? {
            Reply::Served(outcome) => Ok(*outcome),
            _ => Err(strange()),
        }
    }

    /// Runs two configurations once and compares what comes out.
    ///
    /// # Errors
    /// See [`Worker::prepare`].
    pub fn difference(&mut self, a: &Setup, b: &Setup) -> Result<Difference, Failure> {
        let request = Request::Difference(Box::new(a.clone()), Box::new(b.clone()));
        match self.ask(&request, Duration::ZERO)? {
            Reply::Difference(difference) => Ok(difference),
            _ => Err(strange()),
        }
    }

    /// Asks and waits for the answer, which may take as long as was `asked` for and the launcher's patience.
    fn ask(&mut self, request: &Request, asked: Duration) -> Result<Reply, Failure> {
        let mut line = serde_json::to_vec(request).map_err(|error| Failure::Lost(error.to_string()))?;
        line.push(b'\n');
        let written = self.stdin.as_mut().map(|stdin| stdin.write_all(&line).and_then(|()| stdin.flush()));
        if !matches!(written, Some(Ok(()))) {
            return Err(self.post_mortem());
        }
        let reply = self.wait(asked.saturating_add(self.launcher.patience))?;
        match serde_json::from_str(&reply) {
            Ok(Reply::Failed { reason }) => Err(Failure::Refused(reason)),
            Ok(reply) => Ok(reply),
            Err(error) => Err(Failure::Lost(format!("the worker's answer is not understood: {error}"))),
        }
    }

    fn wait(&mut self, patience: Duration) -> Result<String, Failure> {
        let start = Instant::now();
        loop {
            match self.replies.recv_timeout(GLANCE) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Disconnected) => return Err(self.post_mortem()),
                Err(RecvTimeoutError::Timeout) => {
                    self.resident_bytes = memory::resident_of(self.child.id()).or(self.resident_bytes);
                }
            }
            if self.launcher.is_cancelled() {
                return Err(Failure::Interrupted);
            }
            if start.elapsed() > patience {
                return Err(Failure::Hung { seconds: patience.as_secs() });
            }
        }
    }

    /// Why the process is gone.
    fn post_mortem(&mut self) -> Failure {
        // A worker that only closed its output is of no use either.
        let status = match self.child.try_wait() {
            Ok(Some(status)) => Ok(status),
            _ => {
                thread::sleep(GLANCE);
                let ended = self.child.try_wait();
                let _ = self.child.kill();
                ended.and_then(|status| status.map_or_else(|| self.child.wait(), Ok))
            }
        };
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        let said = self.last_words.lock().ok().and_then(|mut last| last.take());
        match status {
            Ok(status) if is_kill(status) => Failure::Killed { resident_bytes: self.resident_bytes },
            Ok(status) => Failure::Crashed { how: how(status), said },
            Err(error) => Failure::Lost(format!("the worker is lost: {error}")),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its input is a worker's end: it leaves no files behind. One that hangs or runs does not see it.
        drop(self.stdin.take());
        let start = Instant::now();
        while !self.launcher.is_cancelled() && start.elapsed() < GRACE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(BLINK);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn strange() -> Failure {
    Failure::Lost("the worker answered another question".to_owned())
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

fn is_kill(status: ExitStatus) -> bool {
    signal(status) == Some(9)
}

fn how(status: ExitStatus) -> String {
    match (signal(status), status.code()) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("exit status {code}"),
        (None, None) => "no exit status".to_owned(),
    }
}

//! The worker's side: a loop of requests.

use std::io::{self, BufRead, Write};

use weigh_engine::{GraphFile, ModelSource};

use super::bench::{Bench, engine};
use super::difference::difference;
use super::protocol::{Reply, Request, Setup};

/// Answers requests until there are no more.
///
/// # Errors
/// Standard input or output broke. What goes wrong with a model is an answer.
pub fn serve(requests: impl BufRead, mut replies: impl Write) -> io::Result<()> {
    volunteer_for_the_oom_killer();
    let mut held = Held::default();
    for line in requests.lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let reply = match serde_json::from_str(&line) {
            Ok(request) => held.answer(request),
            Err(error) => Reply::Failed { reason: format!("not understood: {error}") },
        };
        serde_json::to_writer(&mut replies, &reply)?;
        replies.write_all(b"\n")?;
        replies.flush()?;
    }
    Ok(())
}

/// What lives from one request to the next.
#[derive(Default)]
struct Held {
    bench: Option<Bench>,
    /// Guards the file that was told last.
    graph: Option<GraphFile>,
}

impl Held {
    fn answer(&mut self, request: Request) -> Reply {
        self.graph = None;
        let bench = &mut self.bench;
        let unprepared = || "no model is loaded".to_owned();
        let result = match request {
            Request::Prepare(setup) => {
                // The old model must be gone before the new one is loaded.
                *bench = None;
                Bench::prepare(*setup).map(|(made, ready)| {
                    *bench = Some(made);
                    Reply::Ready(ready)
                })
            }
            Request::Round(plan) => {
                let bench = bench.as_mut().ok_or_else(unprepared);
                bench.and_then(|bench| bench.round(&plan)).map(|round| Reply::Round(Box::new(round)))
            }
            Request::Profile { runs } => {
                let bench = bench.as_mut().ok_or_else(unprepared);
                bench.and_then(|bench| bench.profile(runs)).map(Reply::Layers)
            }
            Request::Serve(order) => {
                let bench = bench.as_mut().ok_or_else(unprepared);
                bench.and_then(|bench| bench.serve(*order)).map(|outcome| Reply::Served(Box::new(outcome)))
            }
            Request::Difference(a, b) => {
                *bench = None;
                difference(&a, &b).map(Reply::Difference)
            }
            Request::Optimize(setup) => {
                *bench = None;
                optimized(&setup).map(|graph| {
                    let path = graph.path().to_owned();
                    self.graph = Some(graph);
                    Reply::Graph { path }
                })
            }
        };
        result.unwrap_or_else(|reason| Reply::Failed { reason })
    }
}

fn optimized(setup: &Setup) -> Result<GraphFile, String> {
    let source = ModelSource::File(setup.model.clone());
    engine(setup)?.optimized(&source, &setup.options).map_err(|error| error.to_string())
}

/// Where memory runs out, the system ends this process rather than the one that waits for it (Linux, proc(5):
/// oom_score_adj; raising it needs no rights).
fn volunteer_for_the_oom_killer() {
    if cfg!(target_os = "linux") {
        // A refusal changes only who is ended.
        let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    }
}

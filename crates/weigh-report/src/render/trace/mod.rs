//! Layers on a time line, in the trace-event format that Perfetto, chrome://tracing and Speedscope read.
//!
//! Every report is a process, every measurement and every prediction a thread of it. Times of layers are means over
//! runs, laid end to end: no run looked so, and the document says that. Memory is a counter where its steps are those of
//! the layers that were timed.
//! Format: <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>.

mod memory;
mod tracks;

use serde::Serialize;
use serde_json::Value;

use super::{RenderOptions, Renderer, Wants, json};
use crate::report::Report;
use tracks::{Arguments, Track};

pub(super) struct Trace;

impl Renderer for Trace {
    fn name(&self) -> &'static str {
        "trace"
    }

    fn about(&self) -> &'static str {
        "layers on a time line, for Perfetto and chrome://tracing"
    }

    fn media(&self) -> &'static str {
        "application/json"
    }

    fn wants(&self) -> Wants {
        Wants { layer_times: true, memory: true, ..Wants::default() }
    }

    fn lacks(&self, reports: &[Report]) -> Option<&'static str> {
        reports.iter().all(|report| tracks::of(report).is_empty()).then_some(NO_TIMES)
    }

    fn render(&self, reports: &[Report], _: &RenderOptions) -> String {
        match reports.is_empty() {
            true => String::new(),
            false => json::harmless(&document(reports)),
        }
    }
}

/// What holds for every track, for people who wonder.
const ABOUT: &str = "Times of layers are means over runs, laid end to end in the order of the model's layers; what an \
engine added comes last. No single run looked so.";

const NO_TIMES: &str = "no layer has a time: `weigh measure` and `weigh predict` find times";

/// An event. Times are microseconds, to a nanosecond.
#[derive(Serialize)]
struct Event {
    name: String,
    ph: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: usize,
    tid: usize,
    args: Arguments,
}

impl Event {
    /// An event that says something about a process or a thread.
    fn about(what: &str, pid: usize, tid: usize, key: &str, value: impl Into<Value>) -> Event {
        let args = Arguments::from_iter([(key.to_owned(), value.into())]);
        Event { name: what.to_owned(), ph: "M", cat: None, ts: None, dur: None, pid, tid, args }
    }
}

/// What is said of the document as a whole.
#[derive(Serialize)]
struct Other<'r> {
    about: &'static str,
    program: Option<&'r str>,
    notes: Vec<String>,
}

fn document(reports: &[Report]) -> String {
    let program = reports.iter().find_map(|report| Some(report.made_by.as_ref()?.program.as_str()));
    let mut other = Other { about: ABOUT, program, notes: Vec::new() };
    let mut events = Vec::new();
    for (report, pid) in reports.iter().zip(1..) {
        let name = report.model.as_ref().map_or("no model", |model| model.name.as_str());
        let tracks = tracks::of(report);
        if tracks.is_empty() {
            other.notes.push(format!("{name}: {NO_TIMES}"));
        }
        events.push(Event::about("process_name", pid, 0, "name", name));
        for (track, tid) in tracks.iter().zip(1..) {
            events.push(Event::about("thread_name", pid, tid, "name", track.title.as_str()));
            events.push(Event::about("thread_sort_index", pid, tid, "sort_index", tid));
            events.extend(shown(report, track, pid, tid));
        }
    }
    // Writing plain data cannot fail.
    let other = serde_json::to_string(&other).unwrap_or_default();
    let events = json::list(&events);
    format!("{{\n\"displayTimeUnit\": \"ms\",\n\"otherData\": {other},\n\"traceEvents\": {events}\n}}\n")
}

/// The events of one track, in the order of time.
fn shown(report: &Report, track: &Track<'_>, pid: usize, tid: usize) -> Vec<Event> {
    let microseconds = |ns: u64| ns as f64 / 1e3;
    let counter = format!("bytes of activations alive ({})", track.title);
    let mut events = Vec::new();
    for (slice, bytes) in track.slices.iter().zip(memory::alive(report, track)) {
        let ts = Some(microseconds(slice.start_ns));
        events.extend(bytes.map(|bytes| {
            let args = Arguments::from_iter([("bytes".to_owned(), bytes.into())]);
            Event { name: counter.clone(), ph: "C", cat: None, ts, dur: None, pid, tid, args }
        }));
        events.push(Event {
            name: slice.name.clone(),
            ph: "X",
            cat: Some(track.category),
            ts,
            dur: Some(microseconds(slice.end_ns.saturating_sub(slice.start_ns))),
            pid,
            tid,
            args: slice.args.clone(),
        });
    }
    events
}

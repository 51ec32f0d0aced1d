//! A worker: a process of its own that loads one model and runs it when told.
//!
//! What a process inherits by chance (where memory lies, which pages are warm, what threads it found) stays with it
//! for life, so two processes differ by more than their own inferences do: a measurement needs several
//! (Kalibera and Jones, arXiv:2007.10899). A process of its own also makes crashes and memory of one model
//! its own.
//!
//! A worker reads [`Request`]s from standard input and answers each with one [`Reply`] on standard output, one JSON
//! document a line, until standard input ends. It prints nothing else there. [`serve`] is all of it; the program
//! that starts workers must call it when started with the arguments it gives them ([`crate::fleet::Launcher`]).

mod bench;
mod difference;
mod protocol;
mod rest;
mod serve;
mod service;
mod work;

pub use difference::Difference;
pub use protocol::{
    Data, Feed, LayerTimes, Ready, Reply, Request, Round, ServeOrder, Setup, Stage, StageTimes,
};
pub use serve::serve;

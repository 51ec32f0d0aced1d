//! Real inputs: files to tensors by recipes, outputs to answers.
//!
//! A [`Recipe`] says what becomes of a file; a [`Source`] is the files; a [`Pipeline`] fits both to a model's inputs
//! and has a method for each stage around the inference: load, preprocess, postprocess. What the stages do exactly is
//! written in `docs/data.md`.
//!
//! Invariants:
//! - Pictures are resized, cropped and converted bit for bit as Pillow does it, decoders aside.
//! - Files are hostile: every size is checked before memory is taken, and nothing panics.
//! - A recipe that cannot make a model's inputs is an error before anything runs.
#![forbid(unsafe_code)]

mod answers;
mod arrays;
mod error;
mod files;
mod half;
mod images;
mod input;
mod pipeline;
mod recipe;
mod resample;
mod sound;
mod source;
#[cfg(feature = "tokenizers")]
mod tokens;

pub use answers::{Answer, Answers, Class, Detection, Postprocess, PostprocessEntry, postprocessors};
pub use error::DataError;
pub use files::{Loaded, Recording};
pub use images::{Filter, Picture};
pub use input::ModelInput;
pub use pipeline::Pipeline;
pub use recipe::{Channels, Layout, Model, Recipe, RecipeEntry, Sound, Step, Target, Text, recipes};
pub use source::Source;

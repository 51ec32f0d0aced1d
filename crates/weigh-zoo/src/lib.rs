//! Reference architectures as graphs, built by code: no file, no download, no trained weights.
//!
//! An architecture is a function that builds a [`Model`] and one entry of [`ENTRIES`]; help, lists and tests
//! iterate that table. Names, module paths and the order of layers are torchvision's (Hugging Face's for the
//! language models), so that a graph compares with an export of the trained model. What an exporter leaves
//! out is left out: dropout, and adaptive pooling to the extents that are there already.
#![forbid(unsafe_code)]

mod alexnet;
mod bert;
mod blocks;
mod builder;
mod densenet;
mod efficientnet;
mod gpt;
pub mod layers;
mod lstm;
mod mobilenet;
pub mod probes;
mod resnet;
mod squeezenet;
mod transformer;
mod vgg;
mod vit;

use weigh_ir::{Expr, Model};

/// One architecture.
#[derive(Debug)]
pub struct Entry {
    /// The name that the user types.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What it is used for.
    pub task: Task,
    /// The definition it follows.
    pub source: &'static str,
    /// Builds the graph.
    pub build: fn(&Options) -> Model,
}

/// What an architecture is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Images to one of 1000 classes.
    ImageClassification,
    /// Text to vectors.
    TextEncoding,
    /// Text to the next token.
    TextGeneration,
    /// A sequence of vectors to another.
    SequenceModelling,
}

impl Task {
    /// The task in words.
    pub fn name(self) -> &'static str {
        match self {
            Task::ImageClassification => "image classification",
            Task::TextEncoding => "text encoding",
            Task::TextGeneration => "text generation",
            Task::SequenceModelling => "sequence modelling",
        }
    }
}

/// How to build an architecture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The extent of the batch.
    pub batch: Batch,
}

/// The extent of the batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Batch {
    /// The symbol `batch`.
    #[default]
    Symbolic,
    /// This many, at least 1.
    Fixed(i64),
}

impl Batch {
    fn extent(self) -> Expr {
        match self {
            Batch::Symbolic => Expr::symbol("batch"),
            Batch::Fixed(extent) => Expr::Int(extent),
        }
    }
}

/// Every architecture, by task and family.
pub const ENTRIES: &[Entry] = &[
    alexnet::ALEXNET,
    alexnet::ALEXNET_2012,
    vgg::VGG11,
    vgg::VGG16,
    vgg::VGG19,
    squeezenet::SQUEEZENET1_0,
    resnet::RESNET18,
    resnet::RESNET34,
    resnet::RESNET50,
    resnet::RESNET101,
    resnet::RESNET152,
    densenet::DENSENET121,
    mobilenet::MOBILENET_V1,
    mobilenet::MOBILENET_V2,
    mobilenet::MOBILENET_V3_SMALL,
    efficientnet::EFFICIENTNET_B0,
    vit::VIT_B_16,
    bert::BERT_BASE,
    gpt::GPT2,
    gpt::GPT2_DECODE,
    lstm::LSTM,
];

/// The architecture of this name, if there is one.
pub fn find(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.name == name)
}

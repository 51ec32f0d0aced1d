//! What outputs mean: classes and boxes, one answer for each place of the batch.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use weigh_engine::{Tensor, TensorData};
use weigh_ir::half::f16_to_f32;

use crate::DataError;

mod classes;
mod nms;

/// The most classes that `softmax-topK` gives.
const MAX_TOP: usize = 1000;

/// What is done with a model's outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Postprocess {
    /// Nothing.
    #[default]
    None,
    /// Probabilities of the classes, the most probable ones first.
    SoftmaxTop(usize),
    /// The class with the highest score, at every position.
    Argmax,
    /// Boxes that do not overlap.
    Nms,
}

/// A postprocessor as a list shows it.
pub struct PostprocessEntry {
    /// The name, capitals standing for what varies: `softmax-topK`.
    pub name: &'static str,
    /// One line for the help text.
    pub about: &'static str,
}

/// Every postprocessor.
pub fn postprocessors() -> &'static [PostprocessEntry] {
    &[
        PostprocessEntry {
            name: "softmax-topK",
            about: "probabilities of the K best classes, e.g. softmax-top5",
        },
        PostprocessEntry {
            name: "argmax",
            about: "the best class, at every position of a segmentation or a text",
        },
        PostprocessEntry { name: "nms", about: "the boxes of a detector that do not overlap (YOLO, SSD)" },
        PostprocessEntry { name: "none", about: "nothing" },
    ]
}

impl FromStr for Postprocess {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Postprocess, DataError> {
        let top = |text: &str| {
            text.strip_prefix("softmax-top")?.parse().ok().filter(|top| (1..=MAX_TOP).contains(top))
        };
        match text {
            "none" => Ok(Postprocess::None),
            "argmax" => Ok(Postprocess::Argmax),
            "nms" => Ok(Postprocess::Nms),
            _ => top(text).map(Postprocess::SoftmaxTop).ok_or_else(|| {
                let names: Vec<_> = postprocessors().iter().map(|entry| entry.name).collect();
                DataError::new(
                    format!("no postprocessor `{text}`"),
                    format!("there are {}, with K from 1 to {MAX_TOP}", names.join(", ")),
                )
            }),
        }
    }
}

impl fmt::Display for Postprocess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Postprocess::None => f.write_str("none"),
            Postprocess::SoftmaxTop(top) => write!(f, "softmax-top{top}"),
            Postprocess::Argmax => f.write_str("argmax"),
            Postprocess::Nms => f.write_str("nms"),
        }
    }
}

impl TryFrom<String> for Postprocess {
    type Error = DataError;

    fn try_from(text: String) -> Result<Postprocess, DataError> {
        text.parse()
    }
}

impl From<Postprocess> for String {
    fn from(post: Postprocess) -> String {
        post.to_string()
    }
}

/// One answer for each place of the batch; none from [`Postprocess::None`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// In the order of the batch.
    pub items: Vec<Answer>,
}

/// What a model says of one item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Classes, the most probable first.
    Classes(Vec<Class>),
    /// The best class of each position, row-major.
    Labels(Vec<usize>),
    /// Boxes, the highest score first.
    Boxes(Vec<Detection>),
}

/// A class and how probable it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Class {
    /// Its number, from 0.
    pub index: usize,
    /// Its probability.
    pub probability: f64,
}

/// A box around something.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Left, top, right, bottom, in the model's own units.
    pub corners: [f32; 4],
    /// The number of its class, from 0.
    pub class: usize,
    /// Its score.
    pub score: f32,
}

impl Postprocess {
    /// Answers from a model's outputs, in the model's order.
    ///
    /// # Errors
    /// Outputs of shapes or types that it does not know.
    pub fn run(&self, outputs: &[(String, Tensor)]) -> Result<Answers, DataError> {
        let items = match self {
            Postprocess::None => vec![],
            Postprocess::SoftmaxTop(top) => classes::softmax_top(&first(outputs)?, *top)?,
            Postprocess::Argmax => classes::argmax(&first(outputs)?)?,
            Postprocess::Nms => nms::boxes(outputs)?,
        };
        Ok(Answers { items })
    }
}

/// An output as floats.
struct Scores<'a> {
    name: &'a str,
    shape: &'a [usize],
    values: std::borrow::Cow<'a, [f32]>,
}

impl Scores<'_> {
    fn of((name, tensor): &(String, Tensor)) -> Result<Scores<'_>, DataError> {
        let values = match tensor.data() {
            TensorData::F32(values) => values.into(),
            TensorData::F64(values) => values.iter().map(|&value| value as f32).collect(),
            TensorData::F16(values) => values.iter().map(|&bits| f16_to_f32(bits)).collect(),
            TensorData::BF16(values) => {
                values.iter().map(|&bits| f32::from_bits(u32::from(bits) << 16)).collect()
            }
            other => {
                return Err(DataError::new(
                    format!("output `{name}`: scores are floats, not {}", other.dtype()),
                    "use the postprocessor none",
                ));
            }
        };
        Ok(Scores { name, shape: tensor.shape(), values })
    }

    /// An error about a shape that the postprocessor does not know.
    fn unknown(&self, hint: &str) -> DataError {
        DataError::new(format!("output `{}`: no answers in the shape {:?}", self.name, self.shape), hint)
    }
}

fn first(outputs: &[(String, Tensor)]) -> Result<Scores<'_>, DataError> {
    let output = outputs.first();
    output
        .ok_or_else(|| DataError::new("the model has no outputs", "use the postprocessor none"))
        .and_then(Scores::of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for name in ["none", "argmax", "nms", "softmax-top1", "softmax-top1000"] {
            assert_eq!(name.parse::<Postprocess>().unwrap().to_string(), name);
        }
        for name in ["", "softmax-top0", "softmax-top1001", "softmax-top", "softmax-top5 ", "top5"] {
            let error = name.parse::<Postprocess>().unwrap_err();
            assert_eq!(error.to_string(), format!("no postprocessor `{name}`"));
        }
        assert_eq!(serde_json::to_string(&Postprocess::SoftmaxTop(5)).unwrap(), "\"softmax-top5\"");
        assert_eq!(serde_json::from_str::<Postprocess>("\"nms\"").unwrap(), Postprocess::Nms);
        assert!(serde_json::from_str::<Postprocess>("\"nothing\"").is_err());
    }

    #[test]
    fn scores_are_floats_of_any_width() {
        let output = |data| ("y".to_owned(), Tensor::new(vec![1, 2], data).unwrap());
        let labels = |data| Postprocess::Argmax.run(&[output(data)]).map(|answers| answers.items);
        let second = vec![Answer::Labels(vec![1])];
        assert_eq!(labels(TensorData::F64(vec![0.0, 1.0])).unwrap(), second);
        assert_eq!(labels(TensorData::F16(vec![0, 0x3c00])).unwrap(), second);
        assert_eq!(labels(TensorData::BF16(vec![0, 0x3f80])).unwrap(), second);
        let error = labels(TensorData::I64(vec![0, 1])).unwrap_err().to_string();
        assert_eq!(error, "output `y`: scores are floats, not int64");
        assert!(Postprocess::Nms.run(&[]).is_err());
        assert_eq!(Postprocess::None.run(&[]).unwrap(), Answers::default());
    }
}

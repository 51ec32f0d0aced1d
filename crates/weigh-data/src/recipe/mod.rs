//! What becomes of a file on its way to a model's inputs: named recipes, and one's own as TOML.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::images::Filter;

mod named;

pub use named::{RecipeEntry, recipes};

/// The most bytes that a recipe's file may have.
const MAX_RECIPE_BYTES: u64 = 1 << 20;

/// How loaded files become the inputs of a model. Serialised it is what its TOML says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipe {
    /// Pictures through a row of steps.
    Image(Vec<Step>),
    /// Recordings: one channel, at one rate, as long as the model's input.
    Sound(Sound),
    /// Texts through a tokenizer.
    Text(Text),
    /// Arrays and pictures as they are.
    Raw {},
}

/// What is done to a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Another size, the aspect kept: the shorter side as said, the longer in proportion, cut to whole pixels.
    Shorter {
        /// Pixels of the shorter side.
        to: u32,
        /// Where given, `to` is meant for a model whose input has a shorter side of so many pixels, and is scaled to
        /// the model at hand, halves up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<u32>,
        /// How pixels are made.
        #[serde(default)]
        filter: Filter,
    },
    /// Another size, the aspect not kept.
    Resize {
        /// The new size.
        to: Target,
        /// How pixels are made.
        #[serde(default)]
        filter: Filter,
    },
    /// The whole picture in the middle of a frame, as large as fits, the aspect kept.
    Letterbox {
        /// The frame.
        to: Target,
        /// The samples around the picture.
        #[serde(default = "grey")]
        pad: u8,
        /// How pixels are made.
        #[serde(default)]
        filter: Filter,
    },
    /// The middle of the picture.
    Crop {
        /// Its size.
        to: Target,
    },
    /// What the samples of a pixel are, and their order.
    Channels(Channels),
    /// Samples become numbers: each over this one, in float32.
    Divide(f64),
    /// (sample − mean) / std in float32, for each channel in the order they have at this place.
    Normalize {
        /// One number for each channel.
        mean: Vec<f64>,
        /// One number for each channel, none of them 0.
        std: Vec<f64>,
    },
    /// The order of the axes; without this step that of the model's input.
    Layout(Layout),
}

/// The grey that YOLO pads with.
fn grey() -> u8 {
    114
}

/// A size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected [width, height] or \"model\"")]
pub enum Target {
    /// Width and height.
    Pixels(u32, u32),
    /// That of the model's input.
    Of(Model),
}

impl Target {
    /// The size of the model's input.
    pub const MODEL: Target = Target::Of(Model::Model);
}

/// The one word that stands for the model's own size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Model {
    /// The size of the model's input.
    Model,
}

/// The samples of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// Luma alone.
    Grey,
}

/// The order of the axes of a batch of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Batch, channels, height, width.
    Nchw,
    /// Batch, height, width, channels.
    Nhwc,
}

/// What is done to a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sound {
    /// Samples per second that the model wants.
    pub rate: u32,
}

/// What is done to a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// A Hugging Face `tokenizer.json`.
    pub tokenizer: PathBuf,
}

impl Recipe {
    /// The recipe that a command line names: one of [`recipes`], or a file that ends in `.toml`.
    ///
    /// # Errors
    /// As [`Recipe::named`] and [`Recipe::from_toml`], and a file that cannot be read.
    pub fn open(text: &str) -> Result<Recipe, DataError> {
        if !text.ends_with(".toml") {
            return Recipe::named(text);
        }
        let path = Path::new(text);
        let content = crate::files::read_text(path, MAX_RECIPE_BYTES)?;
        let mut recipe =
            Recipe::from_toml(&content).map_err(|error| DataError::file(path, &error, error.hint()))?;
        if let (Recipe::Text(Text { tokenizer }), Some(folder)) = (&mut recipe, path.parent()) {
            *tokenizer = folder.join(&*tokenizer);
        }
        Ok(recipe)
    }

    /// Reads a recipe of one's own.
    ///
    /// # Errors
    /// What TOML or the recipe's form does not allow, with line and column, counted from 1.
    pub fn from_toml(text: &str) -> Result<Recipe, DataError> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().and_then(|span| text.get(..span.start)).map(position);
            let place =
                at.map(|(line, column)| format!("line {line}, column {column}: ")).unwrap_or_default();
            DataError::new(
                format!("{place}{}", error.message().replace('\n', ", ")),
                "a recipe is [[image]] steps, [sound], [text] or [raw]; see docs/data.md",
            )
        })
    }
}

/// Line and column of what follows a text, counted from 1.
fn position(before: &str) -> (usize, usize) {
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_as_toml() {
        let text = r#"
            [[image]]
            shorter = { to = 256, of = 224, filter = "bicubic" }
            [[image]]
            crop = { to = "model" }
            [[image]]
            letterbox = { to = [640, 480] }
            [[image]]
            channels = "bgr"
            [[image]]
            divide = 255
            [[image]]
            normalize = { mean = [0.5, 0.5, 0.5], std = [1, 1, 1] }
            [[image]]
            layout = "nhwc"
        "#;
        let steps = vec![
            Step::Shorter { to: 256, of: Some(224), filter: Filter::Bicubic },
            Step::Crop { to: Target::MODEL },
            Step::Letterbox { to: Target::Pixels(640, 480), pad: 114, filter: Filter::Bilinear },
            Step::Channels(Channels::Bgr),
            Step::Divide(255.0),
            Step::Normalize { mean: vec![0.5; 3], std: vec![1.0; 3] },
            Step::Layout(Layout::Nhwc),
        ];
        assert_eq!(Recipe::from_toml(text).unwrap(), Recipe::Image(steps));
        assert_eq!(Recipe::from_toml("[raw]").unwrap(), Recipe::Raw {});
        assert_eq!(Recipe::from_toml("[sound]\nrate = 8000").unwrap(), Recipe::Sound(Sound { rate: 8000 }));
    }

    #[test]
    fn errors_name_line_and_column() {
        for (text, wanted) in [
            (
                "[[image]]\ncrop = { to = \"moon\" }",
                "line 2, column 15: expected [width, height] or \"model\"",
            ),
            ("[[image]]\nlayout = \"chwn\"", "line 2, column 10: unknown variant `chwn`"),
            ("[[image]]\ncrop = {\n", "line 2, column 9: unclosed inline table"),
            ("[sound]\nspeed = 3", "line 2, column 1: unknown field `speed`"),
            ("[film]", "line 1, column 2: unknown variant `film`"),
        ] {
            let error = Recipe::from_toml(text).unwrap_err();
            assert!(error.to_string().starts_with(wanted), "{text}: {error}");
            assert!(!error.hint().is_empty());
        }
    }

    #[test]
    fn every_named_recipe_travels_as_json() {
        for entry in recipes() {
            let recipe = Recipe::named(entry.example).unwrap();
            let json = serde_json::to_string(&recipe).unwrap();
            assert_eq!(serde_json::from_str::<Recipe>(&json).unwrap(), recipe, "{json}");
        }
    }

    #[test]
    fn a_tokenizer_is_looked_for_beside_its_recipe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bert.toml");
        std::fs::write(&path, "[text]\ntokenizer = \"tokenizer.json\"").unwrap();
        let recipe = Recipe::open(path.to_str().unwrap()).unwrap();
        assert_eq!(recipe, Recipe::Text(Text { tokenizer: folder.path().join("tokenizer.json") }));
        let error = Recipe::open("/nowhere/x.toml").unwrap_err().to_string();
        assert!(error.starts_with("/nowhere/x.toml: "), "{error}");
    }
}

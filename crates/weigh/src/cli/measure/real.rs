//! Real inputs: which files, and what happens to them before and after the model.

use std::path::PathBuf;

use anyhow::Context;
use weigh::DataRequest;
use weigh_data::{Postprocess, Recipe, Source};

use super::{Hinted, is_toml};

#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Measure with real inputs: a file or a folder of images, .npy, .npz, .wav or text
    #[arg(long, value_name = "FILE|DIR", help_heading = "Data")]
    data: Option<PathBuf>,

    /// From files to inputs: imagenet, letterbox-640, raw, wav16k, tokenizer:FILE, or a recipe in a .toml file
    #[arg(long, value_name = "RECIPE", requires = "data", help_heading = "Data")]
    preprocess: Option<String>,

    /// From outputs to answers: softmax-topK, argmax, nms, none
    #[arg(long, value_name = "NAME", requires = "data", default_value = "none", help_heading = "Data")]
    postprocess: String,
}

impl Args {
    /// What was asked for; `None` for made-up inputs.
    pub fn request(&self) -> anyhow::Result<Option<DataRequest>> {
        let Some(path) = &self.data else {
            return Ok(None);
        };
        let source = Source::open(path).with_context(|| format!("no data in {}", path.display()))?;
        let recipe_name = self.preprocess.clone().unwrap_or_else(|| "raw".to_owned());
        let recipe = if is_toml(&recipe_name) {
            let text = std::fs::read_to_string(&recipe_name)
                .with_context(|| format!("cannot read the recipe {recipe_name}"))?;
            Recipe::from_toml(&text).with_context(|| format!("{recipe_name} is no recipe"))?
        } else {
            Recipe::named(&recipe_name).map_err(|error| {
                Hinted::new(error.to_string(), "--help lists the recipes; a file of one's own ends with .toml")
            })?
        };
        let postprocess: Postprocess = self.postprocess.parse()?;
        Ok(Some(DataRequest {
            path: path.clone(),
            recipe,
            recipe_name,
            postprocess,
            postprocess_name: self.postprocess.clone(),
            items: source.len() as u64,
        }))
    }
}

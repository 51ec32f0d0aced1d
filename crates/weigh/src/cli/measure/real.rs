//! Real inputs: which files, and what happens to them before and after the model.

use std::path::PathBuf;

use weigh::DataRequest;
use weigh_data::{DataError, Postprocess, Recipe, Source};

use super::Hinted;

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
        let told = |error: DataError| Hinted::new(error.to_string(), error.hint());
        let recipe_name = self.preprocess.clone().unwrap_or_else(|| "raw".to_owned());
        let recipe = Recipe::open(&recipe_name).map_err(told)?;
        let postprocess: Postprocess = self.postprocess.parse().map_err(told)?;
        let source = Source::open(path, &recipe).map_err(told)?;
        Ok(Some(DataRequest {
            path: path.clone(),
            recipe,
            recipe_name,
            postprocess,
            postprocess_name: self.postprocess.clone(),
            items: source.len() as u64,
            skipped: source.skipped(),
        }))
    }
}

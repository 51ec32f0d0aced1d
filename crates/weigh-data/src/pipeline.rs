//! The stages of an inference over real data, each to be timed by itself.

use std::path::Path;

use weigh_engine::{Input, Tensor};

use crate::answers::{Answers, Postprocess};
use crate::files::{self, Loaded, Recording};
use crate::images::{self, Picture};
use crate::{DataError, ModelInput, Recipe, Source, arrays, sound};

/// Data on their way through a model: [`load`](Pipeline::load), [`preprocess`](Pipeline::preprocess), the inference
/// itself, [`postprocess`](Pipeline::postprocess). Each stage works on one thread and keeps nothing for the next call.
pub struct Pipeline {
    source: Source,
    inputs: Vec<ModelInput>,
    /// Items that one inference takes.
    items: usize,
    maker: Maker,
    post: Postprocess,
}

/// What makes inputs of loaded files.
enum Maker {
    Pictures(images::Plan),
    Sounds(sound::Plan),
    #[cfg(feature = "tokenizers")]
    Texts(Box<crate::tokens::Plan>),
    Arrays,
}

impl Pipeline {
    /// Fits a recipe and the files to a model's inputs, all dims known. The leading extent of the inputs is the batch.
    ///
    /// # Errors
    /// Inputs that the recipe cannot make, with a hint what can; a tokenizer, or a first file of arrays, that cannot
    /// be read.
    pub fn new(
        recipe: &Recipe,
        post: &Postprocess,
        inputs: &[ModelInput],
        source: Source,
    ) -> Result<Pipeline, DataError> {
        inputs.iter().try_for_each(ModelInput::check)?;
        let batch = inputs.first().map_or(1, ModelInput::batch);
        let (maker, items) = match recipe {
            Recipe::Image(steps) => pictures(steps, inputs)?,
            Recipe::Sound(sound) => {
                let input = only(inputs, "recordings")?;
                let items = if input.shape.len() > 1 { batch } else { 1 };
                (Maker::Sounds(sound::Plan::new(sound.rate, input)?), items)
            }
            Recipe::Text(text) => (texts(&text.tokenizer, inputs)?, batch),
            Recipe::Raw {} => match files::load(source.item(0))? {
                Loaded::Picture(_) => pictures(&[], inputs)?,
                first => (Maker::Arrays, if holds_all(&first, inputs) { 1 } else { batch }),
            },
        };
        Ok(Pipeline { source, inputs: inputs.to_vec(), items, maker, post: post.clone() })
    }

    /// Where the data come from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// How many items one inference takes: files, or lines of texts.
    pub fn items(&self) -> usize {
        self.items
    }

    /// What the recipe does for this model that its name does not say, a sentence each.
    pub fn notes(&self) -> &[String] {
        match &self.maker {
            Maker::Pictures(plan) => plan.notes(),
            #[cfg(feature = "tokenizers")]
            Maker::Texts(plan) => plan.notes(),
            Maker::Sounds(_) | Maker::Arrays => &[],
        }
    }

    /// Reads and decodes what the inference with that number takes, counted from 0. Items follow one another in the
    /// order of the source, round and round.
    ///
    /// # Errors
    /// A file that cannot be read or is not what its name says.
    pub fn load(&self, inference: usize) -> Result<Vec<Loaded>, DataError> {
        // Taken round the source first, so that nothing overflows.
        let first = (inference % self.source.len()) * self.items;
        (first..first.saturating_add(self.items)).map(|index| files::load(self.source.item(index))).collect()
    }

    /// The model's inputs from what was loaded.
    ///
    /// # Errors
    /// Content that does not fill the inputs, such as an array of another shape.
    pub fn preprocess(&self, loaded: Vec<Loaded>) -> Result<Vec<Input>, DataError> {
        match &self.maker {
            Maker::Pictures(plan) => {
                let pictures: Vec<Picture> = all(loaded, |loaded| match loaded {
                    Loaded::Picture(picture) => Some(picture),
                    _ => None,
                })?;
                self.single(plan.run(pictures)?)
            }
            Maker::Sounds(plan) => {
                let recordings: Vec<Recording> = all(loaded, |loaded| match loaded {
                    Loaded::Recording(recording) => Some(recording),
                    _ => None,
                })?;
                self.single(plan.run(&recordings)?)
            }
            #[cfg(feature = "tokenizers")]
            Maker::Texts(plan) => {
                let texts: Vec<String> = all(loaded, |loaded| match loaded {
                    Loaded::Text(text) => Some(text),
                    _ => None,
                })?;
                plan.run(&texts)
            }
            Maker::Arrays => {
                let items = loaded.into_iter().map(|loaded| named(loaded, &self.inputs));
                arrays::inputs(&items.collect::<Result<Vec<_>, _>>()?, &self.inputs)
            }
        }
    }

    /// Answers from the model's outputs, one for each place of the batch.
    ///
    /// # Errors
    /// Outputs of shapes or types that the postprocessor does not know.
    pub fn postprocess(&self, outputs: &[(String, Tensor)]) -> Result<Answers, DataError> {
        self.post.run(outputs)
    }

    /// The tensor as the model's only input.
    fn single(&self, tensor: Tensor) -> Result<Vec<Input>, DataError> {
        Ok(vec![Input { name: only(&self.inputs, "data")?.name.clone(), tensor }])
    }
}

/// The model's only input.
fn only<'a>(inputs: &'a [ModelInput], what: &str) -> Result<&'a ModelInput, DataError> {
    if let [input] = inputs {
        return Ok(input);
    }
    let names: Vec<_> = inputs.iter().map(ModelInput::to_string).collect();
    Err(DataError::new(
        format!("the recipe makes one input of {what}, the model has {}: {}", inputs.len(), names.join(", ")),
        "give one array for each input as .npz files with the recipe raw",
    ))
}

fn pictures(steps: &[crate::recipe::Step], inputs: &[ModelInput]) -> Result<(Maker, usize), DataError> {
    let input = only(inputs, "pictures")?;
    let items = if input.shape.len() == 4 { input.batch() } else { 1 };
    Ok((Maker::Pictures(images::Plan::new(steps, input)?), items))
}

#[cfg(feature = "tokenizers")]
fn texts(tokenizer: &Path, inputs: &[ModelInput]) -> Result<Maker, DataError> {
    Ok(Maker::Texts(Box::new(crate::tokens::Plan::new(tokenizer, inputs)?)))
}

#[cfg(not(feature = "tokenizers"))]
fn texts(_: &Path, _: &[ModelInput]) -> Result<Maker, DataError> {
    Err(DataError::new(
        "this program was built without tokenizers",
        "build it with the feature `tokenizers`, or give token ids as .npz files with the recipe raw",
    ))
}

/// All loaded items as one kind.
fn all<T>(loaded: Vec<Loaded>, kind: impl Fn(Loaded) -> Option<T>) -> Result<Vec<T>, DataError> {
    loaded.into_iter().map(|loaded| kind(loaded).ok_or_else(mixed)).collect()
}

fn mixed() -> DataError {
    DataError::new("the files are of different kinds", "give files of one kind")
}

/// The arrays of an item with the names of the inputs they are for.
fn named(loaded: Loaded, inputs: &[ModelInput]) -> Result<Vec<(String, Tensor)>, DataError> {
    match loaded {
        Loaded::Array(array) => Ok(vec![(only(inputs, "an array")?.name.clone(), array)]),
        Loaded::Arrays(arrays) => Ok(arrays),
        _ => Err(mixed()),
    }
}

/// Whether one item is the whole of all inputs.
fn holds_all(loaded: &Loaded, inputs: &[ModelInput]) -> bool {
    match (loaded, inputs) {
        (Loaded::Array(array), [input]) => arrays::fill_all(&[(&input.name, array)], inputs),
        (Loaded::Arrays(named), _) => {
            let named: Vec<_> = named.iter().map(|(name, array)| (name.as_str(), array)).collect();
            arrays::fill_all(&named, inputs)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;
    use weigh_engine::TensorData;
    use weigh_ir::DType;

    fn input(name: &str, dtype: DType, shape: &[usize]) -> ModelInput {
        ModelInput { name: name.to_owned(), dtype, shape: shape.to_vec() }
    }

    fn npy(shape: &str, content: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
        [b"\x93NUMPY\x01\x00", (header.len() as u16).to_le_bytes().as_slice(), header.as_bytes(), content]
            .concat()
    }

    /// A pipeline over files in a folder, which is there as long as it is held.
    fn pipeline(
        files: &[(&str, Vec<u8>)],
        recipe: &str,
        inputs: &[ModelInput],
    ) -> Result<(Pipeline, TempDir), DataError> {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, content)| std::fs::write(folder.path().join(name), content).unwrap());
        let recipe = Recipe::named(recipe).unwrap();
        let source = Source::open(folder.path(), &recipe)?;
        Ok((Pipeline::new(&recipe, &Postprocess::None, inputs, source)?, folder))
    }

    fn bytes(pipeline: &Pipeline, inference: usize) -> TensorData {
        let made = pipeline.preprocess(pipeline.load(inference).unwrap()).unwrap();
        made[0].tensor.data().clone()
    }

    #[test]
    fn files_go_round_and_round() {
        let files =
            [("a.npy", npy("(1,)", &[1])), ("b.npy", npy("(1,)", &[2])), ("c.npy", npy("(1,)", &[3]))];
        let (pairs, _folder) = pipeline(&files, "raw", &[input("x", DType::U8, &[2, 1])]).unwrap();
        assert_eq!(pairs.items(), 2);
        let made = [0, 1, 2, 3].map(|inference| bytes(&pairs, inference));
        assert_eq!(made, [[1, 2], [3, 1], [2, 3], [1, 2]].map(|pair| TensorData::U8(pair.to_vec())));
        assert!(pairs.load(usize::MAX).is_ok());
    }

    #[test]
    fn a_file_may_hold_a_whole_batch() {
        let files = [("a.npy", npy("(2, 1)", &[1, 2])), ("b.npy", npy("(2, 1)", &[3, 4]))];
        let (whole, _folder) = pipeline(&files, "raw", &[input("x", DType::U8, &[2, 1])]).unwrap();
        assert_eq!(whole.items(), 1);
        assert_eq!(bytes(&whole, 1), TensorData::U8(vec![3, 4]));
    }

    #[test]
    fn models_that_a_recipe_cannot_feed_are_refused() {
        let files = [("a.png", vec![])];
        let two = [input("x", DType::F32, &[1, 3, 4, 4]), input("scale", DType::F32, &[1, 2])];
        let error = pipeline(&files, "imagenet", &two).err().unwrap();
        let wanted = "the recipe makes one input of pictures, the model has 2: \
                      `x` (float32[1, 3, 4, 4]), `scale` (float32[1, 2])";
        assert_eq!(error.to_string(), wanted);
        let huge = [input("x", DType::F32, &[usize::MAX, 3, 4, 4])];
        assert!(pipeline(&files, "imagenet", &huge).err().unwrap().to_string().contains("more than 8 GiB"));
        let (broken, _folder) =
            pipeline(&files, "imagenet", &[input("x", DType::F32, &[1, 3, 224, 224])]).unwrap();
        let error = broken.load(0).unwrap_err().to_string();
        assert!(error.ends_with("a.png: no JPEG, PNG or WebP picture"), "{error}");
    }
}

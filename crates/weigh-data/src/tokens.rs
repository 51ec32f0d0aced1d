//! Texts as a model's inputs: token ids by a Hugging Face `tokenizer.json`.

use std::path::Path;

use tokenizers::{Encoding, PaddingParams, PaddingStrategy, PostProcessor, Tokenizer, TruncationParams};
use weigh_engine::{Input, TensorData};
use weigh_ir::DType;

use crate::files::read_text;
use crate::{DataError, ModelInput};

/// The most bytes of a `tokenizer.json`: 256 MiB.
const MAX_TOKENIZER_BYTES: u64 = 256 << 20;
/// Tokens that tokenizers pad with, where the file does not say.
const PADDING: [&str; 2] = ["[PAD]", "<pad>"];

/// What an input takes from an encoded text.
type Part = fn(&Encoding) -> &[u32];

/// The inputs that can be filled, by name.
const PARTS: [(&str, Part); 3] = [
    ("input_ids", Encoding::get_ids),
    ("attention_mask", Encoding::get_attention_mask),
    ("token_type_ids", Encoding::get_type_ids),
];

/// A tokenizer fitted to a model's inputs.
pub(crate) struct Plan {
    tokenizer: Tokenizer,
    inputs: Vec<(ModelInput, Part)>,
    notes: Vec<String>,
}

impl Plan {
    /// Fits the tokenizer of that file to the inputs, all of \[batch, sequence] and int64 or int32.
    pub(crate) fn new(path: &Path, inputs: &[ModelInput]) -> Result<Plan, DataError> {
        let length = length(inputs)?;
        let inputs: Vec<_> = inputs
            .iter()
            .map(|input| Ok((input.clone(), part(input, inputs.len())?)))
            .collect::<Result<_, DataError>>()?;
        let json = read_text(path, MAX_TOKENIZER_BYTES)?;
        let wrong =
            |reason: String| DataError::file(path, reason, "give a tokenizer.json of Hugging Face's form");
        let mut tokenizer =
            guarded(|| Tokenizer::from_bytes(&json).map_err(|error| error.to_string())).map_err(wrong)?;
        let notes = fit(&mut tokenizer, length).map_err(wrong)?;
        Ok(Plan { tokenizer, inputs, notes })
    }

    /// What the recipe does that its name does not say.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The texts as the model's inputs, one after another.
    pub(crate) fn run(&self, texts: &[String]) -> Result<Vec<Input>, DataError> {
        let encode =
            |text: &String| self.tokenizer.encode(text.as_str(), true).map_err(|error| error.to_string());
        let encodings: Vec<Encoding> = guarded(|| texts.iter().map(encode).collect()).map_err(|reason| {
            DataError::new(format!("the tokenizer failed: {reason}"), "check that it belongs to the model")
        })?;
        self.inputs.iter().map(|(input, part)| fill(input, *part, &encodings)).collect()
    }
}

/// Calls the tokenizer; a panic in it becomes an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err("it gave up".to_owned()))
}

/// The sequence's extent, the same for all inputs.
fn length(inputs: &[ModelInput]) -> Result<usize, DataError> {
    let hint = "tokens need inputs of 2 dims, a batch and a sequence";
    let lengths = inputs.iter().map(|input| match *input.shape.as_slice() {
        [_, length] => Ok((length, input)),
        _ => Err(input.error(format!("no tokens go into the shape {:?}", input.shape), hint)),
    });
    let lengths: Vec<_> = lengths.collect::<Result<_, _>>()?;
    let (first, _) = *lengths.first().ok_or_else(|| DataError::new("the model has no inputs", hint))?;
    match lengths.iter().find(|(length, _)| *length != first) {
        Some((length, input)) => Err(input
            .error(format!("a sequence of {length}, others have {first}"), "bind the dims to one length")),
        None => Ok(first),
    }
}

/// What goes into an input: by its name, or the ids where it is the only one.
fn part(input: &ModelInput, inputs: usize) -> Result<Part, DataError> {
    if !matches!(input.dtype, DType::I64 | DType::I32) {
        return Err(input.error(
            format!("token ids become int64 or int32, not {}", input.dtype),
            "give arrays as .npz files with the recipe raw",
        ));
    }
    let named = PARTS.iter().find(|row| row.0 == input.name).map(|row| row.1);
    named.or((inputs == 1).then_some(Encoding::get_ids as Part)).ok_or_else(|| {
        let names = PARTS.map(|row| row.0).join(", ");
        input.error(format!("a tokenizer makes {names}"), "give arrays as .npz files with the recipe raw")
    })
}

/// Sets the length that every text is cut and padded to. Sides and padding stay as the file has them.
fn fit(tokenizer: &mut Tokenizer, length: usize) -> Result<Vec<String>, String> {
    let added = tokenizer.get_post_processor().map_or(0, |processor| processor.added_tokens(false));
    if added > length {
        return Err(format!("adds {added} tokens to every text, the model takes {length} in all"));
    }
    let direction = tokenizer.get_truncation().map(|given| given.direction).unwrap_or_default();
    let truncation = TruncationParams { max_length: length, direction, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(truncation)).map_err(|error| error.to_string())?;

    let known = PADDING.iter().find_map(|token| Some((tokenizer.token_to_id(token)?, (*token).to_owned())));
    let (given, notes) = match (tokenizer.get_padding().cloned(), known) {
        (Some(given), _) => (given, vec![]),
        (None, Some((pad_id, pad_token))) => {
            (PaddingParams { pad_id, pad_token, ..PaddingParams::default() }, vec![])
        }
        (None, None) => {
            let note = "the tokenizer names no token to pad with: texts are padded with id 0, masked out";
            (PaddingParams::default(), vec![note.to_owned()])
        }
    };
    let strategy = PaddingStrategy::Fixed(length);
    tokenizer.with_padding(Some(PaddingParams { strategy, pad_to_multiple_of: None, ..given }));
    Ok(notes)
}

fn fill(input: &ModelInput, part: Part, encodings: &[Encoding]) -> Result<Input, DataError> {
    let numbers = encodings.iter().flat_map(part).copied();
    let data = match input.dtype {
        DType::I32 => TensorData::I32(numbers.map(|number| number as i32).collect()),
        _ => TensorData::I64(numbers.map(i64::from).collect()),
    };
    Ok(Input { name: input.name.clone(), tensor: input.tensor(data)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words split at white space; \[CLS] before and \[SEP] behind.
    const TOKENIZER: &str = r##"{
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]}, "decoder": null,
        "model": {"type": "WordLevel", "unk_token": "[UNK]",
                  "vocab": {"[PAD]": 9, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "a": 4, "tall": 5, "tree": 6}}
    }"##;

    fn input(name: &str, dtype: DType, shape: &[usize]) -> ModelInput {
        ModelInput { name: name.to_owned(), dtype, shape: shape.to_vec() }
    }

    fn plan(inputs: &[ModelInput], json: &str) -> Result<Plan, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        std::fs::write(&path, json).unwrap();
        Plan::new(&path, inputs)
    }

    #[test]
    fn texts_are_padded_and_cut() {
        let inputs = [
            input("input_ids", DType::I64, &[2, 5]),
            input("attention_mask", DType::I32, &[2, 5]),
            input("token_type_ids", DType::I64, &[2, 5]),
        ];
        let texts = ["A tree".to_owned(), "a tall tall tall oak".to_owned()];
        let made = plan(&inputs, TOKENIZER).unwrap().run(&texts).unwrap();
        assert_eq!(made[0].tensor.data(), &TensorData::I64(vec![1, 4, 6, 2, 9, 1, 4, 5, 5, 2]));
        assert_eq!(made[1].tensor.data(), &TensorData::I32(vec![1, 1, 1, 1, 0, 1, 1, 1, 1, 1]));
        assert_eq!(made[2].tensor.data(), &TensorData::I64(vec![0; 10]));
    }

    #[test]
    fn what_does_not_fit_is_refused_beforehand() {
        let refused = |inputs: &[ModelInput], json: &str| plan(inputs, json).err().unwrap().to_string();
        let ids = || input("input_ids", DType::I64, &[1, 5]);
        assert!(plan(&[input("x", DType::I64, &[1, 5])], TOKENIZER).is_ok());
        let positions = input("position_ids", DType::I64, &[1, 5]);
        let wanted = "input `position_ids`: a tokenizer makes input_ids, attention_mask, token_type_ids";
        assert_eq!(refused(&[ids(), positions], TOKENIZER), wanted);
        assert!(
            refused(&[input("x", DType::F32, &[1, 5])], TOKENIZER).contains("int64 or int32, not float32")
        );
        assert!(
            refused(&[input("x", DType::I64, &[1, 5, 1])], TOKENIZER).contains("no tokens go into the shape")
        );
        let mask = input("attention_mask", DType::I64, &[1, 6]);
        assert!(refused(&[ids(), mask], TOKENIZER).contains("a sequence of 6, others have 5"));
        assert!(
            refused(&[input("x", DType::I64, &[1, 1])], TOKENIZER).contains("adds 2 tokens to every text")
        );
        assert!(refused(&[ids()], "{}").contains("tokenizer.json: "));
        let unnamed = TOKENIZER.replace("[PAD]", "[NONE]");
        assert!(plan(&[ids()], &unnamed).unwrap().notes()[0].contains("padded with id 0"));
    }
}

//! The recipes that have names.

use super::{Recipe, Sound, Step, Target, Text};
use crate::DataError;
use crate::images::Filter;

/// Means of ImageNet's training pictures in \[0, 1], red, green, blue.
const IMAGENET_MEAN: [f64; 3] = [0.485, 0.456, 0.406];
/// Standard deviations of ImageNet's training pictures in \[0, 1], red, green, blue.
const IMAGENET_STD: [f64; 3] = [0.229, 0.224, 0.225];

/// A recipe as a list shows it.
pub struct RecipeEntry {
    /// The name, capitals standing for what varies: `letterbox-SIZE`.
    pub name: &'static str,
    /// A name that can be used, e.g. `letterbox-640`.
    pub example: &'static str,
    /// One line for the help text.
    pub about: &'static str,
    make: Make,
}

/// How a name becomes a recipe.
enum Make {
    /// The name is the example.
    Plain(fn() -> Recipe),
    /// What follows the prefix says the rest; `None` where it does not.
    With(&'static str, fn(&str) -> Option<Recipe>),
}

/// Every named recipe.
pub fn recipes() -> &'static [RecipeEntry] {
    &[
        RecipeEntry {
            name: "imagenet",
            example: "imagenet",
            about: "pictures: shorter side 256, centre crop 224, ImageNet's mean and deviation",
            make: Make::Plain(imagenet),
        },
        RecipeEntry {
            name: "letterbox",
            example: "letterbox",
            about: "pictures: whole in the middle of the model's input, grey around, in [0, 1] (YOLO)",
            make: Make::Plain(|| letterbox(Target::MODEL)),
        },
        RecipeEntry {
            name: "letterbox-SIZE",
            example: "letterbox-640",
            about: "as letterbox, into a square of so many pixels",
            make: Make::With("letterbox-", |size| {
                let size = size.parse().ok().filter(|&size| size > 0)?;
                Some(letterbox(Target::Pixels(size, size)))
            }),
        },
        RecipeEntry {
            name: "raw",
            example: "raw",
            about: ".npy and .npz as they are; pictures as bytes",
            make: Make::Plain(|| Recipe::Raw {}),
        },
        RecipeEntry {
            name: "wav16k",
            example: "wav16k",
            about: "recordings: one channel at 16 kHz in [-1, 1], cut or padded to the model's length",
            make: Make::Plain(|| Recipe::Sound(Sound { rate: 16_000 })),
        },
        RecipeEntry {
            name: "tokenizer:FILE",
            example: "tokenizer:tokenizer.json",
            about: "texts: token ids by a Hugging Face tokenizer.json",
            make: Make::With("tokenizer:", |path| {
                (!path.is_empty()).then(|| Recipe::Text(Text { tokenizer: path.into() }))
            }),
        },
    ]
}

impl RecipeEntry {
    fn recipe(&self, name: &str) -> Option<Recipe> {
        match self.make {
            Make::Plain(make) => (name == self.name).then(make),
            Make::With(prefix, make) => make(name.strip_prefix(prefix)?),
        }
    }
}

impl Recipe {
    /// The recipe of that name, e.g. `imagenet` or `letterbox-640`.
    ///
    /// # Errors
    /// A name that no recipe has; the hint lists them.
    pub fn named(name: &str) -> Result<Recipe, DataError> {
        recipes().iter().find_map(|entry| entry.recipe(name)).ok_or_else(|| {
            let names: Vec<_> = recipes().iter().map(|entry| entry.name).collect();
            DataError::new(
                format!("no recipe `{name}`"),
                format!("there are {}; or name a .toml file with your own", names.join(", ")),
            )
        })
    }
}

/// torchvision's evaluation of its first ImageNet models: `Resize(256)`, `CenterCrop(224)`, `ToTensor`, `Normalize`.
fn imagenet() -> Recipe {
    Recipe::Image(vec![
        Step::Shorter { to: 256, of: Some(224), filter: Filter::Bilinear },
        Step::Crop { to: Target::MODEL },
        Step::Divide(255.0),
        Step::Normalize { mean: IMAGENET_MEAN.to_vec(), std: IMAGENET_STD.to_vec() },
    ])
}

fn letterbox(to: Target) -> Recipe {
    Recipe::Image(vec![
        Step::Letterbox { to, pad: super::grey(), filter: Filter::Bilinear },
        Step::Divide(255.0),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_others_are_not() {
        for entry in recipes() {
            assert!(Recipe::named(entry.example).is_ok(), "{}", entry.example);
        }
        for name in ["", "imagenet2", "letterbox-", "letterbox-0", "letterbox-x", "tokenizer:"] {
            let error = Recipe::named(name).unwrap_err();
            assert_eq!(error.to_string(), format!("no recipe `{name}`"));
            assert!(error.hint().starts_with("there are imagenet, letterbox, letterbox-SIZE, raw"));
        }
    }
}

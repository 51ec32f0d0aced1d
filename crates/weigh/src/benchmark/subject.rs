//! A model about to be measured: its file, its inputs, at whatever batch is asked for.

use std::cell::OnceCell;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use weigh_analysis::{Analysis, Options, analyze};
use weigh_data::{Postprocess, Recipe};
use weigh_engine::{Engine, EngineOptions};
use weigh_formats::onnx::{Weights, WriteOptions};
use weigh_ir::Symbol;
use weigh_measure::WarmUpPlan;
use weigh_measure::worker::{Data, Feed, Setup};

use super::inputs::{batch, inputs};
use crate::{Opened, open};

/// The same inputs and weights in every run.
pub(crate) const SEED: u64 = 0x0077_6569_6768;

/// How a model is run: one point of a grid.
#[derive(Clone)]
pub struct Setting {
    /// On which engine.
    pub engine: &'static dyn Engine,
    /// How the engine runs it.
    pub options: EngineOptions,
    /// Samples in one inference; `None` for what the model has.
    pub batch: Option<u64>,
    /// Requests that are worked on at the same time.
    pub streams: NonZeroUsize,
}

/// Real inputs, and what happens to them.
#[derive(Clone, Debug)]
pub struct DataRequest {
    /// A file or a folder of files.
    pub path: PathBuf,
    /// From files to inputs.
    pub recipe: Recipe,
    /// The recipe as the user called it.
    pub recipe_name: String,
    /// From outputs to answers.
    pub postprocess: Postprocess,
    /// The postprocessing as the user called it.
    pub postprocess_name: String,
    /// How many items there are: files, or lines of texts.
    pub items: u64,
    /// Files that are of no use to the recipe.
    pub skipped: Option<String>,
}

/// A model about to be measured.
pub struct Subject<'a> {
    opened: &'a Opened,
    options: Options,
    data: Option<DataRequest>,
    folder: TempDir,
    written: OnceCell<PathBuf>,
}

/// A model at one setting, ready for workers.
#[derive(Clone)]
pub struct Prepared {
    /// What workers are told.
    pub setup: Setup,
    /// The facts at this setting's sizes.
    pub facts: Analysis,
    /// What was changed in the model so that it runs at this batch.
    pub rebatched: Vec<String>,
}

impl<'a> Subject<'a> {
    /// A model, what is assumed about it, and what it is fed.
    ///
    /// # Errors
    /// There is no place for temporary files.
    pub fn new(
        opened: &'a Opened,
        options: &Options,
        data: Option<DataRequest>,
    ) -> std::io::Result<Subject<'a>> {
        let folder = tempfile::Builder::new().prefix("weigh-").tempdir()?;
        Ok(Subject { opened, options: options.clone(), data, folder, written: OnceCell::new() })
    }

    /// The data, where inputs are real.
    pub fn data(&self) -> Option<&DataRequest> {
        self.data.as_ref()
    }

    /// What is assumed about the model.
    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// The model.
    pub fn opened(&self) -> &Opened {
        self.opened
    }

    /// The options that give another graph of the same model these facts' sizes.
    pub(crate) fn sizes(&self, facts: &Analysis) -> Options {
        Options { bindings: facts.bindings.clone(), ..self.options.clone() }
    }

    /// What workers need to run the model so. Errors are reasons fit to follow "not measured: ".
    pub fn prepare(&self, setting: &Setting, warm_up: &WarmUpPlan) -> Result<Prepared, String> {
        let sized = self.at(setting.batch)?;
        let specs = inputs(sized.opened.as_ref().unwrap_or(self.opened), &sized.facts, &sized.options)?;
        let feed = match &self.data {
            None => Feed::Synthetic { specs, seed: SEED },
            Some(data) => Feed::Data(Data {
                path: data.path.clone(),
                recipe: data.recipe.clone(),
                postprocess: data.postprocess.clone(),
                inputs: specs,
            }),
        };
        let setup = Setup {
            engine: setting.engine.name().to_owned(),
            options: setting.options.clone(),
            model: sized.file,
            feed,
            batch: batch(&sized.facts).unwrap_or(1),
            streams: setting.streams,
            warm_up: warm_up.clone(),
        };
        Ok(Prepared { setup, facts: sized.facts, rebatched: sized.rebatched })
    }

    /// The model at that batch.
    fn at(&self, wanted: Option<u64>) -> Result<Sized, String> {
        let facts = analyze(&self.opened.model, &self.options).map_err(|error| error.to_string())?;
        let plain = |options: Options, facts: Analysis| -> Result<Sized, String> {
            Ok(Sized { file: self.file()?.to_owned(), opened: None, options, facts, rebatched: Vec::new() })
        };
        let Some(wanted) = wanted else {
            return plain(self.options.clone(), facts);
        };
        match batch_symbol(&facts) {
            None if batch(&facts) == Some(wanted) => plain(self.options.clone(), facts),
            Some(symbol) => {
                let mut options = self.options.clone();
                let extent =
                    i64::try_from(wanted).map_err(|_| format!("a batch of {wanted} is too large"))?;
                options.bindings.insert(symbol, extent);
                let facts = analyze(&self.opened.model, &options).map_err(|error| error.to_string())?;
                plain(options, facts)
            }
            None => self.rebatch(wanted),
        }
    }

    /// The model of fixed batch as a file of another batch.
    fn rebatch(&self, wanted: u64) -> Result<Sized, String> {
        let file = self.folder.path().join(format!("batch-{wanted}")).join("model.onnx");
        let rebatched = super::rebatch::write(self.file()?, wanted, &file)?;
        let opened = open(&file.to_string_lossy()).map_err(|error| error.to_string())?;
        let options = Options { input_shapes: Default::default(), ..self.options.clone() };
        let facts = analyze(&opened.model, &options).map_err(|error| error.to_string())?;
        Ok(Sized { file, opened: Some(opened), options, facts, rebatched })
    }

    /// The model's own file; a model of the zoo is written once.
    fn file(&self) -> Result<&Path, String> {
        if let Some(file) = &self.opened.file {
            return Ok(file);
        }
        if let Some(file) = self.written.get() {
            return Ok(file);
        }
        let weights = WriteOptions { weights: Weights::Random { seed: SEED } };
        let bytes =
            weigh_formats::onnx::write(&self.opened.model, &weights).map_err(|error| error.to_string())?;
        let file = self.folder.path().join("model.onnx");
        fs::write(&file, bytes).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        Ok(self.written.get_or_init(|| file))
    }
}

impl Prepared {
    /// Bytes that the model may be expected to need: weights, activations and workspace; `None` where that is not
    /// known.
    pub(super) fn memory_bytes(&self) -> Option<u64> {
        u64::try_from(self.facts.totals.device_bytes().as_int()?).ok()
    }
}

/// A model at one batch.
struct Sized {
    file: PathBuf,
    /// Where it is not the subject's own.
    opened: Option<Opened>,
    options: Options,
    facts: Analysis,
    rebatched: Vec<String>,
}

/// The dim that is the batch: the one that is called so, or whose value was assumed because it leads an input.
pub(crate) fn batch_symbol(facts: &Analysis) -> Option<Symbol> {
    let symbols = facts.assumed.iter().chain(&facts.unbound).chain(facts.bindings.keys());
    let named = symbols.into_iter().find(|symbol| symbol.as_str().contains("batch"));
    named.or(facts.assumed.first()).cloned()
}

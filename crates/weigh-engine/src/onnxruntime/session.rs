//! A loaded model and those who run it.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::guard::guarded;
use crate::inputs::in_order;
use crate::{EngineError, Input, Session, Tensor};

use super::convert::{Declared, from_value, to_value};
use super::library::{self, Feed, Names, Output};
use super::{NAME, errors};

/// A loaded model, shared by all its runners.
pub(super) struct Loaded {
    session: ort::session::Session,
    inputs: Vec<String>,
    outputs: Vec<String>,
    declared: Vec<Declared>,
    input_names: Names,
    output_names: Names,
    threads: NonZeroUsize,
}

impl Loaded {
    pub(super) fn new(session: ort::session::Session, threads: NonZeroUsize) -> Result<Loaded, EngineError> {
        let names = |outlets: &[ort::value::Outlet]| -> Vec<String> {
            outlets.iter().map(|outlet| outlet.name().to_owned()).collect()
        };
        let (inputs, outputs) = (names(session.inputs()), names(session.outputs()));
        let spelled = |names: &[String]| {
            let reason = "a name holds a zero byte".to_owned();
            Names::new(names).ok_or(EngineError::Load { engine: NAME, reason })
        };
        Ok(Loaded {
            declared: session.inputs().iter().map(|input| Declared::new(input.dtype())).collect(),
            input_names: spelled(&inputs)?,
            output_names: spelled(&outputs)?,
            inputs,
            outputs,
            threads,
            session,
        })
    }

    /// One inference over these inputs.
    fn infer(&self, feed: &Feed) -> Result<Vec<Option<Output>>, EngineError> {
        library::run(&self.session, &self.input_names, feed, &self.output_names)
            .map_err(|error| errors::run(&error))
    }

    /// The bindings' session, to end profiling.
    pub(super) fn into_session(self) -> ort::session::Session {
        self.session
    }
}

/// A runner with inputs of its own.
pub(super) struct Runner {
    loaded: Arc<Loaded>,
    feed: Feed,
}

impl Runner {
    pub(super) fn new(loaded: Arc<Loaded>) -> Runner {
        Runner { loaded, feed: Feed::default() }
    }
}

impl Session for Runner {
    fn inputs(&self) -> &[String] {
        &self.loaded.inputs
    }

    fn outputs(&self) -> &[String] {
        &self.loaded.outputs
    }

    fn threads(&self) -> NonZeroUsize {
        self.loaded.threads
    }

    fn prepare(&mut self, inputs: &[Input]) -> Result<(), EngineError> {
        guarded(NAME, "preparing the inputs", || {
            let given = in_order(&self.loaded.inputs, inputs)?;
            let values = given
                .into_iter()
                .zip(&self.loaded.declared)
                .map(|(input, declared)| to_value(input, declared));
            self.feed = Feed::new(values.collect::<Result<_, _>>()?);
            Ok(())
        })
    }

    fn run(&mut self) -> Result<(), EngineError> {
        guarded(NAME, "running the model", || self.loaded.infer(&self.feed).map(drop))
    }

    fn run_with_outputs(&mut self) -> Result<Vec<(String, Tensor)>, EngineError> {
        guarded(NAME, "running the model", || {
            let outputs = self.loaded.infer(&self.feed)?;
            let named = self.loaded.outputs.iter().zip(outputs).map(|(name, output)| {
                let tensor = output.and_then(|output| self.tensor(output));
                let reason = || format!("output `{name}` is not a tensor of numbers");
                let tensor = tensor.ok_or_else(|| EngineError::Run { engine: NAME, reason: reason() });
                Ok((name.clone(), tensor?))
            });
            named.collect()
        })
    }

    fn fork(&self) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(Runner::new(Arc::clone(&self.loaded))))
    }
}

impl Runner {
    fn tensor(&self, output: Output) -> Option<Tensor> {
        from_value(&output.into_value(&self.loaded.session))
    }
}

//! The system under test.

/// Something that runs inferences: one for each stream, each used by one thread at a time.
pub trait Service: Send {
    /// Why an inference failed.
    type Error: Send;

    /// One inference over that many samples (at least 1), done when this returns.
    ///
    /// # Errors
    /// Whatever keeps the inference from being done. It ends the run.
    fn run(&mut self, samples: usize) -> Result<(), Self::Error>;
}

impl<S: Service + ?Sized> Service for Box<S> {
    type Error = S::Error;

    fn run(&mut self, samples: usize) -> Result<(), S::Error> {
        (**self).run(samples)
    }
}

//! Recordings as a model's input: one channel, one rate, one length.

use weigh_engine::{Tensor, TensorData};
use weigh_ir::DType;

use crate::files::Recording;
use crate::resample::Resampler;
use crate::{DataError, ModelInput, half};

/// A rate fitted to an input.
pub(crate) struct Plan {
    input: ModelInput,
    rate: u32,
    /// Samples of one recording.
    length: usize,
}

impl Plan {
    /// Fits recordings of this rate to the input: \[length], \[batch, length] or \[batch, 1, length].
    pub(crate) fn new(rate: u32, input: &ModelInput) -> Result<Plan, DataError> {
        let length = match *input.shape.as_slice() {
            [length] | [_, length] | [_, 1, length] => length,
            _ => {
                return Err(input.error(
                    format!("no recordings go into the shape {:?}", input.shape),
                    "give features, such as spectrograms, as .npy files with the recipe raw",
                ));
            }
        };
        if !matches!(input.dtype, DType::F32 | DType::F16) {
            return Err(input.error(
                format!("recordings become float32 or float16, not {}", input.dtype),
                "give arrays with the recipe raw",
            ));
        }
        Resampler::new(48_000, rate).map_err(|error| input.refused(&error))?;
        Ok(Plan { input: input.clone(), rate, length })
    }

    /// The recordings as the model's input, one after another.
    pub(crate) fn run(&self, recordings: &[Recording]) -> Result<Tensor, DataError> {
        let mut samples = Vec::with_capacity(recordings.len().saturating_mul(self.length));
        for recording in recordings {
            let end = samples.len() + self.length;
            samples.extend(self.fit(recording)?);
            samples.resize(end, 0.0);
        }
        self.input.tensor(match self.input.dtype {
            DType::F16 => TensorData::F16(samples.into_iter().map(half::rounded).collect()),
            _ => TensorData::F32(samples),
        })
    }

    /// One channel at the model's rate, at most as long as the input.
    fn fit(&self, recording: &Recording) -> Result<Vec<f32>, DataError> {
        let mono = mono(recording);
        let mut samples = match Resampler::new(recording.rate, self.rate)? {
            Some(resampler) => resampler.run(&mono),
            None => mono,
        };
        samples.truncate(self.length);
        Ok(samples)
    }
}

/// The mean of the channels.
fn mono(recording: &Recording) -> Vec<f32> {
    let frames = recording.samples.chunks_exact(recording.channels);
    frames.map(|frame| frame.iter().sum::<f32>() / recording.channels as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(dtype: DType, shape: &[usize]) -> ModelInput {
        ModelInput { name: "audio".to_owned(), dtype, shape: shape.to_vec() }
    }

    #[test]
    fn channels_are_averaged_and_lengths_fitted() {
        let stereo = Recording { rate: 16_000, channels: 2, samples: vec![1.0, 0.0, -0.5, 0.5] };
        let long = Recording { rate: 16_000, channels: 1, samples: vec![0.25; 9] };
        let plan = Plan::new(16_000, &input(DType::F32, &[2, 3])).unwrap();
        let made = plan.run(&[stereo.clone(), long]).unwrap();
        assert_eq!(made.data(), &TensorData::F32(vec![0.5, 0.0, 0.0, 0.25, 0.25, 0.25]));
        let plan = Plan::new(16_000, &input(DType::F16, &[1, 1, 1])).unwrap();
        assert_eq!(plan.run(&[stereo]).unwrap().data(), &TensorData::F16(vec![0x3800]));
    }

    #[test]
    fn what_does_not_fit_is_refused_beforehand() {
        let spectrogram = Plan::new(16_000, &input(DType::F32, &[1, 80, 3000])).err().unwrap();
        assert!(spectrogram.to_string().contains("no recordings go into the shape [1, 80, 3000]"));
        assert!(Plan::new(16_000, &input(DType::I64, &[1, 80])).is_err());
        assert!(Plan::new(1, &input(DType::F32, &[1, 80])).is_err());
    }
}

//! Execution providers: which the library has, and how a session asks for one.

use std::num::NonZeroUsize;

use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};

use crate::{EngineError, Provider};

use super::NAME;

/// Whether the library was built with the provider.
fn is_built_in(provider: Provider) -> bool {
    let built_in = match provider {
        Provider::Cpu => Ok(true),
        Provider::Cuda => ep::CUDA::is_available(),
        Provider::TensorRt => ep::TensorRT::is_available(),
        Provider::OpenVino => ep::OpenVINO::is_available(),
        Provider::Dnnl => ep::OneDNN::is_available(),
        Provider::CoreMl => ep::CoreML::is_available(),
    };
    built_in.unwrap_or(false)
}

/// The providers that the library was built with, the CPU first.
pub(super) fn built_in() -> Vec<Provider> {
    Provider::ALL.iter().copied().filter(|provider| is_built_in(*provider)).collect()
}

/// What a session is to register for a provider: nothing for the CPU, which is always there and takes what the others
/// leave. A provider that does not start is an error, never a silent fall back to the CPU. OpenVINO has threads of its
/// own, which are as many as the session's.
///
/// # Errors
/// [`EngineError::Unsupported`] for a provider that the library lacks.
pub(super) fn wanted(
    provider: Provider,
    threads: NonZeroUsize,
    present: &[Provider],
) -> Result<Option<ExecutionProviderDispatch>, EngineError> {
    if !present.contains(&provider) {
        let names: Vec<&str> = present.iter().map(|provider| provider.name()).collect();
        let what = format!("the provider {provider} in this build, which has {}", names.join(", "));
        return Err(EngineError::Unsupported { engine: NAME, what });
    }
    let dispatch: Option<ExecutionProviderDispatch> = match provider {
        Provider::Cpu => None,
        Provider::Cuda => Some(ep::CUDA::default().into()),
        Provider::TensorRt => Some(ep::TensorRT::default().into()),
        Provider::OpenVino => Some(ep::OpenVINO::default().with_num_threads(threads.get()).into()),
        Provider::Dnnl => Some(ep::OneDNN::default().into()),
        Provider::CoreMl => Some(ep::CoreML::default().into()),
    };
    Ok(dispatch.map(ExecutionProviderDispatch::error_on_failure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_is_not_there_is_refused_with_those_that_are() {
        let error =
            wanted(Provider::Cuda, NonZeroUsize::MIN, &[Provider::Cpu, Provider::OpenVino]).err().unwrap();
        assert_eq!(
            error.to_string(),
            "onnxruntime does not support the provider cuda in this build, which has cpu, openvino"
        );
        assert!(wanted(Provider::Cpu, NonZeroUsize::MIN, &[Provider::Cpu]).unwrap().is_none());
    }
}

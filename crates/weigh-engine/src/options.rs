//! How a model is to be run: threads, graph optimisations, execution provider.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a model is to be run. An engine honours all of it or refuses to load.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct EngineOptions {
    /// Threads of the session's own pool. `None`: as many as this process may use
    /// ([`std::thread::available_parallelism`]).
    pub threads: Option<NonZeroUsize>,
    /// How far the engine may rewrite the graph while loading it.
    pub optimization: Optimization,
    /// What runs the operators.
    pub provider: Provider,
}

impl EngineOptions {
    /// The number of threads asked for, or the default.
    pub fn threads(&self) -> NonZeroUsize {
        self.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
    }
}

/// A word that names no choice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no {kind} is called `{word}`; there are {}", known.join(", "))]
pub struct UnknownName {
    /// What was to be named, e.g. `provider`.
    pub kind: &'static str,
    /// The word given.
    pub word: String,
    /// The names there are.
    pub known: Vec<&'static str>,
}

/// Declares a choice whose variants are written as one word each, everywhere: arguments, reports, JSON.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every choice, in this order.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The word it is written as.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(word: &str) -> Result<$name, UnknownName> {
                let found = $name::ALL.iter().copied().find(|choice| choice.name() == word);
                found.ok_or_else(|| UnknownName {
                    kind: $kind,
                    word: word.to_owned(),
                    known: $name::ALL.iter().map(|choice| choice.name()).collect(),
                })
            }
        }
    };
}

choice! {
    /// How far an engine may rewrite the graph while loading it. The levels are ONNX Runtime's.
    Optimization, "optimization level",
    /// The graph runs as it is written.
    None = "none",
    /// Rewrites that keep to ONNX's own operators: folding of constants, removal of what has no effect.
    Basic = "basic",
    /// Fusions into the engine's own operators too.
    Extended = "extended",
    /// Everything the engine can do, changes of memory layout too.
    #[default]
    All = "all",
}

choice! {
    /// What runs the operators: ONNX Runtime calls these execution providers.
    Provider, "provider",
    /// The processor, with the engine's own kernels.
    #[default]
    Cpu = "cpu",
    /// NVIDIA GPUs, with cuDNN and cuBLAS.
    Cuda = "cuda",
    /// NVIDIA GPUs, with TensorRT.
    TensorRt = "tensorrt",
    /// Intel processors and GPUs, with OpenVINO.
    OpenVino = "openvino",
    /// Processors, with oneDNN.
    Dnnl = "dnnl",
    /// Apple's GPUs and neural engines.
    CoreMl = "coreml",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_arguments_and_json() {
        for provider in Provider::ALL {
            assert_eq!(provider.name().parse(), Ok(*provider));
            assert_eq!(serde_json::to_string(provider).unwrap(), format!("\"{provider}\""));
        }
        for level in Optimization::ALL {
            assert_eq!(level.name().parse(), Ok(*level));
        }
        let error = "best".parse::<Optimization>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "no optimization level is called `best`; there are none, basic, extended, all"
        );
    }

    #[test]
    fn the_default_is_everything_on_the_processor() {
        let options: EngineOptions = serde_json::from_str("{}").unwrap();
        assert_eq!(options, EngineOptions::default());
        assert_eq!((options.optimization, options.provider), (Optimization::All, Provider::Cpu));
        let two = EngineOptions { threads: NonZeroUsize::new(2), ..EngineOptions::default() };
        let json = serde_json::to_string(&two).unwrap();
        assert_eq!(json, r#"{"threads":2,"optimization":"all","provider":"cpu"}"#);
        assert_eq!(serde_json::from_str::<EngineOptions>(&json).unwrap(), two);
    }
}

//! Which ways of running a model to try: every option takes several values, and all combinations are measured.

use std::num::NonZeroUsize;

use weigh::{Batches, Setting};
use weigh_engine::{EngineOptions, Optimization, Provider};
use weigh_hardware::Machine;

use super::super::engines;
use super::Hinted;

#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// What runs the model; auto takes ONNX Runtime where there is one (see `weigh engines`)
    #[arg(long, default_value = "auto", value_parser = engines::names(), value_delimiter = ',', help_heading = "Configurations")]
    pub engine: Vec<String>,

    /// Threads; by default one for each physical core
    #[arg(long, value_name = "N", value_delimiter = ',', help_heading = "Configurations")]
    pub threads: Vec<NonZeroUsize>,

    /// Batch sizes: 1,8,32, or auto: doubled until throughput stops growing
    #[arg(long, value_name = "N|auto", value_delimiter = ',', help_heading = "Configurations")]
    pub batch: Vec<String>,

    /// Graph optimisation of the engine: none, basic, extended, all
    #[arg(
        long,
        value_name = "LEVEL",
        value_delimiter = ',',
        default_value = "all",
        help_heading = "Configurations"
    )]
    pub opt: Vec<Optimization>,

    /// Requests at the same time
    #[arg(
        long,
        value_name = "N",
        value_delimiter = ',',
        default_value = "1",
        help_heading = "Configurations"
    )]
    pub streams: Vec<NonZeroUsize>,

    /// What the engine computes on: cpu, cuda, tensorrt, openvino, dnnl, coreml
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        default_value = "cpu",
        help_heading = "Configurations"
    )]
    pub provider: Vec<Provider>,
}

impl Args {
    /// Every combination but for batch sizes, which come last.
    pub fn settings(&self) -> anyhow::Result<Vec<Setting>> {
        let threads = match self.threads.as_slice() {
            [] => vec![Machine::detect().compute_threads()],
            given => given.to_vec(),
        };
        let plain = |name: &String| -> anyhow::Result<Setting> {
            let (options, streams) = (EngineOptions::default(), NonZeroUsize::MIN);
            Ok(Setting { engine: engines::named(name)?, options, batch: None, streams })
        };
        let settings = self.engine.iter().map(plain).collect::<anyhow::Result<Vec<_>>>()?;
        let settings =
            vary(settings, &self.provider, |setting, provider| setting.options.provider = provider);
        let settings = vary(settings, &self.opt, |setting, level| setting.options.optimization = level);
        let settings = vary(settings, &threads, |setting, threads| setting.options.threads = Some(threads));
        Ok(vary(settings, &self.streams, |setting, streams| setting.streams = streams))
    }

    pub fn batches(&self) -> anyhow::Result<Batches> {
        let wrong = |text: &str| {
            Hinted::new(format!("'{text}' is no batch size"), "write --batch 1,8,32 or --batch auto")
        };
        match self.batch.as_slice() {
            [] => Ok(Batches::Own),
            [auto] if auto == "auto" => Ok(Batches::Auto),
            sizes => {
                let size =
                    |text: &String| text.parse().ok().filter(|&size| size > 0).ok_or_else(|| wrong(text));
                Ok(Batches::Given(sizes.iter().map(size).collect::<Result<_, _>>()?))
            }
        }
    }
}

/// Every setting with each of the values in turn.
fn vary<T: Copy>(settings: Vec<Setting>, values: &[T], set: impl Fn(&mut Setting, T)) -> Vec<Setting> {
    let with = |setting: &Setting, value: T| {
        let mut setting = setting.clone();
        set(&mut setting, value);
        setting
    };
    settings.iter().flat_map(|setting| values.iter().map(|&value| with(setting, value))).collect()
}

//! Time and rates that are measured.

use super::{Entry, Section};

pub(super) const SECTION: Section = Section {
    title: "Measured time",
    about: "Latency is that of single inferences after warm-up, none dropped. Inputs are synthetic unless `--data` names \
            some: uniform floats, integers that stay inside the tables they index, masks of ones. Loading, preprocessing \
            and postprocessing are then not measured, and the latency is that of inference alone.",
    entries: &[
        Entry {
            name: "latency",
            title: "latency",
            aliases: &["response_time", "total"],
            unit: "ms",
            short: "from an input being asked for to its result, all stages",
            long: "The median, with a 95 % confidence interval, unless a statistic is named: `latency.p99`. Loading the model \
                   and the first inference are reported apart and are part of no latency.",
            formula: "data loading + preprocessing + inference + postprocessing",
            json: &["measurements[].stages.total", "measurements[].scenario.latency"],
            commands: &["weigh MODEL", "weigh measure", "weigh compare"],
            related: &["inference", "percentile", "throughput", "predicted_time"],
            elsewhere: "Benchmarks often report the mean, or the best of several runs; both are in JSON as `mean_ms` and \
                        `min_ms`.",
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "data_loading",
            title: "loading",
            aliases: &["loading"],
            unit: "ms",
            short: "reading and decoding an input",
            long: "Of the files of one inference, with `--data`.",
            json: &["measurements[].stages.load"],
            commands: &["weigh measure --data"],
            related: &["latency", "preprocess"],
            page: "data",
            ..Entry::EMPTY
        },
        Entry {
            name: "preprocess",
            title: "preprocessing",
            aliases: &["preprocessing"],
            unit: "ms",
            short: "from data to tensors",
            long: "From decoded data to the model's inputs, the engine's own input tensors included.",
            json: &["measurements[].stages.preprocess"],
            commands: &["weigh measure --data"],
            related: &["latency", "data_loading", "inference"],
            page: "data",
            ..Entry::EMPTY
        },
        Entry {
            name: "inference",
            title: "inference",
            unit: "ms",
            short: "the model alone",
            long: "The engine's run, its outputs as tensors included.",
            json: &["measurements[].stages.inference", "measurements[].scenario.service"],
            commands: &["weigh MODEL", "weigh measure"],
            related: &["latency", "theoretical_time"],
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "postprocess",
            title: "postprocessing",
            aliases: &["postprocessing"],
            unit: "ms",
            short: "from outputs to answers",
            json: &["measurements[].stages.postprocess"],
            commands: &["weigh measure --data"],
            related: &["latency", "inference"],
            page: "data",
            ..Entry::EMPTY
        },
        Entry {
            name: "throughput",
            title: "throughput",
            aliases: &["rate", "samples_per_second", "fps", "qps"],
            unit: "/s",
            short: "samples finished per second",
            long: "Of one stream unless more were asked for, slow inferences included, with a 95 % confidence interval. \
                   `--unit` says what a sample is: images, frames, tokens.",
            formula: "samples finished / time; at batch b: b / time per batch",
            json: &[
                "measurements[].throughput",
                "predictions[].throughput_per_second",
                "measurements[].scenario.rate_achieved",
            ],
            commands: &["weigh MODEL", "weigh measure", "weigh predict", "weigh compare"],
            related: &["latency", "batch", "sweet_spot", "capacity"],
            elsewhere: "It is not 1 / median latency: slow inferences take their time too.",
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "batch",
            title: "batch",
            aliases: &["batch_size"],
            unit: "samples",
            short: "samples per inference",
            long: "A table over batches has the latency per batch, and per sample that time divided by the batch.",
            json: &["measurements[].batch", "predictions[].batch"],
            commands: &["weigh measure --batch", "weigh predict --batch"],
            related: &["throughput", "sweet_spot", "largest_batch"],
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "load_time",
            title: "load time",
            aliases: &["loading_time", "load_ms"],
            unit: "ms",
            short: "loading the model into the engine; in no latency",
            json: &["measurements[].load_ms"],
            commands: &["weigh MODEL", "weigh measure"],
            related: &["first_inference", "latency"],
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "first_inference",
            title: "first run",
            aliases: &["first_run", "cold_start", "first_ms"],
            unit: "ms",
            short: "the first inference; in no latency",
            long: "Engines put work off until then. Who starts a process for each request waits for load time and this.",
            json: &["measurements[].first_ms"],
            commands: &["weigh MODEL", "weigh measure"],
            related: &["load_time", "warm_up"],
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "warm_up",
            title: "warm-up",
            aliases: &["warmup", "steady", "steady_state"],
            short: "the inferences before the timed ones; in no latency",
            long: "At least 5 and 0.5 s with `weigh measure`, until a search for a change point finds none; after 3 s it ends with the verdict that \
                   no steady state was reached.",
            json: &["measurements[].warm_up.runs", "measurements[].warm_up.settled", "measurements[].steady"],
            commands: &["weigh measure"],
            related: &["first_inference", "latency"],
            source: "Pettitt 1979; Barrett et al., \"Virtual machine warmup blows hot and cold\", arXiv:1602.00602",
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "sweet_spot",
            title: "sweet spot",
            aliases: &["best_batch"],
            short: "the smallest batch whose throughput interval reaches 95 % of the best throughput",
            long: "Beyond it more latency buys little throughput.",
            json: &["sweep.sweet_spot"],
            commands: &["weigh measure --batch"],
            related: &["batch", "throughput", "pareto"],
            page: "measuring",
            ..Entry::EMPTY
        },
        Entry {
            name: "pareto",
            title: "Pareto",
            aliases: &["pareto_front", "dominated", "dominated_by"],
            short: "what nothing else is at least as good as in everything and better than in something",
            long: "Of configurations: no other row has both lower latency and more throughput. Of models: no other is as good \
                   in every column and better in one, where times count as better only if their intervals lie apart. \
                   Accuracy is not compared.",
            json: &["sweep.pareto", "dominated_by"],
            commands: &["weigh measure --batch", "weigh compare"],
            related: &["sweet_spot"],
            page: "comparing",
            ..Entry::EMPTY
        },
        Entry {
            name: "layer_time",
            title: "time by layer",
            aliases: &["layer_times", "profile"],
            unit: "ms",
            short: "the mean time of each kernel by the engine's profiler, joined to the model's layers",
            long: "A fused kernel stands for a group of layers, whose time is not split by guess. Profilers cost time of their \
                   own, so the sum differs from the latency.",
            json: &["measurements[].layers[].mean_ms", "measurements[].layers[].share"],
            commands: &["weigh measure --layers"],
            related: &["inference"],
            page: "measuring",
            ..Entry::EMPTY
        },
    ],
};

//! Every architecture and every technique: a graph whose facts are complete, or a reason.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use weigh_analysis::{Analysis, Options, analyze};
use weigh_formats::Surroundings;
use weigh_formats::onnx::{Weights, WriteOptions};
use weigh_ir::{DType, Model, Symbol};
use weigh_rewrite::{
    Refusal, Rewritten, fold_batch_norm, low_rank, prune_channels, separable, smaller_input, with_dtype,
};
use weigh_zoo::{ENTRIES, find};

struct Net {
    model: Model,
    options: Options,
    facts: Analysis,
}

/// An architecture with its open extents bound: 1 in a batch, 16 in a sequence.
fn net(name: &str) -> Net {
    let model = (find(name).unwrap().build)(&weigh_zoo::Options::default());
    let mut options = Options::default();
    let open = analyze(&model, &options).unwrap().unbound;
    options.bindings.extend(open.into_iter().map(|symbol| (symbol, 16)));
    options.bindings.insert(Symbol::new("batch"), 1);
    let facts = analyze(&model, &options).unwrap();
    Net { model, options, facts }
}

impl Net {
    fn pruned(&self, share: f64) -> Result<Rewritten, Refusal> {
        prune_channels(&self.model, &self.facts, &self.options, share, 8)
    }

    fn all(&self) -> Vec<(&'static str, Result<Rewritten, Refusal>)> {
        let Net { model, options, facts } = self;
        vec![
            ("separable", separable(model, facts, options, &|_| true)),
            ("pruned", self.pruned(0.5)),
            ("low rank", low_rank(model, facts, options, 0.5, &|_| true)),
            ("folded", fold_batch_norm(model, facts, options)),
            ("fp16", with_dtype(model, facts, options, DType::F16)),
            ("int8", with_dtype(model, facts, options, DType::I8)),
        ]
    }
}

fn macs(facts: &Analysis) -> i64 {
    facts.totals.macs.as_int().unwrap()
}

fn parameters(facts: &Analysis) -> i64 {
    facts.totals.parameters.as_int().unwrap()
}

/// Where nothing is refused because shapes do not fit: that would be a mistake here, not a property of the model.
#[test]
fn every_architecture_and_technique() {
    for entry in ENTRIES {
        let net = net(entry.name);
        for (technique, outcome) in net.all() {
            match outcome {
                Ok(made) => {
                    assert!(made.facts.coverage.is_complete(), "{} {technique}", entry.name);
                    assert!(!made.changed.is_empty());
                    assert!(macs(&made.facts) <= macs(&net.facts), "{} {technique}", entry.name);
                    let bytes = |facts: &Analysis| facts.totals.stored_bytes;
                    assert!(bytes(&made.facts) <= bytes(&net.facts), "{} {technique}", entry.name);
                }
                Err(Refusal::Nothing(why)) => assert!(!why.is_empty()),
                Err(refusal) => panic!("{} {technique}: {refusal}", entry.name),
            }
        }
    }
}

/// What was made by code can be written, and is read back with the same totals: an engine can run it.
#[test]
fn rewritten_graphs_are_written_and_read_back() {
    for name in ["resnet18", "mobilenet_v2", "squeezenet1_0", "bert_base"] {
        let net = net(name);
        for (technique, made) in net.all() {
            let Ok(made) = made else { continue };
            if technique == "int8" || technique == "fp16" {
                continue;
            }
            let bytes =
                weigh_formats::onnx::write(&made.model, &WriteOptions { weights: Weights::Zero }).unwrap();
            let back = weigh_formats::read(&bytes, &Surroundings { external_size: &|_| None }).unwrap();
            let facts = analyze(&back, &net.options).unwrap();
            assert_eq!(macs(&facts), macs(&made.facts), "{name} {technique}");
            assert_eq!(parameters(&facts), parameters(&made.facts), "{name} {technique}");
        }
    }
}

/// ResNet-50 has 53 batch normalisations, each with two parameters and two buffers for each of 26,560 channels; the
/// convolutions get a bias for each.
#[test]
fn folding_leaves_biases() {
    let net = net("resnet50");
    let folded = fold_batch_norm(&net.model, &net.facts, &net.options).unwrap();
    assert_eq!(folded.changed.len(), 53);
    assert_eq!(net.facts.totals.buffers.as_int(), Some(2 * 26_560));
    assert_eq!(folded.facts.totals.buffers.as_int(), Some(0));
    assert_eq!(parameters(&net.facts) - parameters(&folded.facts), 26_560);
    assert_eq!(macs(&folded.facts), macs(&net.facts));
}

/// VGG-16's features and the first two linear layers shrink to half, so what is between two of them shrinks to a quarter;
/// the first layer's inputs and the last one's outputs stay.
#[test]
fn half_of_vgg() {
    let net = net("vgg16");
    let pruned = net.pruned(0.5).unwrap();
    assert_eq!(pruned.changed.len(), 13 + 2);
    // Of 512·7·7·4096: 256·49·2048; and 4096·4096: 2048·2048; 4096·1000: 2048·1000.
    let weights = |layer: &str| {
        let at = pruned.model.graph.nodes.iter().position(|node| &*node.name == layer).unwrap();
        pruned.facts.layers[at].macs.as_ref().unwrap().as_int().unwrap()
    };
    assert_eq!(weights("classifier/0/Gemm"), 256 * 49 * 2048);
    assert_eq!(weights("classifier/6/Gemm"), 2048 * 1000);
    // 3→64 of 3×3 at 224×224 becomes 3→32; 64→64 becomes 32→32.
    assert_eq!(weights("features/0/Conv"), 27 * 32 * 224 * 224);
    assert_eq!(weights("features/2/Conv"), 9 * 32 * 32 * 224 * 224);
}

/// A bottleneck's inner channels shrink on their own. The sums of all of a stage's blocks keep one width: it shrinks for
/// all of them together.
#[test]
fn half_of_a_residual_network() {
    let net = net("resnet50");
    let pruned = net.pruned(0.5).unwrap();
    let conv = |layer: &str| {
        let at = pruned.model.graph.nodes.iter().position(|node| &*node.name == layer).unwrap();
        pruned.facts.layers[at].macs.as_ref().unwrap().as_int().unwrap()
    };
    assert_eq!(conv("layer1/1/conv2/Conv"), 9 * 32 * 32 * 56 * 56);
    assert_eq!(conv("layer1/1/conv1/Conv"), 128 * 32 * 56 * 56);
    assert_eq!(conv("fc/Gemm"), 1024 * 1000);
    let share = macs(&pruned.facts) as f64 / macs(&net.facts) as f64;
    assert!((0.25..0.28).contains(&share), "{share}");
}

/// Depthwise convolutions go along with their groups; expansions and projections shrink.
#[test]
fn half_of_depthwise_and_squeezed_networks() {
    for name in ["mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0", "densenet121", "squeezenet1_0"] {
        let net = net(name);
        let pruned = net.pruned(0.5).unwrap();
        let share = macs(&pruned.facts) as f64 / macs(&net.facts) as f64;
        assert!((0.2..0.5).contains(&share), "{name}: {share}, left {:?}", pruned.left.first());
    }
}

/// The hidden layer between two products shrinks; what goes through reshapes into heads stays.
#[test]
fn half_of_a_transformer() {
    for name in ["bert_base", "vit_b_16"] {
        let net = net(name);
        let pruned = net.pruned(0.5).unwrap();
        assert_eq!(pruned.changed.len(), 12, "{name}: {:?}", pruned.changed);
        // Of 12·768² weights in a layer the hidden ones are 8·768²; half of them are gone.
        let gone = parameters(&net.facts) - parameters(&pruned.facts);
        assert_eq!(gone, 12 * (4 * 768 * 768 + 2 * 768), "{name}");
    }
}

#[test]
fn nothing_pruned_is_nothing_changed() {
    for name in ["resnet18", "mobilenet_v2", "densenet121"] {
        let net = net(name);
        let same = net.pruned(0.0).unwrap();
        assert!(same.changed.is_empty());
        assert_eq!((macs(&same.facts), parameters(&same.facts)), (macs(&net.facts), parameters(&net.facts)));
    }
}

/// More taken out is less computed.
#[test]
fn pruning_is_monotone() {
    let net = net("resnet18");
    let costs: Vec<i64> =
        (0..10).map(|tenths| macs(&net.pruned(f64::from(tenths) / 10.0).unwrap().facts)).collect();
    assert!(costs.windows(2).all(|pair| pair[1] <= pair[0]), "{costs:?}");
}

/// A linear layer of 4096 × 4096 at half its cost: ⌈4096²/2/8192⌉ = 1024, so twice 4096·1024.
#[test]
fn factors_of_a_linear_layer() {
    let net = net("vgg16");
    let only = |name: &str| name == "classifier/3/Gemm";
    let made = low_rank(&net.model, &net.facts, &net.options, 0.5, &only).unwrap();
    assert_eq!(made.changed[0].what, "4096→4096 as 4096→1024→4096");
    assert_eq!(macs(&net.facts) - macs(&made.facts), 4096 * 4096 / 2);
}

/// Half the rows and columns are a quarter of a convolution's cost; a linear layer that takes all pixels pins the size.
#[test]
fn smaller_images() {
    let Net { model, options, facts } = net("resnet50");
    let (_, smaller, size) = smaller_input(&model, &facts, &options, 0.5).unwrap();
    assert_eq!(size, "128×128");
    let share = macs(&smaller) as f64 / macs(&facts) as f64;
    assert!((share - (128.0f64 / 224.0).powi(2)).abs() < 0.01, "{share}");
    let Net { model, options, facts } = net("vgg16");
    match smaller_input(&model, &facts, &options, 0.5).err().unwrap() {
        Refusal::Node { node, .. } => assert_eq!(node, "classifier/0/Gemm"),
        other => panic!("{other}"),
    }
    let Net { model, options, facts } = net("bert_base");
    assert!(matches!(smaller_input(&model, &facts, &options, 0.5), Err(Refusal::Nothing(_))));
}

#[test]
fn sixteen_bits_are_half() {
    let net = net("resnet50");
    let half = with_dtype(&net.model, &net.facts, &net.options, DType::F16).unwrap().facts.totals;
    let full = &net.facts.totals;
    assert_eq!(half.stored_bytes * 2, full.stored_bytes);
    assert_eq!(&half.activations.peak.bytes * 2, full.activations.peak.bytes);
    assert_eq!(half.macs, full.macs);
}

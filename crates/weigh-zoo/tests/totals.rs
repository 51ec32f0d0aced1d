//! Every architecture has the parameters and multiply-accumulates that its source says.

use std::collections::BTreeSet;

use weigh_ir::{
    Bindings, Cost, Expr, Inference, Model, NoBodies, Operands, Role, Symbol, TensorId, TensorType,
};
use weigh_zoo::{Batch, ENTRIES, Options, find};

/// What a walk over the nodes finds.
struct Totals {
    parameters: i64,
    buffers: i64,
    macs: Expr,
    /// Elements of inputs and of outputs that do not lie where an input lay.
    activations: Expr,
    /// The most elements that a node which makes such outputs reads and writes.
    largest_step: Option<Expr>,
}

fn walk(model: &Model) -> Totals {
    let mut types: Vec<TensorType> = model
        .tensors
        .iter()
        .map(|tensor| match &tensor.stored {
            Some(stored) => {
                TensorType::new(tensor.dtype, stored.shape.clone()).with_value(stored.value.clone())
            }
            None => {
                TensorType { dtype: tensor.dtype, shape: tensor.declared.clone(), ..TensorType::default() }
            }
        })
        .collect();
    let elements = |typed: &TensorType| typed.elements().expect("a known shape");
    let (mut parameters, mut buffers) = (BTreeSet::<TensorId>::new(), BTreeSet::new());
    let (mut macs, mut activations, mut steps) = (Expr::ZERO, Expr::ZERO, Vec::new());
    for input in &model.graph.inputs {
        activations = activations + elements(&types[input.index()]);
    }
    for node in &model.graph.nodes {
        let inputs: Vec<_> = node.inputs.iter().map(|id| id.map(|id| &types[id.index()])).collect();
        let mut view = Inference {
            inputs: &inputs,
            output_count: node.outputs.len(),
            symbol_stem: &node.name,
            bodies: &mut NoBodies,
        };
        let outputs = node.op.infer(&mut view).unwrap_or_else(|stop| panic!("{}: {stop}", node.name));
        let views: Vec<_> = outputs.iter().take(node.outputs.len()).map(Some).collect();
        let operands = Operands { inputs: &inputs, outputs: &views, bodies: &[] };
        let Cost { macs: of_node, .. } =
            node.op.cost(&operands).unwrap_or_else(|stop| panic!("{}: {stop}", node.name));
        macs = macs + of_node;
        if node.op.memory(&operands).overwrites.is_empty() {
            let made: Expr = outputs.iter().map(elements).sum();
            let activation = |id: &&Option<TensorId>| id.is_some_and(|id| model.tensor(id).stored.is_none());
            let read = node.inputs.iter().filter(activation).flatten().map(|id| elements(&types[id.index()]));
            steps.push(read.sum::<Expr>() + &made);
            activations = activations + made;
        }
        for (index, id) in node.inputs.iter().enumerate() {
            let Some(id) = id.filter(|id| model.tensor(*id).stored.is_some()) else { continue };
            let learned = types[id.index()].dtype.is_some_and(|dtype| dtype.is_float())
                && types[id.index()].shape.as_ref().is_some_and(|shape| shape.rank() > 0);
            match node.op.role(index) {
                Role::Buffer => drop(buffers.insert(id)),
                Role::Parameter | Role::Packed(_) => drop(parameters.insert(id)),
                Role::Operand if learned => drop(parameters.insert(id)),
                _ => {}
            }
        }
        for (id, typed) in node.outputs.iter().zip(outputs) {
            if let Some(id) = id {
                types[id.index()] = typed;
            }
        }
    }
    let count = |ids: BTreeSet<TensorId>| {
        ids.iter().map(|id| elements(&types[id.index()])).sum::<Expr>().as_int().expect("plain")
    };
    Totals {
        parameters: count(parameters),
        buffers: count(buffers),
        macs,
        activations,
        largest_step: Expr::largest(steps),
    }
}

fn at(formula: &Expr, bindings: &[(&str, i64)]) -> i64 {
    let bindings: Bindings = bindings.iter().map(|(name, value)| (Symbol::new(name), *value)).collect();
    formula.bind(&bindings).as_int().unwrap_or_else(|| panic!("{formula} has other symbols"))
}

/// Name, parameters, buffers, MACs of a batch of 1 with 128 tokens (or steps, or past tokens).
///
/// Parameters and MACs (to three digits of giga) are torchvision's published metadata where it has the model;
/// the exact counts follow from the layers, and `corpus/oracle.py` finds the same in the written files (it does
/// not price the LSTM). alexnet-2012: 60,954,656 weights and 10,568 biases. BERT and GPT-2: 12 layers of 7,077,888
/// weights for each token and 2·768 for each pair of tokens. LSTM: 4·512·1024 for each layer and step.
const EXPECTED: &[(&str, i64, i64, i64)] = &[
    ("alexnet", 61_100_840, 0, 714_188_480),
    ("alexnet-2012", 60_954_656 + 10_568, 0, 724_406_816),
    ("vgg11", 132_863_336, 0, 7_609_090_048),
    ("vgg16", 138_357_544, 0, 15_470_264_320),
    ("vgg19", 143_667_240, 0, 19_632_062_464),
    ("squeezenet1_0", 1_248_424, 0, 818_924_576),
    ("resnet18", 11_689_512, 9_600, 1_814_073_344),
    ("resnet34", 21_797_672, 17_024, 3_663_761_408),
    ("resnet50", 25_557_032, 53_120, 4_089_184_256),
    ("resnet101", 44_549_160, 105_344, 7_801_405_440),
    ("resnet152", 60_192_808, 151_424, 11_513_626_624),
    ("densenet121", 7_978_856, 83_648, 2_834_161_664),
    ("mobilenet_v1", 4_231_976, 21_888, 568_740_352),
    ("mobilenet_v2", 3_504_872, 34_112, 300_774_272),
    ("mobilenet_v3_small", 2_542_856, 12_112, 56_510_400),
    ("efficientnet_b0", 5_288_548, 42_016, 385_814_752),
    ("vit_b_16", 86_567_656, 0, 17_563_828_224),
    ("bert_base", 109_482_240, 0, 12 * (128 * 7_077_888 + 2 * 128 * 128 * 768) + 768 * 768),
    ("gpt2", 124_439_808, 0, 12 * (128 * 7_077_888 + 2 * 128 * 128 * 768) + 128 * 768 * 50_257),
    ("gpt2-decode", 124_439_808, 0, 12 * (7_077_888 + 2 * 129 * 768) + 768 * 50_257),
    ("lstm", 2 * (4 * 512 * 1024 + 2 * 4 * 512), 0, 128 * 2 * 4 * 512 * 1024),
];

#[test]
fn totals_are_the_published_ones() {
    assert_eq!(EXPECTED.len(), ENTRIES.len());
    let mut wrong = Vec::new();
    for (name, parameters, buffers, macs) in EXPECTED {
        let entry = find(name).expect("an entry");
        let totals = walk(&(entry.build)(&Options::default()));
        let found = (
            totals.parameters,
            totals.buffers,
            at(&totals.macs, &[("batch", 1), ("seq", 128), ("past", 128)]),
        );
        if found != (*parameters, *buffers, *macs) {
            wrong.push(format!("{name}: {found:?}, expected {:?}", (parameters, buffers, macs)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn alexnet_activations_in_place() {
    // 224·224·3 + 290,400 + 69,984 + 186,624 + 43,264 + 64,896 + 64,896 + 43,264 + 9,216 + 4096 + 4096 + 1000.
    let model = (find("alexnet-2012").expect("an entry").build)(&Options { batch: Batch::Fixed(1) });
    let totals = walk(&model);
    assert_eq!(totals.activations, Expr::Int(932_264));
    // The graph is a chain, so the peak is its largest step: the images and the first convolution's output.
    assert_eq!(totals.largest_step, Some(Expr::Int(150_528 + 290_400)));
}

#[test]
fn a_fixed_batch_leaves_only_lengths_open() {
    for entry in ENTRIES {
        let symbolic = walk(&(entry.build)(&Options::default()));
        let fixed = walk(&(entry.build)(&Options { batch: Batch::Fixed(3) }));
        let three: Bindings = [(Symbol::new("batch"), 3)].into();
        assert_eq!(symbolic.macs.bind(&three), fixed.macs, "{}", entry.name);
        assert_eq!(symbolic.macs.degree(&Symbol::new("batch")), Some(1), "{}", entry.name);
    }
}

#[test]
fn names_are_unique() {
    for entry in ENTRIES {
        let model = (entry.build)(&Options::default());
        let tensors: BTreeSet<&str> = model.tensors.iter().map(|tensor| &*tensor.name).collect();
        assert_eq!(tensors.len(), model.tensors.len(), "{}", entry.name);
        let nodes: BTreeSet<&str> = model.graph.nodes.iter().map(|node| &*node.name).collect();
        assert_eq!(nodes.len(), model.graph.nodes.len(), "{}", entry.name);
        assert_eq!(find(entry.name).map(|found| found.title), Some(entry.title));
    }
}

//! Weights that several nodes read, normalisations that are not what they look like, and refusals that name the right node.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use std::sync::Arc;

use weigh_analysis::{Analysis, Options, analyze};
use weigh_ir::{
    Backward, Cost, DType, Graph, Inference, Memory, Model, Node, Operands, Operator, Outputs, Place, Role,
    Shape, Stop, Stored, Tensor, TensorId, TensorType, single,
};
use weigh_ops::{Conv, ConvTranspose, Elementwise, Gemm, If, Norm, Normalization, Window};
use weigh_rewrite::{Refusal, fold_batch_norm, low_rank, separable, smaller_input, with_dtype};

/// A graph put together by hand.
#[derive(Default)]
struct Net(Model);

impl Net {
    fn push(&mut self, tensor: Tensor) -> TensorId {
        self.0.tensors.push(tensor);
        TensorId::new(self.0.tensors.len() - 1).unwrap()
    }

    fn input(&mut self, name: &str, dims: &[i64]) -> TensorId {
        let declared = Some(Shape::of(dims));
        let id = self.push(Tensor { dtype: Some(DType::F32), declared, ..Tensor::named(name) });
        self.0.graph.inputs.push(id);
        id
    }

    fn weight(&mut self, name: &str, dims: &[i64]) -> TensorId {
        let shape = Shape::of(dims);
        let bytes = 4 * shape.elements().as_int().unwrap() as u64;
        let stored = Stored { dtype: DType::F32, shape, bytes, value: None, place: Place::Memory };
        self.push(Tensor { stored: Some(Arc::new(stored)), ..Tensor::named(name) })
    }

    fn node(&mut self, name: &str, op: impl Operator, inputs: &[TensorId]) -> TensorId {
        let output = self.push(Tensor::named(format!("{name}/y")));
        self.0.graph.nodes.push(node(name, op, inputs, output));
        output
    }

    fn conv(&mut self, name: &str, inputs: &[TensorId]) -> TensorId {
        self.node(name, Conv::plain(Window::square(3, 1, 1), 1), inputs)
    }

    fn batch_norm(&mut self, name: &str, x: TensorId) -> TensorId {
        let stored =
            ["scale", "shift", "mean", "variance"].map(|of| self.weight(&format!("{name}/{of}"), &[16]));
        let [scale, shift, mean, variance] = stored;
        self.node(name, Normalization(Norm::Batch), &[x, scale, shift, mean, variance])
    }

    fn branches(&mut self, condition: TensorId, given_back: [TensorId; 2]) -> TensorId {
        let chosen = self.push(Tensor::named("chosen"));
        let mut choice = node("if", If, &[condition], chosen);
        choice.bodies = given_back.map(|id| Graph { outputs: vec![id], ..Graph::default() }).into();
        self.0.graph.nodes.push(choice);
        chosen
    }

    fn condition(&mut self) -> TensorId {
        let condition = self.input("condition", &[]);
        self.0.tensors[condition.index()].dtype = Some(DType::Bool);
        condition
    }

    fn finish(mut self, outputs: &[TensorId]) -> (Model, Analysis) {
        self.0.graph.outputs.extend(outputs);
        let facts = analyze(&self.0, &Options::default()).unwrap();
        assert!(facts.coverage.is_complete(), "{:?}", facts.diagnostics);
        (self.0, facts)
    }
}

fn node(name: &str, op: impl Operator, inputs: &[TensorId], output: TensorId) -> Node {
    Node {
        name: name.into(),
        scope: "".into(),
        op: Arc::new(op),
        inputs: inputs.iter().copied().map(Some).collect(),
        outputs: [Some(output)].into_iter().collect(),
        bodies: Vec::new(),
    }
}

/// Two images through one convolution: its 8·16·9 weights are counted once before, and what replaces them once after:
/// 8·9 and 8·16; of rank 8, 8·72 and 16·8.
#[test]
fn siamese_networks_stay_siamese() {
    let mut net = Net::default();
    let (a, b) = (net.input("a", &[1, 8, 32, 32]), net.input("b", &[1, 8, 32, 32]));
    let weight = net.weight("w", &[16, 8, 3, 3]);
    let outputs = [net.conv("left", &[a, weight]), net.conv("right", &[b, weight])];
    let (model, facts) = net.finish(&outputs);
    assert_eq!(facts.totals.parameters.as_int(), Some(16 * 72));
    let options = Options::default();
    let made = separable(&model, &facts, &options, &|_| true).unwrap();
    assert_eq!((made.changed.len(), made.facts.totals.parameters.as_int()), (2, Some(8 * 9 + 8 * 16)));
    let made = low_rank(&model, &facts, &options, 0.5, &|_| true).unwrap();
    assert_eq!((made.changed.len(), made.facts.totals.parameters.as_int()), (2, Some(8 * 72 + 16 * 8)));
}

/// One tensor cannot take over the statistics of two normalisations.
#[test]
fn shared_weights_are_not_folded_into() {
    let mut net = Net::default();
    let (a, b) = (net.input("a", &[1, 8, 32, 32]), net.input("b", &[1, 8, 32, 32]));
    let weight = net.weight("w", &[16, 8, 3, 3]);
    let (left, right) = (net.conv("left", &[a, weight]), net.conv("right", &[b, weight]));
    let outputs = [net.batch_norm("bn_left", left), net.batch_norm("bn_right", right)];
    let (model, facts) = net.finish(&outputs);
    match fold_batch_norm(&model, &facts, &Options::default()) {
        Err(Refusal::Nothing(why)) => assert!(why.contains("shares its weights"), "{why}"),
        other => panic!("{other:?}"),
    }
}

/// What is read beside the normalisation stays what it was.
#[test]
fn what_others_read_is_not_folded() {
    let mut net = Net::default();
    let x = net.input("x", &[1, 8, 32, 32]);
    let weight = net.weight("w", &[16, 8, 3, 3]);
    let made = net.conv("conv", &[x, weight]);
    let normalised = net.batch_norm("bn", made);
    let sum = net.node("sum", Elementwise::named("Add").unwrap(), &[made, normalised]);
    let (model, facts) = net.finish(&[sum]);
    match fold_batch_norm(&model, &facts, &Options::default()) {
        Err(Refusal::Nothing(why)) => assert!(why.contains("others read"), "{why}"),
        other => panic!("{other:?}"),
    }
}

/// A table that only a branch gives back keeps its data.
#[test]
fn what_a_branch_gives_back_stays() {
    let mut net = Net::default();
    let x = net.input("x", &[1, 8, 32, 32]);
    let weight = net.weight("w", &[16, 8, 3, 3]);
    let condition = net.condition();
    let (table, other) = (net.weight("table", &[5]), net.weight("other", &[5]));
    let features = net.conv("conv", &[x, weight]);
    let chosen = net.branches(condition, [table, other]);
    let (model, facts) = net.finish(&[features, chosen]);
    let made = separable(&model, &facts, &Options::default(), &|_| true).unwrap();
    assert!(made.model.tensor(table).stored.is_some() && made.model.tensor(other).stored.is_some());
    assert!(made.model.tensor(weight).stored.is_none());
}

fn why_not_folded(net: Net, outputs: &[TensorId]) -> String {
    let (model, facts) = net.finish(outputs);
    match fold_batch_norm(&model, &facts, &Options::default()) {
        Err(Refusal::Nothing(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// A branch that gives back the convolution's result is another reader of it.
#[test]
fn what_a_branch_gives_back_is_not_folded() {
    let mut net = Net::default();
    let (x, condition) = (net.input("x", &[1, 8, 32, 32]), net.condition());
    let weight = net.weight("w", &[16, 8, 3, 3]);
    let made = net.conv("conv", &[x, weight]);
    let normalised = net.batch_norm("bn", made);
    let chosen = net.branches(condition, [made, normalised]);
    let why = why_not_folded(net, &[chosen]);
    assert!(why.contains("others read"), "{why}");
}

/// A normalisation that gives back the batch's mean is in training mode.
#[test]
fn training_mode_is_not_folded() {
    let mut net = Net::default();
    let x = net.input("x", &[1, 8, 32, 32]);
    let weight = net.weight("w", &[16, 8, 3, 3]);
    let made = net.conv("conv", &[x, weight]);
    let normalised = net.batch_norm("bn", made);
    let mean = net.push(Tensor::named("bn/mean_of_batch"));
    net.0.graph.nodes.last_mut().unwrap().outputs.push(Some(mean));
    let why = why_not_folded(net, &[normalised]);
    assert!(why.contains("training mode"), "{why}");
}

/// A bias that is only known when the model runs cannot be scaled beforehand.
#[test]
fn biases_that_are_not_stored_are_not_folded_into() {
    let mut net = Net::default();
    let (x, bias) = (net.input("x", &[1, 8, 32, 32]), net.input("b", &[16]));
    let weight = net.weight("w", &[16, 8, 3, 3]);
    let made = net.conv("conv", &[x, weight, bias]);
    let normalised = net.batch_norm("bn", made);
    let why = why_not_folded(net, &[normalised]);
    assert!(why.contains("bias is not stored"), "{why}");
}

#[test]
fn what_stands_before_is_named() {
    let mut net = Net::default();
    let x = net.input("x", &[4, 8]);
    let weight = net.weight("w", &[8, 16]);
    let gemm = Gemm { transpose_a: false, transpose_b: false, alpha: 1.0, beta: 1.0 };
    let made = net.node("fc", gemm, &[x, weight]);
    let normalised = net.batch_norm("bn", made);
    let why = why_not_folded(net, &[normalised]);
    assert!(why.contains("no convolution but Gemm"), "{why}");
}

/// Weights of 8 inputs × 16/2 outputs of each group × 2×2, and a bias for each of 16 channels. A second normalisation
/// goes into the bias that the first one made.
#[test]
fn transposed_convolutions_are_folded_into() {
    let mut net = Net::default();
    let x = net.input("x", &[1, 8, 32, 32]);
    let weight = net.weight("w", &[8, 8, 2, 2]);
    let window = Window::square(2, 2, 0);
    let op = ConvTranspose { window, groups: 2, output_padding: vec![], output_shape: None, pads: None };
    let made = net.node("up", op, &[x, weight]);
    let once = net.batch_norm("bn", made);
    let twice = net.batch_norm("bn_again", once);
    let (model, facts) = net.finish(&[twice]);
    let folded = fold_batch_norm(&model, &facts, &Options::default()).unwrap();
    assert_eq!((folded.changed.len(), folded.left.len()), (2, 0));
    assert_eq!(folded.facts.totals.parameters.as_int(), Some(8 * 8 * 4 + 16));
}

/// Half as large again is not smaller.
#[test]
fn images_are_never_enlarged() {
    let mut net = Net::default();
    let x = net.input("x", &[1, 3, 64, 64]);
    let weight = net.weight("w", &[16, 3, 3, 3]);
    let made = net.conv("conv", &[x, weight]);
    let (model, facts) = net.finish(&[made]);
    let scaled = |scale| smaller_input(&model, &facts, &Options::default(), scale);
    for scale in [1.0, 1.5] {
        assert!(matches!(scaled(scale), Err(Refusal::Nothing(_))), "{scale}");
    }
    assert_eq!(scaled(0.5).unwrap().2, "32×32");
}

/// Passes on what it reads, in float32 only.
#[derive(Debug)]
struct Single;

impl Operator for Single {
    fn name(&self) -> &str {
        "Single"
    }
    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }
    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        match node.dtype(0) {
            Some(DType::F32) => Ok(single(TensorType::new(node.dtype(0), node.input(0)?.clone()))),
            _ => Err(Stop::Unknown("other types")),
        }
    }
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::other(node.output(0)?.elements()))
    }
    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }
    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }
    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

/// The node that lost its shape is named; one without a name is not called by an empty one.
#[test]
fn what_does_not_go_along_is_named() {
    let refused = |name: &str| {
        let mut net = Net::default();
        let x = net.input("x", &[1, 8, 32, 32]);
        let weight = net.weight("w", &[16, 8, 3, 3]);
        let made = net.conv("conv", &[x, weight]);
        let passed = net.node(name, Single, &[made]);
        let (model, facts) = net.finish(&[passed]);
        with_dtype(&model, &facts, &Options::default(), DType::F16).unwrap_err()
    };
    assert!(matches!(refused("picky"), Refusal::Node { node, .. } if node == "picky"));
    assert!(matches!(refused(""), Refusal::Unnamed));
}

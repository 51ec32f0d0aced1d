//! The conventions, one row for every weight: what each tool counts, and where in its source that stands.
//!
//! A term without a row weighs 0: the tool does not see it. Versions are those whose sources the rows were
//! read from and whose results they were checked against (`corpus/conventions.py`).

use super::terms::{Call, Kind, Quantity};
use Kind::{
    AdaptiveAveragePool, AdaptiveMaxPool, Attention, AveragePool, BatchNorm, Convolution, Einsum, Elu,
    Embedding, FusedAttention, Gelu, GridSample, GroupNorm, Gru, InstanceNorm, LayerNorm, LeakyRelu, Linear,
    Lstm, MaxPool, OtherMatrix, PRelu, Product, Projection, Relu, Relu6, Rnn, Silu, Softmax,
    TransposedConvolution, UpsampleBicubic, UpsampleBilinear, UpsampleNearest,
};
use Quantity::{BiasAdds, DenseMacs, Inputs, Macs, Outputs, Parameters, Queries, Rows, Scores, Units};

/// What the number of a convention counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A multiplication and an addition are one.
    Macs,
    /// They are two.
    Flops,
}

/// One way of counting.
#[derive(Debug)]
pub struct Convention {
    /// What it is called here.
    pub name: &'static str,
    /// The version that was read.
    pub version: &'static str,
    /// What the number counts in truth.
    pub unit: Unit,
    /// What the tool itself calls the number.
    pub label: &'static str,
    /// Where its counting stands.
    pub source: &'static str,
    /// The weights.
    pub rules: &'static [Rule],
}

/// The weight of a term in a convention.
#[derive(Debug)]
pub struct Rule {
    /// The kind of work.
    pub kind: Kind,
    /// How it must have been called; `None` where that does not matter.
    pub call: Option<Call>,
    /// What is counted of it.
    pub quantity: Quantity,
    /// How often.
    pub weight: i64,
    /// The function of the tool that says so.
    pub source: &'static str,
}

const fn row(kind: Kind, quantity: Quantity, weight: i64, source: &'static str) -> Rule {
    Rule { kind, call: None, quantity, weight, source }
}

const fn module(kind: Kind, quantity: Quantity, weight: i64, source: &'static str) -> Rule {
    Rule { kind, call: Some(Call::Module), quantity, weight, source }
}

const fn function(kind: Kind, quantity: Quantity, weight: i64, source: &'static str) -> Rule {
    Rule { kind, call: Some(Call::Function), quantity, weight, source }
}

/// Every convention.
pub const CONVENTIONS: &[Convention] = &[
    Convention {
        name: "weigh",
        version: env!("CARGO_PKG_VERSION"),
        unit: Unit::Macs,
        label: "MACs",
        source: "docs/metrics.md",
        rules: WEIGH,
    },
    Convention {
        name: "torchvision",
        version: "0.29.2",
        unit: Unit::Macs,
        label: "GFLOPS",
        source: "`_ops` in the metadata of its weights; half of torch.utils.flop_counter (torch 2.15.0)",
        rules: TORCHVISION,
    },
    Convention {
        name: "fvcore",
        version: "0.1.5.post20221221",
        unit: Unit::Macs,
        label: "flops",
        source: "fvcore.nn.FlopCountAnalysis: flop_count.py, jit_handles.py",
        rules: FVCORE,
    },
    Convention {
        name: "timm",
        version: "1.0.31",
        unit: Unit::Macs,
        label: "GMACs",
        source: "benchmark.py, profile_fvcore: fvcore's count",
        rules: FVCORE,
    },
    Convention {
        name: "ptflops",
        version: "0.7.5",
        unit: Unit::Macs,
        label: "MACs",
        source: "get_model_complexity_info with the pytorch backend: pytorch_ops.py",
        rules: PTFLOPS,
    },
    Convention {
        name: "thop",
        version: "0.1.1.post2209072238",
        unit: Unit::Macs,
        label: "MACs",
        source: "thop.profile: profile.py, vision/basic_hooks.py, rnn_hooks.py",
        rules: THOP,
    },
    Convention {
        name: "torchinfo",
        version: "1.8.0",
        unit: Unit::Macs,
        label: "Total mult-adds",
        source: "torchinfo.summary: layer_info.py, calculate_macs",
        rules: TORCHINFO,
    },
    Convention {
        name: "deepspeed",
        version: "0.19.8",
        unit: Unit::Flops,
        label: "fwd flops",
        source: "deepspeed.profiling.flops_profiler.get_model_profile: profiler.py",
        rules: DEEPSPEED,
    },
];

const WEIGH: &[Rule] = &[
    row(Convolution, Macs, 1, "Conv"),
    row(TransposedConvolution, Macs, 1, "ConvTranspose"),
    row(Linear, Macs, 1, "MatMul, Gemm"),
    row(Projection, Macs, 1, "MatMul, Gemm"),
    row(Product, Macs, 1, "MatMul, Gemm"),
    row(Attention, Macs, 1, "MatMul"),
    row(FusedAttention, Macs, 1, "Attention"),
    row(Einsum, Macs, 1, "Einsum"),
    row(Lstm, Macs, 1, "LSTM"),
    row(Gru, Macs, 1, "GRU"),
    row(Rnn, Macs, 1, "RNN"),
    row(OtherMatrix, Macs, 1, "every operator with multiply-accumulates"),
];

const TORCHVISION: &[Rule] = &[
    row(Convolution, Macs, 1, "conv_flop"),
    row(TransposedConvolution, Macs, 1, "conv_flop"),
    row(Linear, Macs, 1, "mm_flop, addmm_flop"),
    row(Projection, Macs, 1, "mm_flop, addmm_flop"),
    row(Product, Macs, 1, "bmm_flop"),
    row(Attention, Macs, 1, "bmm_flop"),
    row(FusedAttention, Macs, 1, "sdpa_flop"),
    row(Einsum, Macs, 1, "bmm_flop"),
];

const FVCORE: &[Rule] = &[
    row(Convolution, Macs, 1, "conv_flop_jit"),
    row(TransposedConvolution, Macs, 1, "conv_flop_jit"),
    row(Linear, Macs, 1, "linear_flop_jit, addmm_flop_jit, matmul_flop_jit"),
    row(Projection, Macs, 1, "linear_flop_jit"),
    row(Product, Macs, 1, "matmul_flop_jit, bmm_flop_jit"),
    row(Attention, Macs, 1, "matmul_flop_jit, bmm_flop_jit"),
    row(Einsum, Macs, 1, "einsum_flop_jit"),
    row(BatchNorm, Outputs, 2, "batchnorm_flop_jit"),
    row(LayerNorm, Outputs, 5, "norm_flop_counter(2)"),
    row(GroupNorm, Outputs, 5, "norm_flop_counter(2)"),
    row(InstanceNorm, Outputs, 5, "norm_flop_counter(1)"),
    row(AdaptiveAveragePool, Inputs, 1, "elementwise_flop_counter(1, 0)"),
    row(UpsampleNearest, Outputs, 1, "elementwise_flop_counter(0, 1)"),
    row(UpsampleBilinear, Outputs, 4, "elementwise_flop_counter(0, 4)"),
    row(GridSample, Outputs, 4, "elementwise_flop_counter(0, 4)"),
];

/// A module whose forward calls a patched function is counted by its hook and by the patch: hence 2.
const PTFLOPS: &[Rule] = &[
    module(Convolution, Macs, 1, "conv_flops_counter_hook"),
    module(Convolution, BiasAdds, 1, "conv_flops_counter_hook"),
    module(TransposedConvolution, Macs, 1, "conv_flops_counter_hook"),
    module(TransposedConvolution, BiasAdds, 1, "conv_flops_counter_hook"),
    module(Linear, Macs, 1, "linear_flops_counter_hook"),
    module(Linear, BiasAdds, 1, "linear_flops_counter_hook"),
    row(Projection, Macs, 1, "multihead_attention_counter_hook"),
    row(Projection, BiasAdds, 1, "multihead_attention_counter_hook"),
    module(FusedAttention, Macs, 1, "multihead_attention_counter_hook"),
    module(FusedAttention, Scores, 1, "multihead_attention_counter_hook"),
    module(FusedAttention, Queries, 1, "multihead_attention_counter_hook"),
    row(Product, Macs, 1, "_matmul_tensor_flops_hook"),
    row(Attention, Macs, 1, "_matmul_tensor_flops_hook"),
    module(Lstm, Macs, 1, "rnn_flops"),
    module(Lstm, Units, 10, "rnn_flops"),
    module(Lstm, BiasAdds, 1, "rnn_flops_counter_hook"),
    module(Gru, Macs, 1, "rnn_flops"),
    module(Gru, Units, 7, "rnn_flops"),
    module(Gru, BiasAdds, 1, "rnn_flops_counter_hook"),
    module(Rnn, Macs, 1, "rnn_flops"),
    module(Rnn, Units, 1, "rnn_flops"),
    module(Rnn, BiasAdds, 1, "rnn_flops_counter_hook"),
    module(BatchNorm, Outputs, 2, "bn_flops_counter_hook"),
    module(GroupNorm, Outputs, 2, "bn_flops_counter_hook"),
    module(InstanceNorm, Outputs, 2, "bn_flops_counter_hook"),
    // nn.LayerNorm has no attribute `affine`, which would double it.
    module(LayerNorm, Outputs, 1, "bn_flops_counter_hook"),
    module(Relu, Outputs, 2, "relu_flops_counter_hook and _numel_functional_flops_hook"),
    function(Relu, Outputs, 1, "_numel_functional_flops_hook"),
    module(PRelu, Outputs, 2, "relu_flops_counter_hook and _numel_functional_flops_hook"),
    function(PRelu, Outputs, 1, "_numel_functional_flops_hook"),
    module(Elu, Outputs, 2, "relu_flops_counter_hook and _numel_functional_flops_hook"),
    function(Elu, Outputs, 1, "_numel_functional_flops_hook"),
    module(Gelu, Outputs, 2, "relu_flops_counter_hook and _numel_functional_flops_hook"),
    function(Gelu, Outputs, 1, "_numel_functional_flops_hook"),
    // nn.ReLU6 calls hardtanh, which is not patched.
    row(Relu6, Outputs, 1, "relu_flops_counter_hook or _numel_functional_flops_hook"),
    module(LeakyRelu, Outputs, 1, "relu_flops_counter_hook"),
    row(Silu, Outputs, 1, "_numel_functional_flops_hook"),
    row(Softmax, Inputs, 1, "_numel_functional_flops_hook"),
    module(MaxPool, Inputs, 2, "pool_flops_counter_hook and _numel_functional_flops_hook"),
    function(MaxPool, Inputs, 1, "_numel_functional_flops_hook"),
    module(AveragePool, Inputs, 2, "pool_flops_counter_hook and _numel_functional_flops_hook"),
    function(AveragePool, Inputs, 1, "_numel_functional_flops_hook"),
    module(AdaptiveAveragePool, Inputs, 2, "pool_flops_counter_hook and _numel_functional_flops_hook"),
    function(AdaptiveAveragePool, Inputs, 1, "_numel_functional_flops_hook"),
    module(AdaptiveMaxPool, Inputs, 2, "pool_flops_counter_hook and _numel_functional_flops_hook"),
    function(AdaptiveMaxPool, Inputs, 1, "_numel_functional_flops_hook"),
    module(UpsampleNearest, Outputs, 2, "upsample_flops_counter_hook and _interpolate_functional_flops_hook"),
    function(UpsampleNearest, Outputs, 1, "_interpolate_functional_flops_hook"),
    module(
        UpsampleBilinear,
        Outputs,
        2,
        "upsample_flops_counter_hook and _interpolate_functional_flops_hook",
    ),
    function(UpsampleBilinear, Outputs, 1, "_interpolate_functional_flops_hook"),
    module(UpsampleBicubic, Outputs, 2, "upsample_flops_counter_hook and _interpolate_functional_flops_hook"),
    function(UpsampleBicubic, Outputs, 1, "_interpolate_functional_flops_hook"),
];

const THOP: &[Rule] = &[
    module(Convolution, Macs, 1, "count_convNd"),
    module(TransposedConvolution, DenseMacs, 1, "count_convNd"),
    module(Linear, Macs, 1, "count_linear"),
    module(Lstm, Macs, 1, "_count_lstm_cell"),
    module(Lstm, Units, 8, "_count_lstm_cell"),
    module(Lstm, BiasAdds, 1, "_count_lstm_cell"),
    module(Gru, Macs, 1, "_count_gru_cell"),
    module(Gru, Units, 7, "_count_gru_cell"),
    module(Gru, BiasAdds, 1, "_count_gru_cell"),
    module(Rnn, Macs, 1, "_count_rnn_cell"),
    module(Rnn, Units, 1, "_count_rnn_cell"),
    module(Rnn, BiasAdds, 1, "_count_rnn_cell"),
    module(BatchNorm, Outputs, 4, "count_normalization"),
    module(LayerNorm, Outputs, 4, "count_normalization"),
    module(InstanceNorm, Outputs, 4, "count_normalization"),
    module(PRelu, Outputs, 1, "count_prelu"),
    // n exponentials, n − 1 additions, n divisions for a row of n.
    module(Softmax, Inputs, 3, "count_softmax"),
    module(Softmax, Rows, -1, "count_softmax"),
    module(AveragePool, Outputs, 1, "count_avgpool"),
    // (inputs / outputs + 1) for each output.
    module(AdaptiveAveragePool, Inputs, 1, "count_adap_avgpool"),
    module(AdaptiveAveragePool, Outputs, 1, "count_adap_avgpool"),
    module(UpsampleNearest, Outputs, 1, "count_upsample"),
    module(UpsampleBilinear, Outputs, 11, "count_upsample"),
    module(UpsampleBicubic, Outputs, 259, "count_upsample"),
];

const TORCHINFO: &[Rule] = &[
    module(Convolution, Macs, 1, "calculate_macs"),
    module(Convolution, BiasAdds, 1, "calculate_macs"),
    module(TransposedConvolution, DenseMacs, 1, "calculate_macs"),
    module(TransposedConvolution, BiasAdds, 1, "calculate_macs"),
    module(Linear, Parameters, 1, "calculate_macs"),
    module(Lstm, Macs, 1, "calculate_macs"),
    module(Lstm, BiasAdds, 1, "calculate_macs"),
    module(Gru, Macs, 1, "calculate_macs"),
    module(Gru, BiasAdds, 1, "calculate_macs"),
    module(Rnn, Macs, 1, "calculate_macs"),
    module(Rnn, BiasAdds, 1, "calculate_macs"),
    module(BatchNorm, Parameters, 1, "calculate_macs"),
    module(LayerNorm, Parameters, 1, "calculate_macs"),
    module(GroupNorm, Parameters, 1, "calculate_macs"),
    module(InstanceNorm, Parameters, 1, "calculate_macs"),
    module(PRelu, Parameters, 1, "calculate_macs"),
    module(Embedding, Parameters, 1, "calculate_macs"),
];

const DEEPSPEED: &[Rule] = &[
    row(Convolution, Macs, 2, "_conv_flops_compute"),
    row(Convolution, BiasAdds, 1, "_conv_flops_compute"),
    row(TransposedConvolution, Macs, 2, "_conv_trans_flops_compute"),
    row(TransposedConvolution, BiasAdds, 1, "_conv_trans_flops_compute"),
    row(Linear, Macs, 2, "_linear_flops_compute"),
    row(Projection, Macs, 2, "_linear_flops_compute"),
    row(Product, Macs, 2, "_matmul_flops_compute"),
    row(Attention, Macs, 2, "_matmul_flops_compute"),
    row(FusedAttention, Macs, 2, "_attn_flops_compute"),
    row(Einsum, Macs, 2, "_einsum_flops_compute"),
    module(Lstm, Macs, 2, "_rnn_flops"),
    module(Lstm, Units, 2, "_rnn_flops"),
    module(Lstm, BiasAdds, 1, "_rnn_forward_hook"),
    module(Gru, Macs, 2, "_rnn_flops"),
    module(Gru, Units, 1, "_rnn_flops"),
    module(Gru, BiasAdds, 1, "_rnn_forward_hook"),
    module(Rnn, Macs, 2, "_rnn_flops"),
    module(Rnn, Units, -1, "_rnn_flops"),
    module(Rnn, BiasAdds, 1, "_rnn_forward_hook"),
    row(BatchNorm, Outputs, 2, "_batch_norm_flops_compute"),
    row(LayerNorm, Outputs, 5, "_layer_norm_flops_compute"),
    row(GroupNorm, Outputs, 5, "_group_norm_flops_compute"),
    row(InstanceNorm, Outputs, 5, "_instance_norm_flops_compute"),
    row(Relu, Outputs, 1, "_relu_flops_compute"),
    row(PRelu, Outputs, 1, "_prelu_flops_compute"),
    row(Elu, Outputs, 1, "_elu_flops_compute"),
    row(LeakyRelu, Outputs, 1, "_leaky_relu_flops_compute"),
    // nn.ReLU6 calls hardtanh, which is not patched.
    function(Relu6, Outputs, 1, "_relu6_flops_compute"),
    row(Gelu, Outputs, 1, "_gelu_flops_compute"),
    row(Silu, Outputs, 1, "_silu_flops_compute"),
    row(Softmax, Inputs, 1, "_softmax_flops_compute"),
    row(MaxPool, Inputs, 1, "_pool_flops_compute"),
    row(AveragePool, Inputs, 1, "_pool_flops_compute"),
    row(AdaptiveAveragePool, Inputs, 1, "_pool_flops_compute"),
    row(AdaptiveMaxPool, Inputs, 1, "_pool_flops_compute"),
    row(UpsampleNearest, Outputs, 1, "_upsample_flops_compute"),
    row(UpsampleBilinear, Outputs, 1, "_upsample_flops_compute"),
    row(UpsampleBicubic, Outputs, 1, "_upsample_flops_compute"),
];

impl Convention {
    /// The convention of this name.
    pub fn named(name: &str) -> Option<&'static Convention> {
        CONVENTIONS.iter().find(|convention| convention.name == name)
    }

    /// How often a term counts: 0 for what the tool does not see.
    pub fn weight(&self, kind: Kind, call: Call, quantity: Quantity) -> i64 {
        let fits = |rule: &&Rule| {
            rule.kind == kind && rule.quantity == quantity && rule.call.is_none_or(|wanted| wanted == call)
        };
        self.rules.iter().find(fits).map_or(0, |rule| rule.weight)
    }
}

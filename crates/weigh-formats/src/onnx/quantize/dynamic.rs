//! Products computed with integers: activations quantised at run time.
//!
//! `DynamicQuantizeLinear` makes x ≈ sx · (qx − zx) of an input, with qx in uint8; the weight is w ≈ sw · qw with one
//! sw per output channel and no zero point. Then x·w ≈ sx · sw · (qx − zx)·qw, where the last product is that of
//! `MatMulInteger` or `ConvInteger` in int32: the scales come after the sum.

use super::QuantizeError;
use super::form::Form;
use super::nodes::{self, Names};
use super::roles::view;
use super::source::{Reader, Source, StoredTensor};
use crate::FormatError;
use crate::onnx::copy::int_list;
use crate::protobuf::Message;

/// The form that all readers of a tensor can compute with, or why there is none.
pub(super) fn form(
    source: &Source<'_>,
    tensor: &StoredTensor<'_>,
) -> Result<Result<Form, String>, QuantizeError> {
    let mut agreed = None;
    for reader in source.readers_of(tensor.name) {
        let wanted = match one(source, *reader, tensor.dims.len())? {
            Ok(form) => form,
            Err(why) => return Ok(Err(why)),
        };
        if *agreed.get_or_insert(wanted) != wanted {
            return Ok(Err("its readers take it in different ways".to_owned()));
        }
    }
    Ok(agreed.ok_or_else(|| "nothing reads it".to_owned()))
}

fn one(source: &Source<'_>, reader: Reader, rank: usize) -> Result<Result<Form, String>, FormatError> {
    let refuse = |why: &str| Ok(Err(why.to_owned()));
    let Reader::Input { node, input } = reader else { return refuse("a subgraph reads it") };
    let Some(node) = source.nodes.get(node) else { return refuse("nothing reads it") };
    let view = view(source, node);
    match node.proto.op_type {
        _ if !node.proto.domain.is_empty() => refuse("its reader is no operator of the standard"),
        "MatMul" | "Conv" | "Gemm" if input != 1 => refuse("it is the left side of the product"),
        "MatMul" => Ok(Ok(Form::I8 { axis: rank - 1, transposed: false })),
        "Conv" => Ok(Ok(Form::I8 { axis: 0, transposed: false })),
        "Gemm" => {
            let is_plain = view.float_or("alpha", 1.0)? == 1.0
                && view.float_or("beta", 1.0)? == 1.0
                && !view.flag("transA", false)?;
            let transposed = view.flag("transB", false)?;
            match is_plain && rank == 2 {
                true => Ok(Ok(Form::I8 { axis: usize::from(!transposed), transposed })),
                false => refuse("its Gemm scales or transposes"),
            }
        }
        other => Ok(Err(format!("{other} has no integer form in the standard"))),
    }
}

/// The parts of an activation that was quantised.
#[derive(Clone, Debug)]
pub(super) struct Activation {
    pub quantized: String,
    pub scale: String,
    pub zero_point: String,
}

/// Quantises an activation.
pub(super) fn activation(name: &str, names: &mut Names<'_>) -> (Activation, Vec<u8>) {
    let made = Activation {
        quantized: names.fresh(name, "uint8"),
        scale: names.fresh(name, "scale"),
        zero_point: names.fresh(name, "zero_point"),
    };
    let node = nodes::node(
        "DynamicQuantizeLinear",
        &format!("{name}/quantize"),
        &[name],
        &[&made.quantized, &made.scale, &made.zero_point],
        &[],
    );
    (made, node)
}

/// A product to be put in other words.
pub(super) struct Product<'p, 'a> {
    pub message: Message<'a>,
    pub op_type: &'p str,
    pub label: &'p str,
    pub activation: &'p Activation,
    /// The integers, and their scales in a shape that goes with the output.
    pub weight: (&'p str, &'p str),
    pub bias: Option<&'p str>,
    /// Axes of the output behind the channels.
    pub spatial: usize,
    pub output: &'p str,
}

/// The nodes that compute a product with integers.
pub(super) fn product(job: &Product<'_, '_>, names: &mut Names<'_>) -> Result<Vec<Vec<u8>>, FormatError> {
    let (output, label) = (job.output, job.label);
    let mut name = |end: &str| names.fresh(output, end);
    let (sum, float, scale) = (name("int32"), name("sum"), name("scales"));
    let inputs = [&job.activation.quantized, job.weight.0, &job.activation.zero_point];
    let inner = match job.op_type {
        "Conv" => nodes::rewired(
            job.message,
            &inputs.map(str::to_owned),
            std::slice::from_ref(&sum),
            Some("ConvInteger"),
        )?,
        _ => nodes::node("MatMulInteger", label, &inputs, &[&sum], &[]),
    };
    let scaled = job.bias.map(|_| name("scaled"));
    let product = scaled.as_deref().unwrap_or(output);
    let mut made = vec![
        inner,
        nodes::to_float(&format!("{label}/float"), &sum, &float),
        nodes::node(
            "Mul",
            &format!("{label}/scales"),
            &[&job.activation.scale, job.weight.1],
            &[&scale],
            &[],
        ),
        nodes::node("Mul", &format!("{label}/scaled"), &[&float, &scale], &[product], &[]),
    ];
    if let Some(bias) = job.bias {
        let mut bias = bias.to_owned();
        if job.op_type == "Conv" {
            // One number per channel, which lies before the spatial axes.
            let (shape, shaped) = (name("bias_shape"), name("bias"));
            let extents: Vec<i64> = [1, -1].into_iter().chain(std::iter::repeat_n(1, job.spatial)).collect();
            made.push(int_list(&shape, &extents));
            made.push(nodes::node("Reshape", &format!("{label}/bias"), &[&bias, &shape], &[&shaped], &[]));
            bias = shaped;
        }
        made.push(nodes::node("Add", &format!("{label}/add"), &[product, &bias], &[output], &[]));
    }
    Ok(made)
}

//! The same graph in another element type: float32 tensors, stored and made, become 16 or 8 bits wide, so that sizes and
//! traffic can be counted. What a quantised graph has beside that (scales, zero points, nodes at its ends) is left out.

use std::sync::Arc;

use weigh_analysis::{Analysis, Options};
use weigh_ir::{DType, Model, Node, Tensor};
use weigh_ops::Cast;

use crate::draft::{Draft, operator, stored};
use crate::{Change, Refusal, Rewritten, checked};

/// The graph with everything that is float32 in another type.
///
/// # Errors
/// Where nothing is float32, and where a node then has no result.
pub fn with_dtype(
    model: &Model,
    facts: &Analysis,
    options: &Options,
    dtype: DType,
) -> Result<Rewritten, Refusal> {
    let mut draft = Draft::of(model);
    let mut tensors = 0;
    for tensor in &mut draft.model.tensors {
        tensors += usize::from(narrow(tensor, dtype));
    }
    for node in &mut draft.model.graph.nodes {
        recast(node, dtype);
    }
    if tensors == 0 {
        return Err(Refusal::Nothing("nothing in it is float32".to_owned()));
    }
    let what = format!("{tensors} tensors in {}", dtype.name());
    let changed = vec![Change { node: String::new(), what }];
    checked(model, facts, draft.finish(), options, changed, Vec::new())
}

/// Makes a tensor of the type, where it is float32. Elements that are known stay: they may decide shapes.
fn narrow(tensor: &mut Tensor, dtype: DType) -> bool {
    if tensor.dtype != Some(DType::F32) && tensor.stored.as_ref().is_none_or(|data| data.dtype != DType::F32)
    {
        return false;
    }
    tensor.dtype = tensor.dtype.map(|_| dtype);
    if let Some(data) = &tensor.stored
        && let Some(narrowed) = stored(dtype, data.shape.clone())
    {
        let (value, place) = (data.value.clone(), data.place.clone());
        tensor.stored = Some(Arc::new(weigh_ir::Stored { value, place, ..narrowed }));
    }
    true
}

/// Nodes that turn something into float32 turn it into the type.
fn recast(node: &mut Node, dtype: DType) {
    if operator::<Cast>(node).is_some_and(|cast| cast.to == Some(DType::F32)) {
        node.op = Arc::new(Cast { to: Some(dtype) });
    }
    for body in &mut node.bodies {
        body.nodes.iter_mut().for_each(|node| recast(node, dtype));
    }
}

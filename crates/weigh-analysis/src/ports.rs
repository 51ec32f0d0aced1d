//! What goes in and comes out, and what integers may go in.

use std::any::Any;
use std::collections::BTreeMap;

use weigh_ir::{DType, Graph, Members, Model, Node, Shape, TensorId, TensorType};
use weigh_ops::{Cast, Movement, View};

use crate::types::{self, Types};
use crate::{AnalysisError, Options, Question};

/// An input or output of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// The name.
    pub name: String,
    /// The element type.
    pub dtype: Option<DType>,
    /// The shape; `None` where the rank is unknown.
    pub shape: Option<Shape>,
    /// The members, where it is a sequence of tensors of known length.
    pub members: Option<Vec<Member>>,
}

/// A member of a sequence that goes in or comes out.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The element type.
    pub dtype: Option<DType>,
    /// The shape; `None` where the rank is unknown.
    pub shape: Option<Shape>,
}

/// The ports of these tensors.
pub(crate) fn ports(model: &Model, types: &Types, ids: &[TensorId]) -> Vec<Port> {
    let port = |id: &TensorId| {
        let typed = types.of(*id);
        let member = |typed: &TensorType| Member { dtype: typed.dtype, shape: typed.shape.clone() };
        let each = typed.sequence.as_ref().and_then(Members::each);
        Port {
            name: model.tensor(*id).name.to_string(),
            dtype: typed.dtype,
            shape: typed.shape.clone(),
            members: each.map(|members| members.iter().map(member).collect()),
        }
    };
    ids.iter().map(port).collect()
}

/// For each integer input that selects rows of a table, how many rows there are: what is synthesised for it
/// must stay below.
///
/// # Errors
/// As [`analyze`](crate::analyze).
pub fn index_limits(model: &Model, options: &Options) -> Result<BTreeMap<String, i64>, AnalysisError> {
    let question = Question::new(model, options)?;
    let types = types::infer(model, question.inputs_for_numbers(), &question.bound);
    let mut limits: BTreeMap<TensorId, i64> = BTreeMap::new();
    limit(&model.graph, &types, &mut limits);
    let named = |id: &TensorId| Some((model.tensor(*id).name.to_string(), *limits.get(id)?));
    Ok(model.graph.inputs.iter().filter_map(named).collect())
}

/// Goes backwards: an index of a gather is limited by the gathered axis, and what is merely reshaped,
/// converted or moved on the way there by the same number.
fn limit(graph: &Graph, types: &Types, limits: &mut BTreeMap<TensorId, i64>) {
    for node in graph.nodes.iter().rev() {
        node.bodies.iter().for_each(|body| limit(body, types, limits));
        let op: &dyn Any = &*node.op;
        let gathered = match op.downcast_ref::<Movement>() {
            Some(Movement::Gather { axis }) => rows(node, types, *axis),
            _ => None,
        };
        if let (Some(rows), Some(Some(indices))) = (gathered, node.inputs.get(1)) {
            lower(limits, *indices, rows);
        }
        let moves = matches!(
            op.downcast_ref::<Movement>(),
            Some(
                Movement::Transpose { .. }
                    | Movement::Slice { .. }
                    | Movement::Concat { .. }
                    | Movement::Gather { .. }
            )
        );
        if !(moves || op.is::<View>() || op.is::<Cast>()) {
            continue;
        }
        let passed_on = node.outputs.iter().flatten().filter_map(|id| limits.get(id)).min().copied();
        if let (Some(rows), Some(Some(input))) = (passed_on, node.inputs.first()) {
            lower(limits, *input, rows);
        }
    }
}

fn rows(node: &Node, types: &Types, axis: i64) -> Option<i64> {
    let table = types.of((*node.inputs.first()?)?);
    table.shape.as_ref()?.dim(axis).ok()?.as_int()
}

fn lower(limits: &mut BTreeMap<TensorId, i64>, id: TensorId, rows: i64) {
    limits.entry(id).and_modify(|limit| *limit = rows.min(*limit)).or_insert(rows);
}

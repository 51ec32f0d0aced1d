//! Attention of projected queries, keys and values.

use smallvec::smallvec;
use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Saved, Shape, Stop,
    TensorType,
};

use super::{AttentionInputs, Heads, ROTATION, SOFT_CAP, SOFTMAX, adds, scalar, split};

/// softmax(scale·Q·Kᵀ + mask)·V. ONNX `Attention`; `MultiHeadAttention` and `GroupQueryAttention` of
/// com.microsoft. The first three inputs are Q, K and V; Q alone, or Q and K, may hold the others packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attention {
    /// The name of this form.
    pub name: &'static str,
    /// Heads of the queries; `None` where an axis of their own tells.
    pub heads: Option<i64>,
    /// Heads of keys and values; `None` for those of the queries or where an axis of their own tells.
    pub kv_heads: Option<i64>,
    /// Whether scores are capped softly.
    pub soft_cap: bool,
    /// Which input is which.
    pub inputs: AttentionInputs,
}

/// The extents of an attention.
struct Extents {
    batch: Expr,
    heads: Expr,
    kv_heads: Expr,
    /// How many queries.
    queries: Expr,
    /// How many new keys.
    new_keys: Expr,
    /// How many keys altogether.
    keys: Expr,
    /// How many keys the stored ones have room for, the new ones included.
    stored: Expr,
    head: Expr,
    value_head: Expr,
}

impl Attention {
    fn extents(&self, node: &Operands<'_>) -> Result<Extents, Stop> {
        let (query, key, value) = self.split_inputs(node)?;
        let mut keys = key.steps.clone();
        let mut stored = keys.clone();
        if let Some((past, _)) = self.inputs.past.filter(|past| node.has_input(past.0)) {
            let room = node.input(past)?.dim(2)?;
            let known = |index: Option<usize>| index.filter(|index| node.has_input(*index));
            if let Some(index) = known(self.inputs.past_length) {
                // A buffer: the node writes into it and it keeps its size.
                keys = scalar(node, index)? + &key.steps;
                stored = room.clone();
            } else if let Some(total) =
                known(self.inputs.total_length).and_then(|index| scalar(node, index).ok())
            {
                stored = if self.inputs.keeps_room { room.clone() } else { total.larger(room) };
                keys = total;
            } else if self.inputs.keeps_room {
                return Err(Stop::Unknown("the number of keys is not known"));
            } else {
                keys = room + &key.steps;
                stored = keys.clone();
            }
        }
        Ok(Extents {
            batch: query.batch,
            heads: query.heads,
            kv_heads: key.heads,
            queries: query.steps,
            new_keys: key.steps,
            keys,
            stored,
            head: query.head,
            value_head: value.head,
        })
    }

    /// Queries, keys and values, unpacked.
    fn split_inputs(&self, node: &Operands<'_>) -> Result<(Heads, Heads, Heads), Stop> {
        let query = node.input(0)?;
        let kv_heads = self.kv_heads.or(self.heads);
        let packed = |shape: &Shape, steps: Expr| Heads {
            batch: shape[0].clone(),
            heads: shape[2].clone(),
            steps,
            head: shape[4].clone(),
        };
        if !node.has_input(1) {
            // [batch, steps, heads, 3, head], or [batch, steps, (heads + 2·kv_heads) · head].
            if query.rank() == 5 {
                let one = || packed(query, query[1].clone());
                return Ok((one(), one(), one()));
            }
            let (Some(heads), Some(kv_heads)) = (self.heads, kv_heads) else {
                return Err(Stop::Unknown("the number of heads is unknown"));
            };
            let whole = split(query, heads.checked_add(kv_heads.saturating_mul(2)))?;
            let one = |heads| Heads {
                batch: whole.batch.clone(),
                heads: Expr::Int(heads),
                steps: whole.steps.clone(),
                head: whole.head.clone(),
            };
            return Ok((one(heads), one(kv_heads), one(kv_heads)));
        }
        let (query, key) = (split(query, self.heads)?, node.input(1)?);
        if key.rank() == 5 {
            // [batch, steps, heads, 2, head].
            let one = || packed(key, key[1].clone());
            return Ok((query, one(), one()));
        }
        Ok((query, split(key, kv_heads)?, split(node.input(2)?, kv_heads)?))
    }

    /// Elementwise arithmetic of one score.
    fn per_score(&self, node: &Operands<'_>) -> i64 {
        let added = self.inputs.mask.is_some_and(|mask| adds(node, mask));
        1 + SOFTMAX + i64::from(added) + if self.soft_cap { SOFT_CAP } else { 0 }
    }
}

impl Operator for Attention {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        self.extents(node).map(|extents| heads_detail(&extents)).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let operands = node.operands();
        let extents = self.extents(&operands)?;
        let Extents { batch, heads, kv_heads, queries, keys, stored, head, value_head, .. } = extents;
        let output = match node.input(0)?.rank() {
            4 => Shape::new([batch.clone(), heads.clone(), queries.clone(), value_head.clone()]),
            _ => Shape::new([batch.clone(), queries.clone(), &heads * &value_head]),
        };
        // Stored keys may be packed below a byte: the extent of a head is then theirs, not that of the queries.
        let cache = |past: Option<usize>, new: usize, head: Expr| {
            let past = past.filter(|index| node.has_input(*index));
            let (dtype, head) = match past.map(|index| (node.dtype(index), node.input(index))) {
                Some((dtype, Ok(shape))) if shape.rank() == 4 => (dtype, shape[3].clone()),
                Some((dtype, _)) => (dtype, head),
                None => (node.dtype(new).or(node.dtype(0)), head),
            };
            TensorType::new(dtype, Shape::new([batch.clone(), kv_heads.clone(), stored.clone(), head]))
        };
        let (past_key, past_value) = self.inputs.past.unzip();
        Ok(smallvec![
            TensorType::new(node.dtype(0), output),
            cache(past_key, 1, head),
            cache(past_value, 2, value_head.clone()),
            TensorType::new(node.dtype(0), Shape::new([batch.clone(), heads, queries, keys])),
        ])
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let extents = self.extents(node)?;
        let Extents { batch, kv_heads, new_keys, keys, head, value_head, .. } = &extents;
        let rows = batch * &extents.heads * &extents.queries;
        let scores = &rows * keys;
        let new_key = batch * kv_heads * new_keys;
        let (new_queries, new_values) = (&rows * head, &new_key * value_head);
        let mut cost = Cost::macs(&scores * (head + value_head)).and_other(scores * self.per_score(node));
        let both = |inputs: Option<(usize, usize)>| inputs.filter(|inputs| node.has_input(inputs.0));
        if self.inputs.bias.is_some_and(|bias| node.has_input(bias)) {
            cost = cost.and_other(&new_queries + &new_key * head + &new_values);
        }
        if both(self.inputs.norms).is_some() {
            // Square, sum, multiply, scale.
            cost = cost.and_other((&new_queries + &new_key * head) * 4);
        }
        if let Some((cosines, _)) = both(self.inputs.rotation) {
            // A cosine for each pair.
            let rotated = node.input(cosines)?.dim(-1)? * 2;
            cost = cost.and_other((&rows + &new_key) * rotated * ROTATION);
        }
        if self.inputs.sink.is_some_and(|sink| node.has_input(sink)) {
            // Subtract the largest, exp, add to the sum.
            cost = cost.and_other(rows * 3);
        }
        if both(self.inputs.cache_scales).is_some() {
            // New ones are divided and rounded, stored ones multiplied.
            let (new, all) = (&new_key * (head + value_head), batch * kv_heads * keys * (head + value_head));
            cost = cost.and_other(new * 2 + all);
        }
        Ok(cost)
    }

    /// Unfused: all scores stand in memory, unless the node returns them anyway.
    fn memory(&self, node: &Operands<'_>) -> Memory {
        let returned = node.outputs.get(3).is_some_and(Option::is_some);
        let scores = || {
            let Extents { batch, heads, queries, keys, .. } = self.extents(node)?;
            Ok(if returned { Expr::ZERO } else { batch * heads * queries * keys })
        };
        Memory::fresh().with_workspace("scores", scores(), node.dtype(0))
    }

    /// Unfused: two products for each of the two forward. The gradient of the probabilities is shared by Q and K.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let Extents { batch, heads, queries, keys, head, value_head, .. } = self.extents(node)?;
        if !node.has_input(1) || self.inputs.past.is_some_and(|past| node.has_input(past.0)) {
            return Err(Stop::INFERENCE_ONLY);
        }
        let scores = batch * heads * queries * keys;
        let (of_keys, of_values) = (&scores * head, &scores * value_head);
        let probabilities = Saved::like_activations("probabilities", scores.clone());
        let all = Backward::of(0, Cost::macs(of_keys.clone()), [Saved::Input(1)])
            .and(1, Cost::macs(of_keys), [Saved::Input(0)])
            .and(2, Cost::macs(of_values.clone()), []);
        let shared = Cost::macs(of_values).and_other(scores * SOFTMAX);
        Ok(all.sharing(shared, [Saved::Input(2), probabilities]))
    }

    fn role(&self, index: usize) -> Role {
        let inputs = &self.inputs;
        let either =
            |pair: Option<(usize, usize)>| pair.is_some_and(|pair| index == pair.0 || index == pair.1);
        match index {
            0..=2 => Role::Operand,
            _ if inputs.bias == Some(index) || inputs.sink == Some(index) || either(inputs.norms) => {
                Role::Parameter
            }
            _ if either(inputs.rotation) => Role::Buffer,
            _ => Role::Constant,
        }
    }
}

/// `12 heads of 64`, `32 heads of 128 on 8`.
fn heads_detail(extents: &Extents) -> String {
    let shared =
        if extents.heads == extents.kv_heads { String::new() } else { format!(" on {}", extents.kv_heads) };
    format!("{} heads of {}{shared}", extents.heads, extents.head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, memory, partial_cost, shape};
    use weigh_ir::{DType, Value};

    fn symbolic(dims: [Expr; 3]) -> TensorType {
        TensorType::new(Some(DType::F32), Shape::new(dims))
    }

    fn plain(heads: Option<i64>, kv_heads: Option<i64>) -> Attention {
        Attention { name: "Attention", heads, kv_heads, soft_cap: false, inputs: AttentionInputs::PLAIN }
    }

    #[test]
    fn a_layer_of_vit_b_16() {
        // 12 heads of 64 over 197 tokens: 12·197·197·128 = 59,610,624, a twelfth of all 12 layers' 715,327,488.
        let tokens = shape(&[1, 12, 197, 64]);
        let op = plain(None, None);
        let inputs = [tokens.clone(), tokens.clone(), tokens];
        let priced = cost(&op, &inputs);
        assert_eq!(priced.macs, Expr::Int(715_327_488 / 12));
        // Scale and softmax.
        assert_eq!(priced.other_ops, Expr::Int(12 * 197 * 197 * 5));
        assert_eq!(infer(&op, &inputs)[0].shape, Some(Shape::of(&[1, 12, 197, 64])));
        // All scores of all heads, 4 bytes each.
        assert_eq!(memory(&op, &inputs).workspace.bytes, Some(Expr::Int(12 * 197 * 197 * 4)));
    }

    #[test]
    fn symbolic_sequences_give_a_formula() {
        let (batch, seq) = (Expr::symbol("batch"), Expr::symbol("seq"));
        let tokens = |hidden| symbolic([batch.clone(), seq.clone(), Expr::Int(hidden)]);
        let op = Attention { soft_cap: true, ..plain(Some(32), Some(8)) };
        let inputs = [tokens(4096), tokens(1024), tokens(1024)];
        let scores = &batch * &seq * &seq * 32;
        assert_eq!(cost(&op, &inputs), Cost { macs: &scores * 256, other_ops: scores * 8 });
        let outputs = infer(&op, &inputs);
        assert_eq!(outputs[0].shape, inputs[0].shape);
        assert_eq!(outputs[1].shape, Some(Shape::new([batch, Expr::Int(8), seq, Expr::Int(128)])));
    }

    #[test]
    fn earlier_steps_lengthen_the_keys() {
        let past = shape(&[2, 8, 10, 64]);
        let inputs = [shape(&[2, 1, 512]), shape(&[2, 1, 512]), shape(&[2, 1, 512]), shape(&[1, 11])];
        let inputs: Vec<_> = inputs.into_iter().chain([past.clone(), past]).collect();
        let op = plain(Some(8), Some(8));
        assert_eq!(infer(&op, &inputs)[1].shape, Some(Shape::of(&[2, 8, 11, 64])));
        // 2·8·1·11 scores of 128; scale, softmax and a mask that is added.
        assert_eq!(cost(&op, &inputs), Cost { macs: Expr::Int(176 * 128), other_ops: Expr::Int(176 * 6) });
    }

    #[test]
    fn packed_queries_keys_and_values() {
        let op = Attention {
            name: "MultiHeadAttention",
            inputs: AttentionInputs::MULTI_HEAD,
            ..plain(Some(4), None)
        };
        let packed = [shape(&[2, 7, 4, 3, 16])];
        assert_eq!(infer(&op, &packed)[0].shape, Some(Shape::of(&[2, 7, 64])));
        assert_eq!(cost(&op, &packed).macs, Expr::Int(2 * 4 * 7 * 7 * 32));
        // The bias of the projections: 2·7·(64 + 64 + 64).
        let bias = [packed[0].clone()].map(Some).into_iter().chain([None, None, Some(shape(&[192]))]);
        let biased = partial_cost(&op, &bias.collect::<Vec<_>>());
        assert_eq!(biased.other_ops, Expr::Int(2 * 4 * 7 * 7 * 5 + 2 * 7 * 192));
        // Cross attention to keys that have heads of their own axis.
        let keys = shape(&[2, 4, 9, 16]);
        let cross = [shape(&[2, 7, 64]), keys.clone(), keys];
        assert_eq!(cost(&op, &cross).macs, Expr::Int(2 * 4 * 7 * 9 * 32));
        assert_eq!(infer(&op, &cross)[0].shape, Some(Shape::of(&[2, 7, 64])));
    }

    #[test]
    fn grouped_queries_with_a_cache() {
        let op = Attention {
            name: "GroupQueryAttention",
            inputs: AttentionInputs::GROUPED,
            ..plain(Some(32), Some(8))
        };
        let (batch, total) = (Expr::symbol("batch"), Expr::symbol("total"));
        let cache = TensorType::new(
            Some(DType::F16),
            Shape::new([batch.clone(), Expr::Int(8), Expr::symbol("past"), Expr::Int(128)]),
        );
        let length = TensorType::known(DType::I32, Shape::scalar(), Value::exprs([total.clone()]));
        let table = shape(&[4096, 64]);
        let inputs = [
            Some(symbolic([batch.clone(), Expr::ONE, Expr::Int(48 * 128)])),
            None,
            None,
            Some(cache.clone()),
            Some(cache),
            Some(shape(&[1])),
            Some(length),
            Some(table.clone()),
            Some(table),
        ];
        let priced = partial_cost(&op, &inputs);
        let scores = &batch * &total * 32;
        // 32 heads of queries and 8 of keys turn, 128 elements each.
        assert_eq!(priced.macs, &scores * 256);
        assert_eq!(priced.other_ops, scores * 5 + batch * (40 * 128 * 3));
        assert_eq!(op.role(14), Role::Parameter);
        assert_eq!(op.role(7), Role::Buffer);
    }
}

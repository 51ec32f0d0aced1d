//! Attention as one operator, and the embeddings of position that go with it.

use weigh_ops::{
    Attention, AttentionInputs, CausalConv, FlexAttention, LinearAttention, ProjectedAttention,
    RotaryEmbedding, UpdateRule,
};

use super::super::at_node;
use super::{Lowered, MICROSOFT, NodeView, Row, Table, done};

/// The domain of the standard's operators that are not settled yet.
const PREVIEW: &str = "ai.onnx.preview";

/// The bodies of an attention that has its own.
const MODIFIERS: &[&str] = &["score_mod", "prob_mod"];

pub(super) fn rows(table: &mut Table) {
    table.add("Attention", |view| {
        done(Attention {
            name: "Attention",
            heads: view.int("q_num_heads")?,
            kv_heads: view.int("kv_num_heads")?,
            soft_cap: view.float_or("softcap", 0.0)? != 0.0,
            inputs: AttentionInputs::PLAIN,
        })
    });
    table.add_in(MICROSOFT, "MultiHeadAttention", |view| {
        let heads = view.int("num_heads")?;
        let inputs = AttentionInputs::MULTI_HEAD;
        done(Attention { name: "MultiHeadAttention", heads, kv_heads: heads, soft_cap: false, inputs })
    });
    table.add_in(MICROSOFT, "GroupQueryAttention", |view| {
        let rotates = view.flag("do_rotary", false)?;
        let inputs = match rotates {
            true => AttentionInputs::GROUPED,
            false => AttentionInputs { rotation: None, ..AttentionInputs::GROUPED },
        };
        done(Attention {
            name: "GroupQueryAttention",
            heads: view.int("num_heads")?,
            kv_heads: view.int("kv_num_heads")?,
            soft_cap: view.float_or("softcap", 0.0)? != 0.0,
            inputs,
        })
    });
    table.add_in(MICROSOFT, "Attention", |view| projected(view, false));
    table.add_in(MICROSOFT, "QAttention", |view| projected(view, true));
    let flexible = Row { bodies: MODIFIERS, bodies_are_optional: true, ..Row::plain(flexible) };
    table.insert(PREVIEW, "FlexAttention", flexible);
    table.add("LinearAttention", linear);
    table.add("CausalConvWithState", |view| {
        done(CausalConv { swish: matches!(view.text_or("activation", "none")?, "silu" | "swish") })
    });
    table.add("RotaryEmbedding", |view| rotary(view, RotaryEmbedding::TABLES));
    table.add_in(MICROSOFT, "RotaryEmbedding", |view| rotary(view, RotaryEmbedding::TABLES_AFTER_POSITIONS));
}

fn projected(view: &NodeView<'_, '_>, quantized: bool) -> Lowered {
    let Some(heads) = view.int("num_heads")? else {
        return Err(at_node(view.name, format!("{} has no num_heads", view.op_type)));
    };
    let hidden_sizes =
        view.ints_if_any("qkv_hidden_sizes")?.and_then(|sizes| <[i64; 3]>::try_from(sizes).ok());
    let rotary = match view.flag("do_rotary", false)? {
        true => Some(view.int_or("rotary_embedding_dim", 0)?),
        false => None,
    };
    done(ProjectedAttention { heads, hidden_sizes, rotary, quantized })
}

fn flexible(view: &NodeView<'_, '_>) -> Lowered {
    let bodies = MODIFIERS.iter().filter(|name| view.has(name)).count();
    done(FlexAttention { bodies, precision: view.dtype("softmax_precision")? })
}

fn linear(view: &NodeView<'_, '_>) -> Lowered {
    let heads = |name: &str| match view.int(name)? {
        Some(heads) if heads > 0 => Ok(heads),
        _ => Err(at_node(view.name, format!("{} needs a positive {name}", view.op_type))),
    };
    let rule = view.text_or("update_rule", "gated_delta")?;
    match UpdateRule::named(rule) {
        Some(rule) => {
            done(LinearAttention { heads: heads("q_num_heads")?, kv_heads: heads("kv_num_heads")?, rule })
        }
        None => Err(at_node(view.name, format!("'{rule}' is no update rule of {}", view.op_type))),
    }
}

fn rotary(view: &NodeView<'_, '_>, tables: (usize, usize)) -> Lowered {
    let heads = view.int("num_heads")?.filter(|heads| *heads != 0);
    let rotated = view.int("rotary_embedding_dim")?.filter(|rotated| *rotated != 0);
    done(RotaryEmbedding { heads, rotated, tables })
}

//! Attention as ONNX Runtime alone has it: packed, paged, in integers, decided at run time.

use weigh_ops::{
    DecoderAttention, GatedPositionBias, OrderedAttention, PackedAttention, PackedForm, RotaryPair, Unpriced,
};

use super::super::{Lowered, MICROSOFT, NodeView, Table, done};
use crate::FormatError;
use crate::onnx::at_node;

pub(super) fn rows(table: &mut Table) {
    table.add_in(MICROSOFT, "PackedAttention", |view| {
        let sizes = view.ints_if_any("qkv_hidden_sizes")?.and_then(|sizes| <[i64; 3]>::try_from(sizes).ok());
        packed(view, PackedForm::Projected { hidden_sizes: sizes })
    });
    table.add_in(MICROSOFT, "PackedMultiHeadAttention", |view| packed(view, PackedForm::Plain));
    table.add_in(MICROSOFT, "PagedAttention", |view| {
        let kv_heads = positive(view, "kv_num_heads")?;
        let value_head = Some(view.int_or("v_head_size", 0)?).filter(|extent| *extent > 0);
        packed(view, PackedForm::Paged { kv_heads, value_head })
    });
    table.add_in(MICROSOFT, "DecoderAttention", |view| {
        done(DecoderAttention { heads: positive(view, "num_heads")? })
    });
    table.add_in(MICROSOFT, "QOrderedAttention", |view| {
        done(OrderedAttention { heads: positive(view, "num_heads")? })
    });
    table.add_in(MICROSOFT, "GatedRelativePositionBias", |view| {
        done(GatedPositionBias { heads: positive(view, "num_heads")? })
    });
    table.add_in(MICROSOFT, "LongformerAttention", |_| done(Unpriced::LONGFORMER));
    table.add_in(MICROSOFT, "GemmaRotaryEmbedding", |_| done(RotaryPair));
}

fn packed(view: &NodeView<'_, '_>, form: PackedForm) -> Lowered {
    done(PackedAttention { heads: positive(view, "num_heads")?, form })
}

/// A number of heads.
fn positive(view: &NodeView<'_, '_>, name: &str) -> Result<i64, FormatError> {
    match view.int(name)? {
        Some(heads @ 1..=0xFFFF_FFFF) => Ok(heads),
        _ => Err(at_node(view.name, format!("{} needs a positive {name}", view.op_type))),
    }
}

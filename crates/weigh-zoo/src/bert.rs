//! BERT: a bidirectional encoder of text.

use weigh_ir::{DType, Expr, Model, TensorId};
use weigh_ops::Cast;

use crate::builder::Builder;
use crate::transformer::{
    LOWEST, Widths, attend, extent_of, gelu, merge_heads, positions, scores, split_heads, tokens,
};
use crate::{Entry, Options, Task};

pub(crate) const BERT_BASE: Entry = Entry {
    name: "bert_base",
    title: "BERT base, uncased",
    task: Task::TextEncoding,
    source: "Devlin et al. 2018, arXiv:1810.04805; Hugging Face bert-base-uncased, with pooler",
    build: bert_base,
};

const VOCABULARY: i64 = 30_522;
const LONGEST: i64 = 512;

fn bert_base(options: &Options) -> Model {
    let widths = Widths::BASE;
    let mut b = Builder::new("bert_base", options);
    let seq = Expr::symbol("seq");
    let ids = tokens(&mut b, "input_ids", seq.clone());
    let attention_mask = tokens(&mut b, "attention_mask", seq.clone());
    let types = tokens(&mut b, "token_type_ids", seq);
    let mask = additive_mask(&mut b, attention_mask);
    let mut x = b.scoped("embeddings", |b| embeddings(b, ids, types, widths));
    for layer in 0..12 {
        x = b.scoped(format!("encoder/layer/{layer}"), |b| encoder_layer(b, x, mask, widths));
    }
    let pooled = b.scoped("pooler", |b| {
        let first = b.int(0);
        let first = b.gather(x, first, 1);
        let pooled = b.linear("dense", first, widths.hidden);
        b.activation("activation", "Tanh", pooled)
    });
    b.finish([("last_hidden_state", x), ("pooler_output", pooled)])
}

/// 0 where attention is allowed and the lowest number where not, as [batch, 1, 1, seq].
fn additive_mask(b: &mut Builder, mask: TensorId) -> TensorId {
    let mask = b.unsqueeze(mask, &[1, 2]);
    let mask = b.apply(Cast { to: Some(DType::F32) }, &[mask]);
    let (one, lowest) = (b.number(1.0), b.number(LOWEST));
    let forbidden = b.function("Sub", &[one, mask]);
    b.function("Mul", &[forbidden, lowest])
}

fn embeddings(b: &mut Builder, ids: TensorId, types: TensorId, widths: Widths) -> TensorId {
    let words = table(b, "word_embeddings", VOCABULARY, ids, widths);
    let types = table(b, "token_type_embeddings", 2, types, widths);
    let length = extent_of(b, ids, 1);
    let positions = positions(b, length);
    let positions = table(b, "position_embeddings", LONGEST, positions, widths);
    let x = b.function("Add", &[words, types]);
    let x = b.function("Add", &[x, positions]);
    b.layer_norm("LayerNorm", x)
}

fn table(b: &mut Builder, name: &str, rows: i64, indices: TensorId, widths: Widths) -> TensorId {
    b.scoped(name, |b| {
        let weight = b.weight("weight", &[rows, widths.hidden]);
        b.gather(weight, indices, 0)
    })
}

fn encoder_layer(b: &mut Builder, input: TensorId, mask: TensorId, widths: Widths) -> TensorId {
    let attended = b.scoped("attention", |b| {
        let context = b.scoped("self", |b| {
            let [query, key, value] =
                ["query", "key", "value"].map(|name| b.linear(name, input, widths.hidden));
            let query = split_heads(b, query, widths, false);
            let key = split_heads(b, key, widths, true);
            let value = split_heads(b, value, widths, false);
            let scores = scores(b, query, key, widths);
            let masked = b.function("Add", &[scores, mask]);
            let context = attend(b, masked, value);
            merge_heads(b, context, widths)
        });
        b.scoped("output", |b| {
            let x = b.linear("dense", context, widths.hidden);
            let x = b.function("Add", &[x, input]);
            b.layer_norm("LayerNorm", x)
        })
    });
    let x = b.scoped("intermediate", |b| {
        let x = b.linear("dense", attended, widths.feed_forward);
        b.scoped("intermediate_act_fn", |b| gelu(b, x))
    });
    b.scoped("output", |b| {
        let x = b.linear("dense", x, widths.hidden);
        let x = b.function("Add", &[x, attended]);
        b.layer_norm("LayerNorm", x)
    })
}

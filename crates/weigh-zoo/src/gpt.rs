//! GPT-2: text read at once (prefill), and one token at a time with the keys and values of the past (decode).
//!
//! The output layer is the table of token embeddings, transposed: one storage, counted once.

use weigh_ir::{DType, Expr, Model, TensorId};
use weigh_ops::{Ints, MatMul, Split};

use crate::builder::Builder;
use crate::transformer::{
    LOWEST, Widths, attend, extent_of, gelu_by_tanh, merge_heads, positions, scores, split_heads, tokens,
};
use crate::{Entry, Options, Task};

const fn entry(name: &'static str, title: &'static str, build: fn(&Options) -> Model) -> Entry {
    let source =
        "Radford et al. 2019, Language Models are Unsupervised Multitask Learners; Hugging Face gpt2";
    Entry { name, title, task: Task::TextGeneration, source, build }
}

pub(crate) const GPT2: Entry = entry("gpt2", "GPT-2 (124M), prefill", prefill);
pub(crate) const GPT2_DECODE: Entry = entry("gpt2-decode", "GPT-2 (124M), one token with a cache", decode);

const VOCABULARY: i64 = 50_257;
const LONGEST: i64 = 1024;
const LAYERS: usize = 12;

/// What keeps a token from seeing those after it, and where the past is.
enum Context {
    /// All tokens at once; the mask is true where a query may see a key.
    Whole { mask: TensorId },
    /// Keys and values of the past.
    Cached { key: TensorId, value: TensorId },
}

fn prefill(options: &Options) -> Model {
    let widths = Widths::BASE;
    let mut b = Builder::new("gpt2", options);
    let ids = tokens(&mut b, "input_ids", Expr::symbol("seq"));
    let mut table = None;
    let mut x = b.scoped("transformer", |b| {
        let length = extent_of(b, ids, 1);
        let positions = positions(b, length);
        let mask = causal_mask(b, positions);
        let mut x = embed(b, ids, positions, widths, &mut table);
        for layer in 0..LAYERS {
            x = b.scoped(format!("h/{layer}"), |b| block(b, x, Context::Whole { mask }, widths).0);
        }
        b.layer_norm("ln_f", x)
    });
    x = output_layer(&mut b, x, table);
    b.finish([("logits", x)])
}

fn decode(options: &Options) -> Model {
    let widths = Widths::BASE;
    let mut b = Builder::new("gpt2-decode", options);
    let ids = tokens(&mut b, "input_ids", Expr::ONE);
    let cache: Vec<[TensorId; 2]> = (0..LAYERS)
        .map(|layer| {
            ["key", "value"].map(|kind| {
                let (batch, past) = (b.batch(), Expr::symbol("past"));
                let dims = [batch, Expr::Int(widths.heads), past, Expr::Int(widths.head())];
                b.input(&format!("past_{kind}_{layer}"), DType::F32, dims)
            })
        })
        .collect();
    let (mut table, mut present) = (None, Vec::new());
    let mut x = b.scoped("transformer", |b| {
        // The new token comes after all of the past.
        let position = extent_of(b, cache[0][0], 2);
        let position = b.unsqueeze(position, &[0]);
        let mut x = embed(b, ids, position, widths, &mut table);
        for (layer, [key, value]) in cache.into_iter().enumerate() {
            let (next, grown) =
                b.scoped(format!("h/{layer}"), |b| block(b, x, Context::Cached { key, value }, widths));
            x = next;
            present.push(grown);
        }
        b.layer_norm("ln_f", x)
    });
    x = output_layer(&mut b, x, table);
    let names: Vec<[String; 2]> =
        (0..LAYERS).map(|layer| [format!("present_key_{layer}"), format!("present_value_{layer}")]).collect();
    let grown =
        names.iter().zip(present).flat_map(|(names, [key, value])| [(&*names[0], key), (&*names[1], value)]);
    b.finish(std::iter::once(("logits", x)).chain(grown))
}

/// Token and position embeddings; the table of the former is kept for the output layer.
fn embed(
    b: &mut Builder,
    ids: TensorId,
    positions: TensorId,
    widths: Widths,
    table: &mut Option<TensorId>,
) -> TensorId {
    let words = b.scoped("wte", |b| {
        let weight = *table.insert(b.weight("weight", &[VOCABULARY, widths.hidden]));
        b.gather(weight, ids, 0)
    });
    let positions = b.scoped("wpe", |b| {
        let weight = b.weight("weight", &[LONGEST, widths.hidden]);
        b.gather(weight, positions, 0)
    });
    b.function("Add", &[words, positions])
}

fn output_layer(b: &mut Builder, x: TensorId, table: Option<TensorId>) -> TensorId {
    let Some(table) = table else { return x };
    b.scoped("lm_head", |b| {
        let weight = b.transpose(table, &[1, 0]);
        b.apply(MatMul::PLAIN, &[x, weight])
    })
}

/// True where the key's position is not after the query's, as [seq, seq].
fn causal_mask(b: &mut Builder, positions: TensorId) -> TensorId {
    let keys = b.unsqueeze(positions, &[0]);
    let queries = b.unsqueeze(positions, &[1]);
    b.function("LessOrEqual", &[keys, queries])
}

/// One layer, and the keys and values it attended to.
fn block(b: &mut Builder, input: TensorId, context: Context, widths: Widths) -> (TensorId, [TensorId; 2]) {
    let x = b.layer_norm("ln_1", input);
    let (x, present) = b.scoped("attn", |b| attention(b, x, context, widths));
    let residual = b.function("Add", &[x, input]);
    let x = b.layer_norm("ln_2", residual);
    let x = b.scoped("mlp", |b| {
        let x = b.linear("c_fc", x, widths.feed_forward);
        let x = b.scoped("act", |b| gelu_by_tanh(b, x));
        b.linear("c_proj", x, widths.hidden)
    });
    (b.function("Add", &[residual, x]), present)
}

fn attention(b: &mut Builder, x: TensorId, context: Context, widths: Widths) -> (TensorId, [TensorId; 2]) {
    let projected = b.linear("c_attn", x, 3 * widths.hidden);
    let sizes = b.ints(&[widths.hidden; 3]);
    let parts = b.apply_many(Split { axis: 2, sizes: Ints::Input(1) }, &[projected, sizes], 3);
    let query = split_heads(b, parts[0], widths, false);
    let mut key = split_heads(b, parts[1], widths, false);
    let mut value = split_heads(b, parts[2], widths, false);
    if let Context::Cached { key: past_key, value: past_value } = context {
        key = b.concat(&[past_key, key], 2);
        value = b.concat(&[past_value, value], 2);
    }
    let exchanged = b.transpose(key, &[0, 1, 3, 2]);
    let mut scores = scores(b, query, exchanged, widths);
    if let Context::Whole { mask } = context {
        let lowest = b.number(LOWEST);
        scores = b.function("Where", &[mask, scores, lowest]);
    }
    let attended = attend(b, scores, value);
    let attended = merge_heads(b, attended, widths);
    (b.linear("c_proj", attended, widths.hidden), [key, value])
}

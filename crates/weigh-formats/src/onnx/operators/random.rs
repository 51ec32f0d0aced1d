//! Random draws, and dropout.

use weigh_ir::DType;
use weigh_ops::{Distribution, Dropout, Random};

use super::{Lowered, NodeView, Table, done};

pub(super) fn rows(table: &mut Table) {
    table.add("RandomNormal", |view| plain(view, Distribution::Normal));
    table.add("RandomUniform", |view| plain(view, Distribution::Uniform));
    table.add("RandomNormalLike", |view| like(view, Distribution::Normal));
    table.add("RandomUniformLike", |view| like(view, Distribution::Uniform));
    table.add("Bernoulli", |view| like(view, Distribution::Bernoulli));
    table.add("Multinomial", |view| {
        let samples = view.int_or("sample_size", 1)?;
        let dtype = Some(view.dtype("dtype")?.unwrap_or(DType::I32));
        done(Random { distribution: Distribution::Multinomial { samples }, shape: None, dtype })
    });
    table.add("Dropout", |_| done(Dropout));
}

fn plain(view: &NodeView<'_, '_>, distribution: Distribution) -> Lowered {
    let dtype = Some(view.dtype("dtype")?.unwrap_or(DType::F32));
    done(Random { distribution, shape: Some(view.ints("shape")?), dtype })
}

fn like(view: &NodeView<'_, '_>, distribution: Distribution) -> Lowered {
    done(Random { distribution, shape: None, dtype: view.dtype("dtype")? })
}

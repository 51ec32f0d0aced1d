//! Channels in blocks (com.microsoft.nchwc) and channels last (com.ms.internal.nhwc): what the graph optimiser
//! makes of convolutions and pooling for a processor.

use weigh_ops::{
    AspectRatio, BlockedConv, Conv, GlobalPool, Interpolation, Layout, Pooling, Reorder, Resize, Scales,
};

use super::super::convolution::{plain_conv, pool};
use super::super::{Lowered, MICROSOFT, NodeView, Table, done, find};
use super::{activation, quantised::channels_last};
use crate::onnx::at_node;

/// The domain of blocked channels.
const BLOCKED: &str = "com.microsoft.nchwc";
/// The domain of channels that come last.
const NHWC: &str = "com.ms.internal.nhwc";

pub(super) fn rows(table: &mut Table) {
    table.add_in(BLOCKED, "Conv", |view| {
        let (conv, activation) = (plain_conv(view)?, activation(view, "activation")?);
        done(BlockedConv { conv, activation, inputs: None, outputs: None, weights: None })
    });
    table.add_in(BLOCKED, "MaxPool", |view| pool(view, Pooling::Max));
    table.add_in(BLOCKED, "AveragePool", |view| pool(view, Pooling::Average));
    table.add_in(BLOCKED, "GlobalMaxPool", |_| global(Pooling::Max));
    table.add_in(BLOCKED, "GlobalAveragePool", |_| global(Pooling::Average));
    table.add_in(BLOCKED, "ReorderInput", |view| {
        done(Reorder::Blocks { layout: plain_layout(view)?, padded: None })
    });
    table.add_in(BLOCKED, "ReorderOutput", |view| match view.int("channels")? {
        Some(channels) if channels > 0 => done(Reorder::Plain { layout: plain_layout(view)?, channels }),
        _ => Err(at_node(view.name, "ReorderOutput needs a positive channels")),
    });
    table.add_in(BLOCKED, "Upsample", upsample);

    table.add_in(MICROSOFT, "NhwcConv", |view| {
        done(Conv { name: "NhwcConv", layout: Layout::ChannelsLast, ..plain_conv(view)? })
    });
    // Resize is not among them: its factors and extents come in the order of its axes as they are.
    for name in [
        "AveragePool",
        "BatchNormalization",
        "Conv",
        "ConvTranspose",
        "DepthToSpace",
        "GlobalAveragePool",
        "GlobalLpPool",
        "GlobalMaxPool",
        "GridSample",
        "InstanceNormalization",
        "LRN",
        "LpPool",
        "MaxPool",
        "MaxUnpool",
        "QLinearConv",
        "SpaceToDepth",
    ] {
        table.add_in(NHWC, name, standard);
    }
    table.add_in(NHWC, "Resize", |view| match find("", "Resize") {
        Some(row) => (row.lower)(view),
        None => Err(at_node(view.name, "Resize is not known")),
    });
    table.add_in(NHWC, "QLinearAveragePool", |view| match find(MICROSOFT, "QLinearAveragePool") {
        Some(row) => channels_last((row.lower)(view)?),
        None => Err(at_node(view.name, "QLinearAveragePool is not known")),
    });
}

/// The standard's operator of this name, over tensors with channels last.
fn standard(view: &NodeView<'_, '_>) -> Lowered {
    match find("", view.op_type) {
        Some(row) => channels_last((row.lower)(view)?),
        None => Err(at_node(view.name, format!("{} is not known", view.op_type))),
    }
}

fn plain_layout(view: &NodeView<'_, '_>) -> Result<Layout, crate::FormatError> {
    Ok(if view.flag("channels_last", false)? { Layout::ChannelsLast } else { Layout::ChannelsFirst })
}

fn global(pooling: Pooling) -> Lowered {
    done(GlobalPool { pooling, layout: Layout::ChannelsFirst })
}

/// Whole factors for every axis.
fn upsample(view: &NodeView<'_, '_>) -> Lowered {
    let scales = view.ints("scales")?.into_iter().map(|scale| scale as f64).collect();
    done(Resize {
        interpolation: match view.text_or("mode", "nearest")? {
            "nearest" => Interpolation::Nearest,
            _ => Interpolation::Linear,
        },
        scales: Scales::Fixed(scales),
        sizes: None,
        axes: None,
        aspect_ratio: AspectRatio::Stretch,
        region: None,
        antialias: false,
    })
}

//! Convolutions and pooling.

use weigh_ir::DType;
use weigh_ops::{
    Conv, ConvTranspose, DeformConv, Fused, GlobalPool, Layout, MaxUnpool, Padding, Pool, Pooling, Window,
};

use super::super::at_node;
use super::{Lowered, NodeView, Table, done};
use crate::FormatError;

pub(super) fn rows(table: &mut Table) {
    table.add("Conv", conv);
    table.add("ConvInteger", |view| {
        let plain = plain_conv(view)?;
        done(Conv { name: "ConvInteger", bias: None, result: Some(DType::I32), ..plain })
    });
    table.add("QLinearConv", |view| {
        let conv = Conv { weights: 3, bias: Some(8), ..plain_conv(view)? };
        done(Fused::requantized("QLinearConv", conv, 7))
    });
    table.add("ConvTranspose", conv_transpose);
    table.add("DeformConv", |view| {
        done(DeformConv { window: window(view)?, groups: view.int_or("group", 1)? })
    });

    table.add("MaxPool", |view| pool(view, Pooling::Max));
    table.add("AveragePool", |view| pool(view, Pooling::Average));
    table.add("LpPool", |view| pool(view, Pooling::Norm));
    table.add("GlobalMaxPool", |_| global(Pooling::Max));
    table.add("GlobalAveragePool", |_| global(Pooling::Average));
    table.add("GlobalLpPool", |_| global(Pooling::Norm));
    table.add("MaxUnpool", |view| done(MaxUnpool { window: window(view)? }));
}

/// The attributes that all sliding windows share. Absurd values are refused here, so that the operators'
/// arithmetic stays far from overflow.
pub(super) fn window(view: &NodeView<'_, '_>) -> Result<Window, FormatError> {
    let list = |name: &str| -> Result<Vec<i64>, FormatError> {
        let values = view.ints(name)?;
        match values.iter().find(|value| value.unsigned_abs() > 1 << 32) {
            Some(value) => Err(at_node(view.name, format!("{name} has an entry of {value}"))),
            None => Ok(values),
        }
    };
    let padding = match view.text_or("auto_pad", "NOTSET")? {
        "SAME_UPPER" | "SAME_LOWER" => Padding::Same,
        "VALID" => Padding::NONE,
        _ => {
            let pads = list("pads")?;
            let (begin, end) = pads.split_at(pads.len() / 2);
            Padding::Explicit { begin: begin.to_vec(), end: end.to_vec() }
        }
    };
    Ok(Window {
        kernel: list("kernel_shape")?,
        strides: list("strides")?,
        dilations: list("dilations")?,
        padding,
        ceil: view.flag("ceil_mode", false)?,
    })
}

pub(super) fn plain_conv(view: &NodeView<'_, '_>) -> Result<Conv, FormatError> {
    Ok(Conv::plain(window(view)?, view.int_or("group", 1)?))
}

fn conv(view: &NodeView<'_, '_>) -> Lowered {
    done(plain_conv(view)?)
}

fn conv_transpose(view: &NodeView<'_, '_>) -> Lowered {
    done(plain_conv_transpose(view)?)
}

pub(super) fn plain_conv_transpose(view: &NodeView<'_, '_>) -> Result<ConvTranspose, FormatError> {
    Ok(ConvTranspose {
        pads: None,
        window: window(view)?,
        groups: view.int_or("group", 1)?,
        output_padding: view.ints("output_padding")?,
        output_shape: view.ints_if_any("output_shape")?.filter(|shape| !shape.is_empty()),
    })
}

pub(super) fn pool(view: &NodeView<'_, '_>, pooling: Pooling) -> Lowered {
    let window = window(view)?;
    if window.kernel.is_empty() {
        return Err(at_node(view.name, format!("{} has no kernel_shape", view.op_type)));
    }
    done(Pool { pooling, window, layout: Layout::ChannelsFirst })
}

fn global(pooling: Pooling) -> Lowered {
    done(GlobalPool { pooling, layout: Layout::ChannelsFirst })
}

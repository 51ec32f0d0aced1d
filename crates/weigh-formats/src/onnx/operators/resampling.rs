//! Resizing, sampling on grids, pooling over regions, choosing boxes.

use weigh_ops::{
    AffineGrid, AspectRatio, GridSample, Interpolation, Ints, NonMaxSuppression, RegionPool, RegionPooling,
    Resize, Scales,
};

use super::{Lowered, NodeView, Table, done};
use crate::FormatError;

pub(super) fn rows(table: &mut Table) {
    table.add("Resize", resize);
    table.add("Upsample", upsample);
    table.add("AffineGrid", |_| done(AffineGrid { size: Ints::Input(1) }));
    table.add("GridSample", |view| {
        let align_corners = view.flag("align_corners", false)?;
        done(GridSample { interpolation: interpolation(view, "bilinear")?, align_corners })
    });
    table.add("NonMaxSuppression", |_| done(NonMaxSuppression));
    table.add("MaxRoiPool", |view| {
        let shape = view.ints("pooled_shape")?;
        let output = [shape.first().copied().unwrap_or(1), shape.get(1).copied().unwrap_or(1)];
        done(RegionPool { pooling: RegionPooling::Max, output })
    });
    table.add("RoiAlign", |view| {
        let output = [view.int_or("output_height", 1)?, view.int_or("output_width", 1)?];
        let samples = view.int_or("sampling_ratio", 0)?;
        let mean = view.text_or("mode", "avg")? == "avg";
        done(RegionPool { pooling: RegionPooling::Align { samples, mean }, output })
    });
}

fn interpolation(view: &NodeView<'_, '_>, default: &'static str) -> Result<Interpolation, FormatError> {
    Ok(match view.text_or("mode", default)? {
        "nearest" => Interpolation::Nearest,
        "cubic" | "bicubic" => Interpolation::Cubic,
        _ => Interpolation::Linear,
    })
}

/// Scales were input 1 at opset 10; from 11 on there is a region before them and sizes after.
fn resize(view: &NodeView<'_, '_>) -> Lowered {
    let since_11 = view.opset >= 11;
    let crops = view.text_or("coordinate_transformation_mode", "half_pixel")? == "tf_crop_and_resize";
    done(Resize {
        interpolation: interpolation(view, "nearest")?,
        scales: Scales::Input(if since_11 { 2 } else { 1 }),
        sizes: since_11.then_some(3),
        axes: view.ints_if_any("axes")?,
        aspect_ratio: match view.text_or("keep_aspect_ratio_policy", "stretch")? {
            "not_larger" => AspectRatio::NotLarger,
            "not_smaller" => AspectRatio::NotSmaller,
            _ => AspectRatio::Stretch,
        },
        region: (since_11 && crops).then_some(1),
        antialias: view.flag("antialias", false)?,
    })
}

/// Scales are an attribute before opset 9.
fn upsample(view: &NodeView<'_, '_>) -> Lowered {
    let scales = match view.floats_if_any("scales")? {
        Some(scales) => Scales::Fixed(scales.into_iter().map(f64::from).collect()),
        None => Scales::Input(1),
    };
    done(Resize {
        interpolation: interpolation(view, "nearest")?,
        scales,
        sizes: None,
        axes: None,
        aspect_ratio: AspectRatio::Stretch,
        region: None,
        antialias: false,
    })
}

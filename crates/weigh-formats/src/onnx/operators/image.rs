//! Images and matrices: cropping, columns, decoding, determinants.

use weigh_ops::{CenterCropPad, ColumnsToImage, Determinant, ImageDecoder};

use super::super::at_node;
use super::{Table, done};

pub(super) fn rows(table: &mut Table) {
    table.add("CenterCropPad", |view| done(CenterCropPad { axes: view.ints_if_any("axes")? }));
    table.add("Col2Im", |_| done(ColumnsToImage));
    table.add("Det", |_| done(Determinant));
    table.add("ImageDecoder", |view| match view.text_or("pixel_format", "RGB")? {
        "RGB" | "BGR" => done(ImageDecoder { channels: 3 }),
        "Grayscale" => done(ImageDecoder { channels: 1 }),
        other => Err(at_node(view.name, format!("'{other}' is no pixel format of {}", view.op_type))),
    });
}

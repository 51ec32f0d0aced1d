//! Steps that move pixels: sizes, crops and frames.

use super::resize::{Filter, resize};
use super::{Picture, check_size};
use crate::DataError;

/// A step with all sizes known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Geometry {
    /// The shorter side gets this many pixels.
    Shorter(usize, Filter),
    /// Exactly this width and height.
    Resize(usize, usize, Filter),
    /// A frame of this width and height, padded with this sample.
    Letterbox(usize, usize, u8, Filter),
    /// The middle, of this width and height.
    Crop(usize, usize),
    /// One sample a pixel.
    Grey,
}

impl Geometry {
    /// Width and height of what comes out, where every picture ends so; `before` is that of what goes in.
    pub(crate) fn size(self, before: Option<(usize, usize)>) -> Option<(usize, usize)> {
        match self {
            Geometry::Resize(width, height, _)
            | Geometry::Letterbox(width, height, ..)
            | Geometry::Crop(width, height) => Some((width, height)),
            Geometry::Shorter(..) => None,
            Geometry::Grey => before,
        }
    }

    pub(crate) fn apply(self, picture: Picture) -> Result<Picture, DataError> {
        let (width, height) = (picture.width, picture.height);
        match self {
            Geometry::Shorter(side, filter) => {
                let (width, height) = by_shorter_side(width, height, side);
                sized(picture, width, height, filter)
            }
            Geometry::Resize(width, height, filter) => sized(picture, width as u64, height as u64, filter),
            Geometry::Letterbox(width, height, pad, filter) => letterbox(picture, width, height, pad, filter),
            Geometry::Crop(width, height) => crop(&picture, width, height),
            Geometry::Grey => Ok(picture.grey()),
        }
    }
}

fn sized(picture: Picture, width: u64, height: u64, filter: Filter) -> Result<Picture, DataError> {
    // Between the two passes a picture has the new width and the old height.
    check_size(width, (picture.height as u64).max(height))?;
    let (width, height) = check_size(width, height)?;
    Ok(resize(picture, width, height, filter))
}

/// The longer side in proportion, cut to whole pixels: torchvision's `Resize` with one number.
fn by_shorter_side(width: usize, height: usize, side: usize) -> (u64, u64) {
    let (width, height, side) = (width as u64, height as u64, side as u64);
    let longer = |long: u64, short: u64| long.saturating_mul(side) / short;
    if width <= height { (side, longer(height, width)) } else { (longer(width, height), side) }
}

/// Where a part of one extent begins in the middle of another: half the difference, rounded half to even.
fn middle(outer: usize, inner: usize) -> usize {
    let rest = outer - inner;
    rest / 2 + usize::from(rest % 4 == 3)
}

/// The middle of the picture, as torchvision's `CenterCrop` finds it.
fn crop(picture: &Picture, width: usize, height: usize) -> Result<Picture, DataError> {
    if width > picture.width || height > picture.height {
        return Err(DataError::new(
            format!("no {width} × {height} pixels to crop in {} × {}", picture.width, picture.height),
            "put a resize before the crop",
        ));
    }
    let channels = picture.channels;
    let (left, top) = (middle(picture.width, width) * channels, middle(picture.height, height));
    let rows = picture.bytes.chunks_exact(picture.stride()).skip(top).take(height);
    let bytes = rows.flat_map(|row| &row[left..left + width * channels]).copied().collect();
    Ok(Picture { width, height, channels, bytes })
}

/// The picture as large as fits, both sides rounded half to even, in the middle of a frame. What is left over is
/// halved, the odd pixel going to the right and the bottom: Ultralytics' `LetterBox`.
fn letterbox(
    picture: Picture,
    width: usize,
    height: usize,
    pad: u8,
    filter: Filter,
) -> Result<Picture, DataError> {
    check_size(width as u64, height as u64)?;
    let ratio = (width as f64 / picture.width as f64).min(height as f64 / picture.height as f64);
    let side = |side: usize, most: usize| ((side as f64 * ratio).round_ties_even() as usize).clamp(1, most);
    let (inner_width, inner_height) = (side(picture.width, width), side(picture.height, height));
    let inner = sized(picture, inner_width as u64, inner_height as u64, filter)?;

    let (left, top) = ((width - inner.width) / 2, (height - inner.height) / 2);
    let channels = inner.channels;
    let mut bytes = vec![pad; width * height * channels];
    let framed = bytes.chunks_exact_mut(width * channels).skip(top);
    for (row, inner_row) in framed.zip(inner.bytes.chunks_exact(inner.stride())) {
        row[left * channels..][..inner_row.len()].copy_from_slice(inner_row);
    }
    Ok(Picture { width, height, channels, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(width: usize, height: usize) -> Picture {
        let bytes = (0..width * height).map(|at| at as u8).collect();
        Picture::new(width, height, 1, bytes).unwrap()
    }

    #[test]
    fn the_longer_side_is_cut() {
        // 500 × 375 to 256: 500·256 / 375 = 341.3.
        assert_eq!(by_shorter_side(500, 375, 256), (341, 256));
        assert_eq!(by_shorter_side(375, 500, 256), (256, 341));
        assert_eq!(by_shorter_side(1, usize::MAX, 256).0, 256);
    }

    #[test]
    fn the_middle_is_rounded_half_to_even() {
        // 0.5 -> 0, 1 -> 1, 1.5 -> 2, 2 -> 2, 2.5 -> 2
        assert_eq!([1, 2, 3, 4, 5].map(|rest| middle(rest + 10, 10)), [0, 1, 2, 2, 2]);
    }

    #[test]
    fn a_crop_takes_the_middle() {
        // Rows 0 1 2 3, 4 5 6 7, 8 9 10 11: the middle 2 × 1 begins at column 1, row 1.
        let middle = crop(&counting(4, 3), 2, 1).unwrap();
        assert_eq!(middle.bytes, [5, 6]);
        let error = crop(&counting(4, 3), 5, 1).unwrap_err();
        assert_eq!(error.to_string(), "no 5 × 1 pixels to crop in 4 × 3");
    }

    #[test]
    fn a_letterbox_pads_both_sides() {
        // 2 × 1 into 2 × 4: ratio 1, three rows left over: one above, two below.
        let framed = letterbox(counting(2, 1), 2, 4, 9, Filter::Bilinear).unwrap();
        assert_eq!(framed.bytes, [9, 9, 0, 1, 9, 9, 9, 9]);
        // A sliver keeps at least a pixel.
        let sliver = letterbox(counting(200, 1), 4, 4, 9, Filter::Bilinear).unwrap();
        assert_eq!((sliver.width, sliver.height), (4, 4));
    }

    #[test]
    fn slivers_do_not_grow_without_bound() {
        let sliver = Picture::new(1, 65_500, 1, vec![0; 65_500]).unwrap();
        assert!(Geometry::Shorter(4_000, Filter::Bilinear).apply(sliver).is_err());
    }
}

//! Resampling of pictures, bit for bit as Pillow does it.
//!
//! Pillow convolves with the filter stretched by the factor of reduction, one side after the other, and rounds to bytes
//! after each (Pillow, `src/libImaging/Resample.c`: `precompute_coeffs`, `normalize_coeffs_8bpc`, `ImagingResample`).
//! Weights are fixed-point numbers of 22 bits. Rows come first, but columns where the height shrinks by more than twice
//! what the width does (since Pillow 13). `nearest` takes the pixel under the centre (`src/libImaging/Geometry.c`:
//! `ImagingScaleAffine`).

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::Picture;

/// Bits behind the point of a weight: 32 less 8 of a pixel and 2 for sums that leave the range.
const PRECISION: u32 = 22;

/// How pixels between pixels are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// The pixel under the centre.
    Nearest,
    /// A triangle over 1 pixel on each side.
    #[default]
    Bilinear,
    /// Keys' cubic with a = −0.5, over 2 pixels on each side.
    Bicubic,
    /// A windowed sinc over 3 pixels on each side.
    Lanczos,
}

impl Filter {
    /// How far the filter reaches from its centre, in pixels of the larger grid.
    fn support(self) -> f64 {
        match self {
            Filter::Nearest => 0.5,
            Filter::Bilinear => 1.0,
            Filter::Bicubic => 2.0,
            Filter::Lanczos => 3.0,
        }
    }

    /// The filter's height at distance `x`.
    fn weight(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            _ if x >= self.support() => 0.0,
            Filter::Nearest => 1.0,
            Filter::Bilinear => 1.0 - x,
            Filter::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Filter::Bicubic => ((x - 5.0) * x + 8.0) * x * -0.5 + 2.0,
            Filter::Lanczos => sinc(x) * sinc(x / 3.0),
        }
    }
}

/// sin(πx) / πx.
fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) }
}

/// The picture at another size. Both extents must be positive.
pub(crate) fn resize(picture: Picture, width: usize, height: usize, filter: Filter) -> Picture {
    if filter == Filter::Nearest {
        return nearest(&picture, width, height);
    }
    let rows =
        |picture: Picture| if width == picture.width { picture } else { across(&picture, width, filter) };
    let columns =
        |picture: Picture| if height == picture.height { picture } else { down(&picture, height, filter) };
    if columns_first(&picture, width, height) { rows(columns(picture)) } else { columns(rows(picture)) }
}

/// Whether the height shrinks by more than twice what the width does.
fn columns_first(picture: &Picture, width: usize, height: usize) -> bool {
    let doubled = |side: usize| side.saturating_mul(2);
    let shrinks = picture.height.checked_sub(height).filter(|&rows| rows > 0);
    shrinks.is_some_and(|rows| rows.saturating_add(doubled(width)) > doubled(picture.width))
}

fn nearest(picture: &Picture, width: usize, height: usize) -> Picture {
    let columns: Vec<usize> = centres(picture.width, width).map(|x| x * picture.channels).collect();
    let mut bytes = Vec::with_capacity(width * height * picture.channels);
    for y in centres(picture.height, height) {
        let row = picture.row(y);
        columns.iter().for_each(|&at| bytes.extend_from_slice(&row[at..at + picture.channels]));
    }
    Picture { width, height, channels: picture.channels, bytes }
}

/// The old pixel under the centre of each new one. Centres are added up, as Pillow does: rounding decides ties.
fn centres(old: usize, new: usize) -> impl Iterator<Item = usize> {
    let scale = old as f64 / new as f64;
    let centres = std::iter::successors(Some(scale * 0.5), move |centre| Some(centre + scale));
    centres.take(new).map(move |centre| (centre as usize).min(old - 1))
}

/// The weights that make one new pixel out of old ones from `start` on.
struct Taps {
    start: usize,
    weights: Vec<i32>,
}

/// The taps of every new pixel along one side.
fn taps(old: usize, new: usize, filter: Filter) -> Vec<Taps> {
    let scale = old as f64 / new as f64;
    let stretch = scale.max(1.0);
    let support = filter.support() * stretch;
    let tap = |at: usize| {
        let centre = (at as f64 + 0.5) * scale;
        let start = (centre - support + 0.5).max(0.0) as usize;
        let end = ((centre + support + 0.5) as usize).min(old);
        let weights: Vec<f64> =
            (start..end).map(|x| filter.weight((x as f64 - centre + 0.5) * (1.0 / stretch))).collect();
        let sum: f64 = weights.iter().sum();
        let weights = weights.iter().map(|weight| fixed(if sum == 0.0 { *weight } else { weight / sum }));
        Taps { start, weights: weights.collect() }
    };
    (0..new).map(tap).collect()
}

/// A weight as a fixed-point number, halves away from zero.
fn fixed(weight: f64) -> i32 {
    (weight * f64::from(1 << PRECISION)).round() as i32
}

/// A sum of weighted bytes as a byte.
fn byte(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

const HALF: i32 = 1 << (PRECISION - 1);

/// Resamples every row.
fn across(picture: &Picture, width: usize, filter: Filter) -> Picture {
    let taps = taps(picture.width, width, filter);
    let bytes = match picture.channels {
        1 => convolve_rows::<1>(picture, &taps),
        _ => convolve_rows::<3>(picture, &taps),
    };
    Picture { width, bytes, ..*picture }
}

fn convolve_rows<const CHANNELS: usize>(picture: &Picture, taps: &[Taps]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(taps.len() * picture.height * CHANNELS);
    for y in 0..picture.height {
        let (pixels, _) = picture.row(y).as_chunks::<CHANNELS>();
        for tap in taps {
            let mut sums = [HALF; CHANNELS];
            for (pixel, &weight) in pixels[tap.start..].iter().zip(&tap.weights) {
                (0..CHANNELS).for_each(|channel| sums[channel] += i32::from(pixel[channel]) * weight);
            }
            bytes.extend(sums.map(byte));
        }
    }
    bytes
}

/// Resamples every column: each new row is a weighted sum of old ones.
fn down(picture: &Picture, height: usize, filter: Filter) -> Picture {
    let mut bytes = Vec::with_capacity(picture.stride() * height);
    let mut sums = vec![HALF; picture.stride()];
    for tap in taps(picture.height, height, filter) {
        sums.fill(HALF);
        for (offset, &weight) in tap.weights.iter().enumerate() {
            let row = picture.row(tap.start + offset);
            sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += i32::from(value) * weight);
        }
        bytes.extend(sums.iter().map(|&sum| byte(sum)));
    }
    Picture { height, bytes, ..*picture }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(bytes: &[u8]) -> Picture {
        Picture { width: bytes.len(), height: 1, channels: 1, bytes: bytes.to_vec() }
    }

    #[test]
    fn halving_bilinearly_weighs_four_pixels() {
        // 4 -> 2: the triangle is 2 wide on each side. For the first new pixel the centre is 1, the old centres
        // 0.5, 1.5, 2.5 are 0.5, 0.5, 1.5 away: weights 0.75, 0.75, 0.25, over their sum 1.75.
        // (0·0.75 + 70·0.75 + 140·0.25) / 1.75 = 50; mirrored: (210·0.75 + 140·0.75 + 70·0.25) / 1.75 = 160.
        let halved = resize(row(&[0, 70, 140, 210]), 2, 1, Filter::Bilinear);
        assert_eq!(halved.bytes, [50, 160]);
    }

    #[test]
    fn doubling_bilinearly_keeps_the_ends() {
        // 2 -> 4: centres 0.25, 0.75, 1.25, 1.75; 0.75 is 0.25 from 0.5 and 0.75 from 1.5: 0·0.75 + 100·0.25 = 25.
        let doubled = resize(row(&[0, 100]), 4, 1, Filter::Bilinear);
        assert_eq!(doubled.bytes, [0, 25, 75, 100]);
    }

    #[test]
    fn nearest_takes_the_centre() {
        // 5 -> 2: centres 1.25 and 3.75.
        assert_eq!(resize(row(&[1, 2, 3, 4, 5]), 2, 1, Filter::Nearest).bytes, [2, 4]);
    }

    #[test]
    fn flat_pictures_stay_flat_in_every_filter() {
        let flat = Picture { width: 7, height: 5, channels: 3, bytes: vec![200; 105] };
        for filter in [Filter::Nearest, Filter::Bilinear, Filter::Bicubic, Filter::Lanczos] {
            let made = resize(flat.clone(), 3, 11, filter);
            assert_eq!((made.width, made.height), (3, 11));
            assert_eq!(made.bytes, vec![200; 99]);
        }
    }

    #[test]
    fn tall_pictures_shrink_along_columns_first() {
        let tall = Picture { width: 100, height: 260, channels: 1, bytes: vec![0; 26_000] };
        // The width loses 50: more than 100 rows must go.
        assert!(columns_first(&tall, 50, 159));
        assert!(!columns_first(&tall, 50, 160));
        // A wider picture is no reason where no row goes.
        assert!(columns_first(&tall, 150, 259));
        assert!(!columns_first(&tall, 150, 260));
        assert!(!columns_first(&tall, 150, 300));
    }

    #[test]
    fn overshoot_is_cut() {
        // Bicubic rings at an edge; bytes stay within 0 and 255.
        let made = resize(row(&[0, 0, 255, 255]), 9, 1, Filter::Bicubic);
        assert_eq!((made.bytes.first(), made.bytes.last()), (Some(&0), Some(&255)));
    }
}

//! Pictures: bytes of 8-bit samples, and what recipes do with them.

mod geometry;
mod plan;
mod resize;

pub(crate) use plan::Plan;
pub use resize::Filter;

use crate::DataError;

/// The most pixels that a picture may have, decoded or resized: twice Pillow's `MAX_IMAGE_PIXELS`, the number above
/// which Pillow refuses a file as a decompression bomb. As RGB it is 512 MiB.
pub(crate) const MAX_PIXELS: u64 = 178_956_970;

/// A picture of 8-bit samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row; positive.
    pub width: usize,
    /// Rows; positive.
    pub height: usize,
    /// Samples of a pixel: 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    /// The samples row by row, pixel by pixel: height × width × channels.
    pub bytes: Vec<u8>,
}

impl Picture {
    /// A grey or RGB picture; `None` where the samples do not fill it or an extent is 0.
    pub fn new(width: usize, height: usize, channels: usize, bytes: Vec<u8>) -> Option<Picture> {
        let samples = width.checked_mul(height)?.checked_mul(channels)?;
        (samples > 0 && matches!(channels, 1 | 3) && bytes.len() == samples).then_some(Picture {
            width,
            height,
            channels,
            bytes,
        })
    }

    /// Samples of a row.
    fn stride(&self) -> usize {
        self.width * self.channels
    }

    /// The samples of a row; nothing below the picture.
    fn row(&self, y: usize) -> &[u8] {
        self.bytes.chunks_exact(self.stride()).nth(y).unwrap_or_default()
    }

    /// One sample a pixel: L = (19595 R + 38470 G + 7471 B + 2^15) / 2^16, the ITU-R 601 luma as Pillow's
    /// `convert("L")` rounds it.
    fn grey(self) -> Picture {
        if self.channels == 1 {
            return self;
        }
        let luma = |&[r, g, b]: &[u8; 3]| {
            let sum = 19595 * u32::from(r) + 38470 * u32::from(g) + 7471 * u32::from(b) + 0x8000;
            (sum >> 16) as u8
        };
        let bytes = self.bytes.as_chunks().0.iter().map(luma).collect();
        Picture { channels: 1, bytes, ..self }
    }
}

/// Refuses sizes that would take too much memory, or none.
pub(crate) fn check_size(width: u64, height: u64) -> Result<(usize, usize), DataError> {
    let hint = "use a picture or a recipe with a smaller size";
    let pixels = width.checked_mul(height).filter(|&pixels| pixels <= MAX_PIXELS);
    match (pixels, usize::try_from(width), usize::try_from(height)) {
        (Some(1..), Ok(width), Ok(height)) => Ok((width, height)),
        (Some(_), ..) => Err(DataError::new("a picture without pixels", hint)),
        _ => Err(DataError::new(
            format!("a picture of {width} × {height} pixels is more than {MAX_PIXELS} pixels in all"),
            hint,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_by_hand() {
        // Pure red: (19595·255 + 32768) / 65536 = 76.7; green 150.2; blue 29.6; white exactly 255.
        let bytes = vec![255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
        let grey = Picture::new(4, 1, 3, bytes).unwrap().grey();
        assert_eq!((grey.channels, grey.bytes.as_slice()), (1, [76, 150, 29, 255].as_slice()));
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(check_size(3, 4).unwrap(), (3, 4));
        assert!(check_size(0, 4).is_err());
        assert!(check_size(MAX_PIXELS, 1).is_ok());
        assert!(check_size(MAX_PIXELS, 2).is_err());
        assert!(check_size(u64::MAX, u64::MAX).is_err());
        assert!(Picture::new(2, 2, 3, vec![0; 11]).is_none());
    }
}

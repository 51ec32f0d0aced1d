//! JPEG, PNG and WebP, told apart by what is in them, as RGB.
//!
//! As Pillow's `Image.open(...).convert("RGB")`: the orientation in a photo's EXIF data is not applied, transparency
//! is dropped without a background, grey becomes three equal samples, and of an animation the first frame counts.
//! Of 16 bits a colour sample keeps the upper 8, but grey alone is cut off at 255: so does Pillow.

use std::io::Cursor;

use ::image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::{MAX_BYTES, broken};
use crate::DataError;
use crate::images::{Picture, check_size};

pub(super) fn decode(bytes: &[u8]) -> Result<Picture, DataError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(broken)?;
    if !matches!(reader.format(), Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) {
        return Err(broken("no JPEG, PNG or WebP picture"));
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = check_size(width.into(), height.into())?;
    if decoder.total_bytes() > MAX_BYTES {
        return Err(broken(format!("{} bytes decoded are more than {MAX_BYTES}", decoder.total_bytes())));
    }
    let image = DynamicImage::from_decoder(decoder).map_err(broken)?;
    Picture::new(width, height, 3, rgb(image)).ok_or_else(|| broken("its size is not what it says"))
}

/// The samples as RGB bytes.
fn rgb(image: DynamicImage) -> Vec<u8> {
    match image {
        DynamicImage::ImageRgb8(image) => image.into_raw(),
        DynamicImage::ImageRgba8(image) => {
            image.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
        }
        DynamicImage::ImageLuma8(image) => image.as_raw().iter().flat_map(|&grey| [grey; 3]).collect(),
        DynamicImage::ImageLumaA8(image) => image.pixels().flat_map(|pixel| [pixel[0]; 3]).collect(),
        DynamicImage::ImageLuma16(image) => {
            image.as_raw().iter().flat_map(|&grey| [grey.min(255) as u8; 3]).collect()
        }
        DynamicImage::ImageLumaA16(image) => image.pixels().flat_map(|pixel| [upper(pixel[0]); 3]).collect(),
        DynamicImage::ImageRgb16(image) => image.as_raw().iter().map(|&sample| upper(sample)).collect(),
        DynamicImage::ImageRgba16(image) => {
            image.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).map(upper).collect()
        }
        other => other.into_rgb8().into_raw(),
    }
}

/// The upper 8 of 16 bits.
fn upper(sample: u16) -> u8 {
    (sample >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::{GrayAlphaImage, ImageBuffer, Rgb, RgbImage, RgbaImage};

    fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.into().write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        bytes
    }

    #[test]
    fn every_kind_of_pixel_becomes_rgb() {
        let rgba = RgbaImage::from_raw(1, 1, vec![1, 2, 3, 0]).unwrap();
        assert_eq!(decode(&png(rgba)).unwrap().bytes, [1, 2, 3]);
        let grey = GrayAlphaImage::from_raw(2, 1, vec![9, 0, 8, 255]).unwrap();
        assert_eq!(decode(&png(grey)).unwrap().bytes, [9, 9, 9, 8, 8, 8]);
        let deep = ImageBuffer::<Rgb<u16>, _>::from_raw(1, 1, vec![0x1234u16, 0x00ff, 0xff80]).unwrap();
        assert_eq!(decode(&png(deep)).unwrap().bytes, [0x12, 0, 0xff]);
    }

    #[test]
    fn broken_pictures_are_errors() {
        let whole =
            png(RgbImage::from_raw(40, 30, (0..3600).map(|at| (at * 7 % 256) as u8).collect()).unwrap());
        for length in 0..whole.len() - 16 {
            assert!(decode(&whole[..length]).is_err(), "cut at {length}");
        }
        for wrong in [&b"GIF89a\x01\x00\x01\x00"[..], b"BM", b"\xff\xd8\xff", b"RIFF\x04\0\0\0WEBP", b"text"]
        {
            assert!(decode(wrong).is_err());
        }
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        // IHDR of 100,000 × 100,000 pixels; the checksum is made anew.
        let mut bytes = png(RgbImage::new(1, 1));
        bytes[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
        let sum = crc32(&bytes[12..29]).to_be_bytes();
        bytes[29..33].copy_from_slice(&sum);
        let error = decode(&bytes).unwrap_err().to_string();
        assert!(error.contains("100000 × 100000 pixels is more than"), "{error}");
    }

    /// The checksum of PNG chunks: CRC-32, reflected, polynomial 0xedb88320.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |sum, &byte| {
            (0..8).fold(
                sum ^ u32::from(byte),
                |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 },
            )
        })
    }
}

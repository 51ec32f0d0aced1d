//! Recordings: WAV of 8, 16, 24 or 32 bits or of 32-bit floats, as floats in \[−1, 1].

use std::io::Cursor;

use hound::{SampleFormat, WavReader};

use super::{MAX_BYTES, Recording, broken};
use crate::DataError;

pub(super) fn decode(bytes: &[u8]) -> Result<Recording, DataError> {
    let mut reader = WavReader::new(Cursor::new(bytes)).map_err(broken)?;
    let spec = reader.spec();
    let channels = usize::from(spec.channels);
    if channels == 0 || spec.sample_rate == 0 {
        return Err(broken("a recording without channels or rate"));
    }
    if u64::from(reader.len()).saturating_mul(4) > MAX_BYTES {
        return Err(broken(format!("{} samples decode to more than {MAX_BYTES} bytes", reader.len())));
    }
    let samples: Result<Vec<f32>, _> = match spec.sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect(),
        // A sample of n bits is a multiple of 2^(1 − n).
        SampleFormat::Int => {
            let unit = 2f64.powi(1 - i32::from(spec.bits_per_sample)) as f32;
            reader.samples::<i32>().map(|sample| sample.map(|sample| sample as f32 * unit)).collect()
        }
    };
    let samples = samples.map_err(broken)?;
    Ok(Recording { rate: spec.sample_rate, channels, samples })
}

#[cfg(test)]
mod tests {
    use hound::{WavSpec, WavWriter};

    use super::*;

    fn wav(bits: u16, samples: &[i32]) -> Vec<u8> {
        let spec = WavSpec {
            channels: 2,
            sample_rate: 8000,
            bits_per_sample: bits,
            sample_format: SampleFormat::Int,
        };
        let mut file = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut file, spec).unwrap();
        samples.iter().for_each(|&sample| writer.write_sample(sample).unwrap());
        writer.finalize().unwrap();
        file.into_inner()
    }

    #[test]
    fn full_scale_is_one() {
        // 16 bits: −32768 / 32768 = −1, 16384 / 32768 = 0.5. 8 bits: 64 / 128 = 0.5. 24 bits: 2^22 / 2^23 = 0.5.
        let made = decode(&wav(16, &[-32768, 16384])).unwrap();
        assert_eq!(made, Recording { rate: 8000, channels: 2, samples: vec![-1.0, 0.5] });
        assert_eq!(decode(&wav(8, &[-128, 64])).unwrap().samples, [-1.0, 0.5]);
        assert_eq!(decode(&wav(24, &[-(1 << 23), 1 << 22])).unwrap().samples, [-1.0, 0.5]);
    }

    #[test]
    fn broken_recordings_are_errors() {
        let whole = wav(16, &[1, 2, 3, 4]);
        for length in 0..whole.len() {
            assert!(decode(&whole[..length]).is_err(), "cut at {length}");
        }
        assert!(decode(b"RIFX....WAVE").is_err());
    }
}

//! Another sampling rate, by a windowed sinc.
//!
//! Band-limited interpolation (J. O. Smith, "Digital Audio Resampling Home Page", CCRMA, Stanford) with the numbers that
//! torchaudio's `resample` has by default: 6 zero crossings on each side under a Hann window, cut off at 0.99 of the
//! lower rate's half. Only the taps that are not 0 are kept.

use std::f64::consts::PI;

use crate::DataError;

/// Zero crossings of the sinc on each side.
const CROSSINGS: f64 = 6.0;
/// Where the filter cuts off, as a part of half the lower rate.
const ROLLOFF: f64 = 0.99;
/// The rates between which recordings can be converted, in samples per second.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// A filter from one rate to another, as many phases as the ratio of rates has.
#[derive(Debug)]
pub(crate) struct Resampler {
    /// The rates without their common divisor.
    from: usize,
    to: usize,
    /// How far the taps reach before a sample.
    reach: usize,
    /// For each phase the taps on the old samples around it, the first being `reach` before the one it follows.
    phases: Vec<Vec<f32>>,
}

impl Resampler {
    /// A filter from one rate to the other, in samples per second; `None` where they are equal.
    pub(crate) fn new(from: u32, to: u32) -> Result<Option<Resampler>, DataError> {
        if from == to {
            return Ok(None);
        }
        if let Some(rate) = [from, to].into_iter().find(|rate| !RATES.contains(rate)) {
            return Err(DataError::new(
                format!("a rate of {rate} samples per second"),
                format!("use rates from {} to {}", RATES.start(), RATES.end()),
            ));
        }
        let common = greatest_common_divisor(from, to);
        let (from, to) = ((from / common) as usize, (to / common) as usize);
        let cutoff = from.min(to) as f64 * ROLLOFF / from as f64;
        let reach = (CROSSINGS / cutoff).ceil() as usize;
        let phases =
            (0..to).map(|phase| taps((phase * from % to) as f64 / to as f64, cutoff, reach)).collect();
        Ok(Some(Resampler { from, to, reach, phases }))
    }

    /// The samples of one channel at the new rate: as many as begin within the recording.
    pub(crate) fn run(&self, samples: &[f32]) -> Vec<f32> {
        let made = samples.len().saturating_mul(self.to).div_ceil(self.from);
        (0..made).map(|at| self.sample(samples, at)).collect()
    }

    /// The new sample `at`, which lies at `at · from / to` old ones. Silence lies around the recording.
    fn sample(&self, samples: &[f32], at: usize) -> f32 {
        let whole = at / self.to * self.from + at % self.to * self.from / self.to;
        let Some(taps) = self.phases.get(at % self.to) else { return 0.0 };
        let (start, skipped) = match whole.checked_sub(self.reach) {
            Some(start) => (start, 0),
            None => (0, self.reach - whole),
        };
        let heard = samples.get(start..).unwrap_or_default();
        heard.iter().zip(taps.iter().skip(skipped)).map(|(sample, tap)| sample * tap).sum()
    }
}

/// The taps for a new sample that lies `fraction` behind an old one, `cutoff` being relative to the old rate: h(t) =
/// c · sinc(c t) · cos²(π c t / 12) for |c t| < 6.
fn taps(fraction: f64, cutoff: f64, reach: usize) -> Vec<f32> {
    (0..=2 * reach + 1)
        .map(|tap| {
            let t = (tap as f64 - reach as f64 - fraction) * cutoff;
            if t.abs() >= CROSSINGS {
                return 0.0;
            }
            let window = (t * PI / CROSSINGS / 2.0).cos().powi(2);
            let sinc = if t == 0.0 { 1.0 } else { (t * PI).sin() / (t * PI) };
            (cutoff * sinc * window) as f32
        })
        .collect()
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate: u32, hertz: f64, samples: usize) -> Vec<f32> {
        (0..samples).map(|at| (2.0 * PI * hertz * at as f64 / f64::from(rate)).sin() as f32).collect()
    }

    #[test]
    fn a_tone_stays_the_tone() {
        // Away from the ends a tone well below the cut-off is the same tone at the new rate.
        for (from, to) in [(44_100, 16_000), (8_000, 16_000), (48_000, 16_000), (22_050, 16_000)] {
            let resampler = Resampler::new(from, to).unwrap().unwrap();
            let made = resampler.run(&sine(from, 440.0, from as usize / 10));
            assert_eq!(made.len(), to as usize / 10);
            let worst = made.iter().zip(sine(to, 440.0, made.len())).skip(40).take(made.len() - 80);
            let worst = worst.map(|(made, wanted)| (made - wanted).abs()).fold(0.0, f32::max);
            assert!(worst < 0.01, "{from} to {to}: {worst}");
        }
    }

    #[test]
    fn a_tone_above_half_the_new_rate_is_gone() {
        let resampler = Resampler::new(48_000, 16_000).unwrap().unwrap();
        let made = resampler.run(&sine(48_000, 12_000.0, 4800));
        let loudest = made.iter().skip(40).take(1500).fold(0f32, |most, sample| most.max(sample.abs()));
        assert!(loudest < 0.01, "{loudest}");
    }

    #[test]
    fn lengths_are_rounded_up_and_rates_are_bounded() {
        // 5 samples at 3 to 2: 10 / 3 = 3.3
        assert_eq!(Resampler::new(3_000, 2_000).unwrap().unwrap().run(&[0.0; 5]).len(), 4);
        assert!(Resampler::new(3_000, 2_000).unwrap().unwrap().run(&[]).is_empty());
        assert!(Resampler::new(16_000, 16_000).unwrap().is_none());
        assert!(Resampler::new(999, 16_000).is_err());
        assert!(Resampler::new(u32::MAX, 16_000).is_err());
    }
}

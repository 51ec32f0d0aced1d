//! Classes: the most probable ones, and the best at every position.

use std::cmp::Ordering;

use super::{Answer, Class, Scores};
use crate::DataError;

/// The `top` most probable classes of each item of \[batch, classes], trailing extents of 1 aside. Of equal
/// probabilities the lower class comes first.
///
/// p_i = e^(x_i − max) / Σ e^(x_j − max), in double precision.
pub(super) fn softmax_top(scores: &Scores<'_>, top: usize) -> Result<Vec<Answer>, DataError> {
    let classes = match *scores.shape {
        [_, classes, ref rest @ ..] if classes > 0 && rest.iter().all(|&extent| extent == 1) => classes,
        _ => return Err(scores.unknown("softmax needs an output of [batch, classes]")),
    };
    Ok(scores.values.chunks_exact(classes).map(|row| Answer::Classes(best(row, top))).collect())
}

fn best(scores: &[f32], top: usize) -> Vec<Class> {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = scores.iter().map(|&score| (f64::from(score) - f64::from(most)).exp()).collect();
    let sum: f64 = powers.iter().sum();
    let mut classes: Vec<Class> =
        powers.iter().enumerate().map(|(index, power)| Class { index, probability: power / sum }).collect();
    let higher = |a: &Class, b: &Class| b.probability.total_cmp(&a.probability).then(a.index.cmp(&b.index));
    if let Some(last) = top.checked_sub(1).filter(|&last| last < classes.len()) {
        classes.select_nth_unstable_by(last, higher);
        classes.truncate(top);
    }
    classes.sort_unstable_by(higher);
    classes
}

/// The best class of every position of each item: over axis 1 of \[batch, classes] and \[batch, classes, height,
/// width], over the last of \[batch, sequence, classes]. Of equal scores the lower class wins.
pub(super) fn argmax(scores: &Scores<'_>) -> Result<Vec<Answer>, DataError> {
    let (batch, classes, positions, stride) = match *scores.shape {
        [batch, classes] => (batch, classes, 1, 1),
        [batch, sequence, classes] => (batch, classes, sequence, 1),
        [batch, classes, height, width] => (batch, classes, height * width, height * width),
        _ => {
            return Err(scores.unknown("argmax needs [batch, classes], or that with a sequence or a picture"));
        }
    };
    if batch * classes * positions == 0 {
        return Err(scores.unknown("argmax needs at least one score"));
    }
    let label = |item: &[f32], position: usize| {
        // Where classes lie side by side positions lie apart, and the other way round.
        let start = if stride == 1 { position * classes } else { position };
        let scores = item.iter().skip(start).step_by(stride).take(classes);
        let best = |best: (usize, f32), (index, &score): (usize, &f32)| match score.partial_cmp(&best.1) {
            Some(Ordering::Greater) => (index, score),
            _ => best,
        };
        scores.enumerate().fold((0, f32::NEG_INFINITY), best).0
    };
    let items = scores.values.chunks_exact(classes * positions);
    Ok(items
        .map(|item| Answer::Labels((0..positions).map(|position| label(item, position)).collect()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores<'a>(shape: &'a [usize], values: &'a [f32]) -> Scores<'a> {
        Scores { name: "y", shape, values: values.into() }
    }

    #[test]
    fn probabilities_by_hand() {
        // e^0 : e^ln2 : e^ln5 = 1 : 2 : 5, of 8.
        let row = [0.0, 2f32.ln(), 5f32.ln()];
        let Answer::Classes(classes) = &softmax_top(&scores(&[1, 3, 1, 1], &row), 2).unwrap()[0] else {
            panic!()
        };
        assert_eq!(classes.iter().map(|class| class.index).collect::<Vec<_>>(), [2, 1]);
        assert!((classes[0].probability - 0.625).abs() < 1e-7);
        assert!((classes[1].probability - 0.25).abs() < 1e-7);
        // Large scores do not overflow, equal ones keep their order, and there are no more than there are.
        let Answer::Classes(classes) = &softmax_top(&scores(&[1, 2], &[1e38, 1e38]), 5).unwrap()[0] else {
            panic!()
        };
        assert_eq!(classes, &[0, 1].map(|index| Class { index, probability: 0.5 }));
        assert!(softmax_top(&scores(&[1, 2, 3], &[0.0; 6]), 1).is_err());
        assert!(softmax_top(&scores(&[0, 0], &[]), 1).is_err());
    }

    #[test]
    fn labels_by_hand() {
        let labels = |shape: &[usize], values: &[f32]| argmax(&scores(shape, values)).unwrap();
        assert_eq!(labels(&[2, 2], &[1.0, 2.0, 4.0, 3.0]), [1, 0].map(|label| Answer::Labels(vec![label])));
        // A sequence of 2 positions of 3 classes.
        assert_eq!(labels(&[1, 2, 3], &[0.0, 9.0, 1.0, 5.0, 5.0, 4.0]), [Answer::Labels(vec![1, 0])]);
        // Two classes over a picture of 1 × 3: 5 < 6, 4 > 1, -2 < -1.
        let picture = [5.0, 4.0, -2.0, 6.0, 1.0, -1.0];
        assert_eq!(labels(&[1, 2, 1, 3], &picture), [Answer::Labels(vec![1, 0, 1])]);
        // One pixel of 2 classes.
        assert_eq!(labels(&[1, 2, 1, 1], &[5.0, 6.0]), [Answer::Labels(vec![1])]);
        assert!(argmax(&scores(&[1, 0, 1, 3], &[])).is_err());
    }
}

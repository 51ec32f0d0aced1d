//! Boxes that do not overlap: non-maximum suppression, class by class.

use super::{Answer, Detection, Scores};
use crate::DataError;
use weigh_engine::Tensor;

/// Boxes with a lower score are dropped.
const SCORE: f32 = 0.25;
/// Of two boxes of a class that overlap by more (intersection over union) the one with the lower score is dropped.
const OVERLAP: f32 = 0.45;
/// The most boxes kept of one item.
const MAX_BOXES: usize = 300;

/// How an output tells its boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// \[batch, 4 + classes, boxes]: centre, size, and a score for each class.
    ClassesFirst,
    /// \[batch, boxes, 5 + classes]: centre, size, objectness, and a score for each class.
    BoxesFirst,
}

/// The boxes of each item, the highest score first.
pub(super) fn boxes(outputs: &[(String, Tensor)]) -> Result<Vec<Answer>, DataError> {
    let scores: Vec<Scores<'_>> = outputs.iter().take(2).map(Scores::of).collect::<Result<_, _>>()?;
    let items = match scores.as_slice() {
        [boxes, scores] if is_pair(boxes, scores) => pairs(boxes, scores),
        [scores] | [scores, _] => single(scores)?,
        _ => return Err(DataError::new("the model has no outputs", "use the postprocessor none")),
    };
    Ok(items.into_iter().map(|candidates| Answer::Boxes(suppress(candidates))).collect())
}

/// Whether these are \[batch, boxes, 4] (or \[batch, boxes, 1, 4]) corners and \[batch, boxes, classes] scores.
fn is_pair(boxes: &Scores<'_>, scores: &Scores<'_>) -> bool {
    match (boxes.shape, scores.shape) {
        ([batch, count, 4] | [batch, count, 1, 4], [same, also, classes]) => {
            *count > 0 && *classes > 0 && batch == same && count == also
        }
        _ => false,
    }
}

/// Candidates from corners and scores.
fn pairs(boxes: &Scores<'_>, scores: &Scores<'_>) -> Vec<Vec<Detection>> {
    let (count, classes) = match *scores.shape {
        [_, count, classes] => (count, classes),
        _ => return vec![],
    };
    let items = boxes.values.chunks_exact(count * 4).zip(scores.values.chunks_exact(count * classes));
    items
        .map(|(boxes, scores)| {
            let rows = boxes.as_chunks::<4>().0.iter().zip(scores.chunks_exact(classes));
            rows.filter_map(|(&corners, scores)| candidate(corners, scores.iter().copied())).collect()
        })
        .collect()
}

/// Candidates from one output.
fn single(output: &Scores<'_>) -> Result<Vec<Vec<Detection>>, DataError> {
    let hint = "nms knows [batch, 4 + classes, boxes], [batch, boxes, 5 + classes], \
                and two outputs of [batch, boxes, 4] and [batch, boxes, classes]";
    let (form, attributes, count) = match *output.shape {
        [_, attributes, count] if attributes > 4 && attributes < count => {
            (Form::ClassesFirst, attributes, count)
        }
        // Rows of six may as well be corners, score and class of a model that suppresses by itself.
        [_, count, 6] if count > 6 => {
            return Err(output.unknown("rows of 6 may be boxes that are suppressed already: use none"));
        }
        [_, count, attributes] if attributes > 6 && attributes < count => {
            (Form::BoxesFirst, attributes, count)
        }
        _ => return Err(output.unknown(hint)),
    };
    let items = output.values.chunks_exact(attributes * count);
    Ok(items
        .map(|item| (0..count).filter_map(|at| row(item, form, attributes, count, at)).collect())
        .collect())
}

/// The candidate of one row.
fn row(item: &[f32], form: Form, attributes: usize, count: usize, at: usize) -> Option<Detection> {
    let (start, stride) = match form {
        Form::ClassesFirst => (at, count),
        Form::BoxesFirst => (at * attributes, 1),
    };
    let mut values = item.iter().skip(start).step_by(stride).take(attributes).copied();
    let mut next = || values.next();
    let (x, y, width, height) = (next()?, next()?, next()?, next()?);
    let objectness = if form == Form::BoxesFirst { next()? } else { 1.0 };
    let corners = [x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0];
    candidate(corners, values.map(|score| score * objectness))
}

/// The box with its best class, where that scores enough. What is not finite is no box.
fn candidate(corners: [f32; 4], scores: impl Iterator<Item = f32>) -> Option<Detection> {
    let better = |best: (usize, f32), next: (usize, f32)| if next.1 > best.1 { next } else { best };
    let (class, score) = scores.enumerate().fold((0, f32::NEG_INFINITY), better);
    let is_finite = score.is_finite() && corners.iter().all(|corner| corner.is_finite());
    (is_finite && score >= SCORE).then_some(Detection { corners, class, score })
}

/// The boxes that overlap no better one of their class. Of equal scores the earlier box is the better.
fn suppress(mut candidates: Vec<Detection>) -> Vec<Detection> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::new();
    for candidate in candidates {
        if kept.len() == MAX_BOXES {
            break;
        }
        let covers = |better: &Detection| {
            better.class == candidate.class && overlap(better.corners, candidate.corners) > OVERLAP
        };
        if !kept.iter().any(covers) {
            kept.push(candidate);
        }
    }
    kept
}

/// Intersection over union of two boxes; 0 where neither has an area.
fn overlap(a: [f32; 4], b: [f32; 4]) -> f32 {
    let area = |[left, top, right, bottom]: [f32; 4]| (right - left).max(0.0) * (bottom - top).max(0.0);
    let shared = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    let union = area(a) + area(b) - shared;
    if union > 0.0 { shared / union } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use weigh_engine::TensorData;

    fn output(shape: &[usize], values: Vec<f32>) -> (String, Tensor) {
        ("y".to_owned(), Tensor::new(shape.to_vec(), TensorData::F32(values)).unwrap())
    }

    fn found(outputs: &[(String, Tensor)]) -> Vec<Detection> {
        match &boxes(outputs).unwrap()[0] {
            Answer::Boxes(found) => found.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn overlaps_by_hand() {
        // 10 × 10 beside itself shifted by 5: 50 shared of 150.
        assert_eq!(overlap([0.0, 0.0, 10.0, 10.0], [5.0, 0.0, 15.0, 10.0]), 50.0 / 150.0);
        assert_eq!(overlap([0.0, 0.0, 1.0, 1.0], [2.0, 2.0, 3.0, 3.0]), 0.0);
        assert_eq!(overlap([1.0; 4], [1.0; 4]), 0.0);
        // Turned inside out is without area.
        assert_eq!(overlap([3.0, 3.0, 1.0, 1.0], [3.0, 3.0, 1.0, 1.0]), 0.0);
    }

    #[test]
    fn classes_first_by_hand() {
        // Boxes as columns of (x, y, width, height, score of class 0, of class 1):
        // 0: 10 × 10 at (5, 5), 0.9 of class 0; 1: the same a step to the right (90 of 110 shared), 0.8 of class 0;
        // 2: the same as 0, 0.7 of class 1; 3..7: scores too low.
        let columns = [
            [5.0, 6.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [5.0, 5.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [10.0, 10.0, 10.0, 1.0, 1.0, 1.0, 1.0, 1.0],
            [10.0, 10.0, 10.0, 1.0, 1.0, 1.0, 1.0, 1.0],
            [0.9, 0.8, 0.1, 0.2, 0.2, f32::NAN, 0.2, 0.2],
            [0.1, 0.1, 0.7, 0.2, 0.2, 0.2, 0.2, 0.24],
        ];
        let corners = [0.0, 0.0, 10.0, 10.0];
        let wanted =
            [Detection { corners, class: 0, score: 0.9 }, Detection { corners, class: 1, score: 0.7 }];
        assert_eq!(found(&[output(&[1, 6, 8], columns.concat())]), wanted);
    }

    #[test]
    fn boxes_first_by_hand() {
        // (x, y, width, height, objectness, two classes): 0.5 · 0.8 = 0.4 is enough, 0.5 · 0.4 = 0.2 is not.
        let mut rows = vec![0.0; 7 * 8];
        rows[..7].copy_from_slice(&[2.0, 2.0, 2.0, 4.0, 0.5, 0.1, 0.8]);
        rows[7..14].copy_from_slice(&[9.0, 9.0, 2.0, 2.0, 0.5, 0.4, 0.1]);
        let wanted = [Detection { corners: [1.0, 0.0, 3.0, 4.0], class: 1, score: 0.4 }];
        assert_eq!(found(&[output(&[1, 8, 7], rows)]), wanted);
    }

    #[test]
    fn corners_and_scores_by_hand() {
        let corners = vec![0.0, 0.0, 2.0, 2.0, 0.0, 0.0, 2.0, 2.1];
        let pair = [output(&[1, 2, 1, 4], corners), output(&[1, 2, 1], vec![0.3, 0.6])];
        let wanted = [Detection { corners: [0.0, 0.0, 2.0, 2.1], class: 0, score: 0.6 }];
        assert_eq!(found(&pair), wanted);
    }

    #[test]
    fn unknown_forms_are_errors() {
        let refused = |shape: &[usize]| {
            boxes(&[output(shape, vec![0.0; shape.iter().product()])]).unwrap_err().to_string()
        };
        assert_eq!(refused(&[1, 300, 6]), "output `y`: no answers in the shape [1, 300, 6]");
        for shape in [&[1, 1000][..], &[1, 4, 9], &[1, 3, 3], &[0, 0, 0], &[1, 3, 8, 8]] {
            assert!(refused(shape).contains("no answers in the shape"));
        }
    }

    #[test]
    fn no_more_than_the_limit_are_kept() {
        let apart =
            |at: usize| Detection { corners: [at as f32, 0.0, at as f32 + 0.5, 1.0], class: 0, score: 0.5 };
        assert_eq!(suppress((0..400).map(apart).collect()).len(), MAX_BOXES);
    }

    fn candidates() -> impl Strategy<Value = Vec<Detection>> {
        let one = (0f32..20.0, 0f32..20.0, 0f32..9.0, 0f32..9.0, 0..3usize, 0.25f32..1.0);
        let detection = one.prop_map(|(x, y, width, height, class, score)| Detection {
            corners: [x, y, x + width, y + height],
            class,
            score,
        });
        prop::collection::vec(detection, 0..60)
    }

    proptest! {
        #[test]
        fn kept_boxes_of_a_class_do_not_overlap(candidates in candidates()) {
            let kept = suppress(candidates.clone());
            for (at, a) in kept.iter().enumerate() {
                prop_assert!(candidates.contains(a));
                for b in &kept[at + 1..] {
                    prop_assert!(a.score >= b.score);
                    prop_assert!(a.class != b.class || overlap(a.corners, b.corners) <= OVERLAP);
                }
            }
            // What was dropped is covered by a better box of its class.
            for dropped in candidates.iter().filter(|candidate| !kept.contains(candidate)) {
                prop_assert!(kept.iter().any(|better| better.class == dropped.class
                    && better.score >= dropped.score
                    && overlap(better.corners, dropped.corners) > OVERLAP));
            }
        }

        #[test]
        fn overlap_is_symmetric_and_at_most_one(a in candidates(), b in candidates()) {
            for (a, b) in a.iter().zip(&b) {
                let shared = overlap(a.corners, b.corners);
                prop_assert!((0.0..=1.0 + 1e-5).contains(&shared));
                prop_assert_eq!(shared, overlap(b.corners, a.corners));
            }
        }
    }
}

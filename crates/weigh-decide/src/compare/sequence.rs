//! Common subsequences: what two sequences of keys have in common, in order.
//!
//! [`common`] finds the longest by Myers' greedy algorithm ("An O(ND) Difference Algorithm and Its Variations",
//! Algorithmica 1986) while the sequences differ in at most [`MOST_EDITS`] places. Beyond that it would take time and memory
//! with the square of the differences, so equal keys are paired by how often they occurred before, and the longest run of
//! pairs that do not cross is kept: in order, and found in `n log n`, but not always the longest there is.

use std::collections::HashMap;

/// Insertions and deletions up to which the longest common subsequence is looked for: some 16 MiB of trace.
const MOST_EDITS: usize = 2000;

/// Positions of a common subsequence of `a` and `b`, ascending in both.
pub(super) fn common(a: &[u32], b: &[u32]) -> Vec<(usize, usize)> {
    let before = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a_rest, b_rest) = (&a[before..], &b[before..]);
    let after = a_rest.iter().rev().zip(b_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a_middle, b_middle) = (&a_rest[..a_rest.len() - after], &b_rest[..b_rest.len() - after]);
    let middle = longest(a_middle, b_middle).unwrap_or_else(|| by_occurrence(a_middle, b_middle));
    let head = (0..before).map(|at| (at, at));
    let middle = middle.into_iter().map(|(i, j)| (before + i, before + j));
    let tail = (0..after).map(|at| (a.len() - after + at, b.len() - after + at));
    head.chain(middle).chain(tail).collect()
}

/// The longest common subsequence; `None` beyond [`MOST_EDITS`].
fn longest(a: &[u32], b: &[u32]) -> Option<Vec<(usize, usize)>> {
    if a.is_empty() || b.is_empty() {
        return Some(Vec::new());
    }
    // reach[d][k]: how far of `a` is read after d edits on diagonal i − j = 2k − d.
    let mut reach: Vec<Vec<usize>> = Vec::new();
    for edits in 0..=MOST_EDITS {
        let mut row = Vec::with_capacity(edits + 1);
        for diagonal in 0..=edits {
            let mut i = reach.last().map_or(0, |last| step(last, diagonal).0);
            let mut j = i + edits - 2 * diagonal;
            while i < a.len() && j < b.len() && a[i] == b[j] {
                (i, j) = (i + 1, j + 1);
            }
            row.push(i);
            if (i, j) == (a.len(), b.len()) {
                reach.push(row);
                return Some(retrace(&reach, a.len(), b.len()));
            }
        }
        reach.push(row);
    }
    None
}

/// Where the farthest path to a diagonal comes from: how far of `a` is read, and on which diagonal of the last row.
fn step(last: &[usize], diagonal: usize) -> (usize, usize) {
    // One key of `a` read from the diagonal below, or one of `b` from the same index (whose diagonal was one higher).
    let deleted = diagonal.checked_sub(1).map(|from| (last[from] + 1, from));
    let inserted = last.get(diagonal).map(|reached| (*reached, diagonal));
    match (deleted, inserted) {
        (Some(deleted), Some(inserted)) if deleted.0 > inserted.0 => deleted,
        (_, Some(inserted)) => inserted,
        (Some(deleted), None) => deleted,
        (None, None) => (0, 0),
    }
}

/// The equal keys along the path that ends at the ends of both.
fn retrace(reach: &[Vec<usize>], a_len: usize, b_len: usize) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let edits = reach.len() - 1;
    let (mut i, mut j) = (a_len, b_len);
    let mut diagonal = (a_len + edits - b_len) / 2;
    for d in (0..=edits).rev() {
        let (start, from) = match d {
            0 => (0, 0),
            _ => step(&reach[d - 1], diagonal),
        };
        while i > start {
            (i, j) = (i - 1, j - 1);
            pairs.push((i, j));
        }
        if d > 0 {
            // Undo the edit that led here.
            match from == diagonal {
                true => j -= 1,
                false => i -= 1,
            }
            diagonal = from;
        }
    }
    pairs.reverse();
    pairs
}

/// The k-th occurrence of a key with its k-th occurrence in the other, as many as do not cross.
fn by_occurrence(a: &[u32], b: &[u32]) -> Vec<(usize, usize)> {
    let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
    for (at, key) in b.iter().enumerate().rev() {
        places.entry(*key).or_default().push(at);
    }
    let pairs = a.iter().enumerate().filter_map(|(at, key)| Some((at, places.get_mut(key)?.pop()?)));
    uncrossed(&pairs.collect::<Vec<_>>())
}

/// The longest run of pairs that ascends in both; `pairs` ascend in the first (longest increasing subsequence).
pub(super) fn uncrossed(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // ends[length − 1]: the pair with the smallest second that a run of that length can end with.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (at, (_, second)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < *second);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut run = Vec::with_capacity(ends.len());
    let mut at = ends.last().copied();
    while let Some(index) = at {
        run.push(pairs[index]);
        at = before[index];
    }
    run.reverse();
    run
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The textbook table, for its length alone.
    fn length(a: &[u32], b: &[u32]) -> usize {
        let mut row = vec![0; b.len() + 1];
        for x in a {
            let mut corner = 0;
            for (j, y) in b.iter().enumerate() {
                let above = row[j + 1];
                row[j + 1] = if x == y { corner + 1 } else { above.max(row[j]) };
                corner = above;
            }
        }
        row[b.len()]
    }

    fn is_common(pairs: &[(usize, usize)], a: &[u32], b: &[u32]) -> bool {
        pairs.iter().all(|(i, j)| a[*i] == b[*j])
            && pairs.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1)
    }

    #[test]
    fn by_hand() {
        // ABCABBA and CBABAC, the example of Myers' paper: four in common.
        let (a, b) = ([1, 2, 3, 1, 2, 2, 1], [3, 2, 1, 2, 1, 3]);
        let pairs = common(&a, &b);
        assert!(is_common(&pairs, &a, &b));
        assert_eq!(pairs.len(), 4);
        assert_eq!(common(&[1, 2, 3], &[1, 9, 2, 3]), [(0, 0), (1, 2), (2, 3)]);
        assert!(common(&[], &[1]).is_empty() && common(&[1], &[2]).is_empty());
    }

    #[test]
    fn crossing_pairs_are_left_out() {
        assert_eq!(uncrossed(&[(0, 3), (1, 0), (2, 1), (3, 2)]), [(1, 0), (2, 1), (3, 2)]);
        assert!(uncrossed(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn the_longest(a in prop::collection::vec(0u32..4, 0..40), b in prop::collection::vec(0u32..4, 0..40)) {
            let pairs = common(&a, &b);
            prop_assert!(is_common(&pairs, &a, &b));
            prop_assert_eq!(pairs.len(), length(&a, &b));
            let quick = by_occurrence(&a, &b);
            prop_assert!(is_common(&quick, &a, &b));
        }
    }
}

//! Lists of numbers as Linux writes them: `0-3,8,10-11`.

/// The numbers of a list; `None` where the text is no list, an empty one for an empty text.
pub(crate) fn parse(text: &str) -> Option<Vec<usize>> {
    /// More processors or nodes than Linux can have.
    const MOST: usize = 1 << 16;
    let mut numbers = Vec::new();
    for part in text.trim().split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if last >= MOST || first > last {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lists() {
        assert_eq!(parse("0-3,8,10-11\n"), Some(vec![0, 1, 2, 3, 8, 10, 11]));
        assert_eq!(parse("7"), Some(vec![7]));
        assert_eq!(parse("\n"), Some(vec![]));
        for wrong in ["a", "3-1", "1-", "0-99999999999", "0-99999999999999999999999"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}

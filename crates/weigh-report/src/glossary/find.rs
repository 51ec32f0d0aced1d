//! An entry by one of its names, however it is written.

use super::{Entry, entries};

/// Less alike than this is no suggestion.
const ALIKE: f64 = 0.75;

/// The entry of this name, title, alias or place in the document, whatever the case and the dashes; of `latency.p99`,
/// the entry before the statistic.
pub fn find(name: &str) -> Option<&'static Entry> {
    let wanted = plain(name);
    let has = |entry: &&Entry| names(entry).any(|own| plain(own) == wanted);
    let stands = |entry: &&Entry| entry.json.iter().any(|place| path(place) == path(name));
    entries()
        .find(|entry| plain(entry.name) == wanted)
        .or_else(|| entries().find(has))
        .or_else(|| entries().find(stands))
        .or_else(|| name.split_once('.').and_then(|(before, _)| find(before)))
}

/// The name that was probably meant.
pub fn suggestion(name: &str) -> Option<&'static str> {
    let wanted = plain(name);
    let score = |own: &str| strsim::jaro_winkler(&wanted, &plain(own));
    let all = entries().flat_map(|entry| names(entry).map(move |own| (entry.name, score(own))));
    let best = all.filter(|(_, score)| *score >= ALIKE).max_by(|a, b| a.1.total_cmp(&b.1));
    best.map(|(name, _)| name)
}

fn names(entry: &Entry) -> impl Iterator<Item = &'static str> + use<> {
    [entry.name, entry.title].into_iter().chain(entry.aliases.iter().copied())
}

/// Without case, and with one sign for all that separates words.
pub(super) fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace(['-', ' '], "_")
}

/// A place in the document without the positions in its lists: `measurements.0.load_ms` is `measurements.load_ms`.
fn path(place: &str) -> String {
    let steps = place.split('.').map(|step| step.split('[').next().unwrap_or_default());
    let is_position = |step: &str| step.chars().all(|c| c.is_ascii_digit());
    steps.filter(|step| !is_position(step)).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_however_it_is_written() {
        let name = |text| find(text).map(|entry| entry.name);
        assert_eq!(name("MACs"), Some("macs"));
        assert_eq!(name("flop"), Some("flops"));
        assert_eq!(name("model-size"), Some("model_size"));
        assert_eq!(name("Best Order"), Some("activations.best_order"));
        assert_eq!(name("p99"), Some("percentile"));
        assert_eq!(name("latency.p99.9"), Some("latency"));
        assert_eq!(name("totals.arithmetic_intensity"), Some("intensity"));
        assert_eq!(name("measurements.0.load_ms"), Some("load_time"));
        assert_eq!(name("predictions[].roofline_ms"), Some("roofline"));
        assert_eq!(name("nothing"), None);
        assert_eq!(name(""), None);
    }

    #[test]
    fn near_misses_are_told() {
        assert_eq!(suggestion("flopz"), Some("flops"));
        assert_eq!(suggestion("thruput"), Some("throughput"));
        assert_eq!(suggestion("paremeters"), Some("parameters"));
        assert_eq!(suggestion("qqqq"), None);
    }
}

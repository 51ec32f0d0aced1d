//! Devices by name, as people write them.

use super::device::Device;
use super::error::NoSuchDevice;

/// The most suggestions.
const MOST: usize = 5;
/// From this similarity on (Jaro-Winkler, 1 is equal) a name is a suggestion.
const SIMILAR: f64 = 0.82;

/// The device that a name means.
pub(super) fn find<'d>(devices: &'d [Device], name: &str) -> Result<&'d Device, NoSuchDevice> {
    let wanted = joined(name);
    let exact = devices.iter().find(|device| device.id == name);
    let loose = || devices.iter().find(|device| names(device).any(|other| joined(other) == wanted));
    exact
        .or_else(loose)
        .ok_or_else(|| NoSuchDevice { name: name.to_owned(), nearest: nearest(devices, name) })
}

fn names(device: &Device) -> impl Iterator<Item = &str> {
    [device.id.as_str(), device.title.as_str()].into_iter().chain(device.also.iter().map(String::as_str))
}

/// The ids of devices with similar names: those whose name contains it, else by similarity.
fn nearest(devices: &[Device], name: &str) -> Vec<String> {
    let wanted = joined(name);
    if wanted.is_empty() {
        return Vec::new();
    }
    let score = |device: &Device| {
        let of = |other: &str| match joined(other) {
            // Above 1, the more the shorter the rest.
            other if other.contains(&wanted) => 1.0 + wanted.len() as f64 / other.len() as f64,
            other => strsim::jaro_winkler(&other, &wanted),
        };
        names(device).map(of).fold(0.0, f64::max)
    };
    let mut scored: Vec<(f64, &str)> =
        devices.iter().map(|device| (score(device), device.id.as_str())).collect();
    let contained = scored.iter().any(|(score, _)| *score > 1.0);
    scored.retain(|(score, _)| *score > if contained { 1.0 } else { SIMILAR });
    scored.sort_by(|(a, a_id), (b, b_id)| b.total_cmp(a).then_with(|| a_id.cmp(b_id)));
    scored.into_iter().take(MOST).map(|(_, id)| id.to_owned()).collect()
}

/// A name's letters and digits in lower case.
fn joined(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

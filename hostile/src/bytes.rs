//! Changes to the bytes of a file that know nothing of its format.

use weigh_formats::onnx::spellings;

use crate::wire::Random;

/// One to four changes at random places; `other` is a file that pieces may come from.
pub fn mutant(original: &[u8], other: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut bytes = original.to_vec();
    for _ in 0..1 + random.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let length = (1 + random.below(16)).min(bytes.len() - at);
        match random.below(10) {
            0..=1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = random.pick(&[0, 1, 0x7f, 0x80, 0xff, b'/', b'\n', 0x1b]),
            // Small differences keep lengths and types plausible.
            3 => bytes[at] = bytes[at].wrapping_add(random.pick(&[1, 2, 255, 254, 8, 16])),
            4 => drop(bytes.drain(at..at + length)),
            5 => {
                let piece = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len());
                drop(bytes.splice(to..to, piece));
            }
            6 => {
                let to = random.below(bytes.len() - length + 1);
                bytes.copy_within(at..at + length, to);
            }
            7 if !other.is_empty() => {
                let from = random.below(other.len());
                let piece = other[from..(from + random.below(256)).min(other.len())].iter().copied();
                drop(bytes.splice(at..at + length, piece));
            }
            8 => bytes[at..at + length].fill(random.pick(&[0, 0xff])),
            _ if random.once_in(4) => bytes.truncate(at),
            _ => {
                // The name of some operator in the place of other bytes.
                let names = spellings();
                let name = names[random.below(names.len())].op_type.as_bytes();
                let end = (at + name.len()).min(bytes.len());
                bytes[at..end].copy_from_slice(&name[..end - at]);
            }
        }
    }
    bytes
}

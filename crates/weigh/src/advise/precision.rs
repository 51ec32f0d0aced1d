//! tmp
use super::ground::{Ground, Tried};
pub(super) fn fp16(_: &Ground<'_>) -> Vec<Tried> {
    vec![Tried::refused("tmp")]
}
pub(super) fn bf16(_: &Ground<'_>) -> Vec<Tried> {
    vec![Tried::refused("tmp")]
}
pub(super) fn int8_weights(_: &Ground<'_>) -> Vec<Tried> {
    vec![Tried::refused("tmp")]
}
pub(super) fn int4_weights(_: &Ground<'_>) -> Vec<Tried> {
    vec![Tried::refused("tmp")]
}
pub(super) fn int8_dynamic(_: &Ground<'_>) -> Vec<Tried> {
    vec![Tried::refused("tmp")]
}
pub(super) fn int8_static(_: &Ground<'_>) -> Vec<Tried> {
    vec![Tried::refused("tmp")]
}

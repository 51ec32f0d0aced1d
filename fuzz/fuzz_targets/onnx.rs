//! Any bytes as an ONNX file: reading and weighing them ends without a panic, in an error or in facts that agree.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hostile::check(bytes, true);
});

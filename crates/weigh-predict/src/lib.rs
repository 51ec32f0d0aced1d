//! What a model would take on a device, without running it there.
#![forbid(unsafe_code)]

//! Axes of space: windows, pooling, sampling, images and the boxes in them.

mod detection;
mod image;
mod pool;
mod resize;
mod window;

pub use detection::{CropAndResize, NonMaxSuppression, RegionPool, RegionPooling};
pub use image::{CenterCropPad, ColumnsToImage, Determinant, ImageDecoder};
pub use pool::{GlobalPool, MaxUnpool, Pool, Pooling};
pub use resize::{AffineGrid, AspectRatio, GridSample, Interpolation, Resize, Scales};
pub use window::{Padding, Window};

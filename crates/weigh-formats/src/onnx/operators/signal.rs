//! Signals: windows, Fourier transforms, the mel scale.

use weigh_ir::DType;
use weigh_ops::{Dft, MelWeights, SignalAxis, Stft, TaperWindow};

use super::{Lowered, NodeView, Table, done};
use crate::FormatError;

pub(super) fn rows(table: &mut Table) {
    table.add("HannWindow", |view| taper(view, "HannWindow", 1));
    table.add("HammingWindow", |view| taper(view, "HammingWindow", 1));
    table.add("BlackmanWindow", |view| taper(view, "BlackmanWindow", 2));
    table.add("MelWeightMatrix", |view| done(MelWeights { dtype: dtype(view)? }));
    table.add("DFT", dft);
    table.add("STFT", |view| done(Stft { onesided: view.flag("onesided", true)? }));
}

fn dtype(view: &NodeView<'_, '_>) -> Result<DType, FormatError> {
    Ok(view.dtype("output_datatype")?.unwrap_or(DType::F32))
}

fn taper(view: &NodeView<'_, '_>, name: &'static str, cosines: i64) -> Lowered {
    done(TaperWindow { name, cosines, dtype: dtype(view)? })
}

/// The axis is an attribute before opset 20.
fn dft(view: &NodeView<'_, '_>) -> Lowered {
    let axis = match view.opset >= 20 {
        true => SignalAxis::Input(2),
        false => SignalAxis::Fixed(view.int_or("axis", 1)?),
    };
    done(Dft { axis, inverse: view.flag("inverse", false)?, onesided: view.flag("onesided", false)? })
}

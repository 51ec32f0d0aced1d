//! Signals: windows, Fourier transforms, the mel scale.
//!
//! A discrete Fourier transform of N samples is counted as the fast algorithm computes it, since nothing
//! computes the N² products of the definition: ⌈log₂ N⌉ stages of N/2 butterflies, each a complex product (6
//! operations) and two complex sums (4), hence 5·N·⌈log₂ N⌉ other operations (Cooley and Tukey 1965; the usual
//! nominal count 5·N·log₂ N, exact where N is a power of two). Half of that, rounded up, where one side is real.
//! A length that is a symbol has no such count: it is unknown.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop,
    TensorType, single,
};

use crate::parameter::first;

/// A tapering window, as long as input 0 says. ONNX `HannWindow`, `HammingWindow`, `BlackmanWindow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaperWindow {
    /// The name of this form.
    pub name: &'static str,
    /// How many cosines are summed; a constant comes on top.
    pub cosines: i64,
    /// The element type.
    pub dtype: DType,
}

impl Operator for TaperWindow {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let length = first(&node.operands(), 0).unwrap_or_else(|| node.unknown_dim(0, 0));
        Ok(single(TensorType::new(Some(self.dtype), Shape::new([length]))))
    }

    /// a − b·cos(c·n) + ...: for each cosine two products, the cosine and a sum.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::other(node.output(0)?.elements() * (4 * self.cosines)))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::none())
    }

    fn role(&self, _: usize) -> Role {
        Role::Constant
    }
}

/// Operations of the transform of one signal of `length` samples.
fn transform(length: &Expr, one_side_real: bool) -> Result<Expr, Stop> {
    let Some(samples) = length.as_int().and_then(|length| u64::try_from(length).ok()) else {
        return Err(Stop::Unknown("a transform whose length is a symbol has no closed formula"));
    };
    let stages = i64::from(u64::BITS - samples.saturating_sub(1).leading_zeros());
    let complex = length * (5 * stages);
    Ok(if one_side_real { complex.ceil_div(&Expr::Int(2)) } else { complex })
}

/// Whether the last axis of a signal holds real numbers, not real and imaginary parts.
fn is_real(signal: &Shape) -> Result<bool, Stop> {
    match signal.dim(-1)?.as_int() {
        Some(1) => Ok(true),
        Some(2) => Ok(false),
        Some(parts) => {
            Err(Stop::contradiction(format!("a signal of {parts} parts is neither real nor complex")))
        }
        None => Err(Stop::Unknown("whether the signal is real is not known")),
    }
}

/// How many bins of a transform are not redundant when its input is real.
fn half(length: &Expr) -> Expr {
    length.floor_div(&Expr::Int(2)) + 1
}

/// The Fourier transform of real samples along the last axis, with an axis of two parts after the frequencies; or its
/// inverse. `Rfft` and `Irfft` of com.microsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealDft {
    /// Whether it goes from frequencies to samples.
    pub inverse: bool,
}

impl Operator for RealDft {
    fn name(&self) -> &str {
        if self.inverse { "Irfft" } else { "Rfft" }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    /// n samples have ⌊n / 2⌋ + 1 frequencies, which come from an even number of them.
    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let dims = match (self.inverse, input.dims()) {
            (false, [rest @ .., samples]) => [rest, &[half(samples), Expr::Int(2)]].concat(),
            (true, [rest @ .., bins, _]) if !is_real(input)? => [rest, &[(bins - 1) * 2]].concat(),
            _ => return Err(Stop::contradiction(format!("{input} is no signal"))),
        };
        Ok(single(TensorType::new(node.dtype(0), Shape::new(dims))))
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let samples = if self.inverse { node.output(0)? } else { node.input(0)? };
        let (signals, length) = match samples.dims() {
            [rest @ .., length] => (rest.iter().product::<Expr>(), length),
            [] => return Err(Stop::contradiction("a signal without samples")),
        };
        Ok(Cost::other(signals * transform(length, true)?))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// The transposed map: as much arithmetic as forward, and nothing kept.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::of(0, self.cost(node)?, []))
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

/// Which axis is transformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalAxis {
    /// This one.
    Fixed(i64),
    /// The one that this input says; left out, the last before the parts.
    Input(usize),
}

/// The discrete Fourier transform along one axis of a signal whose last axis holds one part or two. ONNX `DFT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dft {
    /// Which axis.
    pub axis: SignalAxis,
    /// Whether it goes from frequencies to samples.
    pub inverse: bool,
    /// Whether the frequencies are those that a real signal needs.
    pub onesided: bool,
}

impl Dft {
    fn axis(&self, node: &Operands<'_>, signal: &Shape) -> Result<usize, Stop> {
        let axis = match self.axis {
            SignalAxis::Fixed(axis) => axis,
            SignalAxis::Input(index) if !node.has_input(index) => -2,
            SignalAxis::Input(index) => first(node, index)
                .and_then(|axis| axis.as_int())
                .ok_or(Stop::Unknown("which axis is transformed is not known"))?,
        };
        signal.axis(axis)
    }

    /// Samples of one transform; `None` where an input that is not known says so.
    fn length(&self, node: &Operands<'_>, extent: &Expr) -> Option<Expr> {
        match node.has_input(1) {
            true => first(node, 1),
            false if self.inverse && self.onesided => Some((extent - 1) * 2),
            false => Some(extent.clone()),
        }
    }
}

impl Operator for Dft {
    fn name(&self) -> &str {
        "DFT"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        let inverse = if self.inverse { "inverse" } else { "" };
        let onesided = if self.onesided { "onesided" } else { "" };
        [inverse, onesided].join(" ").trim().to_owned()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let signal = node.input(0)?;
        let axis = self.axis(&node.operands(), signal)?;
        let parts = if self.inverse && self.onesided { 1 } else { 2 };
        let along = match self.length(&node.operands(), &signal[axis]) {
            None => node.unknown_dim(0, axis),
            Some(length) if self.onesided && !self.inverse => half(&length),
            Some(length) => length,
        };
        let shape = signal.with(signal.axis(-1)?, Expr::Int(parts)).with(axis, along);
        Ok(single(TensorType::new(node.dtype(0), shape)))
    }

    /// As many transforms as the other axes have elements; an inverse one divides by the length at the end.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let signal = node.input(0)?;
        let axis = self.axis(node, signal)?;
        let length = self.length(node, &signal[axis]).ok_or(Stop::Unknown("the length is not known"))?;
        let one_side_real = is_real(signal)? || (self.inverse && self.onesided);
        let signals = signal.with(axis, Expr::ONE).with(signal.axis(-1)?, Expr::ONE).elements();
        let scaled = if self.inverse { node.output(0)?.elements() } else { Expr::ZERO };
        Ok(Cost::other(transform(&length, one_side_real)? * signals + scaled))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// The transposed map: as much arithmetic as forward, and nothing kept.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::of(0, self.cost(node)?, []))
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

/// Fourier transforms of the frames of a signal `[batch, samples, parts]`; then the step from frame to frame, a
/// window, and the length of a frame. ONNX `STFT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stft {
    /// Whether only the frequencies that a real signal needs are kept.
    pub onesided: bool,
}

const STEP: usize = 1;
const WINDOW: usize = 2;
const FRAME: usize = 3;

impl Stft {
    /// Samples of a frame; `None` where an input that is not known says so.
    fn frame(&self, node: &Operands<'_>) -> Result<Option<Expr>, Stop> {
        match (node.has_input(WINDOW), node.has_input(FRAME)) {
            (true, _) => Ok(Some(node.input(WINDOW)?.dim(0)?.clone())),
            (false, true) => Ok(first(node, FRAME)),
            (false, false) => Ok(Some(node.input(0)?.dim(1)?.clone())),
        }
    }
}

impl Operator for Stft {
    fn name(&self) -> &str {
        "STFT"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        match (self.frame(node), first(node, STEP)) {
            (Ok(Some(frame)), Some(step)) => format!("frames of {frame} every {step}"),
            _ => String::new(),
        }
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let signal = node.input(0)?;
        let frame = self.frame(&node.operands())?;
        let frames = match (&frame, first(&node.operands(), STEP)) {
            (Some(frame), Some(step)) => (signal.dim(1)? - frame).floor_div(&step) + 1,
            _ => node.unknown_dim(0, 1),
        };
        let bins = match frame {
            None => node.unknown_dim(0, 2),
            Some(frame) if self.onesided => half(&frame),
            Some(frame) => frame,
        };
        let shape = Shape::new([signal.dim(0)?.clone(), frames, bins, Expr::Int(2)]);
        Ok(single(TensorType::new(node.dtype(0), shape)))
    }

    /// Every frame is multiplied by the window, where there is one, and transformed.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (signal, output) = (node.input(0)?, node.output(0)?);
        let frame = self.frame(node)?.ok_or(Stop::Unknown("the length of a frame is not known"))?;
        let real = signal.rank() == 2 || is_real(signal)?;
        let frames = output.dim(0)? * output.dim(1)?;
        let parts = if real { 1 } else { 2 };
        let windowed = if node.has_input(WINDOW) { &frame * parts } else { Expr::ZERO };
        Ok(Cost::other((transform(&frame, real)? + windowed) * frames))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// The transposed map: as much arithmetic as forward, and nothing kept.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::of(0, self.cost(node)?, []))
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

/// The triangles that sum the bins of a spectrum into bands of the mel scale: how many bands (0), the length of
/// the transform (1), the rate of samples (2), lowest and highest frequency (3, 4). ONNX `MelWeightMatrix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MelWeights {
    /// The element type.
    pub dtype: DType,
}

/// Of one edge: times the step, plus the lowest, divided, a power of ten, minus 1, times 700, times the length,
/// divided by the rate.
const MEL_EDGE: i64 = 8;

impl Operator for MelWeights {
    fn name(&self) -> &str {
        "MelWeightMatrix"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let of = |index: usize| first(&node.operands(), index);
        let bins = of(1).map_or_else(|| node.unknown_dim(0, 0), |length| half(&length));
        let bands = of(0).unwrap_or_else(|| node.unknown_dim(0, 1));
        Ok(single(TensorType::new(Some(self.dtype), Shape::new([bins, bands]))))
    }

    /// Every element is the smaller of a rising and a falling edge, and at least 0: a difference and a quotient
    /// for each. Elements outside the triangles count too, since the data decides where these are.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let weights = node.output(0)?;
        Ok(Cost::other(weights.elements() * 4 + (weights.dim(1)? + 2) * MEL_EDGE))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::none())
    }

    fn role(&self, _: usize) -> Role {
        Role::Constant
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, ints, output, partial_cost, shape};

    #[test]
    fn butterflies() {
        let of = |length: i64, real| transform(&Expr::Int(length), real).ok();
        // 8 samples: 3 stages of 4 butterflies of 10 operations.
        assert_eq!(of(8, false), Some(Expr::Int(120)));
        assert_eq!(of(8, true), Some(Expr::Int(60)));
        // 400 samples are counted with 9 stages; 5 with 3, half of 75 rounded up.
        assert_eq!(of(400, false), Some(Expr::Int(18_000)));
        assert_eq!(of(5, true), Some(Expr::Int(38)));
        assert_eq!((of(1, false), of(0, false)), (Some(Expr::ZERO), Some(Expr::ZERO)));
        assert!(transform(&Expr::symbol("n"), false).is_err());
    }

    #[test]
    fn transforms() {
        let dft = |inverse, onesided| Dft { axis: SignalAxis::Fixed(1), inverse, onesided };
        // Two batches of 3 columns, hence 6 transforms of 16: 4 stages, 5·16·4 = 320 operations, half if real.
        let (real, complex) = (shape(&[2, 16, 3, 1]), shape(&[2, 16, 3, 2]));
        let rows = [
            (dft(false, false), real.clone(), [2, 16, 3, 2], 6 * 160),
            (dft(false, false), complex.clone(), [2, 16, 3, 2], 6 * 320),
            (dft(false, true), real, [2, 9, 3, 2], 6 * 160),
            // Each of the 192 numbers of the output is scaled.
            (dft(true, false), complex, [2, 16, 3, 2], 6 * 320 + 192),
            (dft(true, true), shape(&[2, 9, 3, 2]), [2, 16, 3, 1], 6 * 160 + 96),
        ];
        for (op, input, dims, operations) in rows {
            let inputs = [input];
            assert_eq!(output(&op, &inputs), Shape::of(&dims), "{op:?}");
            assert_eq!(cost(&op, &inputs), Cost::other(Expr::Int(operations)), "{op:?}");
        }
        // The length and the axis as inputs.
        let op = Dft { axis: SignalAxis::Input(2), inverse: false, onesided: false };
        assert_eq!(output(&op, &[shape(&[2, 5, 3, 1]), ints(&[8]), ints(&[-3])]), Shape::of(&[2, 8, 3, 2]));
        assert_eq!(output(&op, &[shape(&[2, 5, 3, 1])]), Shape::of(&[2, 5, 3, 2]));
    }

    #[test]
    fn frames_of_a_symbolic_signal() {
        let samples = Expr::symbol("samples");
        let signal = TensorType::new(Some(DType::F32), Shape::new([Expr::ONE, samples.clone(), Expr::ONE]));
        let inputs = [signal, ints(&[160]), shape(&[512])];
        let frames = (&samples - 512).floor_div(&Expr::Int(160)) + 1;
        let op = Stft { onesided: true };
        assert_eq!(
            output(&op, &inputs),
            Shape::new([Expr::ONE, frames.clone(), Expr::Int(257), Expr::Int(2)])
        );
        // 512 products with the window, half of 5·512·9.
        assert_eq!(cost(&op, &inputs).other_ops, frames * (512 + 11_520));
        let plain = [Some(shape(&[1, 1024, 2])), Some(ints(&[256])), None, Some(ints(&[256]))];
        assert_eq!(partial_cost(&Stft { onesided: false }, &plain).other_ops, Expr::Int(4 * 5 * 256 * 8));
    }

    #[test]
    fn windows_and_mel_bands() {
        let hann = TaperWindow { name: "HannWindow", cosines: 1, dtype: DType::F64 };
        assert_eq!(output(&hann, &[ints(&[400])]), Shape::of(&[400]));
        assert_eq!(cost(&hann, &[ints(&[400])]).other_ops, Expr::Int(1600));
        let scalars = [80, 400, 16_000, 0, 8000].map(|value| ints(&[value]));
        let mel = MelWeights { dtype: DType::F32 };
        assert_eq!(output(&mel, &scalars), Shape::of(&[201, 80]));
        assert_eq!(cost(&mel, &scalars).other_ops, Expr::Int(4 * 201 * 80 + 82 * 8));
    }

    #[test]
    fn real_transforms() {
        // 3 signals of 8: half of 5·8·3 = 60 each.
        assert_eq!(infer(&RealDft { inverse: false }, &[shape(&[3, 8])])[0], shape(&[3, 5, 2]));
        assert_eq!(cost(&RealDft { inverse: false }, &[shape(&[3, 8])]).other_ops, Expr::Int(180));
        assert_eq!(infer(&RealDft { inverse: true }, &[shape(&[3, 5, 2])])[0], shape(&[3, 8]));
        assert_eq!(cost(&RealDft { inverse: true }, &[shape(&[3, 5, 2])]).other_ops, Expr::Int(180));
    }
}

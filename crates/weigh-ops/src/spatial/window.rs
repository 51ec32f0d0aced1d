//! The geometry of sliding windows, which convolution and pooling share.

use weigh_ir::{Expr, Stop};

/// How much is added around the spatial axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Padding {
    /// This much at the beginning and end of every spatial axis; empty means none.
    Explicit {
        /// At the beginning of each axis.
        begin: Vec<i64>,
        /// At the end of each axis.
        end: Vec<i64>,
    },
    /// So much that the output is ⌈input / stride⌉ (`SAME_UPPER`, `SAME_LOWER`).
    Same,
}

impl Padding {
    /// No padding.
    pub const NONE: Padding = Padding::Explicit { begin: Vec::new(), end: Vec::new() };

    /// The same amount at both ends of every axis.
    pub fn symmetric(amounts: &[i64]) -> Padding {
        Padding::Explicit { begin: amounts.to_vec(), end: amounts.to_vec() }
    }

    /// The amounts at both ends of an axis, where they are explicit.
    pub fn at(&self, axis: usize) -> Option<(i64, i64)> {
        match self {
            Padding::Explicit { begin, end } => {
                Some((begin.get(axis).copied().unwrap_or(0), end.get(axis).copied().unwrap_or(0)))
            }
            Padding::Same => None,
        }
    }
}

/// A window over some spatial axes. Lists may be empty, which means 1 (or 0 for padding) everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Extents of the window; empty where the weights tell.
    pub kernel: Vec<i64>,
    /// Steps between positions.
    pub strides: Vec<i64>,
    /// Steps between the elements of the window.
    pub dilations: Vec<i64>,
    /// What is added around the input.
    pub padding: Padding,
    /// Whether a last partial window counts (pooling only).
    pub ceil: bool,
}

impl Window {
    /// A square two-dimensional window.
    pub fn square(kernel: i64, stride: i64, padding: i64) -> Window {
        Window {
            kernel: vec![kernel; 2],
            strides: vec![stride; 2],
            dilations: vec![1; 2],
            padding: Padding::symmetric(&[padding; 2]),
            ceil: false,
        }
    }

    /// The step between positions along an axis.
    pub fn stride(&self, axis: usize) -> i64 {
        self.strides.get(axis).copied().unwrap_or(1)
    }

    /// The step between elements of the window along an axis.
    pub fn dilation(&self, axis: usize) -> i64 {
        self.dilations.get(axis).copied().unwrap_or(1)
    }

    /// The number of positions along a spatial axis of extent `input`, for a window of extent `kernel`.
    ///
    /// ONNX `Conv`/`MaxPool`: ⌊(in + pads − dilation·(kernel − 1) − 1) / stride⌋ + 1. With `ceil`, positions
    /// that begin past the input and its leading padding do not count.
    pub fn positions(&self, axis: usize, input: &Expr, kernel: &Expr) -> Result<Expr, Stop> {
        let (stride, dilation) = (self.stride(axis), self.dilation(axis));
        if stride < 1 || dilation < 1 {
            return Err(Stop::contradiction(format!(
                "stride {stride}, dilation {dilation}: both must be positive"
            )));
        }
        let stride = Expr::Int(stride);
        let Some((begin, end)) = self.padding.at(axis) else {
            return Ok(input.ceil_div(&stride));
        };
        let slack = input + Expr::Int(begin) + Expr::Int(end) - (kernel - 1) * dilation - 1;
        if slack.as_int().is_some_and(|slack| slack < 0) {
            return Err(Stop::contradiction(format!(
                "a window of {kernel} does not fit an extent of {input}"
            )));
        }
        let floor = slack.floor_div(&stride) + 1;
        if !self.ceil {
            return Ok(floor);
        }
        let ceil = slack.ceil_div(&stride) + 1;
        // No position begins past the input if a window is as long as a step and the padding behind it.
        match (&stride + end - (kernel - 1) * dilation).as_int() {
            Some(beyond) if beyond <= 1 => Ok(ceil),
            _ => Ok(ceil.smaller(&(input + begin).ceil_div(&stride))),
        }
    }

    /// `3×3 /2`: kernel, and whatever is out of the ordinary.
    pub fn describe(&self, kernel: &[Expr]) -> String {
        let list = |values: &[String]| values.join("×");
        let mut text = list(&kernel.iter().map(Expr::to_string).collect::<Vec<_>>());
        let mut add = |mark: &str, values: &[i64]| {
            if values.iter().any(|value| *value != 1) {
                let same = values.windows(2).all(|pair| pair[0] == pair[1]);
                let shown: Vec<String> =
                    values.iter().take(if same { 1 } else { values.len() }).map(i64::to_string).collect();
                text.push_str(&format!(" {mark}{}", list(&shown)));
            }
        };
        add("/", &self.strides);
        add("dilated ", &self.dilations);
        text
    }
}

#[cfg(test)]
mod tests {
    use weigh_ir::Symbol;

    use super::*;

    fn positions(window: &Window, input: i64) -> i64 {
        let kernel = Expr::Int(window.kernel[0]);
        window.positions(0, &Expr::Int(input), &kernel).ok().and_then(|p| p.as_int()).expect("a number")
    }

    #[test]
    fn common_windows() {
        assert_eq!(positions(&Window::square(7, 2, 3), 224), 112);
        assert_eq!(positions(&Window::square(11, 4, 2), 224), 55);
        assert_eq!(positions(&Window { padding: Padding::Same, ..Window::square(3, 2, 0) }, 7), 4);
    }

    #[test]
    fn ceil_mode_drops_windows_that_begin_in_the_padding() {
        let pool = Window { ceil: true, ..Window::square(3, 2, 0) };
        assert_eq!(positions(&pool, 112), 56);
        // 2×2 stride 2 padding 1 over 3: ⌈(3 + 2 − 2)/2⌉ + 1 = 3, but the third begins at 4 − 1 = 3 ≥ 3.
        assert_eq!(positions(&Window { ceil: true, ..Window::square(2, 2, 1) }, 3), 2);
    }

    #[test]
    fn symbolic_extents() {
        let height = Expr::symbol("h");
        let window = Window::square(3, 2, 1);
        let out = window.positions(0, &height, &Expr::Int(3)).expect("a formula");
        assert_eq!(out, (&height + 1).floor_div(&Expr::Int(2)));
    }

    #[test]
    fn ceil_mode_of_a_symbolic_extent() {
        let positions = |window: Window| {
            let window = Window { ceil: true, ..window };
            let kernel = Expr::Int(window.kernel[0]);
            window.positions(0, &Expr::symbol("h"), &kernel).expect("a formula")
        };
        let at = |formula: &Expr, height: i64| formula.bind(&[(Symbol::new("h"), height)].into());
        // 1×1 stride 2 over 2: ⌈1/2⌉ + 1 = 2, but the second begins at 2 ≥ 2; over 3 it begins at 2 < 3.
        let sparse = positions(Window::square(1, 2, 0));
        assert_eq!((at(&sparse, 2), at(&sparse, 3)), (Expr::Int(1), Expr::Int(2)));
        // 3×3 stride 3 padding 1 over 2: ⌈1/3⌉ + 1 = 2, but the second begins at 3 ≥ 2 + 1.
        let padded = positions(Window::square(3, 3, 1));
        assert_eq!((at(&padded, 2), at(&padded, 3)), (Expr::Int(1), Expr::Int(2)));
        // 3×3 stride 2 without padding never does: ⌈(h − 3)/2⌉ + 1 = ⌊h/2⌋.
        let usual = positions(Window::square(3, 2, 0));
        assert_eq!(usual, Expr::symbol("h").floor_div(&Expr::Int(2)));
    }
}

//! Resampling on grids: resize, and sampling at computed positions.
//!
//! An output element is a weighted sum of the input elements around it, its taps: 2 (linear) or 4 (cubic)
//! along every axis that changes, so n taps in all, n multiplications and n − 1 additions. The nearest element
//! is an index move and costs 0. The weights of a resize belong to positions along an axis, not to elements,
//! and are not counted; those of a sampled grid belong to its points and are.

use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Saved, Shape, Stop,
    TensorType, Value, single,
};

use crate::parameter::Ints;

/// How an element between others comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The nearest one.
    Nearest,
    /// Linear along every axis.
    Linear,
    /// Cubic convolution along every axis (Keys 1981).
    Cubic,
}

impl Interpolation {
    /// Taps along one axis; 0 where there is no sum.
    fn taps(self) -> i64 {
        match self {
            Interpolation::Nearest => 0,
            Interpolation::Linear => 2,
            Interpolation::Cubic => 4,
        }
    }

    /// Arithmetic of the weights that belong to one coordinate.
    fn weights(self) -> i64 {
        match self {
            // Round.
            Interpolation::Nearest => 1,
            // Floor, t, 1 − t.
            Interpolation::Linear => 3,
            // Floor, t, the other three distances, and four polynomials: two of 5 and two of 6.
            Interpolation::Cubic => 27,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Interpolation::Nearest => "nearest",
            Interpolation::Linear => "linear",
            Interpolation::Cubic => "cubic",
        }
    }
}

/// Arithmetic of a weighted sum.
fn weighted_sum(taps: Expr) -> Expr {
    taps * 2 - 1
}

/// Factors from input to output extents.
#[derive(Clone, Debug, PartialEq)]
pub enum Scales {
    /// Fixed by the file.
    Fixed(Vec<f64>),
    /// The elements of this input, where it has any.
    Input(usize),
}

/// What wanted extents mean for the ratio between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AspectRatio {
    /// Nothing: each axis for itself.
    Stretch,
    /// One factor for all axes, so that none is larger than wanted.
    NotLarger,
    /// One factor for all axes, so that none is smaller than wanted.
    NotSmaller,
}

/// Resampling to other extents. ONNX `Resize` and `Upsample`.
#[derive(Clone, Debug, PartialEq)]
pub struct Resize {
    /// How elements in between come about.
    pub interpolation: Interpolation,
    /// The factors.
    pub scales: Scales,
    /// Which input holds wanted extents; they come before factors.
    pub sizes: Option<usize>,
    /// Which axes factors and extents are for; none for all.
    pub axes: Option<Vec<i64>>,
    /// What wanted extents mean for the ratio between them.
    pub aspect_ratio: AspectRatio,
    /// Which input holds the region to resize, where only a region of the input is (ONNX
    /// `tf_crop_and_resize`).
    pub region: Option<usize>,
    /// Whether the taps spread when the output is smaller, so that no input element is passed over.
    pub antialias: bool,
}

/// `⌊extent · factor⌋`: exact where the factor is whole; else in single precision where the extent is plain, as
/// runtimes compute it, and a formula where it is not and the factor is a simple fraction.
fn scaled(extent: &Expr, factor: f64) -> Option<Expr> {
    const LARGEST_DENOMINATOR: i64 = 64;
    if !factor.is_finite() || factor < 0.0 {
        return None;
    }
    if let Expr::Int(extent) = extent
        && factor.fract() != 0.0
    {
        return Some(Expr::Int((*extent as f32 * factor as f32).floor() as i64));
    }
    (1..=LARGEST_DENOMINATOR).find_map(|denominator| {
        let numerator = (factor * denominator as f64).round();
        let same = (numerator / denominator as f64) as f32 == factor as f32 && numerator < 1e6;
        same.then(|| (extent * numerator as i64).floor_div(&Expr::Int(denominator)))
    })
}

impl Resize {
    /// The wanted extents, where there is such an input with elements.
    fn wanted(&self, node: &Inference<'_>) -> Option<usize> {
        self.sizes.filter(|index| node.has_input(*index) && !is_empty(node, *index))
    }

    /// The extents of the chosen axes; `None` each where it is unknown.
    fn chosen(&self, node: &Inference<'_>, input: &[Expr]) -> Result<Vec<Option<Expr>>, Stop> {
        let fits = |count: usize| match count == input.len() {
            true => Ok(()),
            false => Err(Stop::contradiction(format!("{count} factors or extents for {} axes", input.len()))),
        };
        if let Some(sizes) = self.wanted(node) {
            let Some(sizes) = node.value(sizes).and_then(Value::as_exprs) else {
                return Ok(vec![None; input.len()]);
            };
            fits(sizes.len())?;
            return Ok(self.keep_ratio(input, sizes));
        }
        let unscaled = Stop::contradiction("a resize has neither factors nor extents");
        let factors = match &self.scales {
            Scales::Fixed(factors) => Some(Value::Floats(factors.as_slice().into())),
            Scales::Input(index) if !node.has_input(*index) || is_empty(node, *index) => {
                return Err(unscaled);
            }
            Scales::Input(index) => node.value(*index).cloned(),
        };
        let Some(factors) = factors else { return Ok(vec![None; input.len()]) };
        fits(factors.len())?;
        let regions = self.regions(node, input.len());
        Ok(match factors {
            Value::Ints(factors) if self.region.is_none() => {
                input.iter().zip(factors.iter()).map(|(extent, factor)| Some(extent * factor)).collect()
            }
            factors => {
                let factors = factors.as_floats().zip(regions);
                let scaled_all = |(factors, regions): (Vec<f64>, Vec<f64>)| {
                    let factors = factors.into_iter().zip(regions).map(|(factor, region)| factor * region);
                    input.iter().zip(factors).map(|(extent, factor)| scaled(extent, factor)).collect()
                };
                factors.map_or_else(|| vec![None; input.len()], scaled_all)
            }
        })
    }

    /// How much of each axis is resized: 1 where there is no region, `None` where it is unknown.
    fn regions(&self, node: &Inference<'_>, axes: usize) -> Option<Vec<f64>> {
        let Some(index) = self.region else { return Some(vec![1.0; axes]) };
        let bounds = node.value(index)?.as_floats().filter(|bounds| bounds.len() == 2 * axes)?;
        Some(bounds[..axes].iter().zip(&bounds[axes..]).map(|(start, end)| end - start).collect())
    }

    /// Wanted extents by the rule for their ratio.
    fn keep_ratio(&self, input: &[Expr], sizes: &[Expr]) -> Vec<Option<Expr>> {
        if self.aspect_ratio == AspectRatio::Stretch {
            return sizes.iter().cloned().map(Some).collect();
        }
        let ints = |exprs: &[Expr]| -> Option<Vec<i64>> { exprs.iter().map(Expr::as_int).collect() };
        let (Some(from), Some(to)) = (ints(input), ints(sizes)) else { return vec![None; input.len()] };
        let ratios = from.iter().zip(&to).map(|(from, to)| *to as f64 / *from as f64);
        let ratio = match self.aspect_ratio {
            AspectRatio::NotSmaller => ratios.fold(f64::NEG_INFINITY, f64::max),
            _ => ratios.fold(f64::INFINITY, f64::min),
        };
        // Halves round up.
        from.iter().map(|from| Some(Expr::Int((ratio * *from as f64 + 0.5).floor() as i64))).collect()
    }
}

/// Whether an input is known to have no elements.
fn is_empty(node: &Inference<'_>, index: usize) -> bool {
    node.input(index).is_ok_and(|shape| shape.elements() == Expr::ZERO)
}

impl Operator for Resize {
    fn name(&self) -> &str {
        "Resize"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        self.interpolation.word().to_owned()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let axes = match &self.axes {
            Some(axes) => axes.iter().map(|axis| input.axis(*axis)).collect::<Result<Vec<_>, _>>()?,
            None => (0..input.rank()).collect(),
        };
        let extents: Vec<Expr> = axes.iter().map(|axis| input[*axis].clone()).collect();
        let mut shape = input.clone();
        for (axis, extent) in axes.into_iter().zip(self.chosen(node, &extents)?) {
            shape.0[axis] = extent.unwrap_or_else(|| node.unknown_dim(0, axis));
        }
        Ok(single(TensorType::new(node.dtype(0), shape)))
    }

    /// A weighted sum for every output element, over the taps along the axes that change.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (input, output) = (node.input(0)?, node.output(0)?);
        let changed = input.dims().iter().zip(output.dims()).filter(|(from, to)| from != to);
        let each = self.interpolation.taps();
        let taps: Expr = changed
            .map(|(from, to)| match self.antialias {
                false => Expr::Int(each),
                // Half the taps on either side, spread by how many input elements an output element stands for.
                true => (from.larger(to) * (each / 2)).ceil_div(to) * 2,
            })
            .fold(Expr::ONE, |product, taps| product * taps);
        match self.interpolation == Interpolation::Nearest || taps == Expr::ONE {
            true => Ok(Cost::FREE),
            false => Ok(Cost::other(output.elements() * weighted_sum(taps))),
        }
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

/// The positions that affine maps send a grid to. ONNX `AffineGrid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffineGrid {
    /// The extents of the image that is sampled: batch, channels, space.
    pub size: Ints,
}

impl Operator for AffineGrid {
    fn name(&self) -> &str {
        "AffineGrid"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let theta = node.input(0)?;
        let size: Vec<Expr> = match &self.size {
            Ints::Fixed(size) => size.iter().copied().map(Expr::Int).collect(),
            Ints::Input(index) => match node.value(*index).and_then(Value::as_exprs) {
                Some(size) => size.to_vec(),
                // The maps say how many axes there are.
                None => {
                    let space = theta.dim(1)?.as_int().filter(|space| (2..=3).contains(space));
                    let space = space.ok_or(Stop::Unknown("a shape depends on values that are not known"))?;
                    let unknown = (1..=space as usize).map(|axis| node.unknown_dim(0, axis));
                    [theta[0].clone(), Expr::ONE].into_iter().chain(unknown).collect()
                }
            },
        };
        let [batch, _, space @ ..] = size.as_slice() else {
            return Err(Stop::contradiction(format!("a grid of {} extents", size.len())));
        };
        let axes = Expr::from(space.len());
        let dims = std::iter::once(batch).chain(space).cloned().chain([axes]);
        Ok(single(TensorType::new(node.dtype(0), Shape::new(dims))))
    }

    /// Each coordinate is a sum of as many products as there are axes, and an offset.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let grid = node.output(0)?;
        Ok(Cost::other(grid.elements() * grid.dim(-1)? * 2))
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

/// An image sampled at the positions of a grid. ONNX `GridSample`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridSample {
    /// How elements in between come about.
    pub interpolation: Interpolation,
    /// Whether −1 and 1 are the centres of the corner elements, not their outer edges.
    pub align_corners: bool,
}

impl Operator for GridSample {
    fn name(&self) -> &str {
        "GridSample"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        self.interpolation.word().to_owned()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (image, grid) = (node.input(0)?, node.input(1)?);
        if image.rank() < 3 || grid.rank() != image.rank() {
            return Err(Stop::contradiction(format!("an image {image} and a grid {grid}")));
        }
        let space = &grid.dims()[1..grid.rank() - 1];
        let dims = image.dims()[..2].iter().chain(space).cloned();
        Ok(single(TensorType::new(node.dtype(0), Shape::new(dims))))
    }

    /// Every coordinate of the grid is scaled to the image and gives weights; every output element is a
    /// weighted sum.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (grid, output) = (node.input(1)?, node.output(0)?);
        // (x + 1)/2·(n − 1), or ((x + 1)·n − 1)/2; n − 1 belongs to the axis.
        let position = if self.align_corners { 3 } else { 4 };
        let coordinates = grid.elements() * (position + self.interpolation.weights());
        let space = output.rank().saturating_sub(2);
        let taps = (0..space).fold(Expr::ONE, |taps, _| taps * self.interpolation.taps());
        match self.interpolation {
            Interpolation::Nearest => Ok(Cost::other(coordinates)),
            _ => Ok(Cost::other(coordinates + output.elements() * weighted_sum(taps))),
        }
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// Weights go to the image, differences of neighbours to the grid: about as much arithmetic each as sampling.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let cost = self.cost(node)?;
        Ok(Backward::of(0, cost.clone(), [])
            .and(1, cost, [])
            .sharing(Cost::FREE, [Saved::Input(0), Saved::Input(1)]))
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, ints, output, shape};
    use weigh_ir::DType;

    fn resize(interpolation: Interpolation, scales: Vec<f64>) -> Resize {
        Resize {
            interpolation,
            scales: Scales::Fixed(scales),
            sizes: None,
            axes: None,
            aspect_ratio: AspectRatio::Stretch,
            region: None,
            antialias: false,
        }
    }

    #[test]
    fn taps_along_the_axes_that_change() {
        let twice = vec![1.0, 1.0, 2.0, 2.0];
        let image = [shape(&[1, 3, 8, 8])];
        let elements = 3 * 16 * 16;
        // 0; 4 products and 3 sums; 16 products and 15 sums; one axis only: 2 and 1.
        let rows = [
            (resize(Interpolation::Nearest, twice.clone()), 0),
            (resize(Interpolation::Linear, twice.clone()), elements * 7),
            (resize(Interpolation::Cubic, twice), elements * 31),
            (resize(Interpolation::Linear, vec![1.0, 1.0, 1.0, 2.0]), elements / 2 * 3),
            (resize(Interpolation::Linear, vec![1.0; 4]), 0),
            // A quarter of each extent: 2·4 taps along each axis, 64 in all.
            (
                Resize { antialias: true, ..resize(Interpolation::Linear, vec![1.0, 1.0, 0.25, 0.25]) },
                3 * 2 * 2 * 127,
            ),
        ];
        for (op, operations) in rows {
            assert_eq!(cost(&op, &image), Cost::other(Expr::Int(operations)), "{op:?}");
        }
    }

    #[test]
    fn wanted_extents() {
        let sized = |aspect_ratio, axes| Resize {
            sizes: Some(3),
            axes,
            aspect_ratio,
            scales: Scales::Input(2),
            ..resize(Interpolation::Linear, vec![])
        };
        let none = shape(&[0]);
        let inputs = |sizes: &[i64]| [shape(&[1, 3, 480, 640]), none.clone(), none.clone(), ints(sizes)];
        let space = || Some(vec![-2, -1]);
        let rows = [
            (sized(AspectRatio::Stretch, None), vec![1, 3, 224, 224], [224, 224]),
            (sized(AspectRatio::Stretch, space()), vec![224, 224], [224, 224]),
            (sized(AspectRatio::NotLarger, space()), vec![224, 224], [168, 224]),
            (sized(AspectRatio::NotSmaller, space()), vec![224, 224], [224, 299]),
        ];
        for (op, sizes, [height, width]) in rows {
            assert_eq!(output(&op, &inputs(&sizes)), Shape::of(&[1, 3, height, width]), "{op:?}");
        }
    }

    #[test]
    fn symbolic_extents_scale_by_simple_fractions() {
        let (h, w) = (Expr::symbol("h"), Expr::symbol("w"));
        let image =
            [TensorType::new(Some(DType::F32), Shape::new([Expr::ONE, Expr::ONE, h.clone(), w.clone()]))];
        let op = resize(Interpolation::Linear, vec![1.0, 1.0, 2.0, 0.5]);
        let half = w.floor_div(&Expr::Int(2));
        assert_eq!(output(&op, &image), Shape::new([Expr::ONE, Expr::ONE, &h * 2, half.clone()]));
        assert_eq!(cost(&op, &image).other_ops, h * half * 14);
        // Factors that are not known leave the rank.
        let op = Resize { scales: Scales::Input(1), ..op };
        assert_eq!(output(&op, &[image[0].clone(), shape(&[4])]).rank(), 4);
    }

    #[test]
    fn factors_are_single_precision() {
        assert_eq!(scaled(&Expr::Int(10), f64::from(0.7f32)), Some(Expr::Int(7)));
        assert_eq!(scaled(&Expr::Int(3), f64::from(4.0f32 / 3.0)), Some(Expr::Int(4)));
        let n = Expr::symbol("n");
        assert_eq!(scaled(&n, f64::from(1.0f32 / 3.0)), Some(n.floor_div(&Expr::Int(3))));
        assert_eq!(scaled(&n, std::f64::consts::PI), None);
    }

    #[test]
    fn regions_shrink_what_is_resized() {
        let op = Resize { region: Some(1), ..resize(Interpolation::Linear, vec![1.0, 2.0]) };
        let region =
            TensorType::known(DType::F32, Shape::of(&[4]), Value::Floats([0.0, 0.25, 1.0, 0.75].into()));
        assert_eq!(output(&op, &[shape(&[3, 8]), region]), Shape::of(&[3, 8]));
    }

    #[test]
    fn grids() {
        let op = AffineGrid { size: Ints::Input(1) };
        let theta = shape(&[2, 2, 3]);
        assert_eq!(output(&op, &[theta.clone(), ints(&[2, 3, 4, 5])]), Shape::of(&[2, 4, 5, 2]));
        // Each of 2·4·5·2 coordinates: 2 products, a sum and an offset.
        assert_eq!(cost(&op, &[theta.clone(), ints(&[2, 3, 4, 5])]).other_ops, Expr::Int(80 * 4));
        assert_eq!(output(&op, &[theta, TensorType::unknown(Some(DType::I64))]).rank(), 4);
        let sample = GridSample { interpolation: Interpolation::Linear, align_corners: false };
        let inputs = [shape(&[2, 3, 9, 9]), shape(&[2, 4, 5, 2])];
        assert_eq!(output(&sample, &inputs), Shape::of(&[2, 3, 4, 5]));
        // 80 coordinates of 4 + 3, 120 elements of 4 products and 3 sums.
        assert_eq!(cost(&sample, &inputs).other_ops, Expr::Int(80 * 7 + 120 * 7));
        let nearest = GridSample { interpolation: Interpolation::Nearest, ..sample };
        assert_eq!(cost(&nearest, &inputs).other_ops, Expr::Int(80 * 5));
    }
}

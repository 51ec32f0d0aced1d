//! Matrix products: `MatMul`, `Gemm`, `Einsum` and their integer and quantised forms.

use std::collections::BTreeMap;

use smallvec::SmallVec;
use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Saved, Shape, Stop,
    TensorType, broadcast_dims, single,
};

/// A product of matrices, batched over the leading axes that broadcast (NumPy `matmul`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatMul {
    /// The name of this form: `MatMul`, `MatMulInteger`, `QLinearMatMul`, ...
    pub name: &'static str,
    /// Which input is the left matrix.
    pub a: usize,
    /// Which input is the right matrix.
    pub b: usize,
    /// The type of the result; `None` for that of the left matrix.
    pub result: Option<DType>,
    /// Whether the last two axes of the left matrix are exchanged first.
    pub transpose_a: bool,
    /// Whether the last two axes of the right matrix are exchanged first.
    pub transpose_b: bool,
    /// Whether the first axis of the left tensor goes behind its other leading axes first.
    pub transpose_batch_a: bool,
    /// Whether the first axis of the right tensor goes behind its other leading axes first.
    pub transpose_batch_b: bool,
}

impl MatMul {
    /// The plain form.
    pub const PLAIN: MatMul = MatMul {
        name: "MatMul",
        a: 0,
        b: 1,
        result: None,
        transpose_a: false,
        transpose_b: false,
        transpose_batch_a: false,
        transpose_batch_b: false,
    };

    /// Both shapes as stacks of matrices, and the extent they are contracted over.
    fn matrices(&self, a: &Shape, b: &Shape) -> Result<(Shape, Shape, Expr), Stop> {
        if a.rank() == 0 || b.rank() == 0 {
            return Err(Stop::contradiction("a scalar has no matrix product"));
        }
        let stack = |shape: &Shape, batch: bool, transpose: bool, vector_is_row: bool| {
            let mut dims = shape.0.clone();
            if batch && let [leading @ .., _] = dims.as_mut_slice() {
                leading.rotate_left(1.min(leading.len()));
            }
            match (dims.len(), vector_is_row) {
                (1, true) => dims.insert(0, Expr::ONE),
                (1, false) => dims.push(Expr::ONE),
                (rank, _) if transpose => dims.swap(rank - 1, rank - 2),
                _ => {}
            }
            Shape(dims)
        };
        let left = stack(a, self.transpose_batch_a, self.transpose_a, true);
        let right = stack(b, self.transpose_batch_b, self.transpose_b, false);
        let (inner_left, inner_right) = (left.dim(-1)?.clone(), right.dim(-2)?.clone());
        match (&inner_left, &inner_right) {
            (Expr::Int(x), Expr::Int(y)) if x != y => {
                Err(Stop::contradiction(format!("the inner extents differ: {a} by {b}")))
            }
            (Expr::Int(_), _) => Ok((left, right, inner_left)),
            _ => Ok((left, right, inner_right)),
        }
    }

    fn output_shape(&self, a: &Shape, b: &Shape) -> Result<Shape, Stop> {
        let (left, right, _) = self.matrices(a, b)?;
        let (leading_left, leading_right) = (&left.0[..left.rank() - 2], &right.0[..right.rank() - 2]);
        let mut dims = Shape(leading_left.into()).broadcast(&Shape(leading_right.into()))?.0;
        if a.rank() > 1 {
            dims.push(left.dim(-2)?.clone());
        }
        if b.rank() > 1 {
            dims.push(right.dim(-1)?.clone());
        }
        Ok(Shape(dims))
    }
}

impl Operator for MatMul {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        matrix_detail(node, self.a, self.b).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let shape = self.output_shape(node.input(self.a)?, node.input(self.b)?)?;
        Ok(single(TensorType::new(self.result.or(node.dtype(self.a)), shape)))
    }

    /// Output elements × the contracted extent.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (_, _, inner) = self.matrices(node.input(self.a)?, node.input(self.b)?)?;
        Ok(Cost::macs(node.output(0)?.elements() * inner))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// Both gradients are products with as many multiply-accumulates as the forward one.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        match self.result {
            Some(_) => Err(Stop::INFERENCE_ONLY),
            None => Ok(Backward::bilinear([self.a, self.b], &self.cost(node)?.macs)),
        }
    }

    fn role(&self, index: usize) -> Role {
        if index == self.a || index == self.b { Role::Parameter } else { Role::Constant }
    }
}

/// `512 × 1000`: the extents of the right matrix.
fn matrix_detail(node: &Operands<'_>, a: usize, b: usize) -> Option<String> {
    let shape = node.input(b).ok().filter(|shape| shape.rank() >= 2).or(node.input(a).ok())?;
    let rank = shape.rank();
    (rank >= 2).then(|| format!("{}×{}", shape[rank - 2], shape[rank - 1]))
}

/// `α·A′·B′ + β·C` of two matrices. ONNX `Gemm`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gemm {
    /// Whether the left matrix is transposed.
    pub transpose_a: bool,
    /// Whether the right matrix is transposed.
    pub transpose_b: bool,
    /// The factor of the product; anything but 1 costs a multiplication per element.
    pub alpha: f32,
    /// The factor of the addend.
    pub beta: f32,
}

impl Gemm {
    /// A linear layer's form: weights stored as outputs × inputs.
    pub const LINEAR: Gemm = Gemm { transpose_a: false, transpose_b: true, alpha: 1.0, beta: 1.0 };

    fn extents(&self, a: &Shape, b: &Shape) -> Result<(Expr, Expr, Expr), Stop> {
        if a.rank() != 2 || b.rank() != 2 {
            return Err(Stop::contradiction(format!("Gemm takes matrices, not {a} and {b}")));
        }
        let pair = |shape: &Shape, transpose: bool| {
            let (first, second) = (shape[0].clone(), shape[1].clone());
            if transpose { (second, first) } else { (first, second) }
        };
        let (rows, inner) = pair(a, self.transpose_a);
        let (inner_b, columns) = pair(b, self.transpose_b);
        match (&inner, &inner_b) {
            (Expr::Int(x), Expr::Int(y)) if x != y => {
                Err(Stop::contradiction(format!("the inner extents differ: {x} and {y} in {a} by {b}")))
            }
            (Expr::Int(_), _) => Ok((rows, inner, columns)),
            _ => Ok((rows, inner_b, columns)),
        }
    }
}

impl Operator for Gemm {
    fn name(&self) -> &str {
        "Gemm"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        let extents = || self.extents(node.input(0).ok()?, node.input(1).ok()?).ok();
        extents().map(|(_, inner, columns)| format!("{inner}→{columns}")).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (rows, _, columns) = self.extents(node.input(0)?, node.input(1)?)?;
        Ok(single(TensorType::new(node.dtype(0), Shape::new([rows, columns]))))
    }

    /// m·n·k, and one addition per element for the addend.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (rows, inner, columns) = self.extents(node.input(0)?, node.input(1)?)?;
        let elements = &rows * &columns;
        let per_element = i64::from(node.has_input(2)) + i64::from(self.alpha != 1.0);
        Ok(Cost::macs(&elements * inner).and_other(elements * per_element))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// As [`MatMul`]; the addend gets sums.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let product = Backward::bilinear([0, 1], &self.cost(node)?.macs);
        Ok(product.and(2, Cost::other(node.output(0)?.elements()), []))
    }

    fn role(&self, _: usize) -> Role {
        Role::Parameter
    }
}

/// A sum of products over named axes (`bij,bjk->bik`). ONNX `Einsum`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Einsum {
    /// The labels of each input's axes, ellipses as [`Einsum::ELLIPSIS`].
    terms: Vec<Vec<char>>,
    /// The labels of the output's axes.
    output: Vec<char>,
    equation: String,
}

impl Einsum {
    const ELLIPSIS: char = '…';

    /// Reads an equation; without `->` the output has every label that occurs once, in order.
    pub fn parse(equation: &str) -> Option<Einsum> {
        let compact: String = equation.replace("...", "…").chars().filter(|c| !c.is_whitespace()).collect();
        let (inputs, output) = match compact.split_once("->") {
            Some((inputs, output)) => (inputs, Some(output)),
            None => (compact.as_str(), None),
        };
        let terms: Vec<Vec<char>> = inputs.split(',').map(|term| term.chars().collect()).collect();
        let valid = |term: &Vec<char>| {
            term.iter().all(|c| c.is_ascii_alphabetic() || *c == Self::ELLIPSIS)
                && term.iter().filter(|c| **c == Self::ELLIPSIS).count() <= 1
        };
        let output = match output {
            Some(text) => text.chars().collect(),
            None => implicit_output(&terms),
        };
        let known = |label: &char| *label == Self::ELLIPSIS || terms.iter().any(|term| term.contains(label));
        (terms.iter().all(valid) && valid(&output) && output.iter().all(known)).then(|| Einsum {
            terms,
            output,
            equation: equation.to_owned(),
        })
    }

    /// The extent of every label, and the extents under the ellipsis.
    fn extents(&self, node: &Operands<'_>) -> Result<(BTreeMap<char, Expr>, Shape), Stop> {
        let mut extents: BTreeMap<char, Expr> = BTreeMap::new();
        let mut under_ellipsis = Shape::scalar();
        for (index, term) in self.terms.iter().enumerate() {
            let shape = node.input(index)?;
            let labels = term.iter().filter(|label| **label != Self::ELLIPSIS).count();
            let covered =
                shape.rank().checked_sub(labels).filter(|covered| *covered == 0 || labels < term.len());
            let Some(covered) = covered else {
                return Err(Stop::contradiction(format!("{shape} does not fit '{}'", self.equation)));
            };
            let mut axis = 0;
            for label in term {
                if *label == Self::ELLIPSIS {
                    let dims: SmallVec<_> = shape.0[axis..axis + covered].iter().cloned().collect();
                    under_ellipsis = under_ellipsis.broadcast(&Shape(dims))?;
                    axis += covered;
                    continue;
                }
                let merged = match extents.get(label) {
                    Some(extent) => broadcast_dims(extent, &shape[axis])?,
                    None => shape[axis].clone(),
                };
                extents.insert(*label, merged);
                axis += 1;
            }
        }
        Ok((extents, under_ellipsis))
    }
}

fn implicit_output(terms: &[Vec<char>]) -> Vec<char> {
    let mut counts: BTreeMap<char, usize> = BTreeMap::new();
    terms.iter().flatten().for_each(|label| *counts.entry(*label).or_default() += 1);
    let has_ellipsis = counts.remove(&Einsum::ELLIPSIS).is_some();
    let once = counts.into_iter().filter(|(_, count)| *count == 1).map(|(label, _)| label);
    has_ellipsis.then_some(Einsum::ELLIPSIS).into_iter().chain(once).collect()
}

impl Operator for Einsum {
    fn name(&self) -> &str {
        "Einsum"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        self.equation.clone()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (extents, under_ellipsis) = self.extents(&node.operands())?;
        let mut dims = SmallVec::new();
        for label in &self.output {
            match extents.get(label) {
                Some(extent) => dims.push(extent.clone()),
                None => dims.extend(under_ellipsis.0.iter().cloned()),
            }
        }
        Ok(single(TensorType::new(node.dtype(0), Shape(dims))))
    }

    /// A product over n inputs takes n − 1 multiply-accumulates at every point of the index space; with one
    /// input only the additions of the reduction are left. This is the cost of the equation as it stands:
    /// three and more inputs may be cheaper in pairs.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (extents, under_ellipsis) = self.extents(node)?;
        let points = extents.values().product::<Expr>() * under_ellipsis.elements();
        Ok(match self.terms.len() as i64 {
            1 => Cost::other(points - node.output(0)?.elements()),
            inputs => Cost::macs(points * (inputs - 1)),
        })
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// The gradient of an input is the equation with that input and the output exchanged: the same index space.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let cost = self.cost(node)?;
        let inputs = 0..self.terms.len();
        let of = |input: usize| {
            let others = inputs.clone().filter(move |other| *other != input).map(Saved::Input);
            (input, cost.macs.clone(), others)
        };
        Ok(inputs
            .clone()
            .map(of)
            .fold(Backward::none(), |all, (input, macs, others)| all.and(input, Cost::macs(macs), others)))
    }

    fn role(&self, _: usize) -> Role {
        Role::Parameter
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, output, shape};

    #[test]
    fn a_matrix_times_a_vector() {
        // 1000×512 by 512: 512,000 multiply-accumulates.
        let inputs = [shape(&[1000, 512]), shape(&[512])];
        assert_eq!(cost(&MatMul::PLAIN, &inputs).macs, Expr::Int(512_000));
    }

    #[test]
    fn a_matrix_times_a_matrix() {
        // m·n·k = 1000·256·512 = 131,072,000.
        let inputs = [shape(&[1000, 512]), shape(&[512, 256])];
        assert_eq!(cost(&MatMul::PLAIN, &inputs).macs, Expr::Int(131_072_000));
    }

    #[test]
    fn leading_axes_that_are_transposed() {
        // [2, 3, 4, 5]: 2 goes behind 3 and 4; then stacks of 3·4 matrices of 2×5 meet as many of 5×6.
        let op = MatMul { transpose_batch_a: true, ..MatMul::PLAIN };
        let inputs = [shape(&[2, 3, 4, 5]), shape(&[3, 4, 5, 6])];
        assert_eq!(output(&op, &inputs), Shape::of(&[3, 4, 2, 6]));
        assert_eq!(cost(&op, &inputs).macs, Expr::Int(3 * 4 * 2 * 6 * 5));
    }

    #[test]
    fn a_linear_layer() {
        // 1000 → 10 at batch 1: 10,000; the bias adds 10 other operations.
        let layer = cost(&Gemm::LINEAR, &[shape(&[1, 1000]), shape(&[10, 1000]), shape(&[10])]);
        assert_eq!((layer.macs, layer.other_ops), (Expr::Int(10_000), Expr::Int(10)));
    }

    #[test]
    fn einsum_counts_its_index_space() {
        let equation = Einsum::parse("bhqd,bhkd->bhqk").expect("valid");
        let inputs = [shape(&[2, 12, 128, 64]), shape(&[2, 12, 128, 64])];
        // 2·12·128·128·64 = 25,165,824.
        assert_eq!(cost(&equation, &inputs).macs, Expr::Int(25_165_824));
        assert!(Einsum::parse("ij,jk->iz").is_none());
    }
}

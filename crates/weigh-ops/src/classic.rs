//! Classic machine learning: features, linear models, support vectors, trees. The domain ai.onnx.ml.
//!
//! What a model has learned stands in attributes there; formats turn these into stored inputs after the first.
//! Multiply-accumulates are those of the products with coefficients and support vectors. Trees compare, which
//! is free, and add up the weights of the leaves that they reach.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop,
    TensorType, single,
};

/// What turns features into others, one by one. All of it compares, looks up or moves, unless `operations` says
/// otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureMap {
    /// The name of this form.
    pub name: &'static str,
    /// The shape that comes out.
    pub shape: FeatureShape,
    /// The element type; `None` for that of the input.
    pub dtype: Option<DType>,
    /// Arithmetic of each element of the input.
    pub operations: i64,
}

/// The shape of mapped features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureShape {
    /// That of the input.
    Same,
    /// That of the input with one more axis.
    OneHot(i64),
    /// As many along the last axis as input 1 has indices.
    Picked,
    /// All inputs side by side.
    Joined,
    /// A vector of features from a map; `None` where the map decides how many.
    Vector(Option<i64>),
    /// One row of features from a map; `None` where the map decides how many.
    Row(Option<i64>),
}

/// Rows and columns of features; a vector is one row.
fn table(shape: &Shape) -> (Expr, Expr) {
    match shape.dims() {
        [] => (Expr::ONE, Expr::ONE),
        [columns] => (Expr::ONE, columns.clone()),
        [rows, columns @ ..] => (rows.clone(), columns.iter().product()),
    }
}

impl FeatureMap {
    fn output(&self, node: &Inference<'_>) -> Result<Shape, Stop> {
        let extent = |extent: Option<i64>, axis| extent.map_or_else(|| node.unknown_dim(0, axis), Expr::Int);
        Ok(match self.shape {
            FeatureShape::Same => node.input(0)?.clone(),
            FeatureShape::OneHot(categories) => {
                Shape::new(node.input(0)?.dims().iter().cloned().chain([Expr::Int(categories)]))
            }
            FeatureShape::Picked => {
                let (input, indices) = (node.input(0)?, node.input(1)?.elements());
                match input.rank() {
                    0 | 1 => Shape::new([Expr::ONE, indices]),
                    rank => input.with(rank - 1, indices),
                }
            }
            FeatureShape::Joined => {
                let tables: Vec<_> = (0..node.inputs.len())
                    .map(|index| node.input(index).map(table))
                    .collect::<Result<_, _>>()?;
                let rows = tables.first().map_or(Expr::ONE, |(rows, _)| rows.clone());
                Shape::new([rows, tables.iter().map(|(_, columns)| columns).sum()])
            }
            FeatureShape::Vector(length) => Shape::new([extent(length, 0)]),
            FeatureShape::Row(length) => Shape::new([Expr::ONE, extent(length, 1)]),
        })
    }
}

impl Operator for FeatureMap {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        Ok(single(TensorType::new(self.dtype.or_else(|| node.dtype(0)), self.output(node)?)))
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        match self.operations {
            0 => Ok(Cost::FREE),
            operations => Ok(Cost::other(node.input(0)?.elements() * operations)),
        }
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        match self.shape {
            FeatureShape::Picked => Memory::selects(0),
            _ => Memory::fresh(),
        }
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    /// Offsets, scales and replacements are statistics of data seen before, not learned.
    fn role(&self, index: usize) -> Role {
        match (self.shape, index) {
            (FeatureShape::Joined, _) | (_, 0) => Role::Operand,
            (FeatureShape::Picked, _) => Role::Constant,
            _ => Role::Buffer,
        }
    }
}

/// What becomes of a score in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostTransform {
    /// Nothing.
    None,
    /// A softmax: subtract the largest, exp, sum, divide.
    Softmax,
    /// 1 / (1 + e^−x).
    Logistic,
    /// √2·erf⁻¹(2·x − 1).
    Probit,
}

impl PostTransform {
    /// Operations of each score.
    fn operations(self) -> i64 {
        if self == PostTransform::None { 0 } else { 4 }
    }
}

/// What a predictor returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The element type of the chosen class, which comes first; `None` where only scores come.
    pub label: Option<DType>,
    /// The element type of the scores; `None` for that of the input.
    pub score: Option<DType>,
    /// How many scores each row gets; `None` where that is not settled.
    pub scores: Option<i64>,
    /// What becomes of each score in the end.
    pub transform: PostTransform,
}

/// How a predictor gets from features to scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predictor {
    /// Products with coefficients (1), plus intercepts (2).
    Linear,
    /// Support vectors (1), coefficients (2), constants (3), coefficients of probabilities (4, 5).
    SupportVectors {
        /// How many vectors.
        vectors: i64,
        /// What is made of the product of features and vector.
        kernel: Kernel,
    },
    /// Trees, with whatever they are made of as further inputs.
    Trees {
        /// How many weights of leaves a row adds up; `None` where that depends on the leaves.
        additions: Option<i64>,
    },
}

/// What is made of the product of features and a support vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// The product.
    Linear,
    /// (γ·product + c)^d.
    Polynomial,
    /// e^(−γ·distance): the differences come on top.
    Radial,
    /// tanh(γ·product + c).
    Sigmoid,
}

/// A trained model as one node. ONNX `LinearClassifier`, `LinearRegressor`, `SVMClassifier`, `SVMRegressor`,
/// `TreeEnsemble`, `TreeEnsembleClassifier`, `TreeEnsembleRegressor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainedModel {
    /// The name of this form.
    pub name: &'static str,
    /// How scores are made.
    pub predictor: Predictor,
    /// What comes out.
    pub prediction: Prediction,
}

const PROBABILITIES: usize = 4;

impl TrainedModel {
    /// The cost of one row, but for what becomes of the scores.
    fn row(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let stored = |index: usize| match node.has_input(index) {
            true => Ok(node.input(index)?.elements()),
            false => Ok(Expr::ZERO),
        };
        Ok(match self.predictor {
            Predictor::Linear => Cost::macs(stored(1)?).and_other(stored(2)?),
            Predictor::SupportVectors { vectors, kernel } => {
                let elements = stored(1)?;
                let function = match kernel {
                    Kernel::Linear => Expr::ZERO,
                    Kernel::Radial => &elements + Expr::Int(vectors) * 2,
                    Kernel::Polynomial | Kernel::Sigmoid => Expr::Int(vectors) * 3,
                };
                if node.has_input(PROBABILITIES) && self.prediction.scores.is_none_or(|scores| scores > 2) {
                    return Err(Stop::Unknown("probabilities of more than two classes are iterated for"));
                }
                // 1 / (1 + e^(a·x + b)).
                let probabilities = stored(PROBABILITIES)? * 5;
                Cost::macs(elements + stored(2)?).and_other(function + stored(3)? + probabilities)
            }
            Predictor::Trees { additions } => {
                let additions =
                    additions.ok_or(Stop::Unknown("its leaves hold different numbers of weights"))?;
                Cost::other(Expr::Int(additions))
            }
        })
    }
}

impl Operator for TrainedModel {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        match self.predictor {
            Predictor::SupportVectors { vectors, .. } if vectors > 0 => format!("{vectors} vectors"),
            _ => String::new(),
        }
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (rows, _) = table(node.input(0)?);
        let Prediction { label, score, scores, .. } = self.prediction;
        let labels = label.map(|dtype| TensorType::new(Some(dtype), Shape::new([rows.clone()])));
        let scores = scores.map_or_else(|| node.unknown_dim(usize::from(label.is_some()), 1), Expr::Int);
        let scores = TensorType::new(score.or_else(|| node.dtype(0)), Shape::new([rows, scores]));
        Ok(labels.into_iter().chain([scores]).collect())
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (rows, _) = table(node.input(0)?);
        let each = match (self.prediction.transform.operations(), self.prediction.scores) {
            (0, _) => 0,
            (operations, Some(scores)) => operations.saturating_mul(scores),
            (_, None) => return Err(Stop::Unknown("how many scores there are is not settled")),
        };
        Ok(self.row(node)?.and_other(Expr::Int(each)).times(&rows))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    /// Numbers that are not integers are learned; integers are the structure of trees.
    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, ints, output, partial_cost, shape};

    fn map(shape: FeatureShape, operations: i64) -> FeatureMap {
        FeatureMap { name: "Scaler", shape, dtype: Some(DType::F32), operations }
    }

    fn model(
        predictor: Predictor,
        label: Option<DType>,
        scores: i64,
        transform: PostTransform,
    ) -> TrainedModel {
        let prediction = Prediction { label, score: Some(DType::F32), scores: Some(scores), transform };
        TrainedModel { name: "test", predictor, prediction }
    }

    #[test]
    fn features() {
        let x = shape(&[5, 4]);
        let rows = [
            (FeatureShape::Same, vec![x.clone()], vec![5, 4]),
            (FeatureShape::OneHot(3), vec![x.clone()], vec![5, 4, 3]),
            (FeatureShape::Picked, vec![x.clone(), ints(&[1, 2])], vec![5, 2]),
            (FeatureShape::Picked, vec![shape(&[4]), ints(&[1, 2])], vec![1, 2]),
            (FeatureShape::Joined, vec![x.clone(), shape(&[5, 2])], vec![5, 6]),
            (FeatureShape::Vector(Some(7)), vec![], vec![7]),
            (FeatureShape::Row(Some(7)), vec![], vec![1, 7]),
        ];
        for (kind, inputs, dims) in rows {
            assert_eq!(output(&map(kind, 0), &inputs), Shape::of(&dims), "{kind:?}");
        }
        // (x − offset)·scale.
        assert_eq!(cost(&map(FeatureShape::Same, 2), &[x]).other_ops, Expr::Int(40));
    }

    #[test]
    fn linear_models() {
        // 5 rows of 4 features, 3 classes: 5·12 products, 5·3 intercepts and 5·3·4 of the softmax.
        let op = model(Predictor::Linear, Some(DType::I64), 3, PostTransform::Softmax);
        let inputs = [shape(&[5, 4]), shape(&[12]), shape(&[3])];
        assert_eq!(cost(&op, &inputs), Cost { macs: Expr::Int(60), other_ops: Expr::Int(75) });
        let outputs = infer(&op, &inputs);
        assert_eq!(outputs[0], TensorType::new(Some(DType::I64), Shape::of(&[5])));
        assert_eq!(outputs[1], shape(&[5, 3]));
    }

    #[test]
    fn support_vectors() {
        let op = |kernel| {
            let predictor = Predictor::SupportVectors { vectors: 6, kernel };
            model(predictor, None, 1, PostTransform::None)
        };
        // 6 vectors of 4 features and 6 coefficients for each of 5 rows; one constant.
        let inputs = [shape(&[5, 4]), shape(&[24]), shape(&[6]), shape(&[1])];
        let rows = [(Kernel::Linear, 1), (Kernel::Polynomial, 19), (Kernel::Radial, 24 + 12 + 1)];
        for (kernel, other) in rows {
            let expected = Cost { macs: Expr::Int(5 * 30), other_ops: Expr::Int(5 * other) };
            assert_eq!(cost(&op(kernel), &inputs), expected, "{kernel:?}");
        }
    }

    #[test]
    fn trees_compare_and_add() {
        let op = |additions| model(Predictor::Trees { additions }, None, 2, PostTransform::Logistic);
        let inputs = [Some(shape(&[5, 4])), None, Some(shape(&[9]))];
        // 100 leaves and 2 scores of 4 operations for each row.
        assert_eq!(partial_cost(&op(Some(100)), &inputs), Cost::other(Expr::Int(5 * 108)));
        let node = Operands { inputs: &[inputs[0].as_ref()], outputs: &[], bodies: &[] };
        assert!(op(None).cost(&node).is_err());
    }
}

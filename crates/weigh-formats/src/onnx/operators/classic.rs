//! Classic machine learning, the domain ai.onnx.ml. What a model has learned stands in attributes: the lists
//! here say in which, and in which order its operator reads them.

use std::collections::{BTreeMap, BTreeSet};

use weigh_ir::DType;
use weigh_ops::{FeatureMap, FeatureShape, Kernel, PostTransform, Prediction, Predictor, TrainedModel};

use super::super::at_node;
use super::{Lowered, NodeView, Table, done};
use crate::FormatError;

/// The domain of all operators here.
const ML: &str = "ai.onnx.ml";

const LINEAR: &[&str] = &["coefficients", "intercepts"];
const VECTORS: &[&str] = &["support_vectors", "coefficients", "rho"];
const CLASS_VECTORS: &[&str] = &["support_vectors", "coefficients", "rho", "prob_a", "prob_b"];
const TREES: &[&str] = &[
    "nodes_splits",
    "membership_values",
    "leaf_weights",
    "tree_roots",
    "nodes_featureids",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_trueleafs",
    "nodes_falseleafs",
    "nodes_modes",
    "nodes_missing_value_tracks_true",
    "leaf_targetids",
];
/// What trees that classify and trees that regress have in common, before version 5.
macro_rules! old_trees {
    ($($own:literal),*) => {
        &[
            "nodes_values", "nodes_values_as_tensor", "base_values", "base_values_as_tensor", "nodes_treeids",
            "nodes_nodeids", "nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids",
            "nodes_missing_value_tracks_true", $($own),*
        ]
    };
}
const CLASS_TREES: &[&str] =
    old_trees!("class_weights", "class_weights_as_tensor", "class_treeids", "class_nodeids", "class_ids");
const TARGET_TREES: &[&str] = old_trees!(
    "target_weights",
    "target_weights_as_tensor",
    "target_treeids",
    "target_nodeids",
    "target_ids"
);

pub(super) fn rows(table: &mut Table) {
    features(table);
    table.add_with_stored(ML, "LinearClassifier", LINEAR, |view| {
        model("LinearClassifier", Predictor::Linear, classes(view, "classlabels_ints")?)
    });
    table.add_with_stored(ML, "LinearRegressor", LINEAR, |view| {
        model("LinearRegressor", Predictor::Linear, targets(view, "targets")?)
    });
    table.add_with_stored(ML, "SVMClassifier", CLASS_VECTORS, |view| {
        let vectors =
            view.ints("vectors_per_class")?.iter().fold(0, |sum: i64, count| sum.saturating_add(*count));
        let mut prediction = classes(view, "classlabels_ints")?;
        // Without probabilities the scores are those of pairs of classes.
        if !view.has("prob_a") && prediction.scores.is_some_and(|scores| scores > 2) {
            prediction.scores = None;
        }
        model("SVMClassifier", support_vectors(view, vectors)?, prediction)
    });
    table.add_with_stored(ML, "SVMRegressor", VECTORS, |view| {
        let predictor = support_vectors(view, view.int_or("n_supports", 0)?)?;
        model("SVMRegressor", predictor, targets(view, "")?)
    });
    table.add_with_stored(ML, "TreeEnsemble", TREES, trees);
    table.add_with_stored(ML, "TreeEnsembleClassifier", CLASS_TREES, |view| {
        let additions = additions(view, ["class_treeids", "class_nodeids"])?;
        let prediction = classes(view, "classlabels_int64s")?;
        model("TreeEnsembleClassifier", Predictor::Trees { additions }, prediction)
    });
    table.add_with_stored(ML, "TreeEnsembleRegressor", TARGET_TREES, |view| {
        let prediction = targets(view, "n_targets")?;
        let sums = additions(view, ["target_treeids", "target_nodeids"])?;
        let additions = match view.text_or("aggregate_function", "SUM")? {
            "SUM" => sums,
            // A quotient for each target.
            "AVERAGE" => sums.map(|sums| sums.saturating_add(prediction.scores.unwrap_or(1))),
            _ => Some(base_values(view)?),
        };
        model("TreeEnsembleRegressor", Predictor::Trees { additions }, prediction)
    });
}

fn features(table: &mut Table) {
    table
        .add_in(ML, "ArrayFeatureExtractor", |_| map("ArrayFeatureExtractor", FeatureShape::Picked, None, 0));
    table.add_in(ML, "Binarizer", |_| map("Binarizer", FeatureShape::Same, None, 0));
    table.add_in(ML, "CastMap", |view| {
        let sparse = view.text_or("map_form", "DENSE")? == "SPARSE";
        let length = if sparse { Some(view.int_or("max_map", 1)?) } else { None };
        let dtype = match view.text_or("cast_to", "TO_FLOAT")? {
            "TO_INT64" => DType::I64,
            "TO_STRING" => DType::String,
            _ => DType::F32,
        };
        map("CastMap", FeatureShape::Row(length), Some(dtype), 0)
    });
    table.add_in(ML, "CategoryMapper", |view| {
        let dtype = if view.has("default_string") { DType::String } else { DType::I64 };
        map("CategoryMapper", FeatureShape::Same, Some(dtype), 0)
    });
    table.add_in(ML, "DictVectorizer", |view| {
        let length = vocabulary(view, "int64_vocabulary", "string_vocabulary")?;
        map("DictVectorizer", FeatureShape::Vector(length), None, 0)
    });
    table.add_in(ML, "FeatureVectorizer", |_| {
        map("FeatureVectorizer", FeatureShape::Joined, Some(DType::F32), 0)
    });
    table.add_with_stored(ML, "Imputer", &["imputed_value_floats", "imputed_value_int64s"], |_| {
        map("Imputer", FeatureShape::Same, None, 0)
    });
    table.add_in(ML, "LabelEncoder", |view| map("LabelEncoder", FeatureShape::Same, Some(encoded(view)?), 0));
    // x / largest; sum and quotient; square, sum, quotient and root.
    table.add_in(ML, "Normalizer", |view| {
        let operations = match view.text_or("norm", "MAX")? {
            "L1" => 2,
            "L2" => 4,
            _ => 1,
        };
        map("Normalizer", FeatureShape::Same, Some(DType::F32), operations)
    });
    table.add_in(ML, "OneHotEncoder", |view| match vocabulary(view, "cats_int64s", "cats_strings")? {
        Some(count) => map("OneHotEncoder", FeatureShape::OneHot(count), Some(DType::F32), 0),
        None => Err(at_node(view.name, format!("{} has no categories", view.op_type))),
    });
    table.add_with_stored(ML, "Scaler", &["offset", "scale"], |view| {
        let operations = i64::from(view.has("offset")) + i64::from(view.has("scale"));
        map("Scaler", FeatureShape::Same, Some(DType::F32), operations)
    });
    // A map for each row: the values are those of the input.
    table.add_in(ML, "ZipMap", |_| map("ZipMap", FeatureShape::Same, Some(DType::F32), 0));
}

fn map(name: &'static str, shape: FeatureShape, dtype: Option<DType>, operations: i64) -> Lowered {
    done(FeatureMap { name, shape, dtype, operations })
}

fn model(name: &'static str, predictor: Predictor, prediction: Prediction) -> Lowered {
    done(TrainedModel { name, predictor, prediction })
}

/// How many words one of two lists has.
fn vocabulary(view: &NodeView<'_, '_>, ints: &str, texts: &str) -> Result<Option<i64>, FormatError> {
    let count = view.ints_if_any(ints)?.map(|list| list.len()).or(view.text_count(texts)?);
    Ok(count.and_then(|count| i64::try_from(count).ok()))
}

/// The element type of a label encoder's values: in version 1 its default tells.
fn encoded(view: &NodeView<'_, '_>) -> Result<DType, FormatError> {
    if let Some(values) = view.tensor("values_tensor")? {
        return Ok(values.dtype);
    }
    let rows = [
        ("values_strings", DType::String),
        ("values_int64s", DType::I64),
        ("values_floats", DType::F32),
        ("default_string", DType::String),
    ];
    Ok(rows.into_iter().find(|(name, _)| view.has(name)).map_or(DType::I64, |(_, dtype)| dtype))
}

fn transform(view: &NodeView<'_, '_>) -> Result<PostTransform, FormatError> {
    Ok(match view.text_or("post_transform", "NONE")? {
        "SOFTMAX" | "SOFTMAX_ZERO" => PostTransform::Softmax,
        "LOGISTIC" => PostTransform::Logistic,
        "PROBIT" => PostTransform::Probit,
        _ => PostTransform::None,
    })
}

/// A class for each row, and a score for each class.
fn classes(view: &NodeView<'_, '_>, ints: &str) -> Result<Prediction, FormatError> {
    Ok(Prediction {
        label: Some(if view.has("classlabels_strings") { DType::String } else { DType::I64 }),
        score: Some(DType::F32),
        scores: vocabulary(view, ints, "classlabels_strings")?,
        transform: transform(view)?,
    })
}

/// A score for each target.
fn targets(view: &NodeView<'_, '_>, count: &str) -> Result<Prediction, FormatError> {
    let scores = Some(view.int_or(count, 1)?);
    Ok(Prediction { label: None, score: Some(DType::F32), scores, transform: transform(view)? })
}

fn support_vectors(view: &NodeView<'_, '_>, vectors: i64) -> Result<Predictor, FormatError> {
    let kernel = match view.text_or("kernel_type", "LINEAR")? {
        "POLY" => Kernel::Polynomial,
        "RBF" => Kernel::Radial,
        "SIGMOID" => Kernel::Sigmoid,
        _ => Kernel::Linear,
    };
    Ok(Predictor::SupportVectors { vectors, kernel })
}

/// Since version 5 every leaf has one weight: a row adds up as many as there are trees.
fn trees(view: &NodeView<'_, '_>) -> Lowered {
    let transform = match view.int_or("post_transform", 0)? {
        1 | 3 => PostTransform::Softmax,
        2 => PostTransform::Logistic,
        4 => PostTransform::Probit,
        _ => PostTransform::None,
    };
    let scores = view.int_or("n_targets", 1)?;
    let trees = view.ints("tree_roots")?.len() as i64;
    let additions = match view.int_or("aggregate_function", 1)? {
        0 => trees.saturating_add(scores),
        1 => trees,
        _ => 0,
    };
    let prediction = Prediction { label: None, score: None, scores: Some(scores), transform };
    model("TreeEnsemble", Predictor::Trees { additions: Some(additions) }, prediction)
}

/// How many weights and base values a row adds up, where all leaves of a tree have as many weights.
fn additions(view: &NodeView<'_, '_>, ids: [&str; 2]) -> Result<Option<i64>, FormatError> {
    let leaves_of = |[trees, nodes]: [&str; 2]| Ok::<_, FormatError>((view.ints(trees)?, view.ints(nodes)?));
    let (trees, nodes) = leaves_of(ids)?;
    let mut weights: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for leaf in trees.into_iter().zip(nodes) {
        *weights.entry(leaf).or_default() += 1;
    }
    let (trees, nodes) = leaves_of(["nodes_treeids", "nodes_nodeids"])?;
    let modes = view.texts("nodes_modes")?;
    let leaves = trees.into_iter().zip(nodes).zip(modes).filter(|(_, mode)| *mode == "LEAF");
    let reached: BTreeSet<(i64, i64)> =
        leaves.map(|((tree, node), _)| (tree, weights.get(&(tree, node)).copied().unwrap_or(0))).collect();
    let of_each_tree: BTreeSet<i64> = reached.iter().map(|(tree, _)| *tree).collect();
    let sum = |sum: i64, (_, weights): &(i64, i64)| sum.saturating_add(*weights);
    let sum = reached.iter().fold(base_values(view)?, sum);
    Ok((of_each_tree.len() == reached.len()).then_some(sum))
}

fn base_values(view: &NodeView<'_, '_>) -> Result<i64, FormatError> {
    let count = |name: &str| {
        let elements = view.stored(name)?.and_then(|stored| stored.shape.elements().as_int());
        Ok::<i64, FormatError>(elements.unwrap_or(0))
    };
    Ok(count("base_values")?.saturating_add(count("base_values_as_tensor")?))
}

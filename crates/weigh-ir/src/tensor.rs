//! Tensors: what a file declares of them, and what inference finds out.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::{DType, Expr, Shape};

/// Which tensor of a [`Model`](crate::Model); subgraphs share the numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(NonZeroU32);

impl TensorId {
    /// The id of the tensor at `index`; `None` past 2^32 − 2 tensors.
    pub fn new(index: usize) -> Option<TensorId> {
        NonZeroU32::new(u32::try_from(index).ok()?.checked_add(1)?).map(TensorId)
    }

    /// The position in [`Model::tensors`](crate::Model::tensors).
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A tensor as the file has it.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Its name in the file.
    pub name: Box<str>,
    /// The element type, where the file tells.
    pub dtype: Option<DType>,
    /// The shape that the file declares, if it does. Inference comes first; this fills its gaps.
    pub declared: Option<Shape>,
    /// Whether it is a sequence of tensors, whose members have that element type and shape.
    pub is_sequence: bool,
    /// The data, where the file stores some.
    pub stored: Option<Arc<Stored>>,
}

impl Tensor {
    /// A tensor of which only the name is known.
    pub fn named(name: impl Into<Box<str>>) -> Tensor {
        Tensor { name: name.into(), dtype: None, declared: None, is_sequence: false, stored: None }
    }

    /// The type that the file declares, as far as it does.
    pub fn declared_type(&self) -> TensorType {
        let typed = TensorType { dtype: self.dtype, shape: self.declared.clone(), ..TensorType::default() };
        if self.is_sequence { TensorType::sequence_like(typed) } else { typed }
    }
}

/// Data that a file stores: an initialiser or the value of a constant node.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The element type.
    pub dtype: DType,
    /// The extents, all plain.
    pub shape: Shape,
    /// Bytes of data: elements × bit width, rounded up to whole bytes; strings by their content.
    pub bytes: u64,
    /// The elements, where they are few enough to matter for shapes.
    pub value: Option<Value>,
    /// Where the bytes lie; equal places are one storage, however many names it has.
    pub place: Place,
}

/// Where stored data lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the model file, at this offset.
    File {
        /// Byte offset of the tensor's record.
        offset: u64,
    },
    /// In a file beside the model.
    External {
        /// Path relative to the model.
        path: Box<str>,
        /// Byte offset in that file.
        offset: u64,
    },
    /// In no file: a graph built by code.
    Memory,
}

/// The known elements of a small tensor, in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Integers and booleans (0 or 1); each may be a formula.
    Ints(Arc<[Expr]>),
    /// Floating-point numbers.
    Floats(Arc<[f64]>),
}

/// Values of more elements than this are not carried through inference: shapes are never that long.
pub const MAX_VALUE_ELEMENTS: usize = 1024;

impl Value {
    /// A value of plain integers.
    pub fn ints(values: impl IntoIterator<Item = i64>) -> Value {
        Value::Ints(values.into_iter().map(Expr::Int).collect())
    }

    /// A value of formulas.
    pub fn exprs(values: impl IntoIterator<Item = Expr>) -> Value {
        Value::Ints(values.into_iter().collect())
    }

    /// The elements as formulas, if they are integers.
    pub fn as_exprs(&self) -> Option<&[Expr]> {
        match self {
            Value::Ints(values) => Some(values),
            Value::Floats(_) => None,
        }
    }

    /// The elements as plain integers, if all are.
    pub fn as_ints(&self) -> Option<Vec<i64>> {
        self.as_exprs()?.iter().map(Expr::as_int).collect()
    }

    /// The elements as plain numbers, if all are.
    pub fn as_floats(&self) -> Option<Vec<f64>> {
        match self {
            Value::Floats(values) => Some(values.to_vec()),
            Value::Ints(values) => values.iter().map(|value| value.as_int().map(|int| int as f64)).collect(),
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Value::Ints(values) => values.len(),
            Value::Floats(values) => values.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements at `indices`, each an index into this value; `None` where one is outside.
    pub fn pick(&self, indices: impl IntoIterator<Item = usize>) -> Option<Value> {
        let mut indices = indices.into_iter();
        Some(match self {
            Value::Ints(values) => {
                Value::Ints(indices.map(|at| values.get(at).cloned()).collect::<Option<_>>()?)
            }
            Value::Floats(values) => Value::Floats(
                indices
                    .try_fold(Vec::new(), |mut picked, at| {
                        picked.push(*values.get(at)?);
                        Some(picked)
                    })?
                    .into(),
            ),
        })
    }
}

/// What inference knows of a tensor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TensorType {
    /// The element type.
    pub dtype: Option<DType>,
    /// The extents; `None` when even the rank is unknown.
    pub shape: Option<Shape>,
    /// The elements, of small tensors that shapes may depend on.
    pub value: Option<Value>,
    /// The members, where this is a sequence and not a tensor.
    pub sequence: Option<Members>,
}

/// What inference knows of the members of a sequence.
#[derive(Clone, Debug, PartialEq)]
pub enum Members {
    /// Each of them.
    Each(Arc<[TensorType]>),
    /// Not how many they are, but what they have in common. Extents that are not plain numbers may differ
    /// from member to member.
    Like(Arc<TensorType>),
}

impl Members {
    /// The members, or the one that stands for all.
    pub fn known(&self) -> &[TensorType] {
        match self {
            Members::Each(members) => members,
            Members::Like(member) => std::slice::from_ref(member),
        }
    }

    /// The members, if it is known how many they are.
    pub fn each(&self) -> Option<&[TensorType]> {
        match self {
            Members::Each(members) => Some(members),
            Members::Like(_) => None,
        }
    }
}

impl TensorType {
    /// A tensor of this element type and shape.
    pub fn new(dtype: Option<DType>, shape: Shape) -> TensorType {
        TensorType { dtype, shape: Some(shape), ..TensorType::default() }
    }

    /// A tensor of which at most the element type is known.
    pub fn unknown(dtype: Option<DType>) -> TensorType {
        TensorType { dtype, ..TensorType::default() }
    }

    /// An integer tensor with known elements.
    pub fn known(dtype: DType, shape: Shape, value: Value) -> TensorType {
        TensorType { dtype: Some(dtype), shape: Some(shape), value: Some(value), sequence: None }
    }

    /// This type with a value, dropped where it is too long or does not fit the shape.
    pub fn with_value(mut self, value: Option<Value>) -> TensorType {
        let fits = |value: &Value| {
            value.len() <= MAX_VALUE_ELEMENTS
                && self.shape.as_ref().is_some_and(|shape| shape.elements() == Expr::from(value.len()))
        };
        self.value = value.filter(fits);
        self
    }

    /// A sequence of these members.
    pub fn sequence_of(members: impl IntoIterator<Item = TensorType>) -> TensorType {
        let members = Members::Each(members.into_iter().collect());
        TensorType { sequence: Some(members), ..TensorType::default() }
    }

    /// A sequence of an unknown number of members like this one.
    pub fn sequence_like(member: TensorType) -> TensorType {
        TensorType { sequence: Some(Members::Like(Arc::new(member))), ..TensorType::default() }
    }

    /// The number of elements, of all members for a sequence, where it is known.
    pub fn elements(&self) -> Option<Expr> {
        match &self.sequence {
            Some(members) => members.each()?.iter().map(TensorType::elements).sum(),
            None => self.shape.as_ref().map(Shape::elements),
        }
    }

    /// The size in bytes: elements × bit width, rounded up. `None` where either is unknown.
    pub fn bytes(&self) -> Option<Expr> {
        if let Some(members) = &self.sequence {
            return members.each()?.iter().map(TensorType::bytes).sum();
        }
        bytes_of(&self.elements()?, self.dtype?)
    }
}

/// Bytes of `elements` packed elements; `None` for strings.
pub fn bytes_of(elements: &Expr, dtype: DType) -> Option<Expr> {
    let bits = i64::from(dtype.bits()?);
    Some(if bits % 8 == 0 { elements * (bits / 8) } else { (elements * bits).ceil_div(&Expr::Int(8)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_byte_types_pack() {
        assert_eq!(bytes_of(&Expr::Int(3), DType::I4), Some(Expr::Int(2)));
        assert_eq!(bytes_of(&Expr::Int(3), DType::F32), Some(Expr::Int(12)));
        assert_eq!(bytes_of(&Expr::Int(3), DType::String), None);
    }

    #[test]
    fn values_that_do_not_fit_are_dropped() {
        let shape = Shape::of(&[2]);
        let typed = TensorType::new(Some(DType::I64), shape);
        assert!(typed.clone().with_value(Some(Value::ints([1, 2]))).value.is_some());
        assert!(typed.with_value(Some(Value::ints([1]))).value.is_none());
    }
}

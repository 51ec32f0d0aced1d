//! Texts. What is done to characters is no arithmetic: it costs 0.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop,
    TensorType, single,
};

/// An operator on tensors of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// Two texts as one, with broadcasting. ONNX `StringConcat`.
    Concat,
    /// Whether a text fits a pattern. ONNX `RegexFullMatch`.
    FullMatch,
    /// Words in upper or lower case. ONNX `StringNormalizer`.
    Normalize {
        /// Whether some words are dropped: how many are left only the data decides.
        drops: bool,
    },
    /// A text's parts along a new axis, and how many there are. ONNX `StringSplit`.
    Split,
    /// Words or characters along a new last axis. `Tokenizer` of com.microsoft.
    Tokenize,
}

impl Operator for Text {
    fn name(&self) -> &str {
        match self {
            Text::Concat => "StringConcat",
            Text::FullMatch => "RegexFullMatch",
            Text::Normalize { .. } => "StringNormalizer",
            Text::Split => "StringSplit",
            Text::Tokenize => "Tokenizer",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let texts = |shape: Shape| single(TensorType::new(Some(DType::String), shape));
        Ok(match self {
            Text::Concat => texts(input.broadcast(node.input(1)?)?),
            Text::FullMatch => single(TensorType::new(Some(DType::Bool), input.clone())),
            Text::Normalize { drops } => {
                let words = input.axis(-1)?;
                let left = match (drops, input[words].as_int()) {
                    // Where no word is left there is one empty text.
                    (_, Some(0)) => Expr::ONE,
                    (true, _) => node.unknown_dim(0, words),
                    (false, _) => input[words].clone(),
                };
                texts(input.with(words, left))
            }
            Text::Tokenize => {
                let most = node.unknown_dim(0, input.rank());
                texts(Shape::new(input.dims().iter().cloned().chain([most])))
            }
            Text::Split => {
                let parts = match input.elements() {
                    Expr::Int(0) => Expr::ZERO,
                    _ => node.unknown_dim(0, input.rank()),
                };
                let mut outputs = texts(Shape::new(input.dims().iter().cloned().chain([parts])));
                outputs.push(TensorType::new(Some(DType::I64), input.clone()));
                outputs
            }
        })
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
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

/// How often each of some runs of tokens occurs in each row of the input, times a weight. Input 1 holds the
/// weights. ONNX `TfIdfVectorizer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermCounts {
    /// How many runs are told apart: the width of the output.
    pub width: i64,
    /// Whether the counts are weighted.
    pub weighted: bool,
}

impl Operator for TermCounts {
    fn name(&self) -> &str {
        "TfIdfVectorizer"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        format!("to {}", self.width)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let shape = match input.rank() {
            0 | 1 => Shape::of(&[self.width]),
            _ => input.with(input.axis(-1)?, Expr::Int(self.width)),
        };
        Ok(single(TensorType::new(Some(DType::F32), shape)))
    }

    /// Looking a run up and counting it is comparing; a weight is one product for each count.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(if self.weighted { Cost::other(node.output(0)?.elements()) } else { Cost::FREE })
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::none())
    }

    /// Weights are statistics of texts seen before, not learned.
    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Constant } else { Role::Buffer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, output, shape};

    #[test]
    fn texts() {
        let unknown = |axis| Expr::symbol(&format!("test_0_{axis}"));
        let rows = [
            (Text::Concat, vec![shape(&[3, 1]), shape(&[4])], Shape::of(&[3, 4]), DType::String),
            (Text::FullMatch, vec![shape(&[3])], Shape::of(&[3]), DType::Bool),
            (Text::Normalize { drops: false }, vec![shape(&[1, 3])], Shape::of(&[1, 3]), DType::String),
            (Text::Normalize { drops: true }, vec![shape(&[3])], Shape::new([unknown(0)]), DType::String),
            (Text::Split, vec![shape(&[3])], Shape::new([Expr::Int(3), unknown(1)]), DType::String),
            (Text::Split, vec![shape(&[0])], Shape::of(&[0, 0]), DType::String),
        ];
        for (op, inputs, expected, dtype) in rows {
            let outputs = infer(&op, &inputs);
            assert_eq!(outputs[0], TensorType::new(Some(dtype), expected), "{op:?}");
            assert_eq!(cost(&op, &inputs), Cost::FREE);
        }
    }

    #[test]
    fn counts_of_terms() {
        let op = TermCounts { width: 7, weighted: true };
        assert_eq!(output(&op, &[shape(&[12])]), Shape::of(&[7]));
        assert_eq!(output(&op, &[shape(&[2, 6])]), Shape::of(&[2, 7]));
        assert_eq!(cost(&op, &[shape(&[2, 6])]).other_ops, Expr::Int(14));
    }
}

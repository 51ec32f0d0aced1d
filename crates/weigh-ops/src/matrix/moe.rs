//! Mixtures of experts: every token goes through the few experts that a router chooses for it.

use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Packing, Role, Shape, Stop,
    TensorType, single,
};

/// Subtract the largest, exp, sum, divide.
const SOFTMAX: i64 = 4;

/// Where the weights, their scales and biases of one product of all experts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpertInputs {
    /// Weights `[experts, outputs, inputs]`.
    pub weights: usize,
    /// Biases `[experts, outputs]`.
    pub bias: usize,
}

/// Feed-forward layers of which each token uses a few. `MoE` and `QMoE` of com.microsoft.
///
/// Inputs: tokens `[.., hidden]`, what the router says of each `[tokens, experts]`, then the weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MixtureOfExperts {
    /// The name of this form.
    pub name: &'static str,
    /// How many experts each token goes through.
    pub chosen: i64,
    /// Whether the shares of the chosen experts are made to add up to 1.
    pub normalizes: bool,
    /// Arithmetic of the activation for each unit inside an expert.
    pub activation: i64,
    /// The products: into the expert, out of it, and the one that gates it, which may be left out.
    pub products: [ExpertInputs; 3],
    /// Bits of a weight, where weights are packed into bytes.
    pub bits: Option<i64>,
    /// Which input holds shares apart from what the router chooses by.
    pub shares: Option<usize>,
}

impl MixtureOfExperts {
    /// Where the products of `MoE` are.
    pub const PLAIN: [ExpertInputs; 3] = [
        ExpertInputs { weights: 2, bias: 3 },
        ExpertInputs { weights: 4, bias: 5 },
        ExpertInputs { weights: 6, bias: 7 },
    ];
    /// Where the products of `QMoE` are.
    pub const QUANTIZED: [ExpertInputs; 3] = [
        ExpertInputs { weights: 2, bias: 4 },
        ExpertInputs { weights: 5, bias: 7 },
        ExpertInputs { weights: 8, bias: 10 },
    ];

    /// The weights of one expert's product, however they are laid out; `None` where it is left out.
    fn of_one(&self, node: &Operands<'_>, product: ExpertInputs) -> Result<Option<Expr>, Stop> {
        if !node.has_input(product.weights) {
            return Ok(None);
        }
        let weights = node.input(product.weights)?;
        let [_, of_one @ ..] = weights.dims() else {
            return Err(Stop::contradiction("the weights of the experts have no axes"));
        };
        let stored = of_one.iter().product::<Expr>();
        Ok(Some(match self.bits {
            Some(bits) => (stored * 8).floor_div(&Expr::Int(bits.max(1))),
            None => stored,
        }))
    }
}

impl Operator for MixtureOfExperts {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        let experts = || node.input(self.products[0].weights).ok()?.dim(0).ok().cloned();
        experts().map(|experts| format!("{} of {experts} experts", self.chosen)).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        Ok(single(TensorType::new(node.dtype(0), node.input(0)?.clone())))
    }

    /// For each token the weights of the experts it goes through, not those of all.
    ///
    /// Next to that: the router's softmax, activations, biases, and the sum of what the experts say, each times
    /// its share. Packed weights are dequantised once for every expert in use: as many as tokens choose, and no
    /// more than there are.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let input = node.input(0)?;
        let hidden = input.dim(-1)?;
        let tokens: Expr = input.dims().iter().take(input.rank() - 1).product();
        let experts = node.input(self.products[0].weights)?.dim(0)?;
        let uses = &tokens * self.chosen;
        let mut weights = Expr::ZERO;
        let mut inner = Expr::ZERO;
        let mut gated = 0;
        for (index, product) in self.products.into_iter().enumerate() {
            let Some(of_one) = self.of_one(node, product)? else { continue };
            match index {
                1 => inner = of_one.exact_div(hidden).unwrap_or_else(|| of_one.floor_div(hidden)),
                2 => gated = 1,
                _ => {}
            }
            weights = weights + of_one;
        }
        let shares = if self.normalizes { 2 * self.chosen - 1 } else { 0 };
        let mut cost = Cost::macs(&uses * &weights)
            .and_other(&tokens * (experts * SOFTMAX + shares))
            .and_other(&uses * inner * (self.activation + gated))
            .and_other(&tokens * hidden * (2 * self.chosen - 1));
        for product in self.products.into_iter().filter(|product| node.has_input(product.bias)) {
            cost = cost.and_other(&uses * node.input(product.bias)?.dim(-1)?);
        }
        if self.bits.is_some() {
            cost = cost.and_other(uses.smaller(experts) * weights * 2);
        }
        Ok(cost)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        let is = |of: fn(&ExpertInputs) -> usize| self.products.iter().any(|product| of(product) == index);
        match (index, self.bits.and_then(|bits| u8::try_from(bits).ok())) {
            (_, Some(bits)) if is(|product| product.weights) => {
                Role::Packed(Packing { bits, elements: None })
            }
            _ if is(|product| product.weights) || is(|product| product.bias) => Role::Parameter,
            (0 | 1, _) => Role::Operand,
            _ if self.shares == Some(index) => Role::Operand,
            _ => Role::Constant,
        }
    }
}

/// Which experts a token goes through, chosen group by group. `MoEGroupRouter` of com.microsoft.
///
/// Inputs: what the router says of each expert, or what it has to say it of; biases of the experts; the router's
/// weights `[experts, width]` where it has yet to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupRouter;

impl GroupRouter {
    /// Tokens and experts.
    fn extents(node: &Operands<'_>) -> Result<(Expr, Expr), Stop> {
        let input = node.input(0)?;
        let tokens = input.dims().iter().take(input.axis(-1)?).product();
        let experts = if node.has_input(2) { node.input(2)?.dim(0)? } else { input.dim(-1)? };
        Ok((tokens, experts.clone()))
    }
}

impl Operator for GroupRouter {
    fn name(&self) -> &str {
        "MoEGroupRouter"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (tokens, experts) = GroupRouter::extents(&node.operands())?;
        let shape = Shape::new([tokens, experts]);
        let float = || TensorType::new(Some(weigh_ir::DType::F32), shape.clone());
        Ok(smallvec::smallvec![TensorType::new(node.dtype(0), shape.clone()), float(), float()])
    }

    /// The product with the router's weights; a sigmoid (4) and a bias for each expert. The choice compares.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (tokens, experts) = GroupRouter::extents(node)?;
        let said = tokens * experts;
        let asked = if node.has_input(2) { &said * node.input(0)?.dim(-1)? } else { Expr::ZERO };
        Ok(Cost::macs(asked).and_other(said * 5))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Parameter }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, partial_cost, shape};
    use weigh_ir::DType;

    fn plain() -> MixtureOfExperts {
        MixtureOfExperts {
            name: "MoE",
            chosen: 2,
            normalizes: false,
            activation: 0,
            products: MixtureOfExperts::PLAIN,
            bits: None,
            shares: None,
        }
    }

    #[test]
    fn a_token_pays_for_the_experts_it_goes_through() {
        // 6 tokens of 8, 2 of 4 experts, 16 units inside: 6·2·(8·16 + 16·8) = 3072.
        let inputs = [
            Some(shape(&[2, 3, 8])),
            Some(shape(&[6, 4])),
            Some(shape(&[4, 16, 8])),
            Some(shape(&[4, 16])),
            Some(shape(&[4, 8, 16])),
        ];
        let priced = partial_cost(&plain(), &inputs);
        assert_eq!(priced.macs, Expr::Int(3072));
        // Softmax 6·4·4, biases 6·2·16, the sum of two shares 6·8·3.
        assert_eq!(priced.other_ops, Expr::Int(96 + 192 + 144));
    }

    #[test]
    fn packed_weights_are_counted_unpacked() {
        let op = MixtureOfExperts {
            name: "QMoE",
            products: MixtureOfExperts::QUANTIZED,
            bits: Some(4),
            ..plain()
        };
        let bytes = |dims: &[i64]| Some(TensorType::new(Some(DType::U8), Shape::of(dims)));
        let inputs = [
            Some(shape(&[6, 8])),
            Some(shape(&[6, 4])),
            bytes(&[4, 16, 4]),
            Some(shape(&[4, 16])),
            None,
            bytes(&[4, 8, 8]),
            Some(shape(&[4, 8])),
        ];
        let priced = partial_cost(&op, &inputs);
        assert_eq!(priced.macs, Expr::Int(3072));
        // Softmax, shares, and all 4 experts of 256 weights dequantised.
        assert_eq!(priced.other_ops, Expr::Int(96 + 144 + 4 * 256 * 2));
        let packed = Role::Packed(Packing { bits: 4, elements: None });
        assert_eq!((op.role(5), op.role(3)), (packed, Role::Constant));
    }

    #[test]
    fn routing() {
        let inputs = [shape(&[2, 3, 8]), shape(&[4]), shape(&[4, 8])];
        assert_eq!(cost(&GroupRouter, &inputs), Cost { macs: Expr::Int(192), other_ops: Expr::Int(120) });
    }
}

//! What a convention's number hangs on that a file cannot say, with the difference it would make.

use weigh_ir::{Expr, units};

use super::terms::{Call, Kind, Quantity};
use super::{Convention, Ledger, Unit};

/// A remark about the number of a convention. Tools that share a reason share its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The remark.
    pub message: String,
    /// What would have to be added to the number if the remark applies; `None` where it is part of the number.
    pub difference: Option<Expr>,
}

impl Note {
    fn plain(message: impl Into<String>) -> Note {
        Note { message: message.into(), difference: None }
    }

    /// A remark that only matters if it makes a difference.
    fn if_any(difference: Expr, message: &str) -> Option<Note> {
        (difference != Expr::ZERO).then(|| Note { message: message.into(), difference: Some(difference) })
    }
}

/// All remarks about a convention on a model.
pub(super) fn about(convention: &Convention, ledger: &Ledger) -> Vec<Note> {
    if convention.name == "weigh" {
        return Vec::new();
    }
    let reader = Reader { convention, ledger };
    let mut notes = reader.unseen();
    notes.extend(reader.folded_norms());
    notes.extend(reader.one_call_for_attention());
    notes.extend(reader.means_of_space());
    notes.extend(reader.kept_functions());
    notes.extend(reader.named_functions());
    notes.extend(reader.unit());
    notes.extend(reader.no_paths());
    notes
}

struct Reader<'r> {
    convention: &'r Convention,
    ledger: &'r Ledger,
}

/// The tools that hook modules, and so need to know which work was a module.
const HOOKS: [&str; 3] = ["ptflops", "thop", "torchinfo"];
/// The tools that replace functions by counting ones.
const PATCHES: [&str; 2] = ["ptflops", "deepspeed"];

impl Reader<'_> {
    fn weight(&self, kind: Kind, call: Call, quantity: Quantity) -> i64 {
        self.convention.weight(kind, call, quantity)
    }

    /// Matrix work that the tool does not see at all. Part of the number: it is counted as 0.
    fn unseen(&self) -> Vec<Note> {
        let sees = |kind, call| {
            let quantities = [Quantity::Macs, Quantity::DenseMacs, Quantity::Parameters];
            quantities.into_iter().any(|quantity| self.weight(kind, call, quantity) != 0)
        };
        let unseen = self.ledger.terms.iter().filter(|(term, count)| {
            term.quantity == Quantity::Macs
                && term.kind != Kind::OtherMatrix
                && **count != Expr::ZERO
                && !sees(term.kind, term.call)
        });
        unseen
            .map(|(term, count)| {
                let called = if term.call == Call::Function { " that were functions" } else { "" };
                Note::plain(format!("does not see {} MACs of {}{called}", amount(count), term.kind.word()))
            })
            .collect()
    }

    /// Exporters fold batch normalisation into the convolution before it, which then has a bias.
    fn folded_norms(&self) -> Option<Note> {
        let of = |quantity| self.ledger.of(Kind::Convolution, quantity);
        let has_norms = self.ledger.of(Kind::BatchNorm, Quantity::Outputs) != Expr::ZERO;
        let biased = of(Quantity::BiasAdds);
        if has_norms || biased == Expr::ZERO {
            return None;
        }
        let weight = |kind, quantity| self.weight(kind, Call::Module, quantity);
        // A scale and a shift for each channel in place of a bias.
        let norms = &biased * weight(Kind::BatchNorm, Quantity::Outputs)
            + of(Quantity::BiasParameters) * (2 * weight(Kind::BatchNorm, Quantity::Parameters));
        let difference = norms - biased * weight(Kind::Convolution, Quantity::BiasAdds);
        Note::if_any(
            difference,
            "the file has no batch normalisation; exporters fold it into convolutions: if each biased \
             convolution had one in the original",
        )
    }

    /// Attention that is written out may have been one call.
    fn one_call_for_attention(&self) -> Option<Note> {
        let difference = self.ledger.total(|term| match (term.kind, term.quantity) {
            (Kind::Attention, Quantity::Macs) => {
                self.weight(Kind::FusedAttention, Call::Function, Quantity::Macs)
                    - self.weight(Kind::Attention, term.call, Quantity::Macs)
            }
            (Kind::Attention, Quantity::Scores) => -self.weight(Kind::Softmax, term.call, Quantity::Inputs),
            _ => 0,
        });
        Note::if_any(
            difference,
            "attention is written out: if the original calls scaled_dot_product_attention",
        )
    }

    /// A mean over the space may have been an adaptive pooling.
    fn means_of_space(&self) -> Option<Note> {
        let difference = self.ledger.total(|term| match (term.kind, term.quantity) {
            (Kind::SpatialMean, quantity) => self.weight(Kind::AdaptiveAveragePool, term.call, quantity),
            _ => 0,
        });
        Note::if_any(
            difference,
            "a mean over the space is no pooling: if it was adaptive pooling called as a function",
        )
    }

    /// A function that a module kept a reference to before it was patched goes uncounted.
    fn kept_functions(&self) -> Option<Note> {
        let kept = [Kind::Relu, Kind::Gelu, Kind::Silu, Kind::Elu, Kind::PRelu];
        let counted = |kind| self.weight(kind, Call::Function, Quantity::Outputs);
        let difference = self.ledger.total(|term| match term.call {
            Call::Function if kept.contains(&term.kind) && term.quantity == Quantity::Outputs => {
                -counted(term.kind)
            }
            _ => 0,
        });
        Note::if_any(
            difference,
            "activations that are functions escape where a module keeps a reference to them \
             (nn.TransformerEncoderLayer): if so",
        )
    }

    /// Additions and multiplications count if a function is called, not if an operator is written.
    fn named_functions(&self) -> Option<Note> {
        let is_named = |kind| matches!(kind, Kind::Add | Kind::Multiply);
        let difference = self.ledger.total(|term| i64::from(is_named(term.kind)));
        let note = Note::if_any(
            difference,
            "counts torch.add and torch.mul, but neither + nor *: if the original calls the functions, up to",
        );
        note.filter(|_| PATCHES.contains(&self.convention.name))
    }

    /// What the tool calls a FLOP.
    fn unit(&self) -> Option<Note> {
        let Convention { label, unit, .. } = self.convention;
        let misnamed = *unit == Unit::Macs && label.to_lowercase().contains("flop");
        misnamed.then(|| Note::plain("what it calls FLOPs are MACs"))
    }

    fn no_paths(&self) -> Option<Note> {
        let matters = HOOKS.contains(&self.convention.name) && !self.ledger.has_paths;
        matters.then(|| {
            Note::plain("the file does not say which module each node comes from: all are taken for modules")
        })
    }
}

/// A count in a sentence.
fn amount(count: &Expr) -> String {
    match count.as_int() {
        Some(value) => units::si(value as f64),
        None => count.pretty(),
    }
}

//! Which symbols are bound to what: by the user, by assumption, or not at all.

use std::collections::BTreeSet;

use weigh_ir::{Bindings, Expr, Model, Shape, Symbol};

use crate::types::Types;
use crate::{AnalysisError, Options};

/// A model together with what is assumed about its symbols.
#[derive(Clone, Debug)]
pub struct Question {
    /// Shapes of the graph's inputs that replace declared ones, in the order of the inputs.
    pub inputs: Vec<Option<Shape>>,
    /// What the user bound.
    pub given: Bindings,
    /// What is bound in all: given or assumed.
    pub bound: Bindings,
    /// Symbols bound by assumption only.
    pub assumed: Vec<Symbol>,
    /// Symbols of the inputs that the user did not bind.
    pub free: Vec<Symbol>,
}

impl Question {
    /// Looks at the inputs' shapes: the leading extent of each is 1 unless the user says otherwise.
    pub fn new(model: &Model, options: &Options) -> Result<Question, AnalysisError> {
        let names = || model.graph.inputs.iter().map(|id| model.tensor(*id).name.to_string());
        if let Some(name) = options.input_shapes.keys().find(|name| names().all(|known| known != **name)) {
            return Err(AnalysisError::NoSuchInput { name: name.clone(), known: names().collect() });
        }
        let inputs: Vec<Option<Shape>> =
            names().map(|name| options.input_shapes.get(&name).cloned()).collect();
        let (mut symbols, mut leading) = (BTreeSet::new(), BTreeSet::new());
        for (id, given) in model.graph.inputs.iter().zip(&inputs) {
            // Members of a sequence may differ in what a symbol stands for: it cannot be bound.
            let declared = model.tensor(*id).declared.as_ref().filter(|_| !model.tensor(*id).is_sequence);
            let Some(shape) = given.as_ref().or(declared) else { continue };
            for dim in shape.dims() {
                dim.for_each_symbol(&mut |symbol| {
                    symbols.insert(symbol.clone());
                });
            }
            leading.extend(shape.dims().first().and_then(Expr::as_symbol).cloned());
        }
        let given = options.bindings.clone();
        let assumed: Vec<Symbol> = leading.into_iter().filter(|symbol| !given.contains_key(symbol)).collect();
        let mut bound = given.clone();
        bound.extend(assumed.iter().map(|symbol| (symbol.clone(), 1)));
        let free = symbols.into_iter().filter(|symbol| !given.contains_key(symbol)).collect();
        Ok(Question { inputs, given, bound, assumed, free })
    }

    /// Refuses a binding of a symbol that no shape of the model has.
    pub(crate) fn check_used(&self, types: &Types) -> Result<(), AnalysisError> {
        match self.given.keys().find(|symbol| !types.bound_symbols.contains(*symbol)) {
            None => Ok(()),
            Some(symbol) => {
                let known: BTreeSet<&Symbol> = self.free.iter().chain(&types.bound_symbols).collect();
                let known = known.into_iter().map(Symbol::to_string).collect();
                Err(AnalysisError::NoSuchSymbol { name: symbol.to_string(), known })
            }
        }
    }
}

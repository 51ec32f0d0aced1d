//! Which symbols are bound to what: by the user, by assumption, or not at all.

use std::collections::BTreeSet;

use weigh_ir::{Bindings, Expr, Model, Shape, Symbol};

use crate::free::{self, Freed};
use crate::types::Types;
use crate::{AnalysisError, Options};

/// A model together with what is assumed about its symbols.
#[derive(Clone, Debug)]
pub struct Question {
    /// Shapes of the graph's inputs that replace declared ones, in the order of the inputs.
    pub inputs: Vec<Option<Shape>>,
    /// What the user bound.
    pub given: Bindings,
    /// What the user bound, without the symbols that the user freed: formulas are in the others.
    pub fixed: Bindings,
    /// What is bound in all: given, assumed or, of a freed symbol, the extent in the file.
    pub bound: Bindings,
    /// Symbols bound by assumption only.
    pub assumed: Vec<Symbol>,
    /// Symbols of the inputs that formulas are in: those that the user did not bind, or freed.
    pub free: Vec<Symbol>,
    /// Fixed extents that the user made symbols.
    pub freed: Vec<Freed>,
    /// The shapes as the user gave them, before extents were freed.
    unopened: Vec<Option<Shape>>,
}

impl Question {
    /// Looks at the inputs' shapes: the leading extent of each is 1 unless the user says otherwise.
    pub fn new(model: &Model, options: &Options) -> Result<Question, AnalysisError> {
        let names = || model.graph.inputs.iter().map(|id| model.tensor(*id).name.to_string());
        if let Some(name) = options.input_shapes.keys().find(|name| names().all(|known| known != **name)) {
            return Err(AnalysisError::NoSuchInput { name: name.clone(), known: names().collect() });
        }
        let unopened: Vec<Option<Shape>> =
            names().map(|name| options.input_shapes.get(&name).cloned()).collect();
        let mut inputs = unopened.clone();
        let freed = free::open(model, &options.free, &mut inputs)?;
        let is_freed = |symbol: &Symbol| freed.iter().any(|freed| freed.symbol == *symbol);
        let (mut symbols, mut leading) = (BTreeSet::new(), BTreeSet::new());
        for (id, given) in model.graph.inputs.iter().zip(&inputs) {
            let Some(shape) = given.as_ref().or(model.tensor(*id).declared.as_ref()) else { continue };
            for dim in shape.dims() {
                dim.for_each_symbol(&mut |symbol| {
                    symbols.insert(symbol.clone());
                });
            }
            leading.extend(shape.dims().first().and_then(Expr::as_symbol).cloned());
        }
        let given = options.bindings.clone();
        let assume = |symbol: &Symbol| !given.contains_key(symbol) && !is_freed(symbol);
        let assumed: Vec<Symbol> = leading.into_iter().filter(assume).collect();
        let mut fixed = given.clone();
        fixed.retain(|symbol, _| !is_freed(symbol));
        let mut bound: Bindings = freed.iter().map(|freed| (freed.symbol.clone(), freed.extent)).collect();
        bound.extend(given.iter().map(|(symbol, value)| (symbol.clone(), *value)));
        bound.extend(assumed.iter().map(|symbol| (symbol.clone(), 1)));
        let free = symbols.into_iter().filter(|symbol| !fixed.contains_key(symbol)).collect();
        Ok(Question { inputs, given, fixed, bound, assumed, free, freed, unopened })
    }

    /// The shapes of inputs for the numbers: freed extents stay as they were, unless the user gave them a value.
    pub(crate) fn inputs_for_numbers(&self) -> &[Option<Shape>] {
        match self.freed.iter().any(|freed| self.given.contains_key(&freed.symbol)) {
            true => &self.inputs,
            false => &self.unopened,
        }
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

//! Which symbols are bound to what: by the user, by assumption, or not at all.

use std::collections::BTreeSet;

use weigh_ir::{Bindings, DType, Expr, MAX_VALUE_ELEMENTS, Model, Shape, Symbol, Tensor, Value};

use crate::free::{self, Freed};
use crate::types::Types;
use crate::{AnalysisError, Options};

/// A model together with what is assumed about its symbols.
#[derive(Clone, Debug)]
pub struct Question {
    /// What the user says of the graph's inputs, in their order.
    pub inputs: Vec<Given>,
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
    /// What the user says of the inputs, before extents were freed.
    unopened: Vec<Given>,
}

/// What the user says of an input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// The shape, in place of the declared one.
    pub shape: Option<Shape>,
    /// The elements.
    pub value: Option<Value>,
}

impl Given {
    /// What the options say of an input.
    fn of(tensor: &Tensor, options: &Options) -> Result<Given, AnalysisError> {
        let name = &*tensor.name;
        let shape = options.input_shapes.get(name).cloned();
        let Some(value) = options.input_values.get(name) else { return Ok(Given { shape, value: None }) };
        let wrong = |problem: String| AnalysisError::WrongValue { name: name.to_owned(), problem };
        let takes = shape.as_ref().or(tensor.declared.as_ref());
        let Some(takes) = takes else { return Err(wrong("has no known shape to hold elements".to_owned())) };
        let takes = Shape::new(takes.dims().iter().map(|dim| dim.bind(&options.bindings)));
        let count = Expr::from(value.len());
        // A list whose length is open has as many elements as are given.
        let (shape, takes) = match takes.dims() {
            [length] if length.as_int().is_none() => (Some(Shape::new([count.clone()])), count.clone()),
            _ => (shape, takes.elements()),
        };
        if takes != count || value.len() > MAX_VALUE_ELEMENTS {
            return Err(wrong(format!("takes {takes} elements, {count} were given")));
        }
        let value = match (tensor.dtype, value) {
            (Some(dtype), Value::Ints(_)) if dtype.is_float() => {
                value.as_floats().map(|floats| Value::Floats(floats.into()))
            }
            (Some(dtype), Value::Floats(_)) if !dtype.is_float() => None,
            (Some(DType::Bool), Value::Ints(_)) => {
                let truth = |value: &Expr| value.as_int().filter(|truth| [0, 1].contains(truth));
                value.as_exprs().and_then(|values| {
                    values.iter().all(|value| truth(value).is_some()).then(|| value.clone())
                })
            }
            _ => Some(value.clone()),
        };
        let dtype = tensor.dtype.map(|dtype| dtype.to_string()).unwrap_or_default();
        let value = value.ok_or_else(|| wrong(format!("takes elements of type {dtype}")))?;
        Ok(Given { shape, value: Some(value) })
    }
}

impl Question {
    /// Looks at the inputs' shapes: the leading extent of each is 1 unless the user says otherwise.
    pub fn new(model: &Model, options: &Options) -> Result<Question, AnalysisError> {
        let names = || model.graph.inputs.iter().map(|id| model.tensor(*id).name.to_string());
        let mut given = options.input_shapes.keys().chain(options.input_values.keys());
        if let Some(name) = given.find(|name| names().all(|known| known != **name)) {
            return Err(AnalysisError::NoSuchInput { name: name.clone(), known: names().collect() });
        }
        let unopened = model.graph.inputs.iter().map(|id| Given::of(model.tensor(*id), options));
        let unopened: Vec<Given> = unopened.collect::<Result<_, _>>()?;
        let mut inputs = unopened.clone();
        let freed = free::open(model, &options.free, &mut inputs)?;
        let is_freed = |symbol: &Symbol| freed.iter().any(|freed| freed.symbol == *symbol);
        let (mut symbols, mut leading) = (BTreeSet::new(), BTreeSet::new());
        for (id, given) in model.graph.inputs.iter().zip(&inputs) {
            // Members of a sequence may differ in what a symbol stands for: it cannot be bound.
            let declared = model.tensor(*id).declared.as_ref().filter(|_| !model.tensor(*id).is_sequence);
            let Some(shape) = given.shape.as_ref().or(declared) else { continue };
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

    /// The inputs for the numbers: freed extents stay as they were, unless the user gave them a value.
    pub(crate) fn inputs_for_numbers(&self) -> &[Given] {
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

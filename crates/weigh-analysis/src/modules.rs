//! The tree of modules that the layers come from, with the sums of each.

use std::collections::BTreeMap;

use weigh_ir::{Expr, Model};

use crate::Layer;

/// One module with everything inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its path: `layer1/0`.
    pub path: String,
    /// How deep it lies; 1 at the top.
    pub depth: usize,
    /// Elements of the parameters that its layers are the first to read.
    pub parameters: Expr,
    /// Multiply-accumulates of its priced layers.
    pub macs: Expr,
    /// Other operations of its priced layers.
    pub other_ops: Expr,
    /// Bytes of its layers' outputs, where they are known.
    pub output_bytes: Expr,
    /// The number of its layers.
    pub layers: usize,
    /// How many of them have no price.
    pub unpriced: usize,
}

/// The modules of a model's layers, parents before their children, otherwise in the order of execution.
pub fn module_tree(model: &Model, layers: &[Layer]) -> Vec<Module> {
    let mut modules: Vec<Module> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (node, layer) in model.graph.nodes.iter().zip(layers).filter(|(node, _)| !node.scope.is_empty()) {
        for (depth, end) in ends(&node.scope).enumerate() {
            let path = &node.scope[..end];
            let place = *places.entry(path).or_insert_with(|| {
                modules.push(Module::empty(path, depth + 1));
                modules.len() - 1
            });
            modules[place].add(layer);
        }
    }
    in_tree_order(modules)
}

/// Where the path of each module above, and of this one, ends.
fn ends(path: &str) -> impl Iterator<Item = usize> + '_ {
    path.match_indices('/').map(|(at, _)| at).chain([path.len()])
}

impl Module {
    fn empty(path: &str, depth: usize) -> Module {
        let zero = || Expr::ZERO;
        Module {
            path: path.to_owned(),
            depth,
            parameters: zero(),
            macs: zero(),
            other_ops: zero(),
            output_bytes: zero(),
            layers: 0,
            unpriced: 0,
        }
    }

    fn add(&mut self, layer: &Layer) {
        let add = |sum: &mut Expr, more: Option<&Expr>| {
            if let Some(more) = more {
                *sum += more;
            }
        };
        add(&mut self.parameters, Some(&layer.parameters));
        add(&mut self.macs, layer.macs.as_ref());
        add(&mut self.other_ops, layer.other_ops.as_ref());
        add(&mut self.output_bytes, layer.output_bytes.as_ref());
        self.layers += 1;
        self.unpriced += usize::from(layer.unpriced.is_some());
    }
}

/// Modules come in the order of their first layer; a module entered twice must still stand under its parent.
fn in_tree_order(modules: Vec<Module>) -> Vec<Module> {
    let first: BTreeMap<&str, usize> =
        modules.iter().enumerate().map(|(at, module)| (module.path.as_str(), at)).collect();
    let key = |module: &Module| -> Vec<usize> {
        ends(&module.path).filter_map(|end| first.get(&module.path[..end]).copied()).collect()
    };
    let mut keyed: Vec<(Vec<usize>, usize)> = modules.iter().map(key).zip(0..).collect();
    keyed.sort();
    let mut slots: Vec<Option<Module>> = modules.into_iter().map(Some).collect();
    keyed.into_iter().filter_map(|(_, at)| slots[at].take()).collect()
}

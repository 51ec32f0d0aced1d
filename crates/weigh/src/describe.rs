//! From facts to the document: every figure of the analysis at its place in the [`Report`].

use weigh_analysis::{
    Activations, Analysis, Extent, Freed, Layer, Member, Module, Placement, Port, Scaling, StepMemory,
    Totals, module_tree,
};
use weigh_ir::{DType, Expr, Model, Node, Severity, Shape, Symbol, TensorId, bytes_of};
use weigh_report::report;
use weigh_report::{Count, Report};

use crate::Opened;

/// The report of a model's facts.
pub fn describe(opened: &Opened, facts: &Analysis) -> Report {
    let names = |symbols: &[Symbol]| symbols.iter().map(Symbol::to_string).collect();
    Report {
        model: Some(model(opened, facts)),
        bindings: facts.bindings.iter().map(|(symbol, value)| (symbol.to_string(), *value)).collect(),
        assumed: names(&facts.assumed),
        unbound: names(&facts.unbound),
        totals: Some(totals(opened, facts)),
        scaling: facts.scaling.as_ref().map(|formulas| scaling(formulas, &facts.totals)),
        coverage: Some(report::Coverage {
            nodes: facts.coverage.nodes as u64,
            shaped: facts.coverage.shaped as u64,
            priced: facts.coverage.priced as u64,
            unknown: facts
                .coverage
                .unknown
                .iter()
                .map(|(op, count)| report::UnknownOp { op: op.clone(), count: *count as u64 })
                .collect(),
        }),
        layers: opened
            .model
            .graph
            .nodes
            .iter()
            .zip(&facts.layers)
            .enumerate()
            .map(|(index, (node, figures))| layer(&opened.model, node, figures, layer_formula(facts, index)))
            .collect(),
        modules: module_tree(&opened.model, &facts.layers).iter().map(module).collect(),
        diagnostics: facts.diagnostics.iter().map(diagnostic).collect(),
        ..Report::default()
    }
}

/// Memory over the steps of an inference, for [`Report::memory`].
pub fn describe_memory(opened: &Opened, facts: &Analysis) -> report::Memory {
    let nodes = &opened.model.graph.nodes;
    let step = |(node, step): (&Node, &StepMemory)| report::MemoryStep {
        node: node.name.to_string(),
        live_bytes: step.live_bytes.as_ref().and_then(count),
        in_place_bytes: step.in_place_bytes.as_ref().and_then(count),
        workspace_bytes: step.workspace.bytes.as_ref().and_then(count),
        workspace_for: Some(step.workspace.purpose).filter(|purpose| !purpose.is_empty()).map(str::to_owned),
    };
    let tensor = |index| TensorId::new(index).map(|id| opened.model.tensor(id).name.to_string());
    let placement = |placed: &Placement| report::Placement {
        tensor: placed.tensor.and_then(tensor),
        offset: placed.offset,
        bytes: placed.bytes,
        first: placed.first as u64,
        last: placed.last as u64,
    };
    let name = |at: &usize| nodes.get(*at).map(|node| node.name.to_string());
    report::Memory {
        steps: nodes.iter().zip(&facts.steps).map(step).collect(),
        best_order: facts.best_order.as_ref().map(|order| order.iter().filter_map(name).collect()),
        arena: facts.arena.as_ref().map(|arena| report::Arena {
            bytes: arena.bytes,
            strategy: arena.strategy.to_owned(),
            placements: arena.placements.iter().map(placement).collect(),
        }),
    }
}

fn model(opened: &Opened, facts: &Analysis) -> report::Model {
    let (format, version) = match opened.model.format.split_once(' ') {
        Some((format, version)) => (format, Some(version.to_owned())),
        None => (opened.model.format.as_str(), None),
    };
    // Extents as the file declares them, so that symbols can be seen, unless the user gave inputs other ones.
    let declared = |id: &TensorId| opened.model.tensor(*id).declared.as_ref();
    let is_reshaped = facts.inputs.iter().zip(&opened.model.graph.inputs).any(|(port, id)| {
        let bind = |shape: &Shape| Shape::new(shape.dims().iter().map(|dim| dim.bind(&facts.bindings)));
        declared(id).is_some_and(|shape| port.shape != Some(bind(shape)))
    });
    let known = |shape: &Shape| report::Shape::known(shape.dims().iter().cloned());
    let tensors = |ports: &[Port], ids: &[TensorId], freed: &[Freed]| {
        let tensor = |(position, (port, id)): (usize, (&Port, &TensorId))| {
            let is_sequence = opened.model.tensor(*id).is_sequence;
            let shape =
                declared(id).filter(|_| !is_reshaped && !is_sequence).or(port.shape.as_ref()).cloned();
            let open = freed.iter().filter(|freed| freed.input == position);
            let shape = open.fold(shape, |shape, freed| {
                shape.map(|shape| shape.with(freed.axis, Expr::symbol(freed.symbol.as_str())))
            });
            let member = |member: &Member| report::Member {
                dtype: member.dtype.map(|dtype| dtype.to_string()),
                shape: member.shape.as_ref().map(known),
            };
            report::Tensor {
                name: port.name.clone(),
                dtype: port.dtype.map(|dtype| dtype.to_string()),
                shape: shape.as_ref().map(known),
                members: port.members.as_ref().map(|members| members.iter().map(member).collect()),
            }
        };
        ports.iter().zip(ids).enumerate().map(tensor).collect()
    };
    report::Model {
        path: opened.path.clone(),
        name: opened.name.clone(),
        format: if opened.file.is_some() { format.to_lowercase() } else { "zoo".to_owned() },
        format_version: version.filter(|_| opened.file.is_some()),
        producer: None,
        file_bytes: opened.file_bytes,
        inputs: tensors(&facts.inputs, &opened.model.graph.inputs, &facts.freed),
        outputs: tensors(&facts.outputs, &opened.model.graph.outputs, &[]),
    }
}

fn count(expr: &Expr) -> Option<Count> {
    Some(Count(expr.clone()))
}

fn totals(opened: &Opened, facts: &Analysis) -> report::Totals {
    let totals = &facts.totals;
    let at = |dtype: DType| bytes_of(&totals.parameters, dtype).map(Count);
    let ratio = |a: &Expr, b: &Expr| Some(a.as_int()? as f64 / b.as_int().filter(|bytes| *bytes > 0)? as f64);
    let by_dtype = totals
        .parameters_by_dtype
        .iter()
        .filter_map(|(dtype, elements)| Some((dtype.to_string(), Count(bytes_of(elements, *dtype)?))));
    let workspace = totals.needs.workspace_of.as_ref();
    report::Totals {
        complete: report::Complete {
            compute: facts.coverage.priced == facts.coverage.nodes,
            memory: totals.activations.complete,
            workspace: totals.needs.complete,
        },
        parameters: count(&totals.parameters),
        buffers: count(&totals.buffers),
        parameter_bytes: count(&totals.parameter_bytes),
        parameter_bytes_by_dtype: by_dtype.collect(),
        constant_bytes: count(&totals.constant_bytes),
        model_size: report::ModelSize {
            stored_bytes: i64::try_from(totals.stored_bytes).ok().map(Count::from),
            file_bytes: opened.file_bytes,
            fp32_bytes: at(DType::F32),
            fp16_bytes: at(DType::F16),
            int8_bytes: at(DType::I8),
            int4_bytes: at(DType::I4),
        },
        macs: count(&totals.macs),
        flops: count(&totals.flops()),
        other_ops: count(&totals.other_ops),
        bytes_moved: count(&totals.bytes_moved),
        arithmetic_intensity: ratio(&totals.flops(), &totals.bytes_moved),
        activations: Some(activations(&totals.activations)),
        weight_bytes: count(&totals.weight_bytes()),
        workspace_bytes: count(&totals.needs.workspace),
        workspace_for: workspace.map(|(_, purpose)| (*purpose).to_owned()),
        workspace_at: workspace.map(|(node, _)| node.clone()),
        device_bytes: count(&totals.device_bytes()),
        device_bytes_at: totals.needs.at.clone(),
    }
}

fn activations(activations: &Activations) -> report::Activations {
    let extent = |extent: &Extent| report::Extent {
        elements: Count(extent.elements.clone()),
        bytes: Count(extent.bytes.clone()),
    };
    report::Activations {
        total: Some(extent(&activations.total)),
        peak: Some(extent(&activations.peak)),
        peak_at: activations.peak_at.clone(),
        in_place_total: Some(extent(&activations.in_place_total)),
        in_place_peak: Some(extent(&activations.in_place_peak)),
        best_order_peak: activations.best_order_peak.as_ref().map(extent),
        best_order: activations.best_order.map(str::to_owned),
        best_order_is_optimal: activations.best_order_is_optimal,
        lower_bound: activations.lower_bound.as_ref().map(extent),
        arena_bytes: activations.arena_bytes.and_then(|bytes| i64::try_from(bytes).ok()).map(Count::from),
    }
}

/// The growth in more symbols than this is not told.
const MAX_SYMBOLS: usize = 64;

fn scaling(formulas: &Scaling, totals: &Totals) -> report::Scaling {
    let formula = |expr: &Expr| Some(report::Formula(expr.clone()));
    let mut symbols = std::collections::BTreeSet::new();
    for expr in formulas.all() {
        expr.for_each_symbol(&mut |symbol| {
            symbols.insert(symbol.clone());
        });
    }
    let growth = |symbol: &Symbol| {
        let of = |expr: &Expr| expr.degree(symbol);
        report::Growth {
            symbol: symbol.to_string(),
            parameters: of(&totals.parameters),
            macs: of(&formulas.macs),
            flops: of(&formulas.macs),
            other_ops: of(&formulas.other_ops),
            bytes_moved: of(&formulas.bytes_moved),
            activation_bytes: of(&formulas.activation_bytes),
            peak_activation_bytes: of(&formulas.peak_activation_bytes),
        }
    };
    report::Scaling {
        macs: formula(&formulas.macs),
        flops: formula(&(&formulas.macs * 2)),
        other_ops: formula(&formulas.other_ops),
        bytes_moved: formula(&formulas.bytes_moved),
        parameters: formula(&totals.parameters),
        activation_bytes: formula(&formulas.activation_bytes),
        peak_activation_bytes: formula(&formulas.peak_activation_bytes),
        growth: symbols.iter().take(MAX_SYMBOLS).map(growth).collect(),
        symbols: symbols.iter().map(Symbol::to_string).collect(),
    }
}

/// The multiply-accumulates of a node as a formula, where they depend on a symbol and the formula gives the number.
fn layer_formula(facts: &Analysis, index: usize) -> Option<report::Formula> {
    let formula = facts.scaling.as_ref()?.layer_macs.get(index)?.as_ref()?;
    let is_open = matches!(formula, Expr::Formula(_));
    let number = facts.layers.get(index)?.macs.as_ref()?;
    (is_open && formula.bind(&facts.bindings) == *number).then(|| report::Formula(formula.clone()))
}

fn layer(model: &Model, node: &Node, layer: &Layer, macs_formula: Option<report::Formula>) -> report::Layer {
    let name = |id: &Option<TensorId>| id.map(|id| model.tensor(id).name.to_string()).unwrap_or_default();
    let optional = |expr: &Option<Expr>| expr.as_ref().and_then(count);
    let shape = |shape: &Option<weigh_ir::Shape>| {
        shape.as_ref().map(|shape| report::Shape::known(shape.dims().iter().cloned()))
    };
    report::Layer {
        name: node.name.to_string(),
        op: node.op.name().to_owned(),
        detail: layer.detail.clone(),
        scope: node.scope.to_string(),
        inputs: node.inputs.iter().map(name).collect(),
        outputs: node.outputs.iter().map(name).collect(),
        output_shapes: layer.output_shapes.iter().map(shape).collect(),
        parameters: count(&layer.parameters),
        macs: optional(&layer.macs),
        macs_formula,
        flops: layer.macs.as_ref().map(|macs| Count(macs * 2)),
        other_ops: optional(&layer.other_ops),
        bytes_moved: optional(&layer.bytes_moved),
        output_elements: optional(&layer.output_elements),
        live_bytes: optional(&layer.live_bytes),
        unpriced: layer.unpriced.map(str::to_owned),
    }
}

fn module(module: &Module) -> report::Module {
    report::Module {
        path: module.path.clone(),
        depth: u32::try_from(module.depth).unwrap_or(u32::MAX),
        parameters: count(&module.parameters),
        macs: count(&module.macs),
        flops: Some(Count(&module.macs * 2)),
        other_ops: count(&module.other_ops),
        output_bytes: count(&module.output_bytes),
        layers: module.layers as u64,
        unpriced: module.unpriced as u64,
    }
}

fn diagnostic(found: &weigh_ir::Diagnostic) -> report::Diagnostic {
    report::Diagnostic {
        severity: match found.severity {
            Severity::Error => report::Severity::Error,
            Severity::Warning => report::Severity::Warning,
            Severity::Note => report::Severity::Note,
        },
        code: found.code.to_owned(),
        message: found.message.clone(),
        node: found.node.clone(),
    }
}

//! The whole way with every architecture of the zoo: published totals, sums that add up, formulas that bind to
//! the numbers, files that say the same as the graphs they were written from, and the same report every time.

use std::collections::BTreeMap;

use weigh::ir::{Bindings, Expr, Model, Symbol};
use weigh::{Analysis, Opened, Options, analyze};
use weigh_analysis::module_tree;
use weigh_formats::Surroundings;
use weigh_formats::onnx::{Weights, WriteOptions};
use weigh_zoo::{ENTRIES, Entry};

fn build(entry: &Entry) -> Model {
    (entry.build)(&weigh_zoo::Options::default())
}

fn facts(model: &Model, dims: &[(&str, i64)]) -> Analysis {
    let bindings = bindings(dims);
    analyze(model, &Options { bindings, ..Options::default() }).expect("facts")
}

fn bindings(dims: &[(&str, i64)]) -> Bindings {
    dims.iter().map(|(name, value)| (Symbol::new(name), *value)).collect()
}

/// The open dims of an architecture.
fn symbols(model: &Model) -> Vec<String> {
    let mut symbols = std::collections::BTreeSet::new();
    for id in &model.graph.inputs {
        for dim in model.tensor(*id).declared.as_ref().expect("a declared shape").dims() {
            dim.for_each_symbol(&mut |symbol| {
                symbols.insert(symbol.to_string());
            });
        }
    }
    symbols.into_iter().collect()
}

/// Those of the values that the architecture has a dim for.
fn fitting<'d>(model: &Model, dims: &[(&'d str, i64)]) -> Vec<(&'d str, i64)> {
    let known = symbols(model);
    dims.iter().filter(|(name, _)| known.iter().any(|symbol| symbol == name)).copied().collect()
}

/// Values for every dim that an architecture of the zoo has.
const CHOICES: [[(&str, i64); 3]; 3] = [
    [("batch", 1), ("seq", 128), ("past", 128)],
    [("batch", 7), ("seq", 1), ("past", 0)],
    [("batch", 32), ("seq", 509), ("past", 1023)],
];

fn plain(expr: &Expr) -> i64 {
    expr.as_int().unwrap_or_else(|| panic!("{expr} is no number"))
}

#[test]
fn reference_totals() {
    // torchvision's published metadata: parameters, and giga-MACs (printed under the name of FLOPs) to three digits.
    let published = [
        ("alexnet", 61_100_840, "0.714"),
        ("resnet18", 11_689_512, "1.814"),
        ("resnet50", 25_557_032, "4.089"),
        ("resnet152", 60_192_808, "11.514"),
        ("vgg16", 138_357_544, "15.470"),
        ("squeezenet1_0", 1_248_424, "0.819"),
        ("mobilenet_v2", 3_504_872, "0.301"),
        ("mobilenet_v3_small", 2_542_856, "0.057"),
        ("efficientnet_b0", 5_288_548, "0.386"),
        ("densenet121", 7_978_856, "2.834"),
        ("vit_b_16", 86_567_656, "17.564"),
    ];
    for (name, parameters, giga) in published {
        let model = build(weigh_zoo::find(name).expect("an entry"));
        let totals = facts(&model, &[]).totals;
        assert_eq!(plain(&totals.parameters), parameters, "{name}");
        assert_eq!(format!("{:.3}", plain(&totals.macs) as f64 / 1e9), giga, "{name}");
        assert_eq!(totals.flops(), &totals.macs * 2, "{name}");
    }
}

#[test]
fn vit_to_the_last_digit() {
    let model = build(weigh_zoo::find("vit_b_16").expect("an entry"));
    let facts = facts(&model, &[]);
    assert_eq!(plain(&facts.totals.macs), 17_563_828_224);
    // Products of activations with each other: queries by keys and weights by values, 12 layers of 197²·768 each.
    assert_eq!(12 * 2 * 197 * 197 * 768, 715_327_488);
    let has_no_weights = |layer: &&weigh_analysis::Layer| layer.parameters == Expr::ZERO;
    let attention: i64 = facts
        .layers
        .iter()
        .filter(has_no_weights)
        .map(|layer| plain(layer.macs.as_ref().expect("priced")))
        .sum();
    assert_eq!(attention, 715_327_488);
}

/// All that the figures of a model's parts must add up to.
fn adds_up(name: &str, model: &Model, facts: &Analysis) {
    let totals = &facts.totals;
    let sum = |of: fn(&weigh_analysis::Layer) -> &Expr| facts.layers.iter().map(of).sum::<Expr>();
    let known = |value: &'static str, expr: &Option<Expr>| match expr {
        Some(expr) => expr.clone(),
        None => panic!("{name}: a layer without {value}"),
    };
    let total = |value: &'static str, of: fn(&weigh_analysis::Layer) -> &Option<Expr>| {
        facts.layers.iter().map(|layer| known(value, of(layer))).sum::<Expr>()
    };
    assert_eq!(sum(|layer| &layer.parameters), totals.parameters, "{name}: parameters");
    assert_eq!(total("MACs", |layer| &layer.macs), totals.macs, "{name}: MACs");
    assert_eq!(
        total("other operations", |layer| &layer.other_ops),
        totals.other_ops,
        "{name}: other operations"
    );
    assert_eq!(total("bytes moved", |layer| &layer.bytes_moved), totals.bytes_moved, "{name}: bytes moved");

    let unscoped = || model.graph.nodes.iter().zip(&facts.layers).filter(|(node, _)| node.scope.is_empty());
    let modules = module_tree(model, &facts.layers);
    let top = || modules.iter().filter(|module| module.depth == 1);
    let both = |of_module: fn(&weigh_analysis::Module) -> &Expr,
                of_layer: fn(&weigh_analysis::Layer) -> Expr| {
        top().map(of_module).sum::<Expr>() + unscoped().map(|(_, layer)| of_layer(layer)).sum::<Expr>()
    };
    let value = |expr: &Option<Expr>| expr.clone().unwrap_or_default();
    assert_eq!(
        both(|module| &module.parameters, |layer| layer.parameters.clone()),
        totals.parameters,
        "{name}"
    );
    assert_eq!(
        both(|module| &module.macs, |layer| layer.macs.clone().unwrap_or_default()),
        totals.macs,
        "{name}"
    );
    assert_eq!(
        both(|module| &module.other_ops, |layer| layer.other_ops.clone().unwrap_or_default()),
        totals.other_ops,
        "{name}"
    );
    let outputs = facts.layers.iter().map(|layer| value(&layer.output_bytes)).sum::<Expr>();
    assert_eq!(
        both(|module| &module.output_bytes, |layer| layer.output_bytes.clone().unwrap_or_default()),
        outputs,
        "{name}"
    );
    let layers: usize = top().map(|module| module.layers).sum();
    assert_eq!(layers + unscoped().count(), facts.layers.len(), "{name}");
    // Every module but those at the top stands right under its parent.
    let mut path: Vec<&str> = Vec::new();
    for module in &modules {
        path.truncate(module.depth - 1);
        let parent = path.join("/");
        assert_eq!(module.path.rsplit_once('/').map_or("", |(parent, _)| parent), parent, "{name}");
        path.push(module.path.rsplit('/').next().unwrap_or_default());
    }
}

#[test]
fn the_parts_add_up() {
    for entry in ENTRIES {
        let model = build(entry);
        let all_bound = fitting(&model, &CHOICES[0]);
        assert_eq!(all_bound.len(), symbols(&model).len(), "{}", entry.name);
        for dims in [&all_bound[..], &[]] {
            let facts = facts(&model, dims);
            assert!(facts.coverage.is_complete(), "{}: {:?}", entry.name, facts.coverage);
            assert_eq!(facts.coverage.nodes, model.graph.node_count(), "{}", entry.name);
            assert!(facts.diagnostics.is_empty(), "{}: {:?}", entry.name, facts.diagnostics);
            adds_up(entry.name, &model, &facts);
            if !dims.is_empty() {
                assert!(facts.unbound.is_empty() && facts.assumed.is_empty(), "{}", entry.name);
                assert!(facts.totals.macs.as_int().is_some(), "{}", entry.name);
                let activations = &facts.totals.activations;
                let best = activations.best_order_peak.as_ref().expect("sizes are numbers");
                let lower = activations.lower_bound.as_ref().expect("there are steps");
                assert!(plain(&lower.bytes) <= plain(&best.bytes), "{}", entry.name);
                assert!(plain(&best.bytes) <= plain(&activations.peak.bytes), "{}", entry.name);
                assert!(
                    plain(&activations.in_place_peak.bytes) <= plain(&activations.peak.bytes),
                    "{}",
                    entry.name
                );
                let arena = activations.arena_bytes.expect("a plan");
                assert!(arena as i64 >= plain(&activations.peak.bytes), "{}", entry.name);
            }
        }
    }
}

#[test]
fn formulas_bind_to_the_numbers() {
    for entry in ENTRIES {
        let model = build(entry);
        let scaling = facts(&model, &[]).scaling;
        let scaling = scaling.unwrap_or_else(|| panic!("{} has no formulas", entry.name));
        for dims in &CHOICES {
            let dims = fitting(&model, dims);
            let bound = facts(&model, &dims).totals;
            let pairs = [
                ("MACs", &scaling.macs, &bound.macs),
                ("other operations", &scaling.other_ops, &bound.other_ops),
                ("bytes moved", &scaling.bytes_moved, &bound.bytes_moved),
                ("activations", &scaling.activation_bytes, &bound.activations.total.bytes),
                ("peak", &scaling.peak_activation_bytes, &bound.activations.peak.bytes),
            ];
            for (what, formula, number) in pairs {
                assert_eq!(formula.bind(&bindings(&dims)), *number, "{}: {what} at {dims:?}", entry.name);
                assert!(number.as_int().is_some(), "{}: {what} at {dims:?}", entry.name);
            }
        }
    }
}

#[test]
fn parameters_do_not_depend_on_dims() {
    for entry in ENTRIES {
        let model = build(entry);
        let parameters = facts(&model, &[]).totals.parameters;
        for dims in &CHOICES {
            assert_eq!(facts(&model, &fitting(&model, dims)).totals.parameters, parameters, "{}", entry.name);
        }
    }
}

fn read_back(model: &Model, weights: Weights) -> Model {
    let bytes = weigh_formats::onnx::write(model, &WriteOptions { weights }).expect("it can be written");
    weigh_formats::read(&bytes, &Surroundings { external_size: &|_| None }).expect("it can be read")
}

/// All figures that must be the same for a graph and for the file written from it.
fn figures(model: &Model, dims: &[(&str, i64)]) -> BTreeMap<&'static str, Expr> {
    let facts = facts(model, dims);
    assert!(facts.coverage.is_complete(), "{:?}", facts.coverage);
    let totals = facts.totals;
    let activations = totals.activations;
    [
        ("parameters", totals.parameters),
        ("buffers", totals.buffers),
        ("parameter bytes", totals.parameter_bytes),
        ("MACs", totals.macs),
        ("other operations", totals.other_ops),
        ("bytes moved", totals.bytes_moved),
        ("activations", activations.total.elements),
        ("activation bytes", activations.total.bytes),
        ("peak", activations.peak.elements),
        ("peak bytes", activations.peak.bytes),
        ("in place", activations.in_place_total.bytes),
        ("peak in place", activations.in_place_peak.bytes),
        ("best order", activations.best_order_peak.unwrap_or_default().bytes),
        ("arena", activations.arena_bytes.map_or(Expr::ZERO, |bytes| Expr::Int(bytes as i64))),
    ]
    .into()
}

#[test]
fn files_with_zero_weights_say_the_same() {
    for entry in ENTRIES {
        let model = build(entry);
        let back = read_back(&model, Weights::Zero);
        let all_bound = fitting(&model, &CHOICES[0]);
        for dims in [&all_bound[..], &[]] {
            assert_eq!(figures(&back, dims), figures(&model, dims), "{}", entry.name);
        }
    }
}

#[test]
fn files_with_random_weights_say_the_same() {
    let mut tried = 0;
    for entry in ENTRIES {
        let model = build(entry);
        if plain(&facts(&model, &[]).totals.parameters) > 4_500_000 {
            continue;
        }
        tried += 1;
        let back = read_back(&model, Weights::Random { seed: 7 });
        let dims = fitting(&model, &CHOICES[1]);
        assert_eq!(figures(&back, &dims), figures(&model, &dims), "{}", entry.name);
    }
    assert!(tried >= 4, "{tried} small models");
}

#[test]
fn the_same_report_every_time() {
    for entry in ENTRIES {
        let document = || {
            let model = build(entry);
            let facts = facts(&model, &[]);
            let name = entry.name.to_owned();
            let opened = Opened { path: name.clone(), name, model, file: None, file_bytes: None };
            serde_json::to_string(&weigh::describe(&opened, &facts)).expect("JSON")
        };
        assert_eq!(document(), document(), "{}", entry.name);
    }
}

#[test]
fn the_same_report_whatever_the_threads() {
    let models =
        ["zoo:resnet50", "zoo:lstm", "zoo:bert_base", "zoo:nonsense", "zoo:alexnet", "zoo:gpt2-decode"];
    let run = |threads: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_weigh"));
        command.arg("inspect").args(models).args(["--format", "json"]).env("RAYON_NUM_THREADS", threads);
        let output = command.output().expect("it runs");
        assert_eq!(output.status.code(), Some(2));
        (output.stdout, output.stderr)
    };
    let one = run("1");
    assert!(one.0.len() > 10_000);
    for threads in ["2", "8"] {
        assert!(run(threads) == one, "{threads} threads give another report");
    }
}

//! The published schema is a schema, real documents obey it, and the paths that are promised are there.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use assert_cmd::Command;
use serde_json::Value;

fn json(arguments: &str) -> Value {
    let mut command = Command::cargo_bin("weigh").unwrap();
    let output =
        command.env("XDG_CONFIG_HOME", "/nowhere").args(arguments.split_whitespace()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn obeys(schema: &jsonschema::Validator, document: &Value, what: &str) {
    let problems: Vec<String> = schema
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .take(5)
        .collect();
    assert!(problems.is_empty(), "{what}: {problems:#?}");
}

/// Follows a path (`totals.activations.{total,peak}.bytes`, `layers[].name`) to all values that it leads to, at
/// least one for each way that it branches.
fn follow<'v>(document: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut found = vec![document];
    for step in path.split('.') {
        let (names, is_list) = match step.strip_suffix("[]") {
            Some(names) => (names, true),
            None => (step, false),
        };
        let names: Vec<&str> = match names.strip_prefix('{').and_then(|names| names.strip_suffix('}')) {
            Some(several) => several.split(',').collect(),
            None => vec![names],
        };
        let mut next = Vec::new();
        for value in found {
            for name in &names {
                let object = value.as_object().unwrap_or_else(|| panic!("{path}: {step} of no object"));
                let value = object.get(*name).unwrap_or_else(|| panic!("{path}: there is no {name}"));
                match value.as_array().filter(|_| is_list) {
                    Some(list) => next.extend(list),
                    None if is_list => panic!("{path}: {name} is no list"),
                    None => next.push(value),
                }
            }
        }
        assert!(!next.is_empty(), "{path}: {step} is empty");
        found = next;
    }
    found
}

/// Of every analysed model.
const STATIC: &[&str] = &[
    "schema",
    "model.{path,name,format,file_bytes}",
    "model.{inputs,outputs}[].{name,dtype,shape}",
    "bindings",
    "assumed",
    "unbound",
    "totals.{parameters,buffers,parameter_bytes,constant_bytes}",
    "totals.{macs,flops,other_ops,bytes_moved}",
    "totals.activations.{total,peak,in_place_total,in_place_peak}.{elements,bytes}",
    "totals.activations.{arena_bytes,best_order_is_optimal}",
    "totals.{weight_bytes,workspace_bytes,device_bytes}",
    "scaling.{parameters,macs,flops,other_ops,bytes_moved,activation_bytes,peak_activation_bytes}",
    "scaling.growth[].{symbol,parameters,macs,flops,other_ops,bytes_moved,activation_bytes,peak_activation_bytes}",
    "coverage.{nodes,shaped,priced,unknown}",
    "layers[].{name,op,scope,inputs,outputs,output_shapes,parameters,macs,flops,other_ops,bytes_moved,output_elements}",
    "layers[].live_bytes",
    "{environment,measurements,sweep,engines,devices,predictions,comparisons,verdicts,advice,diagnostics}",
];

/// Where every size is a number.
const BOUND: &[&str] = &["totals.activations.best_order_peak.{elements,bytes}"];

/// Where several configurations were measured.
const SWEPT: &[&str] = &["sweep.{unit,pareto,sweet_spot,slo,interrupted}"];

/// Where something was measured.
const MEASURED: &[&str] = &[
    "environment.{cpu,cores,memory_bytes,os,engines}",
    "measurements[].engine.{name,version}",
    "measurements[].{threads,batch,samples,load_ms,first_ms,steady,layers,notes}",
    "measurements[].{optimization,provider,streams,processes,rounds,failed,rebatched,data,scenario}",
    "measurements[].warm_up.{runs,ms,settled}",
    "measurements[].outliers.{mild_low,severe_low,mild_high,severe_high}",
    "measurements[].noise.{steal,throttled_ms,pressure_cpu,other_cpu,load_average,sentinel_variation,verdict}",
    "measurements[].stages.{load,preprocess,inference,postprocess,total}",
    "measurements[].stages.{inference,total}.{min_ms,mean_ms,stddev_ms,p50_ms,p50_ci_ms,p90_ms,p95_ms,p99_ms,p999_ms}",
    "measurements[].throughput.{per_second,ci,unit}",
    "measurements[].memory.{peak_rss_bytes,model_rss_bytes}",
];

#[test]
fn documents_obey_the_schema_and_have_what_is_promised() {
    let schema = json("schema");
    assert!(jsonschema::meta::is_valid(&schema), "{:?}", jsonschema::meta::validate(&schema).err());
    assert_eq!(schema["$id"], "weigh.report/1");
    let validator = jsonschema::validator_for(&schema).unwrap();

    for arguments in [
        "inspect zoo:resnet50",
        "inspect zoo:resnet50 --memory",
        "inspect zoo:resnet50 --training --memory-limit 1GiB",
        "inspect zoo:alexnet-2012",
        "inspect zoo:resnet50 --free 2=h,3=w",
        "inspect zoo:vit_b_16 --dim batch=8",
        "inspect zoo:bert_base",
        "inspect zoo:bert_base --dim seq=128",
        "inspect zoo:gpt2-decode",
        "inspect zoo:gpt2-decode --dim past=127,batch=2",
        "inspect zoo:lstm",
        "inspect zoo:resnet50 --input input:1x4x224x224",
        "layer conv --in 3 --out 64 --kernel 3 --output 224x224",
    ] {
        let report = json(&format!("{arguments} --format json"));
        obeys(&validator, &report, arguments);
        assert_eq!(report["schema"], "weigh.report/1");
        if arguments.starts_with("layer") || arguments.contains("1x4x") {
            continue;
        }
        let is_bound = report["unbound"] == serde_json::json!([]);
        let has_formulas = !report["scaling"].is_null();
        let paths = STATIC.iter().chain(if is_bound { BOUND } else { &[] });
        for path in paths.filter(|path| has_formulas || !path.starts_with("scaling")) {
            let values = follow(&report, path);
            let is_figure = ["totals", "scaling", "layers"].iter().any(|start| path.starts_with(start));
            // No arena while sizes are formulas; nothing is alive in the step of a node that runs only at load.
            let is_open = path.contains("arena") || path.contains("live_bytes");
            if is_figure && !is_open {
                assert!(values.iter().all(|value| !value.is_null()), "{arguments}: {path} is null");
            }
        }
        let arena = &report["totals"]["activations"]["arena_bytes"];
        assert_eq!(arena.is_number(), is_bound, "{arguments}: {arena}");
        let layers = report["layers"].as_array().unwrap();
        assert!(layers.iter().any(|layer| !layer["live_bytes"].is_null()), "{arguments}");
    }

    // What a person gives completely has no formulas; what the file leaves open has.
    assert!(json("inspect zoo:bert_base --dim seq=8,batch=1 --format json")["scaling"].is_null());

    let ticket = json("zoo:lstm --dim seq=2,batch=1 --format json");
    obeys(&validator, &ticket, "a measured ticket");
    for path in MEASURED {
        follow(&ticket, path);
    }
    assert!(ticket["measurements"][0]["samples"].as_u64().unwrap() > 0);
    let swept = json(
        "measure zoo:lstm --engine rten --dim seq=2 --batch 1,2 --processes 2 --min-time 0.02 --format json",
    );
    obeys(&validator, &swept, "a sweep");
    for path in MEASURED.iter().chain(SWEPT) {
        follow(&swept, path);
    }
    let engines = json("engines --format json");
    obeys(&validator, &engines, "engines");
    follow(&engines, "engines[].{name,usable,default,version,library,providers,reason,hint}");
    let devices = json("hardware show rtx-3090 --format json");
    obeys(&validator, &devices, "devices");
    follow(
        &devices,
        "devices[].{name,title,class,vendor,released,file,idle_watts,rent_usd_per_hour,battery_wh}",
    );
    follow(&devices, "devices[].peak_flops.{fp32,fp16,int8}.{dense,sparse,unit,basis,source,date}");
    follow(
        &devices,
        "devices[].{memory_bytes,bandwidth_bytes_per_s,usable_bytes,launch_s,watts}.{value,basis,source,date}",
    );
    assert_eq!(devices["devices"][0]["peak_flops"]["fp32"]["dense"], 35.6e12);
    let unmeasured = json("zoo:lstm --format json");
    obeys(&validator, &unmeasured, "a ticket without a measurement");
    assert_eq!(unmeasured["measurements"][0]["samples"], 0);
}

#[test]
fn the_schema_refuses_what_is_no_report() {
    let validator = jsonschema::validator_for(&json("schema")).unwrap();
    let mut report = json("inspect zoo:lstm --format json");
    assert!(validator.is_valid(&report));
    report["totals"]["macs"] = serde_json::json!(1.5);
    assert!(!validator.is_valid(&report));
    report["totals"]["macs"] = Value::Null;
    assert!(validator.is_valid(&report));
    report["schema"] = serde_json::json!("weigh.report/2");
    assert!(!validator.is_valid(&report));
}

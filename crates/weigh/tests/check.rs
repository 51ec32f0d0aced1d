//! `weigh check` as people and CI meet it: a budget that passes and one that fails on a real model, what is named as the
//! cause, and everything that is refused. Nothing depends on how fast anything is.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;
use weigh_formats::onnx::{WriteOptions, write};
use weigh_ir::{Model, Shape, Stored, Tensor};
use weigh_zoo::{Batch, Options};

/// As little as makes a measurement.
const SHORT: [&str; 6] = ["--engine", "rten", "--processes", "2", "--min-time", "0.02"];

fn weigh<S: AsRef<std::ffi::OsStr>>(folder: &Path, arguments: &[S]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weigh"));
    command.args(arguments).current_dir(folder).env("LC_CTYPE", "C.UTF-8").env("XDG_CONFIG_HOME", "/nowhere");
    command.env_remove("LC_ALL").output().unwrap()
}

/// The exit code, and what was printed.
fn check(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = weigh(folder, &[&["check"], arguments].concat());
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// What is said where nothing can be checked.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = weigh(folder, &[&["check"], arguments].concat());
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// ResNet-50 of batch 1.
fn resnet50() -> Model {
    (weigh_zoo::find("resnet50").unwrap().build)(&Options { batch: Batch::Fixed(1) })
}

/// The same with 1024 in place of 512 channels between two convolutions: every extent of 512 of the first's outputs, of
/// the normalisation between them and of the second's inputs is doubled.
fn widened() -> Model {
    let mut model = resnet50();
    let stored = |model: &Model, node: &str, input: usize| {
        let node = model.graph.nodes.iter().find(|found| &*found.name == node).unwrap();
        node.inputs[input].unwrap().index()
    };
    let mut edits =
        vec![(stored(&model, "layer4/0/conv2/Conv", 1), 0), (stored(&model, "layer4/0/conv3/Conv", 1), 1)];
    edits.extend((1..5).map(|input| (stored(&model, "layer4/0/bn2/BatchNormalization", input), 0)));
    for (tensor, axis) in edits {
        let old = model.tensors[tensor].clone();
        let data = old.stored.as_ref().unwrap();
        let shape = data.shape.with(axis, 1024_i64.into());
        let wide = Stored { shape: shape.clone(), bytes: data.bytes * 2, ..Stored::clone(data) };
        let declared = old.declared.as_ref().map(|_| shape);
        model.tensors[tensor] = Tensor { declared, stored: Some(Arc::new(wide)), ..old };
    }
    // What inference said of the narrow tensors in between holds no more.
    let kept: Vec<usize> =
        model.graph.inputs.iter().chain(&model.graph.outputs).map(|id| id.index()).collect();
    for (index, tensor) in model.tensors.iter_mut().enumerate() {
        if tensor.stored.is_none() && !kept.contains(&index) {
            tensor.declared = None::<Shape>;
        }
    }
    model
}

fn save(model: &Model, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("resnet50.onnx"), write(model, &WriteOptions::default()).unwrap()).unwrap();
}

/// `main/resnet50.onnx`, `wide/resnet50.onnx`, `baseline.json` of the first, `budget.toml`.
fn project() -> TempDir {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    save(&resnet50(), &at.join("main"));
    save(&widened(), &at.join("wide"));
    let saved = weigh(at, &["inspect", "main/resnet50.onnx", "--format", "json", "-o", "baseline.json"]);
    assert_eq!(saved.status.code(), Some(0), "{}", String::from_utf8_lossy(&saved.stderr));
    let budget = "model = \"main/resnet50.onnx\"\nbaseline = \"baseline.json\"\n\n[require]\nparameters = \"<= 30M\"\n\n\
        [relative]\nmacs = \"+0 %\"\n";
    fs::write(at.join("budget.toml"), budget).unwrap();
    folder
}

#[test]
fn a_budget_that_passes_and_one_that_fails() {
    let folder = project();
    let at = folder.path();
    let (code, table) = check(at, &["--budget", "budget.toml"]);
    assert_eq!(code, Some(0), "{table}");
    insta::assert_snapshot!("passes", table);

    // conv2: 7·7·1024·512·9 − 7·7·512·512·9 = 115,605,504 MACs more; conv3: 7·7·2048·512 = 51,380,224.
    let failing = ["wide/resnet50.onnx", "--budget", "budget.toml"];
    let (code, table) = check(at, &failing);
    assert_eq!(code, Some(1), "{table}");
    insta::assert_snapshot!("fails", table);

    for format in ["json", "junit", "github", "csv", "markdown"] {
        let (code, text) = check(at, &[&failing[..], &["--format", format]].concat());
        assert_eq!(code, Some(1), "{format}");
        assert!(text.contains("layer4/0/conv2/Conv"), "{format}: {text}");
    }
    let (_, text) = check(at, &[&failing[..], &["--format", "json"]].concat());
    let schema = json(&String::from_utf8(weigh(at, &["schema"]).stdout).unwrap());
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&json(&text)));
    let verdicts = json(&text)["verdicts"].clone();
    assert_eq!((&verdicts[0]["status"], &verdicts[1]["status"]), (&"met".into(), &"missed".into()));
    let causes = &verdicts[1]["causes"];
    assert_eq!(causes[0]["b"], "layer4/0/conv2/Conv");
    assert_eq!(
        (&causes[0]["changes"]["macs"], &causes[1]["changes"]["macs"]),
        (&115_605_504.into(), &51_380_224.into())
    );
    assert_eq!(verdicts[1]["actual"], f64::from(4_089_184_256u32) + 166_985_728.0);
    insta::assert_snapshot!("fails_junit", check(at, &[&failing[..], &["--format", "junit"]].concat()).1);
    insta::assert_snapshot!("fails_github", check(at, &[&failing[..], &["--format", "github"]].concat()).1);
}

#[test]
fn a_baseline_can_be_a_model() {
    let folder = project();
    let model = ["wide/resnet50.onnx", "--budget", "budget.toml", "--baseline", "main/resnet50.onnx"];
    let (code, table) = check(folder.path(), &model);
    assert_eq!(code, Some(1));
    assert!(table.contains("layer4/0/conv2/Conv"), "{table}");
}

#[test]
fn limits_on_single_layers_and_modules() {
    let folder = project();
    let at = folder.path();
    let budget = |limits: &str| fs::write(at.join("layers.toml"), limits).unwrap();
    budget(
        "[layers.\"layer4/0/conv2/Conv\"]\nmacs = \"<= 120M\"\n\n[layers.\"layer4/0\"]\nparameters = \"<= 7M\"\n",
    );
    assert_eq!(check(at, &["main/resnet50.onnx", "--budget", "layers.toml"]).0, Some(0));
    let (code, table) = check(at, &["wide/resnet50.onnx", "--budget", "layers.toml"]);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!("layers", table);
    budget("[layers.\"layer4/0/conv2/Conf\"]\nmacs = \"<= 120M\"\n");
    let said = refused(at, &["main/resnet50.onnx", "--budget", "layers.toml"]);
    assert!(said.contains("no layer or module") && said.contains("layer4/0/conv2/Conv"), "{said}");
}

#[test]
fn a_baseline_of_another_model_is_refused_unless_forced() {
    let folder = project();
    let at = folder.path();
    let other = ["zoo:vgg11", "--budget", "budget.toml"];
    let said = refused(at, &other);
    assert!(
        said.contains("the baseline is of resnet50.onnx, not of vgg11") && said.contains("--force"),
        "{said}"
    );
    let (code, table) = check(at, &[&other[..], &["--force"]].concat());
    assert_eq!(code, Some(1));
    assert!(table.contains("not of vgg11"), "{table}");
}

#[test]
fn without_a_baseline_the_heaviest_layers_are_named() {
    let folder = TempDir::new().unwrap();
    let (code, table) = check(folder.path(), &["zoo:vgg16", "--require", "parameters<=100M"]);
    assert_eq!(code, Some(1));
    assert!(table.contains("classifier/0"), "{table}");
}

#[test]
fn an_unknown_passes_only_where_it_is_allowed() {
    let folder = TempDir::new().unwrap();
    let open = ["zoo:bert_base", "--require", "macs<=50G"];
    let (code, table) = check(folder.path(), &open);
    assert_eq!(code, Some(1));
    assert!(table.contains("bind with --dim seq=N"), "{table}");
    assert_eq!(check(folder.path(), &[&open[..], &["--allow-unknown"]].concat()).0, Some(0));
    assert_eq!(check(folder.path(), &[&open[..], &["--dim", "seq=128"]].concat()).0, Some(0));
}

/// A file whose weights are made by nodes is small on disk, and the model is not.
#[test]
fn generated_weights_have_their_size() {
    let folder = TempDir::new().unwrap();
    let written = weigh(folder.path(), &["zoo", "write", "resnet18", "-o", "zero.onnx"]);
    assert!(written.status.success());
    let (code, page) = check(folder.path(), &["zero.onnx", "--require", "model_size<=1MiB"]);
    assert_eq!(code, Some(1), "{page}");
    let (_, text) = check(
        folder.path(),
        &["zero.onnx", "--require", "model_size<=1GiB", "--require", "file_size<=1MiB", "--format", "json"],
    );
    let report = json(&text);
    assert_eq!(report["verdicts"][0]["actual"].as_f64(), report["totals"]["weight_bytes"].as_f64());
    assert_eq!(report["verdicts"][1]["status"], "met", "{report:#}");
}

#[test]
fn arithmetic_needs_no_model() {
    let folder = TempDir::new().unwrap();
    let (code, table) = check(folder.path(), &["--given", "latency=75ms", "--require", "throughput>=10/s"]);
    assert_eq!(code, Some(0));
    insta::assert_snapshot!("given", table);
    let late = ["--given", "latency=120ms", "--require", "throughput>=10/s", "--for", "interactive"];
    assert_eq!(check(folder.path(), &late).0, Some(1));
}

#[test]
fn other_commands_judge_what_they_find() {
    let folder = TempDir::new().unwrap();
    let run = |arguments: &str| {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        weigh(folder.path(), &arguments).status.code()
    };
    assert_eq!(run("inspect zoo:alexnet --require macs<=1G --require coverage=100%"), Some(0));
    assert_eq!(run("inspect zoo:alexnet --require macs<=1M"), Some(1));
    assert_eq!(run("inspect zoo:alexnet --require p99<=1s"), Some(1));
    assert_eq!(run("inspect zoo:alexnet --require p99<=1s --allow-unknown"), Some(0));
    assert_eq!(run("inspect zoo:alexnet nowhere.onnx --require macs<=1M"), Some(2));
    assert_eq!(run("predict zoo:alexnet --on t4 --require p50<=10s"), Some(0));
    assert_eq!(run("predict zoo:alexnet --on t4 --require p50<=1ns"), Some(1));
    assert_eq!(run("check zoo:alexnet --predicted=t4 --require latency<=10s"), Some(0));
}

const MODEL: &str = "zoo:mobilenet_v3_small";

#[test]
fn a_limit_on_time_runs_the_model() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let with = |requirement: &str| {
        check(at, &[&[MODEL, "--require", requirement, "--format", "json"], &SHORT[..]].concat())
    };
    let (code, text) = with("latency<=100s");
    let report = json(&text);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(report["verdicts"][0]["basis"], "measured");
    assert!(report["verdicts"][0]["capacity_per_second"].as_f64().is_some_and(|rate| rate > 0.0));
    assert_eq!(with("latency<=1ns").0, Some(1));
    // What was saved decides like what is fresh.
    fs::write(at.join("report.json"), &text).unwrap();
    assert_eq!(check(at, &["report.json", "--require", "latency<=100s"]).0, Some(0));
    assert_eq!(
        check(at, &["report.json", "--require", "measurements.0.stages.total.p50_ms<=1ns"]).0,
        Some(1)
    );
}

#[test]
fn a_limit_relative_to_a_baseline_is_decided_in_turns() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let with = |change: &str| {
        fs::write(at.join("budget.toml"), format!("[relative]\nlatency.p50 = \"{change}\"\n")).unwrap();
        let arguments = [MODEL, "--budget", "budget.toml", "--baseline", MODEL, "--format", "json"];
        check(at, &[&arguments[..], &SHORT[..]].concat())
    };
    let (code, text) = with("+9900 %");
    let verdict = json(&text)["verdicts"][0].clone();
    assert_eq!((code, &verdict["status"]), (Some(0), &"met".into()), "{verdict}");
    assert!(verdict["notes"][0].as_str().unwrap().starts_with("by interleaved A/B: ratio"), "{verdict}");
    assert_eq!(with("-99 %").0, Some(1));
    // Two saved reports have nothing that could run. The fastest run is a number without an interval.
    fs::write(at.join("saved.json"), &text).unwrap();
    fs::write(at.join("budget.toml"), "[relative]\nlatency.min = \"+0 %\"\n").unwrap();
    let saved = ["saved.json", "--budget", "budget.toml", "--baseline", "saved.json"];
    let (code, table) = check(at, &saved);
    assert_eq!(code, Some(1));
    assert!(table.contains("no A/B possible"), "{table}");
    assert_eq!(check(at, &[&saved[..], &["--force"]].concat()).0, Some(0));
}

#[test]
fn bad_input() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let mut said = String::new();
    let mut note = |arguments: &[&str]| {
        said.push_str(&format!("$ weigh check {}\n{}\n", arguments.join(" "), refused(at, arguments)));
    };
    let with = |requirement| ["zoo:alexnet", "--require", requirement];
    note(&["zoo:alexnet"]);
    note(&["--require", "macs<=5G"]);
    note(&with("paramters<=5M"));
    note(&with("throughput>=33ms"));
    note(&with("latency.p98<=33ms"));
    note(&with("latency=33ms"));
    note(&with("macs"));
    note(&with("totals.activations.peek.bytes<=9MiB"));
    note(&with("totals.activations<=9MiB"));
    note(&["zoo:alexnet", "--require", "p99<=10ms", "--require", "latency.p99>=20ms"]);
    note(&["zoo:alexnet", "--for", "voices"]);
    note(&["--given", "latency", "--require", "throughput>=10/s"]);
    let files = [
        ("syntax.toml", "[require]\nmacs = \n"),
        ("key.toml", "[requires]\nmacs = \"<= 5G\"\n"),
        ("metric.toml", "[require]\nmacs = \"<= 5G\"\n\"peak memory\" = \"<= 5MiB\"\n"),
        ("type.toml", "[require]\nmacs = 5\n"),
        ("relative.toml", "[relative]\nmacs = \"5 %\"\n"),
        ("nobase.toml", "[relative]\nmacs = \"+5 %\"\n"),
    ];
    for (name, text) in files {
        fs::write(at.join(name), text).unwrap();
        note(&["zoo:alexnet", "--budget", name]);
    }
    insta::assert_snapshot!("bad_input", said);
}

#[test]
fn the_list_is_there_for_people_and_programs() {
    let folder = TempDir::new().unwrap();
    let list = |format: &str| {
        let output = weigh(folder.path(), &["requirements", "--format", format]);
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    insta::assert_snapshot!("requirements", list("table"));
    let document = json(&list("json"));
    assert_eq!(document["metrics"].as_array().unwrap().len(), weigh_decide::requirement::METRICS.len());
    assert_eq!(document["classes"].as_array().unwrap().len(), weigh_decide::requirement::CLASSES.len());
    assert!(list("csv").starts_with("class,requires,why,source\n"));

    // docs/requirements.md has the same tables.
    let markdown = list("markdown");
    let (classes, metrics) = markdown.split_once("\n\n").unwrap();
    let page = documentation::page("requirements.md");
    let filled =
        [("metrics", metrics), ("classes", classes)].into_iter().fold(page, |page, (mark, table)| {
            let (before, rest) = page.split_once(&format!("<!-- {mark} -->\n")).unwrap();
            let after = &rest[rest.find("\n## ").unwrap()..];
            format!("{before}<!-- {mark} -->\n\n{}\n{after}", table.trim_end())
        });
    documentation::keep("requirements.md", &filled);
}

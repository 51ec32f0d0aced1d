//! The command as people meet it: what it prints, where, and with which exit code. Snapshots show renderings, which
//! were read by eye; nothing depends on how fast anything runs.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use std::fs;
use std::process::{Output, Stdio};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

fn weigh(arguments: &str) -> Command {
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.env("XDG_CONFIG_HOME", "/nowhere");
    command.args(arguments.split_whitespace()).env_remove("LC_ALL").env("LC_CTYPE", "C.UTF-8");
    // Whatever else is installed, the embedded engine runs.
    command.env("ORT_DYLIB_PATH", "/nowhere");
    command
}

fn run(arguments: &str) -> Output {
    weigh(arguments).output().unwrap()
}

/// What is printed where nothing goes wrong.
fn text(arguments: &str) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments}: {}", errors(&output));
    assert!(output.stderr.is_empty(), "{arguments}: {}", errors(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &str) -> Value {
    serde_json::from_str(&text(&format!("{arguments} --format json"))).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What is printed where nothing can be shown: the exit code is 2 and standard output is empty.
fn failure(arguments: &str) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments}");
    assert!(output.stdout.is_empty(), "{arguments}");
    errors(&output)
}

#[test]
fn tables() {
    insta::assert_snapshot!("resnet50", text("inspect zoo:resnet50"));
    insta::assert_snapshot!("resnet50_depth", text("inspect zoo:resnet50 --depth 1"));
    insta::assert_snapshot!("bert_base", text("inspect zoo:bert_base"));
    insta::assert_snapshot!("bert_base_bound", text("inspect zoo:bert_base --dim seq=128"));
    insta::assert_snapshot!("alexnet_layers", text("inspect zoo:alexnet-2012 --layers --sort macs"));
}

#[test]
fn the_zoo() {
    let list = text("zoo list");
    insta::assert_snapshot!("zoo_list", list);
    assert_eq!(list.lines().count(), 1 + weigh_zoo::ENTRIES.len());
    assert!(text("zoo list --format csv").starts_with("model,title,source,task\nalexnet,AlexNet,"));
    let list: Value = serde_json::from_str(&text("zoo list --format json")).unwrap();
    let names = list["zoo"].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap());
    assert!(names.eq(weigh_zoo::ENTRIES.iter().map(|entry| entry.name)));
}

#[test]
fn markdown_and_csv() {
    insta::assert_snapshot!("lstm_markdown", text("inspect zoo:lstm --format markdown"));
    insta::assert_snapshot!("lstm_csv", text("inspect zoo:lstm --dim batch=2,seq=3 --format csv"));
}

#[test]
fn a_terminal_that_speaks_only_ascii() {
    let plain = weigh("inspect zoo:resnet50").env("LC_ALL", "C").output().unwrap();
    assert!(plain.stdout.is_ascii());
    // A locale that is set but empty is as good as none.
    let unset = weigh("inspect zoo:resnet50").env("LC_ALL", "").output().unwrap();
    assert!(!unset.stdout.is_ascii());
}

#[test]
fn no_colour_where_nobody_sees_it() {
    assert!(!text("inspect zoo:alexnet").contains('\x1b'));
    let forced = weigh("inspect zoo:alexnet").env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(forced.stdout.contains(&b'\x1b'));
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("out.txt");
    let forced = weigh("inspect zoo:alexnet -o").arg(&file).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert_eq!(forced.status.code(), Some(0));
    assert!(!fs::read_to_string(file).unwrap().contains('\x1b'));
}

#[test]
fn a_bad_model_does_not_stop_the_others() {
    let output = run("inspect zoo:resnet50 zoo:resnet51 zoo:lstm nowhere.onnx zoo:alexnet --format json");
    assert_eq!(output.status.code(), Some(2));
    let documents = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
    let names: Vec<Value> = documents.map(|document| document.unwrap()["model"]["name"].clone()).collect();
    assert_eq!(names, ["resnet50", "lstm", "alexnet"]);
    insta::assert_snapshot!("a_bad_model_among_others", errors(&output));
}

#[test]
fn unknown_names() {
    insta::assert_snapshot!("unknown_zoo_name", failure("inspect zoo:resnet51"));
    insta::assert_snapshot!("unknown_zoo_name_far_off", failure("inspect zoo:nonsense"));
    insta::assert_snapshot!("unknown_dim", failure("inspect zoo:gpt2-decode --dim sequence=3"));
    insta::assert_snapshot!(
        "unknown_dim_of_none",
        failure("inspect zoo:alexnet --input input:1x3x224x224 --dim n=3")
    );
    insta::assert_snapshot!("unknown_input", failure("inspect zoo:bert_base --input image:1x3x64x64"));
    for bad in [
        "--dim batch",
        "--dim =3",
        "--dim batch=-1",
        "--dim batch=many",
        "--input input",
        "--input input:1xx3",
    ] {
        let errors = failure(&format!("inspect zoo:alexnet {bad}"));
        assert!(errors.contains("\nhint: write --"), "{bad}: {errors}");
    }
}

#[test]
fn contradictions_and_mistakes() {
    let said = failure("inspect zoo:alexnet --dim batch=8 --dim batch=9");
    assert!(said.contains("--dim binds batch twice"), "{said}");
    assert_eq!(json("inspect zoo:alexnet --dim batch=8 --dim batch=8")["bindings"]["batch"], 8);
    let said = failure("inspect zoo:alexnet --open --format csv");
    assert!(said.contains("--open shows a page, and csv is none"), "{said}");
    let said = failure("inspect zoo:resnet-50");
    assert!(said.contains("did you mean zoo:resnet50?"), "{said}");
    let said = failure("measure zoo:lstm --scenario single-stream --slo p99<=50ms");
    assert!(said.contains("hint: judge this load by --require"), "{said}");

    let folder = TempDir::new().unwrap();
    let report = folder.path().join("report.json").display().to_string();
    text(&format!("inspect zoo:alexnet --format json -o {report}"));
    let said = failure(&format!("inspect {report}"));
    assert!(said.contains("a saved report, and no model") && said.contains("`weigh render FILE`"), "{said}");
}

#[test]
fn where_nothing_is_to_be_seen_a_note_says_so() {
    for format in ["trace", "junit", "github"] {
        let output = run(&format!("inspect zoo:alexnet --format {format}"));
        assert_eq!(output.status.code(), Some(0));
        let said = errors(&output);
        assert!(said.starts_with(&format!("note: nothing to see in --format {format}: ")), "{said}");
    }
}

#[test]
fn a_dash_is_standard_output() {
    let folder = TempDir::new().unwrap();
    let output = weigh("inspect zoo:alexnet -o -").current_dir(&folder).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), text("inspect zoo:alexnet"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn sizes_that_no_machine_holds() {
    let errors = failure(&format!("inspect zoo:alexnet --dim batch={}", i64::MAX));
    insta::assert_snapshot!("too_large", errors);
    // A batch of none computes nothing, and is none of them.
    assert_eq!(json("inspect zoo:alexnet --dim batch=0")["totals"]["macs"], 0);
}

#[test]
fn inputs_of_another_shape() {
    let report = json("inspect zoo:resnet50 --input input:1x3x448x448");
    // Twice as far each way: four times the positions of all convolutions, and the linear layer once.
    let linear = 2048 * 1000;
    assert_eq!(report["totals"]["macs"], 4 * (4_089_184_256i64 - linear) + linear);
    assert_eq!(report["model"]["inputs"][0]["shape"], serde_json::json!([1, 3, 448, 448]));
    assert_eq!(report["model"]["outputs"][0]["shape"], serde_json::json!([1, 1000]));
    assert_eq!(report["assumed"], serde_json::json!([]));

    // Extents may be names, old and new; the leading one is 1 unless it is bound.
    let named = json("inspect zoo:resnet50 --input input:nx3x224x224");
    assert_eq!(named["bindings"], serde_json::json!({ "n": 1 }));
    assert_eq!(named["scaling"]["macs"], "4089184256*n");
    let bound = json("inspect zoo:resnet50 --input input:nx3x224x224 --dim n=2");
    assert_eq!(bound["totals"]["macs"], 2 * 4_089_184_256i64);

    // A shape that the graph cannot take is no crash: what it contradicts is said, and what is left is counted.
    let report = json("inspect zoo:resnet50 --input input:1x4x224x224");
    assert_eq!(report["diagnostics"][0]["code"], "shape-contradiction");
    assert_eq!(report["totals"]["complete"]["compute"], false);
    assert_eq!(report["totals"]["parameters"], 25_557_032);
}

#[test]
fn files_that_cannot_be_read() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("empty.onnx"), "").unwrap();
    fs::write(path("text.onnx"), "this is no model\n").unwrap();
    fs::write(path("cut.onnx"), &written("lstm")[..500]).unwrap();
    let shown = |name: &str| failure(&format!("inspect {}", path(name))).replace(&path(""), "FOLDER/");
    insta::assert_snapshot!("missing_file", shown("missing.onnx"));
    insta::assert_snapshot!("empty_file", shown("empty.onnx"));
    insta::assert_snapshot!("text_file", shown("text.onnx"));
    insta::assert_snapshot!("cut_file", shown("cut.onnx"));
    insta::assert_snapshot!("folder", shown(""));
}

/// Who leaves out `zoo:`, or writes a command wrongly, is told what was meant, whatever else was named.
#[test]
fn near_names() {
    for (arguments, meant) in [
        ("inspect resnet-50", "did you mean zoo:resnet50?"),
        ("gpt2", "did you mean zoo:gpt2?"),
        ("inspekt zoo:lstm", "no command and no file 'inspekt'\nhint: did you mean `weigh inspect`?"),
        ("plans", "did you mean `weigh plan`?"),
        ("inspect lstm.onnx", "hint: check the path"),
        ("folder/inspect", "hint: check the path"),
    ] {
        let errors = failure(arguments);
        assert!(errors.contains(meant), "{arguments}: {errors}");
    }
}

fn written(name: &str) -> Vec<u8> {
    let model = (weigh_zoo::find(name).unwrap().build)(&weigh_zoo::Options::default());
    weigh_formats::onnx::write(&model, &weigh_formats::onnx::WriteOptions::default()).unwrap()
}

#[test]
fn a_name_that_would_move_the_cursor_is_made_visible() {
    let errors = weigh("inspect").arg("\x1b[2Jgone.onnx").output().unwrap().stderr;
    assert!(!errors.contains(&0x1b), "{}", String::from_utf8_lossy(&errors));
}

#[test]
fn files_say_what_they_are() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("lstm.onnx");
    text(&format!("zoo write lstm -o {}", file.display()));
    assert_eq!(fs::read(&file).unwrap(), written("lstm"));
    let report = json(&format!("inspect {}", file.display()));
    let model = &report["model"];
    assert_eq!(model["name"], "lstm.onnx");
    assert_eq!(model["format"], "onnx");
    assert_eq!(model["format_version"], "opset 17");
    assert_eq!(model["file_bytes"], fs::metadata(&file).unwrap().len());
    assert_eq!(report["totals"]["macs"], json("inspect zoo:lstm")["totals"]["macs"]);
    let errors = failure("zoo write nonsense -o nowhere.onnx");
    assert!(errors.contains("hint: `weigh zoo list`"), "{errors}");
    let errors = failure("zoo write ltsm -o nowhere.onnx");
    assert!(errors.contains("hint: did you mean zoo:lstm?"), "{errors}");
    let errors = failure("zoo write lstm -o /nowhere/at/all.onnx");
    assert!(errors.starts_with("error: cannot write /nowhere/at/all.onnx"), "{errors}");
}

#[test]
fn reports_can_be_saved_and_shown_again() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("report.json").display().to_string();
    text(&format!("inspect zoo:bert_base zoo:lstm --format json -o {file}"));
    for format in ["table", "markdown", "csv", "netron", "prometheus"] {
        let again = text(&format!("render {file} --format {format}"));
        assert_eq!(again, text(&format!("inspect zoo:bert_base zoo:lstm --format {format}")), "{format}");
    }
    // A report keeps the command that made it.
    assert_eq!(text(&format!("render {file} --format json")), fs::read_to_string(&file).unwrap());
    fs::write(&file, "{}").unwrap();
    assert!(failure(&format!("render {file}")).contains("is no report"));
}

#[test]
fn a_closed_pipe_is_no_error() {
    for arguments in ["zoo list", "schema", "inspect zoo:resnet152 --format json", "inspect zoo:alexnet"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_weigh"));
        command.args(arguments.split_whitespace()).stdin(Stdio::null()).stdout(writer);
        let output = command.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments}: {}", errors(&output));
        assert!(output.stderr.is_empty(), "{arguments}: {}", errors(&output));
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else { return };
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_weigh"));
    let output = command.args(["zoo", "list"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!output.stderr.is_empty());
}

#[test]
fn formulas_in_json() {
    let report = json("inspect zoo:bert_base");
    // 12 layers of 7,077,888 weights for each token and 2·768 for each pair of tokens, and the pooler's 768².
    assert_eq!(12 * 7_077_888, 84_934_656);
    assert_eq!(12 * 2 * 768, 18_432);
    let macs = report["totals"]["macs"].as_str().unwrap();
    assert_eq!(macs, "18432*seq**2 + 84934656*seq + 589824");
    assert_eq!(report["totals"]["flops"], "36864*seq**2 + 169869312*seq + 1179648");
    assert_eq!(report["unbound"], serde_json::json!(["seq"]));
    assert_eq!(report["assumed"], serde_json::json!(["batch"]));
    assert_eq!(report["bindings"], serde_json::json!({ "batch": 1 }));
    assert_eq!(report["scaling"]["symbols"], serde_json::json!(["batch", "seq"]));
    assert_eq!(report["totals"]["parameters"], 109_482_240);

    let bound = json("inspect zoo:bert_base --dim seq=128 --dim batch=2");
    assert_eq!(bound["totals"]["macs"], 2 * (18_432 * 128 * 128 + 84_934_656 * 128 + 589_824i64));
    assert_eq!(bound["unbound"], serde_json::json!([]));
    assert_eq!(bound["assumed"], serde_json::json!([]));
    assert_eq!(bound["bindings"], serde_json::json!({ "batch": 2, "seq": 128 }));
}

#[test]
fn a_ticket_without_a_measurement() {
    // The engine has no local response normalisation: that is said, and the rest of the ticket is there.
    let ticket = text("zoo:alexnet-2012");
    let line = ticket.lines().find(|line| line.contains("not measured: ")).expect("the reason");
    assert!(line.contains("LRN"), "{line}");
    assert!(ticket.contains("724.4 M") && ticket.contains("COVERAGE"), "{ticket}");
    // To measure was all that `measure` was asked for.
    assert_eq!(run("measure zoo:alexnet-2012 --min-time 0.01").status.code(), Some(2));
    // An extent that nobody gave cannot be made up.
    let ticket = text("zoo:bert_base");
    assert!(ticket.contains("not measured: seq is unbound: bind with --dim seq=N"), "{ticket}");
}

#[test]
fn usage() {
    for arguments in
        ["", "inspect", "inspect zoo:lstm --format yaml", "inspect zoo:lstm --sort taste", "frobnicate --now"]
    {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments}");
    }
    for arguments in ["--help", "inspect --help", "layer --help", "zoo --help", "--version"] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments}");
        assert!(output.stderr.is_empty() && !output.stdout.is_empty(), "{arguments}");
    }
}

//! `weigh compare`: models beside each other, and reports that were saved.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use assert_cmd::Command;
use serde_json::Value;

fn weigh(arguments: &str) -> Command {
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.env("XDG_CONFIG_HOME", "/nowhere").env_remove("LC_ALL").env("LC_CTYPE", "C.UTF-8");
    command.args(arguments.split_whitespace());
    command
}

fn text(arguments: &str) -> String {
    let output = weigh(arguments).assert().success().get_output().clone();
    String::from_utf8(output.stdout).unwrap()
}

fn documents(arguments: &str) -> Vec<Value> {
    let text = text(&format!("{arguments} --format json"));
    serde_json::Deserializer::from_str(&text).into_iter().collect::<Result<_, _>>().unwrap()
}

/// What is said on standard error where nothing is shown.
fn refusal(arguments: &str) -> String {
    let output = weigh(arguments).assert().code(2).get_output().clone();
    assert!(output.stdout.is_empty(), "{arguments}");
    String::from_utf8(output.stderr).unwrap()
}

/// The comparison of a metric.
fn about<'d>(document: &'d Value, metric: &str) -> &'d Value {
    let comparisons = document["comparisons"].as_array().unwrap();
    comparisons.iter().find(|comparison| comparison["metric"] == metric).unwrap()
}

const FIVE: &str = "compare zoo:mobilenet_v2 zoo:squeezenet1_0 zoo:resnet50 zoo:resnet152 zoo:vgg16";

#[test]
fn published_models() {
    insta::assert_snapshot!("five", text(FIVE));
    insta::assert_snapshot!("five_markdown", text(&format!("{FIVE} --format markdown")));
    insta::assert_snapshot!("five_csv", text(&format!("{FIVE} --format csv")));
    let documents = documents(FIVE);
    // torchvision's published GMACs at 224×224.
    let published = [0.301, 0.819, 4.089, 11.514, 15.470];
    assert_eq!(documents.len(), published.len());
    let of = |index: usize| about(&documents[index], "macs");
    for (index, gmacs) in published.iter().enumerate() {
        assert!((of(index)["b_value"].as_f64().unwrap() / 1e9 - gmacs).abs() < 5e-4);
        assert_eq!(of(index)["a"], "mobilenet_v2");
        assert_eq!(of(index)["a_value"], of(0)["b_value"]);
        let ratio = of(index)["b_value"].as_f64().unwrap() / of(0)["b_value"].as_f64().unwrap();
        assert_eq!(of(index)["ratio"].as_f64(), Some(ratio));
        let flops = about(&documents[index], "flops")["b_value"].as_f64();
        assert_eq!(flops, of(index)["b_value"].as_f64().map(|macs| 2.0 * macs));
    }
    assert_eq!(of(0)["ratio"], 1.0);
    let dominated: Vec<&Value> = documents.iter().map(|document| &document["dominated_by"]).collect();
    assert_eq!(dominated[..2], [&Value::Null, &Value::Null]);
    assert!(dominated[2..].iter().all(|by| *by == "mobilenet_v2"), "{dominated:?}");
}

#[test]
fn documents_obey_the_schema() {
    let schema: Value = serde_json::from_str(&text("schema")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for document in documents("compare zoo:resnet18 zoo:resnet34 --layers --on t4") {
        assert!(validator.is_valid(&document), "{:?}", validator.iter_errors(&document).next());
        assert!(document["comparisons"].as_array().is_some_and(|found| found.len() > 9));
    }
}

#[test]
fn order_and_baseline() {
    let documents = documents(&format!("{FIVE} --baseline resnet50 --sort macs"));
    let ratios: Vec<f64> =
        documents.iter().map(|document| about(document, "macs")["ratio"].as_f64().unwrap()).collect();
    assert!(ratios.is_sorted());
    assert_eq!(about(&documents[2], "macs")["b"], "resnet50");
    assert_eq!(ratios[2], 1.0);
}

#[test]
fn layer_by_layer() {
    insta::assert_snapshot!("layers", text("compare zoo:resnet18 zoo:resnet34 --layers --top 4"));
    let documents = documents("compare zoo:resnet18 zoo:resnet34 --layers");
    let changes = documents[1]["layer_changes"].as_array().unwrap();
    let kinds = |kind: &str| changes.iter().filter(|change| change["kind"] == kind).count();
    // Eight blocks more, each of two convolutions, two norms, two activations and a sum: 56 layers. All of ResNet-18 stays.
    assert_eq!((kinds("added"), kinds("removed"), kinds("changed")), (56, 0, 0));
    assert_eq!(kinds("same"), documents[0]["layers"].as_array().unwrap().len());
    let sum: i64 = changes.iter().map(|change| change["changes"]["macs"].as_i64().unwrap()).sum();
    let total = |document: &Value| document["totals"]["macs"].as_i64().unwrap();
    assert_eq!(sum, total(&documents[1]) - total(&documents[0]));
    assert!(documents[0]["layer_changes"].as_array().unwrap().iter().all(|change| change["kind"] == "same"));
}

#[test]
fn saved_reports_are_compared_and_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (both, one) = (file("both.json"), file("one.json"));
    let fresh = text("compare zoo:alexnet zoo:resnet18 --layers");
    weigh(&format!("compare zoo:alexnet zoo:resnet18 --layers --format json -o {both}")).assert().success();
    assert_eq!(text(&format!("render {both} --top 10")), fresh);
    assert_eq!(text(&format!("compare {both} --layers")), fresh);
    weigh(&format!("inspect zoo:alexnet --format json -o {one}")).assert().success();
    assert_eq!(text(&format!("compare {one} zoo:resnet18 --layers")), fresh);
    // The same model twice goes by what the user wrote.
    let again = documents(&format!("compare {one} zoo:alexnet"));
    let macs = about(&again[1], "macs");
    assert_eq!(
        (&macs["a"], &macs["b"], &macs["ratio"]),
        (&one.as_str().into(), &"zoo:alexnet".into(), &1.0.into())
    );
    let told = refusal(&format!("compare {one} zoo:alexnet --measure"));
    assert!(told.contains("is a saved report") && told.contains("hint: "), "{told}");
    let other = file("other.json");
    std::fs::write(&other, "{\n  \"schema\": \"weigh.report/1\",\n  \"layers\": [,]\n}").unwrap();
    let told = refusal(&format!("compare zoo:alexnet {other}"));
    assert!(told.contains("line 3 column 14") && told.contains("hint: "), "{told}");
    std::fs::write(&other, "{\"schema\": \"weigh.report/2\"}").unwrap();
    let told = refusal(&format!("compare zoo:alexnet {other}"));
    assert!(told.contains("weigh.report/2") && told.contains("weigh.report/1"), "{told}");
}

#[test]
fn open_dims_have_no_ratio_unless_they_divide() {
    let documents = documents("compare zoo:bert_base zoo:gpt2");
    let macs = about(&documents[1], "macs");
    assert!(macs["ratio"].is_null());
    assert!(macs["notes"][0].as_str().unwrap().contains("--dim"));
    assert!(text("compare zoo:bert_base zoo:gpt2").contains("depends on the open dims"));
    let bound = self::documents("compare zoo:bert_base zoo:gpt2 --dim seq=128");
    assert!(about(&bound[1], "macs")["ratio"].as_f64().unwrap() > 1.0);
    // Dims that only one of them has are bound there.
    assert_eq!(self::documents("compare zoo:alexnet zoo:bert_base --dim seq=8")[1]["bindings"]["seq"], 8);
}

#[test]
fn measured_in_turns() {
    let documents = documents(
        "compare zoo:lstm zoo:squeezenet1_0 --dim seq=2 --dim batch=1 --measure --engine rten --threads 1 --processes 2 --min-time 0.02",
    );
    let latency = about(&documents[1], "latency");
    assert_eq!((&latency["a"], &latency["b"]), (&"lstm".into(), &"squeezenet1_0".into()));
    assert_eq!(latency["basis"], "measured");
    assert!(latency["pairs"].as_u64().unwrap() > 0 && latency["ratio"].as_f64().unwrap() > 0.0, "{latency}");
    assert_eq!(about(&documents[0], "latency")["ratio"], 1.0);
    assert!(documents.iter().all(|document| document["measurements"][0]["samples"].as_u64().unwrap() > 0));
    assert!(about(&documents[1], "throughput")["ratio"].as_f64().is_some());
}

#[test]
fn predicted_for_devices() {
    let table = text("compare zoo:resnet50 zoo:vit_b_16 --on t4,raspberry-pi-5");
    insta::assert_snapshot!("devices", table);
    let documents = documents("compare zoo:resnet50 zoo:vit_b_16 --on t4");
    let latency = about(&documents[1], "latency");
    assert_eq!((&latency["device"], &latency["basis"]), (&"t4".into(), &"predicted".into()));
    let [low, ratio, high] =
        [&latency["ci"][0], &latency["ratio"], &latency["ci"][1]].map(|value| value.as_f64().unwrap());
    assert!(low < ratio && ratio < high);
    assert!(latency["verdict"].is_null(), "a prediction has no verdict");
}

#[test]
fn what_is_wrong_is_told() {
    for (arguments, said) in [
        ("compare zoo:alexnet", "one model has nothing to be compared with"),
        ("compare zoo:alexnet zoo:resnet18 --baseline resnet19", "did you mean resnet18?"),
        ("compare zoo:alexnet zoo:resnet18 --dim seq=3", "no model has a dim 'seq'"),
        ("compare zoo:alexnet zoo:resnet18 --measure --batch 1,2", "models are compared at one setting"),
        ("compare zoo:alexnet zoo:resnet18 --on t44", "t4"),
        ("compare zoo:alexnet zoo:resnet18 --predict", "this machine was not calibrated"),
        ("compare zoo:alexnet nowhere.json", "nowhere.json is no report: No such file"),
        ("compare zoo:alexnet zoo:nothing", "zoo:nothing was not weighed"),
    ] {
        let told = refusal(arguments);
        assert!(told.contains(said) && told.contains("hint: "), "{arguments}: {told}");
    }
}

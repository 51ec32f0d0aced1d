//! Whether a saved report can serve as a baseline: of the same model, of the same machine.

use weigh_report::Report;
use weigh_report::report::{Model, Tensor};

/// What sets the models of two reports apart, in words; empty where one is a version of the other. Names count only where
/// the user did not name both files.
pub fn differences(baseline: &Report, report: &Report, names_count: bool) -> Vec<String> {
    let (Some(a), Some(b)) = (&baseline.model, &report.model) else {
        return vec!["one of the reports has no model".to_owned()];
    };
    let mut found = Vec::new();
    if names_count && stem(a) != stem(b) {
        found.push(format!("the baseline is of {}, not of {}", a.name, b.name));
    }
    for (what, a, b) in [("inputs", &a.inputs, &b.inputs), ("outputs", &a.outputs, &b.outputs)] {
        let [a, b] = [a, b].map(|tensors| tensors.iter().map(port).collect::<Vec<_>>().join(", "));
        if a != b {
            found.push(format!("its {what} were {a}; now they are {b}"));
        }
    }
    if baseline.bindings != report.bindings && !baseline.bindings.is_empty() && !report.bindings.is_empty() {
        let list = |report: &Report| {
            report
                .bindings
                .iter()
                .map(|(name, value)| format!("{name} = {value}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        found.push(format!("its dims were {}; now they are {}", list(baseline), list(report)));
    }
    found
}

/// What sets the machines of two reports apart, in words.
pub fn machine_differences(baseline: &Report, report: &Report) -> Vec<String> {
    let (Some(a), Some(b)) = (&baseline.environment, &report.environment) else {
        return Vec::new();
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let number = |count: Option<u32>| count.map_or_else(|| "unknown".to_owned(), |count| count.to_string());
    let facts = [
        ("the processor", text(&a.cpu), text(&b.cpu)),
        ("the number of its cores", number(a.cores), number(b.cores)),
        ("the instruction set", text(&a.arch), text(&b.arch)),
    ];
    let differing = facts.into_iter().filter(|(_, a, b)| a != b);
    differing.map(|(what, a, b)| format!("{what} was {a}; now it is {b}")).collect()
}

/// The model's name without the ending of a file.
fn stem(model: &Model) -> &str {
    model.name.rsplit_once('.').map_or(model.name.as_str(), |(stem, _)| stem)
}

fn port(tensor: &Tensor) -> String {
    let shape = tensor.shape.as_ref().map_or_else(|| "[..]".to_owned(), ToString::to_string);
    format!("{} {}{shape}", tensor.name, tensor.dtype.as_deref().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use weigh_report::report::{Count, Environment, Shape};

    use super::*;

    fn report(name: &str, side: i64) -> Report {
        let shape = Some(Shape(vec![Some(Count::from(1)), Some(Count::from(side))]));
        let input = Tensor { name: "x".to_owned(), dtype: Some("float32".to_owned()), shape, members: None };
        let model = Model { name: name.to_owned(), inputs: vec![input], ..Model::default() };
        Report { model: Some(model), ..Report::default() }
    }

    #[test]
    fn another_model_is_told_apart() {
        assert!(differences(&report("a.onnx", 4), &report("a", 4), true).is_empty());
        assert_eq!(differences(&report("a.onnx", 4), &report("b.onnx", 4), true).len(), 1);
        assert!(differences(&report("a.onnx", 4), &report("b.onnx", 4), false).is_empty());
        let found = differences(&report("a.onnx", 4), &report("a.onnx", 8), true);
        assert_eq!(found, ["its inputs were x float32[1, 4]; now they are x float32[1, 8]"]);
    }

    #[test]
    fn another_machine_is_told_apart() {
        let on = |cpu: &str| Report {
            environment: Some(Environment { cpu: Some(cpu.to_owned()), ..Environment::default() }),
            ..Report::default()
        };
        assert!(machine_differences(&on("EPYC"), &on("EPYC")).is_empty());
        assert_eq!(machine_differences(&on("EPYC"), &on("Xeon")), ["the processor was EPYC; now it is Xeon"]);
    }
}

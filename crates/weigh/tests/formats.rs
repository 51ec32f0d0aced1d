//! The same numbers in every format, of what commands find out.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

#[path = "../../weigh-report/tests/fixtures/csv.rs"]
mod csv;
#[path = "../../weigh-report/tests/formats/pages.rs"]
mod pages;
#[path = "../../weigh-report/tests/formats/read.rs"]
mod read;
#[path = "../../weigh-report/tests/formats/written.rs"]
mod written;

use assert_cmd::Command;
use written::{Compared, Written};

fn compare(command: &str) -> Compared {
    let mut compared = Compared::default();
    let folder = tempfile::TempDir::new().unwrap();
    let weigh = |arguments: &str| {
        let mut weigh = Command::cargo_bin("weigh").unwrap();
        weigh.env("XDG_CONFIG_HOME", "/nowhere").current_dir(folder.path());
        let output = weigh.args(arguments.split_whitespace()).assert().success().get_output().clone();
        String::from_utf8(output.stdout).unwrap()
    };
    // Saved once: each format asks a command for a little more or less.
    weigh(&format!("{command} --format json -o saved.json"));
    let written = Written::new(|format| weigh(&format!("render saved.json --layers --format {format}")));
    written.compare(&mut compared);
    compared
}

#[test]
fn a_model_of_the_zoo() {
    let compared = compare("inspect zoo:resnet50");
    assert!(compared.csv > 400 && compared.markdown > 400 && compared.latex > 400, "{}", compared.says());
}

#[test]
fn models_beside_each_other() {
    let compared = compare("compare zoo:mobilenet_v2 zoo:squeezenet1_0 zoo:vgg16 zoo:vit_b_16");
    assert!(compared.csv >= 24 && compared.markdown >= 24 && compared.latex >= 24, "{}", compared.says());
}

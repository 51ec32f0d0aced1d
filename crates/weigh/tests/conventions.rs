//! What other tools would count, on the built-in models and on the command line.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too

use assert_cmd::Command;
use serde_json::Value;
use weigh::{CONVENTIONS, Options};

fn text(arguments: &str) -> String {
    let mut command = Command::cargo_bin("weigh").unwrap();
    command.env("XDG_CONFIG_HOME", "/nowhere");
    command.args(arguments.split_whitespace()).env_remove("LC_ALL").env("LC_CTYPE", "C.UTF-8");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Every model breaks into terms that lose nothing: weigh's own convention gives weigh's own count.
#[test]
fn terms_lose_nothing() {
    for entry in weigh_zoo::ENTRIES {
        let opened = weigh::open(&format!("zoo:{}", entry.name)).unwrap();
        let facts = weigh::analyze(&opened.model, &Options::default()).unwrap();
        let all = weigh::conventions(&opened.model, &Options::default(), |_| true).unwrap();
        assert_eq!(all.len(), CONVENTIONS.len());
        assert_eq!(all[0].total.as_ref().unwrap().0, facts.totals.macs, "{}", entry.name);
        for convention in &all {
            let sum = convention.terms.iter().map(|term| &term.total.0).sum::<weigh::ir::Expr>();
            assert_eq!(convention.total.as_ref().unwrap().0, sum, "{} {}", entry.name, convention.name);
            assert!(convention.unknown.is_empty(), "{} {convention:?}", entry.name);
        }
    }
}

/// What the tools print for torchvision's ResNet-50, of which the zoo's is a copy, batch norms included.
#[test]
fn resnet50() {
    let report: Value =
        serde_json::from_str(&text("inspect zoo:resnet50 --reconcile --format json")).unwrap();
    let printed = [
        ("weigh", 4_089_184_256_i64, "MACs"),
        ("torchvision", 4_089_184_256, "MACs"),
        ("fvcore", 4_111_512_576, "MACs"),
        ("timm", 4_111_512_576, "MACs"),
        ("ptflops", 4_132_436_968, "MACs"),
        ("thop", 4_133_742_592, "MACs"),
        ("torchinfo", 4_089_238_376, "MACs"),
        ("deepspeed", 8_211_108_352, "FLOPs"),
    ];
    let conventions = report["conventions"].as_array().unwrap();
    assert_eq!(conventions.len(), printed.len());
    for (convention, (name, total, unit)) in conventions.iter().zip(printed) {
        assert_eq!(convention["name"], name);
        assert_eq!(convention["total"], total, "{name}");
        assert_eq!(convention["unit"], unit, "{name}");
    }
}

#[test]
fn pages() {
    let page = text("inspect zoo:resnet50 --convention fvcore");
    assert!(page.contains("22.33 M more than the 4.089 G MACs above"), "{page}");
    let page = text("inspect zoo:vit_b_16 --reconcile");
    assert!(page.contains("COUNTED BY") && page.contains("attention is written out"), "{page}");
    let page = text("inspect zoo:lstm --convention weigh");
    assert!(page.contains("exactly the"), "{page}");
}

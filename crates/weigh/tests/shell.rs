//! The command as shells and terminals meet it: definitions, completions, manual pages, colours, widths.
#![allow(clippy::unwrap_used)] // a test may fail by panicking, its helper functions too
#![allow(clippy::print_stderr)] // a test says what it could not do here

use std::fs;
use std::io::Write;
use std::process::{Command as Program, Output, Stdio};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

fn weigh(arguments: &str) -> Command {
    let mut command = Command::cargo_bin("weigh").unwrap();
    for name in ["LC_ALL", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    command.env("XDG_CONFIG_HOME", "/nowhere").env("LC_CTYPE", "C.UTF-8").env("ORT_DYLIB_PATH", "/nowhere");
    command.args(arguments.split_whitespace());
    command
}

fn done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn text(arguments: &str) -> String {
    done(&weigh(arguments).output().unwrap())
}

/// Whether a program that a test needs is there; the test says so where it is not.
fn is_there(program: &str) -> bool {
    let found =
        Program::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("skipped: no {program} on this machine");
    }
    found
}

/// What a program makes of a text on its standard input.
fn fed(program: &str, arguments: &[&str], text: &str) -> Output {
    let mut child = Program::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn definitions() {
    insta::assert_snapshot!("macs", text("docs MACs"));
    insta::assert_snapshot!("two_in_markdown", text("docs p99 model-size --format markdown"));
    let list = text("docs");
    let json: Value = serde_json::from_str(&text("docs --format json")).unwrap();
    let entries = json["entries"].as_array().unwrap();
    assert!(entries.len() > 60);
    for entry in entries {
        let name = entry["name"].as_str().unwrap();
        assert!(list.lines().any(|line| line.split_whitespace().next() == Some(name)), "{name}");
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    assert_eq!(text("docs --format markdown"), fs::read_to_string(file).unwrap());
}

#[test]
fn a_name_that_there_is_not() {
    let output = weigh("docs flopz").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("did you mean 'flops'?"), "{said}");
}

#[test]
fn the_commands_that_print_a_figure_are_commands() {
    let json: Value = serde_json::from_str(&text("docs --format json")).unwrap();
    let mut seen: Vec<&str> = Vec::new();
    for entry in json["entries"].as_array().unwrap() {
        seen.extend(entry["commands"].as_array().unwrap().iter().map(|command| command.as_str().unwrap()));
    }
    seen.sort_unstable();
    seen.dedup();
    for command in seen.into_iter().filter(|command| *command != "weigh MODEL") {
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let (options, names): (Vec<&str>, Vec<&str>) =
            words.into_iter().partition(|word| word.starts_with("--"));
        let help = text(&format!("{} --help", names.join(" ")));
        assert!(help.contains(&format!("Usage: weigh {}", names.join(" "))), "{command}");
        assert!(options.iter().all(|option| help.contains(option)), "{command}");
    }
}

#[test]
fn completions_are_read_by_their_shells() {
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = text(&format!("completions {shell}"));
        assert!(script.contains("resnet50") && script.contains("raspberry-pi-5"), "{shell}");
        if is_there(shell) {
            let read = fed(shell, &[check], &script);
            assert!(read.status.success(), "{shell}: {}", String::from_utf8_lossy(&read.stderr));
        }
    }
    for shell in ["elvish", "powershell"] {
        assert!(text(&format!("completions {shell}")).contains("quantize"));
    }
}

/// What bash offers for the words, the last of which is being written.
fn offered(words: &[&str]) -> Vec<String> {
    let list: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let (last, before) = (words.len() - 1, words[words.len() - 2]);
    let script = format!(
        "{}\nCOMP_WORDS=({}); COMP_CWORD={last}\n_weigh_models weigh '{}' '{before}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        text("completions bash"),
        list.join(" "),
        words[last],
    );
    let output = fed("bash", &[], &script);
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn what_bash_offers() {
    if !is_there("bash") {
        return;
    }
    let has = |words: &[&str], wanted: &str| offered(words).iter().any(|word| word == wanted);
    assert!(has(&["weigh", "insp"], "inspect"));
    assert!(!has(&["weigh", "w"], "worker"));
    assert!(has(&["weigh", "inspect", "--format", "m"], "markdown"));
    assert!(has(&["weigh", "predict", "--on", "rasp"], "raspberry-pi-5"));
    assert!(has(&["weigh", "predict", "--on", "th"], "this"));
    assert!(has(&["weigh", "measure", "--for", "auto"], "autonomous-driving"));
    assert!(has(&["weigh", "inspect", "zo"], "zoo:"));
    // Bash takes the colon for a word of its own.
    assert_eq!(offered(&["weigh", "inspect", "zoo", ":", "resnet5"]), ["resnet50"]);
    assert!(has(&["weigh", "inspect", "zoo", ":"], "bert_base"));
    assert!(has(&["weigh", "zoo", "write", "vgg1"], "vgg16"));
    assert!(has(&["weigh", "docs", "ma"], "macs"));
    assert!(has(&["weigh", "hardware", "show", "rtx-30"], "rtx-3090"));
}

#[test]
fn manual_pages() {
    let folder = TempDir::new().unwrap();
    let at = folder.path().join("man");
    assert_eq!(text(&format!("man -o {}", at.display())), "");
    let mut names: Vec<String> =
        fs::read_dir(&at).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.contains(&"weigh.1".to_owned()) && names.contains(&"weigh-hardware-list.1".to_owned()));
    assert!(!names.iter().any(|name| name.contains("worker") || name.contains("help")), "{names:?}");
    assert_eq!(text("man"), fs::read_to_string(at.join("weigh.1")).unwrap());
    for name in &names {
        let page = fs::read_to_string(at.join(name)).unwrap();
        for section in ["NAME", "SYNOPSIS", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES", "\"SEE ALSO\""] {
            assert!(page.contains(&format!(".SH {section}")), "{name}: {section}");
        }
        if is_there("groff") {
            let shown = fed("groff", &["-man", "-Tutf8", "-ww", "-z"], &page);
            assert!(shown.status.success());
            assert_eq!(String::from_utf8_lossy(&shown.stderr), "", "{name}");
        }
    }
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let is_coloured = |variables: &[(&str, &str)]| {
        let output = weigh("inspect zoo:alexnet").envs(variables.iter().copied()).output().unwrap();
        done(&output).contains('\x1b')
    };
    assert!(!is_coloured(&[]));
    assert!(is_coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!is_coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn bars_are_for_terminals() {
    // Long enough for a bar in any build: `text` holds that standard error stays empty.
    text("inspect zoo:bert_base zoo:gpt2 zoo:vit_b_16 zoo:resnet152");
    text("compare zoo:resnet152 zoo:vit_b_16 --on t4");
    let folder = TempDir::new().unwrap();
    text(&format!("quantize zoo:resnet50 --weights int8 -o {}", folder.path().join("small.onnx").display()));
}

/// What a terminal is sent; nothing where there is no `script` to make one.
fn on_a_terminal(arguments: &str, variables: &[(&str, &str)]) -> Option<String> {
    if !is_there("script") {
        return None;
    }
    let program = weigh("").get_program().to_string_lossy().into_owned();
    // A bar would be drawn on a terminal that is slow enough.
    let command = format!("{program} {arguments} 2>/dev/null");
    let output = Program::new("script")
        .args(["-qec", &command, "/dev/null"])
        .env_remove("NO_COLOR")
        .env_remove("LC_ALL")
        .env("XDG_CONFIG_HOME", "/nowhere")
        .env("LC_CTYPE", "C.UTF-8")
        .env("TERM", "xterm-256color")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn terminals() {
    let model = "inspect zoo:alexnet";
    let Some(page) = on_a_terminal(model, &[("COLUMNS", "72")]) else { return };
    assert!(page.contains('\x1b'), "{page}");
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb"), ("CLICOLOR", "0")] {
        // Logs of continuous integration show colours; a terminal that says it does not is believed there too.
        for surroundings in [("CI", ""), ("CI", "true")] {
            let variables = [("COLUMNS", "72"), surroundings, variable];
            let page = on_a_terminal(model, &variables).unwrap();
            assert!(!page.contains('\x1b'), "{variables:?}: {page}");
        }
    }
    assert!(on_a_terminal(model, &[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")]).unwrap().contains('\x1b'));
    assert!(!on_a_terminal("inspect --help", &[("TERM", "dumb"), ("CI", "true")]).unwrap().contains('\x1b'));
    let widest = |columns: &str| {
        let page = on_a_terminal(model, &[("COLUMNS", columns), ("NO_COLOR", "1")]).unwrap();
        page.lines().map(|line| line.trim_end().chars().count()).max().unwrap()
    };
    assert!((50..=60).contains(&widest("60")), "{}", widest("60"));
    assert!((61..=80).contains(&widest("80")), "{}", widest("80"));
    // Wider tables say nothing more.
    assert!((81..=120).contains(&widest("300")), "{}", widest("300"));
    assert!(on_a_terminal(model, &[("LC_CTYPE", "C")]).unwrap().is_ascii());
}

#[test]
fn nothing_but_ascii_where_the_locale_says_so() {
    let commands = [
        "inspect zoo:resnet50 --memory --layers --depth 2 --reconcile --training",
        "inspect zoo:gpt2 --symbolic",
        "compare zoo:resnet18 zoo:resnet34 --layers",
        "predict zoo:mobilenet_v2 --on t4,raspberry-pi-5",
        "plan --latency 75ms --rate 10/s --price 2.50/h",
        "advise zoo:alexnet --goal memory",
        "layer conv --in 3 --out 64 --kernel 3 --output 224x224",
        "hardware show rtx-3090",
        "requirements",
        "engines",
        "zoo list",
        "docs",
        "docs macs cost largest_batch at_least arena",
        "--help",
        "layer gemm --help",
    ];
    for command in commands {
        let output = weigh(command).env("LC_ALL", "C").output().unwrap();
        let page = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let other: Vec<&str> = page.lines().filter(|line| !line.is_ascii()).collect();
        assert!(other.is_empty(), "{command}: {other:?}");
    }
}

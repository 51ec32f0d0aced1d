//! The corpora: Python scripts in `corpus/` that compare the release binary with what others count.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};

use crate::paths::{corpus_folder, root, target};
use crate::process::{cargo, run};
use crate::steps::{Score, Steps};
use crate::venv::Venv;

/// One corpus: a script, and what it works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corpus {
    /// Models inside the onnx package.
    Light,
    /// Exports of torchvision models, compared with published totals.
    Torchvision,
    /// Hostile and broken files.
    Bad,
    /// The architectures that weigh writes itself.
    Zoo,
}

impl Corpus {
    /// Every corpus, in the order they run.
    pub const ALL: &[Corpus] = &[Corpus::Light, Corpus::Torchvision, Corpus::Bad, Corpus::Zoo];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Corpus::Light => "light",
            Corpus::Torchvision => "torchvision",
            Corpus::Bad => "bad",
            Corpus::Zoo => "zoo",
        }
    }

    /// One line for the help text.
    pub fn about(self) -> &'static str {
        match self {
            Corpus::Light => "the models inside the onnx package, against ONNX Runtime",
            Corpus::Torchvision => "exports of torchvision models, against published totals",
            Corpus::Bad => "hostile and broken files",
            Corpus::Zoo => "the architectures weigh writes itself, against the ONNX checker and ONNX Runtime",
        }
    }

    /// The corpora with these names.
    ///
    /// # Errors
    /// A name that no corpus has.
    pub fn named(names: &[&str]) -> Result<Vec<Corpus>> {
        let find = |name: &&str| {
            Corpus::ALL.iter().copied().find(|c| c.name() == *name).with_context(|| {
                let all: Vec<_> = Corpus::ALL.iter().map(|c| c.name()).collect();
                format!("no corpus `{name}`; there are {}", all.join(", "))
            })
        };
        names.iter().map(find).collect()
    }

    fn script(self) -> &'static str {
        match self {
            Corpus::Light => "light.py",
            Corpus::Torchvision => "torchvision_check.py",
            Corpus::Bad => "bad_input.py",
            Corpus::Zoo => "zoo.py",
        }
    }

    /// Where the script finds or makes its files; `None` for one that brings its own.
    fn files(self) -> Option<PathBuf> {
        match self {
            Corpus::Light => None,
            Corpus::Torchvision => Some(corpus_folder().join("models/torchvision")),
            Corpus::Bad => Some(corpus_folder().join("bad")),
            Corpus::Zoo => Some(corpus_folder().join("zoo")),
        }
    }
}

/// Build the release binary, fetch what is needed, and run the corpora.
pub fn all(steps: &mut Steps, corpora: &[Corpus]) -> Result<()> {
    build(steps)?;
    fetch(steps, corpora)?;
    let venv = Venv::ready()?;
    for &corpus in corpora {
        steps.counting_step(&format!("corpus {}", corpus.name()), |score| {
            *score = check(&venv, corpus.script(), corpus.files().as_deref()).unwrap_or_else(|error| {
                println!("FAILED {error:#}");
                Score { passed: 0, failed: 1 }
            });
            Ok(())
        })?;
    }
    Ok(())
}

/// Make the Python environment and the models of these corpora.
pub fn fetch(steps: &mut Steps, corpora: &[Corpus]) -> Result<()> {
    steps.step("Python environment", || Venv::ready().map(drop))?;
    if corpora.contains(&Corpus::Torchvision) {
        steps.step("export of torchvision models", || export(&Venv::ready()?))?;
    }
    Ok(())
}

/// Time weigh beside onnx.shape_inference.
pub fn speed(steps: &mut Steps) -> Result<()> {
    build(steps)?;
    steps.step("timer", || {
        run(cargo(&["build", "--release", "--package", "weigh", "--example", "time_inspect"]))
    })?;
    fetch(steps, &[])?;
    steps.step("speed", || {
        let mut script = Venv::ready()?.python();
        script.arg("corpus/speed.py").arg(corpus_folder().join("speed")).env("WEIGH", binary());
        run(script)
    })
}

/// Measure how much memory ONNX Runtime takes beside the peak that weigh predicts; `arguments` go to the script.
pub fn peak(steps: &mut Steps, arguments: &[&str]) -> Result<()> {
    build(steps)?;
    fetch(steps, &[])?;
    steps.step("peak", || {
        let mut script = Venv::ready()?.python();
        script.arg("corpus/peak.py").arg(corpus_folder().join("peak")).args(arguments);
        script.env("WEIGH", binary());
        run(script)
    })
}

fn build(steps: &mut Steps) -> Result<()> {
    steps.step("release build", || run(cargo(&["build", "--release", "--package", "weigh"])))
}

fn binary() -> PathBuf {
    target().join("release").join(format!("weigh{}", std::env::consts::EXE_SUFFIX))
}

/// Export the torchvision models, unless the same script did so with the same packages.
fn export(venv: &Venv) -> Result<()> {
    let name = "corpus/torchvision_export.py";
    let script = std::fs::read_to_string(root().join(name)).with_context(|| format!("cannot read {name}"))?;
    let wanted = format!("{}\n{script}", venv.identity()?);
    let models = corpus_folder().join("models/torchvision");
    let stamp = models.join("made-by.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        println!("{} is up to date", models.display());
        return Ok(());
    }
    if models.exists() {
        std::fs::remove_dir_all(&models).with_context(|| format!("cannot remove {}", models.display()))?;
    }
    let mut python = venv.python();
    python.arg(name).arg(&models);
    run(python)?;
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Run a script, show its table while it grows, and return the score of its closing line.
fn check(venv: &Venv, script: &str, files: Option<&Path>) -> Result<Score> {
    let mut python = venv.python();
    python.arg(Path::new("corpus").join(script)).args(files).env("WEIGH", binary());
    let mut child =
        python.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {script}"))?;
    let mut last = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            last = line.with_context(|| format!("reading the output of {script}"))?;
            writeln!(std::io::stdout(), "{last}")?;
        }
    }
    let status = child.wait()?;
    let Some(score) = Score::parse(&last) else {
        bail!("{script}: {status}, without the closing line `N passed, N failed`");
    };
    ensure!(score.passed + score.failed > 0, "{script} checked nothing");
    ensure!(status.success() == (score.failed == 0), "{script}: {status}, but it counted {last}");
    Ok(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_find_their_corpus() {
        for &corpus in Corpus::ALL {
            assert_eq!(Corpus::named(&[corpus.name()]).unwrap(), [corpus]);
            assert!(root().join("corpus").join(corpus.script()).is_file(), "{}", corpus.script());
        }
        let error = Corpus::named(&["light", "moon"]).unwrap_err();
        assert_eq!(error.to_string(), "no corpus `moon`; there are light, torchvision, bad, zoo");
    }
}

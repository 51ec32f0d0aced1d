//! The HTML report in a browser: `corpus/browser/` drives Chromium by Playwright, where both can be had.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::corpus::{binary, scored};
use crate::made::make;
use crate::paths::{corpus_folder, root};
use crate::process::{command, run, succeeds};
use crate::steps::{Score, Steps};
use crate::venv::Venv;

/// The program and its packages, in the repository.
const PROGRAM: &str = "corpus/browser";
/// The pictures that the documentation shows.
const PICTURES: &str = "docs/images";
/// What Chromium is called.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// What runs the program and installs its packages.
const NODE: [&str; 2] = ["node", "npm"];
const NAME: &str = "browser";

/// Check the HTML report in a browser; the release binary and the Python environment are there. With `--update-docs`
/// also take the pictures of the documentation.
///
/// # Errors
/// An argument that is not known, or packages that could not be installed.
pub fn all(steps: &mut Steps, arguments: &[&str]) -> Result<()> {
    let pictures = match arguments {
        [] => None,
        ["--update-docs"] => Some(root().join(PICTURES)),
        _ => bail!("not an argument of `browser`: {:?}; there is --update-docs", arguments.join(" ")),
    };
    let Some(chromium) = chromium() else {
        steps.skip(NAME, "there is no Chromium (variable CHROMIUM, or `chromium` on PATH)");
        return Ok(());
    };
    if let Some(missing) = NODE.iter().find(|program| !starts(program)) {
        steps.skip(NAME, &format!("there is no {missing}"));
        return Ok(());
    }
    steps.step("packages of the browser tests", install)?;
    steps.counting_step(NAME, |score| {
        *score = Score::or_failed(check(&chromium, pictures));
        Ok(())
    })
}

fn check(chromium: &str, pictures: Option<PathBuf>) -> Result<Score> {
    let mut node = command("node");
    node.arg(format!("{PROGRAM}/main.mjs")).arg(corpus_folder().join(NAME));
    if let Some(pictures) = pictures {
        node.arg("--update-docs").arg(pictures);
    }
    node.env("WEIGH", binary()).env("CHROMIUM", chromium).env("BROWSER_PACKAGES", packages());
    let venv = Venv::ready()?;
    // It tells the time of each layer, which is what a roofline is drawn of.
    node.env("PYTHON", venv.python().get_program()).env("ORT_DYLIB_PATH", venv.onnxruntime()?);
    scored(node, "main.mjs")
}

/// The Chromium there is, as a path: by the variable, or on the path.
fn chromium() -> Option<String> {
    match std::env::var("CHROMIUM") {
        Ok(named) => Some(named).filter(|program| starts(program)),
        Err(_) => CHROMIUM.iter().find_map(|name| on_path(name)),
    }
}

fn on_path(name: &str) -> Option<String> {
    let places = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&places).map(|folder| folder.join(name)).find(|file| file.is_file())?;
    found.to_str().map(str::to_owned)
}

fn starts(program: &str) -> bool {
    let mut version = command(program);
    version.arg("--version");
    succeeds(version)
}

/// Where the packages of the program are installed.
fn packages() -> PathBuf {
    corpus_folder().join("browser-packages")
}

/// Install the packages of the lock file, unless the same ones are.
fn install() -> Result<()> {
    let text = |name: &str| {
        let path = root().join(PROGRAM).join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let [list, lock] = ["package.json", "package-lock.json"];
    let (listed, locked) = (text(list)?, text(lock)?);
    make(&packages(), &format!("{listed}{locked}"), |folder| {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        std::fs::write(folder.join(list), &listed)?;
        std::fs::write(folder.join(lock), &locked)?;
        let mut npm = command("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"])
            .current_dir(folder);
        run(npm)
    })
}

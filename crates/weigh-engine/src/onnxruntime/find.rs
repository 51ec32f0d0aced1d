//! Where ONNX Runtime's shared library may be: a variable that says so, Python packages, system folders.
//!
//! Nothing is run and nothing is loaded here. `python` on the PATH counts by where it is: its real path tells the
//! folder of its packages.

use std::collections::BTreeMap;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The variable that names the library or the folder it is in. Where it is set, nothing else is looked at.
pub(super) const VARIABLE: &str = "ORT_DYLIB_PATH";

/// Folders of system libraries, below the root of the file system. `*` stands for any one folder name.
const SYSTEM: [&str; 9] = [
    "usr/local/lib",
    "usr/local/lib64",
    "usr/lib/*-linux-gnu*",
    "usr/lib64",
    "usr/lib",
    "opt/onnxruntime/lib",
    "opt/onnxruntime*/lib",
    "opt/homebrew/lib",
    "opt/local/lib",
];

/// Where the packages of a Python installation are, below its prefix. Every build of ONNX Runtime (for CUDA, for
/// OpenVINO, ...) installs into a package of the same name.
const PACKAGES: [&str; 5] = [
    "lib/python3*/site-packages",
    "lib64/python3*/site-packages",
    "lib/python3*/dist-packages",
    "local/lib/python3*/dist-packages",
    "Lib/site-packages",
];

/// What the search looks at.
pub(super) struct Surroundings {
    /// Environment variables.
    pub(super) variables: BTreeMap<OsString, OsString>,
    /// The current folder.
    pub(super) current: PathBuf,
    /// The root of the file system.
    pub(super) root: PathBuf,
}

impl Surroundings {
    /// Those of this process.
    pub(super) fn of_this_process() -> Surroundings {
        Surroundings {
            variables: std::env::vars_os().collect(),
            current: PathBuf::from("."),
            root: PathBuf::from("/"),
        }
    }

    /// What a variable says; nothing where it is empty.
    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    fn folder(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).map(PathBuf::from)
    }

    fn folders(&self, name: &str) -> Vec<PathBuf> {
        self.variable(name).map(|list| std::env::split_paths(list).collect()).unwrap_or_default()
    }

    /// Every library found, the preferred first, each once, as absolute paths.
    pub(super) fn libraries(&self) -> Vec<PathBuf> {
        let found = match self.folder(VARIABLE) {
            Some(path) if path.is_dir() => library_in(&path).into_iter().collect(),
            Some(path) => vec![path],
            None => self.places().iter().filter_map(|folder| library_in(folder)).collect(),
        };
        let mut libraries: Vec<PathBuf> = Vec::new();
        for path in found.into_iter().filter_map(|path| path.canonicalize().ok()) {
            if !libraries.contains(&path) {
                libraries.push(path);
            }
        }
        libraries
    }

    /// Every folder that may hold the library, in order.
    fn places(&self) -> Vec<PathBuf> {
        let mut places = self.packages();
        places.extend(self.folder("CONDA_PREFIX").map(|prefix| prefix.join("lib")));
        places.extend(["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"].iter().flat_map(|name| self.folders(name)));
        places.extend(SYSTEM.iter().flat_map(|under| matching(&self.root, under)));
        places
    }

    /// Where the Python package keeps or would keep its library, in every Python installation.
    fn packages(&self) -> Vec<PathBuf> {
        let prefixes = self.prefixes();
        let folders = prefixes.iter().flat_map(|prefix| PACKAGES.iter().map(move |under| (prefix, *under)));
        let folders = folders.flat_map(|(prefix, under)| matching(prefix, under));
        folders.map(|folder| folder.join("onnxruntime/capi")).collect()
    }

    /// Python packages that are there but have no library.
    pub(super) fn packages_without_library(&self) -> Vec<PathBuf> {
        self.packages().into_iter().filter(|folder| folder.is_dir() && library_in(folder).is_none()).collect()
    }

    /// Prefixes of Python installations: the active environment, one in the current folder, those on the PATH,
    /// pyenv's, the user's own packages, the system's.
    fn prefixes(&self) -> Vec<PathBuf> {
        let mut prefixes: Vec<PathBuf> =
            ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().filter_map(|name| self.folder(name)).collect();
        prefixes.push(self.current.join(".venv"));
        prefixes.extend(self.folders("PATH").iter().flat_map(|folder| interpreters_in(folder)));
        if let Some(home) = self.folder("HOME").or_else(|| self.folder("USERPROFILE")) {
            prefixes.extend(matching(&home, ".pyenv/versions/*"));
            prefixes.push(home.join(".local"));
        }
        prefixes.extend(["usr/local", "usr"].iter().map(|under| self.root.join(under)));
        prefixes
    }
}

/// Prefixes of the Python interpreters in a folder of the PATH: of the one named there (a virtual environment), then
/// of the one it stands for.
fn interpreters_in(folder: &Path) -> Vec<PathBuf> {
    let interpreters = ["python3", "python", "python.exe"].iter().map(|name| folder.join(name));
    let mut prefixes = Vec::new();
    for interpreter in interpreters.filter(|path| path.is_file()) {
        let real = interpreter.canonicalize().ok();
        let folders = [interpreter.parent(), real.as_deref().and_then(Path::parent)];
        // On Windows the interpreter is in the prefix itself, or in its `Scripts`.
        prefixes.extend(
            folders
                .into_iter()
                .flatten()
                .flat_map(|bin| [bin.parent(), Some(bin)])
                .flatten()
                .map(PathBuf::from),
        );
    }
    prefixes
}

/// The folders that a pattern matches below a folder, the highest version first where a part has a `*`.
fn matching(below: &Path, pattern: &str) -> Vec<PathBuf> {
    pattern.split('/').fold(vec![below.to_owned()], |folders, part| match part.split_once('*') {
        None => {
            folders.into_iter().map(|folder| folder.join(part)).filter(|folder| folder.is_dir()).collect()
        }
        Some((before, after)) => {
            let fits = |name: &str| {
                let rest = name.strip_prefix(before);
                rest.is_some_and(|rest| after.split('*').all(|piece| rest.contains(piece)))
            };
            folders.iter().flat_map(|folder| newest_first(folder, fits)).map(|(_, path)| path).collect()
        }
    })
}

/// The library in a folder: by its plain name, or of the highest version.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let plain = folder.join(format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}"));
    if plain.is_file() {
        return Some(plain);
    }
    newest_first(folder, is_versioned_library).into_iter().next().map(|(_, path)| path)
}

/// Whether a file's name is the library's with a version: `libonnxruntime.so.1.22.0`, `libonnxruntime.1.22.0.dylib`.
fn is_versioned_library(name: &str) -> bool {
    let rest = name.strip_prefix(DLL_PREFIX).and_then(|name| name.strip_prefix("onnxruntime"));
    let version = rest.and_then(|rest| {
        let after = rest.strip_prefix(DLL_SUFFIX).and_then(|version| version.strip_prefix('.'));
        after.or_else(|| rest.strip_prefix('.')?.strip_suffix(DLL_SUFFIX))
    });
    version.is_some_and(|version| {
        !version.is_empty() && version.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
    })
}

/// What is in a folder under a name that fits, with the numbers in the name, the highest numbers first.
fn newest_first(folder: &Path, fits: impl Fn(&str) -> bool) -> Vec<(Vec<u64>, PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter_map(|entry| {
        let name = entry.file_name();
        let name = name.to_str().filter(|name| fits(name))?;
        Some((numbers(name), entry.path()))
    });
    let mut found: Vec<_> = named.collect();
    found.sort_by(|(a, at), (b, bt)| b.cmp(a).then_with(|| at.cmp(bt)));
    found
}

/// The whole numbers in a name: 3 and 11 in `python3.11`.
fn numbers(name: &str) -> Vec<u64> {
    name.split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder tree with these files, and surroundings whose file system it is.
    struct Tree {
        folder: tempfile::TempDir,
        surroundings: Surroundings,
    }

    impl Tree {
        fn new(files: &[&str]) -> Tree {
            let folder = tempfile::tempdir().unwrap();
            for file in files {
                let path = folder.path().join(file.replace("{lib}", &library("1.22.0")));
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, "").unwrap();
            }
            let root = folder.path().canonicalize().unwrap();
            let surroundings = Surroundings { variables: BTreeMap::new(), current: root.join("work"), root };
            Tree { folder, surroundings }
        }

        fn with(mut self, name: &str, path: &str) -> Tree {
            let path = self.surroundings.root.join(path);
            self.surroundings.variables.insert(name.into(), path.into());
            self
        }

        /// The folders of the libraries found, below the root.
        fn found(&self) -> Vec<String> {
            let folder = |path: &PathBuf| {
                let below = path.strip_prefix(&self.surroundings.root).unwrap();
                below.parent().unwrap().to_str().unwrap().replace('\\', "/")
            };
            assert!(self.folder.path().is_dir());
            self.surroundings.libraries().iter().map(folder).collect()
        }
    }

    /// The library's name with a version on this system.
    fn library(version: &str) -> String {
        match DLL_SUFFIX {
            ".dylib" => format!("{DLL_PREFIX}onnxruntime.{version}{DLL_SUFFIX}"),
            _ => format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}.{version}"),
        }
    }

    #[test]
    fn python_environments_come_in_order() {
        let tree = Tree::new(&[
            "usr/lib/python3/dist-packages/onnxruntime/capi/{lib}",
            "home/.local/lib/python3.9/site-packages/onnxruntime/capi/{lib}",
            "home/.local/lib/python3.12/site-packages/onnxruntime/capi/{lib}",
            "home/.pyenv/versions/3.13.1/lib/python3.13/site-packages/onnxruntime/capi/{lib}",
            "work/.venv/lib/python3.11/site-packages/onnxruntime/capi/{lib}",
            "active/lib/python3.10/site-packages/onnxruntime/capi/{lib}",
            "conda/lib/python3.10/site-packages/onnxruntime/capi/{lib}",
            "conda/lib/{lib}",
        ]);
        let tree = tree.with("HOME", "home").with("VIRTUAL_ENV", "active").with("CONDA_PREFIX", "conda");
        assert_eq!(
            tree.found(),
            [
                "active/lib/python3.10/site-packages/onnxruntime/capi",
                "conda/lib/python3.10/site-packages/onnxruntime/capi",
                "work/.venv/lib/python3.11/site-packages/onnxruntime/capi",
                "home/.pyenv/versions/3.13.1/lib/python3.13/site-packages/onnxruntime/capi",
                "home/.local/lib/python3.12/site-packages/onnxruntime/capi",
                "home/.local/lib/python3.9/site-packages/onnxruntime/capi",
                "usr/lib/python3/dist-packages/onnxruntime/capi",
                "conda/lib",
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn python_on_the_path_tells_its_packages() {
        let tree = Tree::new(&[
            "opt/python/bin/python3.12",
            "opt/python/lib/python3.12/site-packages/onnxruntime/capi/{lib}",
            "env/lib/python3.12/site-packages/onnxruntime/capi/{lib}",
        ]);
        let root = tree.surroundings.root.clone();
        std::fs::create_dir(root.join("env/bin")).unwrap();
        std::os::unix::fs::symlink(root.join("opt/python/bin/python3.12"), root.join("env/bin/python3"))
            .unwrap();
        let tree = tree.with("PATH", "env/bin");
        assert_eq!(
            tree.found(),
            [
                "env/lib/python3.12/site-packages/onnxruntime/capi",
                "opt/python/lib/python3.12/site-packages/onnxruntime/capi",
            ]
        );
    }

    #[test]
    fn system_libraries_come_last() {
        let tree = Tree::new(&[
            "usr/lib/x86_64-linux-gnu/{lib}",
            "usr/local/lib/{lib}",
            "opt/onnxruntime-linux-x64-1.22.0/lib/{lib}",
            "usr/lib/python3.13/site-packages/onnxruntime/capi/{lib}",
        ]);
        assert_eq!(
            tree.found(),
            [
                "usr/lib/python3.13/site-packages/onnxruntime/capi",
                "usr/local/lib",
                "usr/lib/x86_64-linux-gnu",
                "opt/onnxruntime-linux-x64-1.22.0/lib",
            ]
        );
    }

    #[test]
    fn the_variable_is_the_only_place_where_it_is_set() {
        let files = ["usr/lib/{lib}", "mine/{lib}", "empty/other.txt"];
        assert_eq!(Tree::new(&files).with(VARIABLE, "mine").found(), ["mine"]);
        let file = format!("mine/{}", library("1.22.0"));
        assert_eq!(Tree::new(&files).with(VARIABLE, &file).found(), ["mine"]);
        assert_eq!(Tree::new(&files).with(VARIABLE, "empty").found(), [""; 0]);
        assert_eq!(Tree::new(&files).with(VARIABLE, "nowhere").found(), [""; 0]);
        let mut unset = Tree::new(&files);
        unset.surroundings.variables.insert(VARIABLE.into(), OsString::new());
        assert_eq!(unset.found(), ["usr/lib"]);
    }

    #[test]
    fn packages_of_old_versions_have_no_library() {
        let files = ["usr/lib/python3/dist-packages/onnxruntime/capi/onnxruntime_pybind11_state.so"];
        let tree = Tree::new(&files);
        assert_eq!(tree.found(), [""; 0]);
        let folder = tree.surroundings.root.join("usr/lib/python3/dist-packages/onnxruntime/capi");
        assert_eq!(tree.surroundings.packages_without_library(), [folder]);
    }

    #[test]
    fn of_several_versions_the_highest_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let touch = |name: &str| std::fs::write(folder.path().join(name), "").unwrap();
        touch(&format!("{DLL_PREFIX}onnxruntime_providers_shared{DLL_SUFFIX}"));
        assert_eq!(library_in(folder.path()), None);
        touch(&library("1.9.0"));
        touch(&library("1.22.0"));
        assert_eq!(library_in(folder.path()), Some(folder.path().join(library("1.22.0"))));
        let plain = format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}");
        touch(&plain);
        assert_eq!(library_in(folder.path()), Some(folder.path().join(plain)));
    }

    #[test]
    fn names_of_other_libraries_are_not_the_librarys() {
        assert!(is_versioned_library(&library("1.32.0")));
        assert!(is_versioned_library(&library("1")));
        for other in ["_extensions", "_providers_cuda", ".so.debug", ".so.", ".so.1.22.0.bak"] {
            assert!(!is_versioned_library(&format!("{DLL_PREFIX}onnxruntime{other}")), "{other}");
        }
        assert!(!is_versioned_library("libother.so.1"));
    }
}

//! A model of fixed batch, written as a file of another batch.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use weigh_analysis::{Change, ChangeKind, rebatch};
use weigh_formats::onnx::{self, NewExtent, NewShape};

use crate::open::{external_files, map, open};

/// Writes the model in `file` with another batch to `to`, in a folder of its own, and says what was changed. Errors
/// are reasons fit to follow "not measured: ".
pub(super) fn write(file: &Path, batch: u64, to: &Path) -> Result<Vec<String>, String> {
    let told = |error: &dyn std::error::Error| error.to_string();
    let extent = i64::try_from(batch).map_err(|_| format!("a batch of {batch} is too large"))?;
    let mut model = open(&file.to_string_lossy()).map_err(|error| told(&error))?.model;
    let found = rebatch(&mut model, extent)
        .map_err(|refusal| format!("the batch is fixed and cannot be {batch}: {refusal}"))?;
    let extents: Vec<NewExtent<'_>> = found
        .inputs
        .iter()
        .map(|input| NewExtent { input: &input.name, axis: input.axis, extent: input.extent })
        .collect();
    let shapes: Vec<NewShape<'_>> = found
        .changes
        .iter()
        .map(|change| NewShape {
            node: &change.output,
            input: change.input,
            extents: &change.to,
            expand: change.kind == ChangeKind::Repeated,
        })
        .collect();
    let copy = || -> io::Result<()> {
        let folder = to.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        for name in external_files(&model) {
            let beside = folder.join(name);
            fs::create_dir_all(beside.parent().unwrap_or(folder))?;
            let original = file.parent().unwrap_or(Path::new(".")).join(name).canonicalize();
            // A file that is not there is missed by the engine, in its own words.
            if let (Ok(original), false) = (original, beside.exists()) {
                link(&original, &beside)?;
            }
        }
        let source = map(&File::open(file)?)?;
        let mut out = BufWriter::new(File::create(to)?);
        onnx::rebatch(&source, &extents, &shapes, &mut out).map_err(io::Error::other)?;
        out.flush()
    };
    copy().map_err(|error| format!("cannot write the model with a batch of {batch}: {error}"))?;
    // The same words for every batch, so that a table can say them once.
    let mut notes = vec![format!("the batch of {} in the file was set to the one asked for", found.from)];
    notes.extend(found.changes.iter().map(words));
    Ok(notes)
}

fn words(change: &Change) -> String {
    let Change { node, input, from, kind, .. } = change;
    match kind {
        ChangeKind::Target => format!("input {input} of '{node}': the batch in {from:?} was replaced"),
        ChangeKind::Repeated => {
            format!("input {input} of '{node}', of shape {from:?}, was repeated for the batch")
        }
    }
}

#[cfg(unix)]
fn link(original: &Path, beside: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(original, beside)
}

#[cfg(not(unix))]
fn link(original: &Path, beside: &Path) -> io::Result<()> {
    fs::hard_link(original, beside).or_else(|_| fs::copy(original, beside).map(drop))
}

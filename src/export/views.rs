//! Saved views on disk.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::arrange::view_file::{SUFFIX, ViewFile};

/// A view is small: a bigger file is a trace.
const MOST_BYTES: u64 = 4 << 20;

/// True when `path` is a saved view: by its name, or by how it begins.
#[must_use]
pub fn is_view(path: &Path) -> bool {
    if path.to_string_lossy().ends_with(SUFFIX) {
        return true;
    }
    let Ok(file) = std::fs::File::open(path) else { return false };
    let is_small = file.metadata().is_ok_and(|about| about.is_file() && about.len() <= MOST_BYTES);
    let mut begin = Vec::new();
    is_small
        && file.take(256).read_to_end(&mut begin).is_ok()
        && String::from_utf8_lossy(&begin).contains("\"skewline.view/")
}

/// Reads a view. Also returns what in it is not understood.
///
/// # Errors
/// In words, when it cannot be read or is no view.
pub fn read(path: &Path) -> Result<(ViewFile, Vec<String>), String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text).map_err(|error| failed(&error))?;
    ViewFile::parse(&text).map_err(|error| failed(&error))
}

/// Where the view of `trace` goes: beside it.
#[must_use]
pub fn beside(trace: &Path) -> PathBuf {
    let name = trace.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("trace");
    trace.with_file_name(format!("{stem}{SUFFIX}"))
}

/// Writes the text of a view; a half-written file never takes the place of a good one, and nothing but a view is replaced.
///
/// # Errors
/// In words, when it cannot be written.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    if path.exists() && read(path).is_err() {
        return Err(format!("{} is there already and is no saved view", path.display()));
    }
    let draft = path.with_extension("json.new");
    let written = std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, path));
    written.map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

//! Files that appear whole or not at all.

use crate::error::ResultsError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::{Path, PathBuf};

const TEMPORARY_PREFIX: &str = ".rackwright-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// Turns what the system said into a sentence that names the file.
pub(crate) fn failed<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl FnOnce(std::io::Error) -> ResultsError + 'a {
    move |source| ResultsError::Io { action, path: path.to_owned(), source }
}

/// Writes beside the place, then renames: nobody ever sees half a file.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ResultsError> {
    let name = path.file_name().expect("every file of the layout has a name").to_string_lossy();
    let temporary = path.with_file_name(format!("{TEMPORARY_PREFIX}{name}{TEMPORARY_SUFFIX}"));
    fs::write(&temporary, bytes).map_err(failed("write", &temporary))?;
    fs::rename(&temporary, path).map_err(failed("write", path))
}

/// Pretty JSON with a newline at the end; floats come back as the same bits.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), ResultsError> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| ResultsError::Corrupt { path: path.to_owned(), problem: error.to_string() })?;
    bytes.push(b'\n');
    write_whole(path, &bytes)
}

/// A JSON file as a typed value.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, ResultsError> {
    let bytes = fs::read(path).map_err(failed("read", path))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ResultsError::Corrupt { path: path.to_owned(), problem: error.to_string() })
}

/// What lies in a folder, temporaries of a killed process left out, in order of name.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, ResultsError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed("read", folder))? {
        let path = entry.map_err(failed("read", folder))?.path();
        if !is_temporary(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Removes what a killed process left half written.
pub(crate) fn remove_temporaries(folder: &Path) -> Result<(), ResultsError> {
    for entry in fs::read_dir(folder).map_err(failed("read", folder))? {
        let path = entry.map_err(failed("read", folder))?.path();
        if is_temporary(&path) {
            fs::remove_file(&path).map_err(failed("remove", &path))?;
        }
    }
    Ok(())
}

/// Removes a file or a whole folder, if it is there.
pub(crate) fn remove_if_there(path: &Path) -> Result<(), ResultsError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.starts_with(TEMPORARY_PREFIX) && name.ends_with(TEMPORARY_SUFFIX)
}

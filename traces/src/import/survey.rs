//! A look at everything below a folder: what each file is, and what importing it comes to.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::text::{files_below, relative};
use super::{ImportError, ImportSummary, import, other_file, recognisers};

/// One file and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Surveyed {
    /// Relative to the folder.
    pub file: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is a workload.
    Imported(ImportSummary),
    /// It is read as a part of this source: the folder of this path.
    PartOf(String),
    /// It is no workload, or none that can be imported: why.
    Refused(String),
}

/// Looks at every file below a folder, in order of their paths. A folder is one source when an importer takes it for one
/// and at most one of its subfolders by itself. `begin` is told of each source before it is read.
///
/// # Errors
/// When a folder cannot be listed.
pub fn survey(folder: &Path, begin: &mut dyn FnMut(&str)) -> Result<Vec<Surveyed>, ImportError> {
    let mut found = Vec::new();
    descend(folder, folder, begin, &mut found)?;
    found.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(found)
}

fn descend(
    folder: &Path,
    root: &Path,
    begin: &mut dyn FnMut(&str),
    found: &mut Vec<Surveyed>,
) -> Result<(), ImportError> {
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    for file in files_below(folder)? {
        let below = file.strip_prefix(folder).unwrap_or(&file);
        match below.components().next().filter(|_| below.components().count() > 1) {
            Some(first) => folders.push(folder.join(first)),
            None => files.push(file),
        }
    }
    folders.dedup();
    if folder != root && is_one_source(folder, &folders) {
        return one_source(folder, root, begin, found);
    }
    for file in files {
        let name = relative(&file, root);
        begin(&name);
        found.push(Surveyed { outcome: outcome(&file), file: name });
    }
    folders.iter().try_for_each(|folder| descend(folder, root, begin, found))
}

fn is_one_source(folder: &Path, subfolders: &[PathBuf]) -> bool {
    !recognisers(folder).is_empty()
        && subfolders.iter().filter(|subfolder| !recognisers(subfolder).is_empty()).count() <= 1
}

/// The folder as a whole has the outcome; its files are parts of it, but for those that are something else.
fn one_source(
    folder: &Path,
    root: &Path,
    begin: &mut dyn FnMut(&str),
    found: &mut Vec<Surveyed>,
) -> Result<(), ImportError> {
    let name = relative(folder, root);
    begin(&name);
    found.push(Surveyed { file: format!("{name}/"), outcome: outcome(folder) });
    for file in files_below(folder)? {
        let outcome = match other_file(&file) {
            Some(other) => Outcome::Refused(format!("{}: {}", other.what, other.why)),
            None => Outcome::PartOf(format!("{name}/")),
        };
        found.push(Surveyed { file: relative(&file, root), outcome });
    }
    Ok(())
}

fn outcome(path: &Path) -> Outcome {
    match recognisers(path).first() {
        Some(name) => match import(name, path, toml::Table::new()) {
            Ok((_, summary)) => Outcome::Imported(summary),
            // The place is the file's own row.
            Err(error) => Outcome::Refused(
                format!("{name}: {error}").replace(&path.display().to_string(), "").replace(": , ", ": "),
            ),
        },
        None => match other_file(path) {
            Some(other) => Outcome::Refused(format!("{}: {}", other.what, other.why)),
            None => Outcome::Refused("not recognised: no importer takes it for its own".to_owned()),
        },
    }
}

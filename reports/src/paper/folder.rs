//! The folder on disk: what an earlier report left there and this one has not, goes.

use super::PaperFile;
use crate::error::ReportError;
use crate::figures::Data;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// Says which files a report has written, for people and for the next report.
const LIST: &str = "files.csv";

/// Writes the files and their list, and says where they are.
pub(super) fn write(folder: &Path, files: &[PaperFile]) -> Result<Vec<PathBuf>, ReportError> {
    let before = files_before(folder)?;
    for path in before.iter().filter(|path| !files.iter().any(|file| file.path == **path)) {
        let path = folder.join(path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&path)(error)),
            _ => {}
        }
    }
    let mut list = Data::under(["file", "what"]);
    list.rows = files.iter().map(|file| vec![file.path.clone(), file.what.clone()]).collect();
    let list = PaperFile { path: LIST.to_owned(), what: String::new(), bytes: list.csv()? };
    // The list comes first: what is cut off in the middle is still known to be ours.
    let mut written = Vec::with_capacity(files.len() + 1);
    for file in std::iter::once(&list).chain(files) {
        let path = folder.join(&file.path);
        let parent = path.parent().expect("a file lies in a folder");
        fs::create_dir_all(parent).map_err(failed(parent))?;
        fs::write(&path, &file.bytes).map_err(failed(&path))?;
        written.push(path);
    }
    Ok(written)
}

/// The files of an earlier report, by its list; none in a folder that is new or empty.
fn files_before(folder: &Path) -> Result<Vec<String>, ReportError> {
    let list = folder.join(LIST);
    let foreign = |problem: String| ReportError::ForeignFolder { path: folder.to_owned(), problem };
    if !list.exists() {
        let is_empty = match fs::read_dir(folder) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == ErrorKind::NotFound => true,
            Err(error) => return Err(failed(folder)(error)),
        };
        return match is_empty {
            true => Ok(Vec::new()),
            false => Err(foreign(format!("it has no {LIST}"))),
        };
    }
    let mut reader = csv::Reader::from_path(&list).map_err(|error| foreign(error.to_string()))?;
    let mut paths = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| foreign(error.to_string()))?;
        let path = row.get(0).unwrap_or_default();
        // Only what lies below the folder may be removed.
        if path.is_empty() || !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(foreign(format!("its {LIST} names `{path}`, which is no file below it")));
        }
        paths.push(path.to_owned());
    }
    Ok(paths)
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> ReportError {
    let path = path.to_owned();
    move |source| ReportError::Write { path, source }
}

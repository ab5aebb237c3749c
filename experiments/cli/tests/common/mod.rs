//! What tests of the binary share.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The binary, with no data folder named.
pub(crate) fn rackwright() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rackwright"));
    command.env_remove("RACKWRIGHT_DATA");
    command
}

/// Runs the binary in a folder.
pub(crate) fn run_in(folder: &Path, args: &[&str]) -> Output {
    rackwright().current_dir(folder).args(args).output().expect("the binary starts")
}

/// What the binary printed, after it succeeded.
pub(crate) fn printed(folder: &Path, args: &[&str]) -> String {
    let output = run_in(folder, args);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{args:?}: {err}");
    out.into_owned()
}

/// The one line with which the binary refused.
pub(crate) fn refusal(folder: &Path, args: &[&str]) -> String {
    let output = run_in(folder, args);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {err}");
    assert!(err.starts_with("error: ") && err.ends_with('\n') && err.lines().count() == 1, "{args:?}: {err}");
    assert!(output.stdout.is_empty(), "{args:?} prints nothing");
    err
}

/// Every file below a folder with its bytes, but for what the wall clock says.
pub(crate) fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "timings.jsonl") {
                let inner = path.strip_prefix(folder).expect("below the folder").to_owned();
                files.insert(inner, std::fs::read(&path).expect("readable"));
            }
        }
    }
    files
}

/// The folder of configs.
pub(crate) fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs")
}

/// The data folder, where one is named.
pub(crate) fn data() -> Option<PathBuf> {
    let data = std::env::var_os("RACKWRIGHT_DATA").map(PathBuf::from);
    if data.is_none() {
        println!("skipped: RACKWRIGHT_DATA is not set");
    }
    data
}

//! An independent program counts published files and agrees: `independent_count.py`, which shares nothing with the
//! importers. Skipped without Python or without the files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use traces::import;

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn skipped(why: &str) {
    println!("skipped: {why}");
}

#[test]
fn tasks_spans_and_requested_hours_agree_with_an_independent_count() {
    let Some(data) = std::env::var_os("RACKWRIGHT_DATA") else {
        return skipped("RACKWRIGHT_DATA is not set");
    };
    let folder = PathBuf::from(data).join("traces");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent_count.py");
    let Ok(output) = Command::new("python3").arg(&script).arg(&folder).output() else {
        return skipped("there is no python3");
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let counts: BTreeMap<String, [f64; 4]> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(counts.len() >= 10, "{} files", counts.len());
    let is_close = |one: f64, other: f64| (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1.0);
    for (file, [tasks, span, core_hours, device_hours]) in counts {
        let path = folder.join(&file);
        let name = import::recognise(&path).unwrap_or_else(|| panic!("{file} is not recognised"));
        let (_, summary) =
            import::import(name, &path, toml::Table::new()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(summary.tasks as f64, tasks, "{file}: tasks");
        // Times are rounded to microseconds, and each task's own.
        assert!(
            (summary.span_seconds - span).abs() < 2e-6,
            "{file}: span {} and {span}",
            summary.span_seconds
        );
        assert!(
            is_close(summary.core_hours, core_hours),
            "{file}: core-hours {} and {core_hours}",
            summary.core_hours
        );
        let (ours, theirs) = (summary.device_hours, device_hours);
        assert!(is_close(ours, theirs), "{file}: device-hours {ours} and {theirs}");
    }
}

//! Where everything stands in a folder of results: each file name is said here once.

use std::path::{Path, PathBuf};

/// What `reports` writes into the folder. Named here so that an experiment that replaces another also removes
/// the page that described the old one.
pub const REPORT_FILE: &str = "report.html";

/// Where `reports` puts what a paper needs, unless it is told otherwise. An experiment that replaces another leaves it
/// alone: people work there, and its README names the configuration that it belongs to.
pub const PAPER_FOLDER: &str = "paper";

pub(crate) const MANIFEST: &str = "experiment.json";
pub(crate) const SUMMARY: &str = "summary.json";
pub(crate) const METRICS: &str = "metrics.parquet";
pub(crate) const SERIES: &str = "series.parquet";
pub(crate) const TIMINGS: &str = "timings.jsonl";
pub(crate) const RUNS_FOLDER: &str = "runs";
pub(crate) const SERIES_FOLDER: &str = "series";

/// The record of one run.
pub(crate) fn record(folder: &Path, id: &str) -> PathBuf {
    folder.join(RUNS_FOLDER).join(format!("{id}.json"))
}

/// The series of one run, while the experiment goes on.
pub(crate) fn series(folder: &Path, id: &str) -> PathBuf {
    folder.join(SERIES_FOLDER).join(format!("{id}.parquet"))
}

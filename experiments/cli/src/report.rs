//! `rackwright report`, and what `run` shows at its end.

use std::path::{Path, PathBuf};

use reports::ReportError;
use results::Results;

use crate::failure::{Failure, bad_input, failed};
use crate::terminal::print;

pub(crate) fn report(folder: &Path) -> Result<(), Failure> {
    let results = Results::load(folder)?;
    let page = write(&results, folder)?;
    print(&format!("{}\nreport: {}", leaderboard(&results, &[])?, page.display()))
}

/// The leaderboard as text; of these metrics, or of those that reports choose.
pub(crate) fn leaderboard(results: &Results, metrics: &[String]) -> Result<String, Failure> {
    reports::leaderboard(results, metrics).map_err(failure)
}

/// Writes the page and says where it is.
pub(crate) fn write(results: &Results, folder: &Path) -> Result<PathBuf, Failure> {
    reports::write(folder, results).map_err(failure)
}

fn failure(error: ReportError) -> Failure {
    match error {
        ReportError::Results(error) => error.into(),
        ReportError::Disagreement { .. } | ReportError::UnknownMetric { .. } => bad_input(error),
        error => failed(error),
    }
}

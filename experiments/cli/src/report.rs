//! `rackwright report`, and what `run` shows at its end.

use std::path::{Path, PathBuf};

use reports::{Comparison, Paper, ReportError, Selection};
use results::{PAPER_FOLDER, Results};
use serde_json::json;

use crate::args::ReportArgs;
use crate::failure::{Failure, bad_input, failed};
use crate::terminal::print;

/// Writes the page and the folder for a paper.
pub(crate) fn report(args: &ReportArgs) -> Result<(), Failure> {
    let results = Results::load(&args.dir)?;
    let selection = Selection {
        metrics: args.metrics.clone(),
        baseline: args.baseline.clone(),
        scenario: args.scenario.clone(),
    };
    let comparison = Comparison::of_selected(&results, &selection).map_err(failure)?;
    let timings = results::read_timings(&args.dir)?;
    let folder = args.out.clone().unwrap_or_else(|| args.dir.join(PAPER_FOLDER));
    let paper = Paper::of(&results, &timings, &selection).map_err(failure)?;
    let files = paper.write(&folder).map_err(failure)?;
    // Last, since it says that the folder is there.
    let page = write(&results, &args.dir)?;
    if args.json {
        let written: Vec<_> =
            std::iter::once(&page).chain(&files).map(|path| path.display().to_string()).collect();
        let written = serde_json::to_string_pretty(&json!({ "files": written }));
        return print(&written.expect("text is JSON"));
    }
    print(&format!(
        "{}\nreport: {}\npaper:  {} ({} files; its README.md says what they are)",
        reports::leaderboard_of(&comparison),
        page.display(),
        folder.display(),
        files.len()
    ))
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
        ReportError::Disagreement { .. }
        | ReportError::UnknownMetric { .. }
        | ReportError::UnknownScenario { .. }
        | ReportError::UnknownBaseline { .. }
        | ReportError::ForeignFolder { .. } => bad_input(error),
        error => failed(error),
    }
}

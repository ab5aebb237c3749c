//! `rackwright report`, and what `run` shows at its end.

use std::path::{Path, PathBuf};

use anyhow::Context;
use reports::{Comparison, Finding, Paper, ReportError, Selection};
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
        let mut written = json!({ "files": written });
        if let Some(claim) = claim(&results)? {
            written["claim"] = json!(claim);
        }
        return print(&serde_json::to_string_pretty(&written).expect("text is JSON"));
    }
    let claim = claim(&results)?.map_or(String::new(), |claim| format!("\n{}", claim.text()));
    print(&format!(
        "{}{claim}\nreport: {}\npaper:  {} ({} files; its README.md says what they are)",
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

/// What was found of the experiment's claim, where it makes one.
pub(crate) fn claim(results: &Results) -> Result<Option<Finding>, Failure> {
    reports::finding(results).map_err(failure)
}

/// The summary of an experiment, with what was found of its claim where it makes one.
pub(crate) fn with_claim(summary: String, results: &Results) -> Result<String, Failure> {
    let Some(claim) = claim(results)? else { return Ok(summary) };
    let mut summary: serde_json::Value =
        serde_json::from_str(&summary).context("summary.json is no JSON").map_err(failed)?;
    summary["claim"] = json!(claim);
    Ok(serde_json::to_string_pretty(&summary).expect("text is JSON"))
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

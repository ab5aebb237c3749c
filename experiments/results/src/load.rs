//! Results as they are read back, finished or not.

use crate::error::ResultsError;
use crate::files;
use crate::layout;
use crate::manifest::ExperimentManifest;
use crate::record::{RunRecord, SeriesPoint, Timing, check_series};
use crate::tables;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A run that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedRun {
    /// What was measured.
    pub record: RunRecord,
    /// The cluster over time; empty where nothing was sampled.
    pub series: Vec<SeriesPoint>,
}

/// An experiment with the runs that have ended so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// What was planned.
    pub manifest: ExperimentManifest,
    /// The runs that have ended, in plan order.
    pub runs: Vec<FinishedRun>,
}

impl Results {
    /// Reads a folder of results, also one whose experiment was interrupted: see [`Results::is_complete`].
    ///
    /// # Errors
    /// Refuses a folder without experiment, a schema of a later version, and any file that is not what it should
    /// be, each with the file's name.
    pub fn load(folder: &Path) -> Result<Results, ResultsError> {
        let manifest = ExperimentManifest::read(folder)?;
        let records = read_records(folder, &manifest)?;
        let mut series = read_all_series(folder, &records)?;
        let mut runs: Vec<FinishedRun> = records
            .into_iter()
            .map(|record| FinishedRun { series: series.remove(&record.id).unwrap_or_default(), record })
            .collect();
        if let Some(savings) = manifest.savings.as_ref().filter(|_| runs.len() == manifest.runs.len()) {
            savings.add(&mut runs);
        }
        Ok(Results { manifest, runs })
    }

    /// How many runs have ended.
    pub fn finished_count(&self) -> usize {
        self.runs.len()
    }

    /// How many runs were planned.
    pub fn planned_count(&self) -> usize {
        self.manifest.runs.len()
    }

    /// Whether every planned run has ended.
    pub fn is_complete(&self) -> bool {
        self.finished_count() == self.planned_count()
    }
}

/// Whether the experiment was brought to its end: `summary.json` is the last file to be written.
pub(crate) fn is_finished(folder: &Path) -> bool {
    folder.join(layout::SUMMARY).exists()
}

/// The records that are there, in plan order, each compared with the plan.
pub(crate) fn read_records(
    folder: &Path,
    manifest: &ExperimentManifest,
) -> Result<Vec<RunRecord>, ResultsError> {
    let runs = folder.join(layout::RUNS_FOLDER);
    if !runs.is_dir() {
        return Ok(Vec::new());
    }
    refuse_unplanned(&runs, manifest)?;
    let finished = is_finished(folder);
    let mut records = Vec::with_capacity(manifest.runs.len());
    for planned in &manifest.runs {
        let path = layout::record(folder, &planned.id);
        let corrupt = |problem: String| ResultsError::Corrupt { path: path.clone(), problem };
        if path.exists() {
            let record: RunRecord = files::read_json(&path)?;
            record.check(&manifest.experiment, planned).map_err(corrupt)?;
            records.push(record);
        } else if finished {
            return Err(corrupt(format!(
                "it is missing, though {} says that the experiment was finished; replace it with --force",
                layout::SUMMARY
            )));
        }
    }
    Ok(records)
}

fn refuse_unplanned(runs: &Path, manifest: &ExperimentManifest) -> Result<(), ResultsError> {
    let planned: BTreeSet<&str> = manifest.run_ids();
    for path in files::entries(runs)? {
        let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == "json") && !planned.contains(id.as_str()) {
            let problem = format!("the plan in {} has no run of this id", layout::MANIFEST);
            return Err(ResultsError::Corrupt { path, problem });
        }
    }
    Ok(())
}

fn read_all_series(
    folder: &Path,
    records: &[RunRecord],
) -> Result<BTreeMap<String, Vec<SeriesPoint>>, ResultsError> {
    let known: BTreeSet<&str> = records.iter().map(|record| record.id.as_str()).collect();
    if is_finished(folder) {
        return read_checked(&folder.join(layout::SERIES), &known);
    }
    let mut all = BTreeMap::new();
    for record in records {
        let one = BTreeSet::from([record.id.as_str()]);
        all.extend(read_checked(&layout::series(folder, &record.id), &one)?);
    }
    Ok(all)
}

fn read_checked(
    path: &Path,
    known: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Vec<SeriesPoint>>, ResultsError> {
    let corrupt = |problem: String| ResultsError::Corrupt { path: path.to_owned(), problem };
    let series = tables::read_series(path)?;
    for (id, points) in &series {
        if !known.contains(id.as_str()) {
            return Err(corrupt(format!("it holds points of the run `{id}`, which has no record")));
        }
        check_series(points).map_err(|problem| corrupt(format!("run `{id}`: {problem}")))?;
    }
    Ok(series)
}

/// One line of `timings.jsonl`.
#[derive(Serialize, Deserialize)]
pub(crate) struct TimingLine {
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) timing: Timing,
}

/// What the wall clock said about each run, by run id. Of a run that was timed twice (its record was lost and it
/// ran again) the later line counts.
///
/// # Errors
/// Refuses a line that is no timing, with its number.
pub fn read_timings(folder: &Path) -> Result<BTreeMap<String, Timing>, ResultsError> {
    let path = folder.join(layout::TIMINGS);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(files::failed("read", &path)(error)),
    };
    let mut timings = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line: TimingLine = serde_json::from_str(line).map_err(|error| ResultsError::Corrupt {
            path: path.clone(),
            problem: format!("line {}: {error}", index + 1),
        })?;
        timings.insert(line.id, line.timing);
    }
    Ok(timings)
}

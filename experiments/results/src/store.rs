//! The writing side: one store per experiment, shared by all threads that run it.

use crate::error::ResultsError;
use crate::files;
use crate::layout;
use crate::load::{self, Results, TimingLine};
use crate::manifest::{ExperimentManifest, PlannedRun};
use crate::record::{RunRecord, SeriesPoint, Timing, check_series};
use crate::summary::Summary;
use crate::tables;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A folder into which an experiment is written, run by run.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    experiment: String,
    planned: BTreeMap<String, PlannedRun>,
    ledger: Mutex<Ledger>,
    timings: Mutex<File>,
}

/// Which runs are there. A run is claimed before its files are written, so that two threads never write the same.
#[derive(Debug, Default)]
struct Ledger {
    claimed: BTreeSet<String>,
    finished: BTreeSet<String>,
}

impl Store {
    /// Opens the folder of an experiment, and makes it if it is not there. An experiment that was interrupted is
    /// taken up again: see [`Store::finished`]. The manifest that is already on disk stays as it is.
    ///
    /// # Errors
    /// Refuses a folder that holds something else, another experiment, or this one with other runs; and files of
    /// this experiment that are not what they should be.
    pub fn create_or_open(folder: &Path, manifest: &ExperimentManifest) -> Result<Store, ResultsError> {
        manifest.check()?;
        fs::create_dir_all(folder).map_err(files::failed("create", folder))?;
        if folder.join(layout::MANIFEST).exists() {
            refuse_other(folder, manifest)?;
        } else if !files::entries(folder)?.is_empty() {
            return Err(ResultsError::ForeignFolder { path: folder.to_owned() });
        } else {
            manifest.write(folder)?;
        }
        Store::open(folder)
    }

    /// The ids of the runs of this plan that are there already; nothing is made or changed. A folder that is not
    /// there holds none.
    ///
    /// # Errors
    /// Refuses a folder that [`Store::create_or_open`] would refuse.
    pub fn look(folder: &Path, manifest: &ExperimentManifest) -> Result<BTreeSet<String>, ResultsError> {
        manifest.check()?;
        if !folder.exists() {
            return Ok(BTreeSet::new());
        }
        if !folder.join(layout::MANIFEST).exists() {
            return match files::entries(folder)?.is_empty() {
                true => Ok(BTreeSet::new()),
                false => Err(ResultsError::ForeignFolder { path: folder.to_owned() }),
            };
        }
        refuse_other(folder, manifest)?;
        Ok(load::read_records(folder, manifest)?.into_iter().map(|record| record.id).collect())
    }

    /// Replaces the experiment in the folder, whatever it was: its files are removed and a fresh one is begun.
    /// Files that are not part of an experiment stay. A folder that is not there is made.
    ///
    /// # Errors
    /// Refuses a folder that is not empty and holds no experiment: nothing there is touched.
    pub fn replace(folder: &Path, manifest: &ExperimentManifest) -> Result<Store, ResultsError> {
        manifest.check()?;
        if folder.join(layout::MANIFEST).exists() {
            // The manifest goes last: until then the folder is known as one of ours.
            let names = [
                layout::SUMMARY,
                layout::METRICS,
                layout::SERIES,
                layout::TIMINGS,
                layout::REPORT_FILE,
                layout::RUNS_FOLDER,
                layout::SERIES_FOLDER,
            ];
            for name in names {
                files::remove_if_there(&folder.join(name))?;
            }
            manifest.write(folder)?;
            return Store::open(folder);
        }
        Store::create_or_open(folder, manifest)
    }

    fn open(folder: &Path) -> Result<Store, ResultsError> {
        let manifest = ExperimentManifest::read(folder)?;
        let mut folders = vec![folder.to_owned(), folder.join(layout::RUNS_FOLDER)];
        if !load::is_finished(folder) {
            folders.push(folder.join(layout::SERIES_FOLDER));
        }
        for path in folders {
            fs::create_dir_all(&path).map_err(files::failed("create", &path))?;
            files::remove_temporaries(&path)?;
        }
        let records = load::read_records(folder, &manifest)?;
        let finished: BTreeSet<String> = records.into_iter().map(|record| record.id).collect();
        let planned = manifest.runs.into_iter().map(|run| (run.id.clone(), run)).collect();
        Ok(Store {
            folder: folder.to_owned(),
            experiment: manifest.experiment,
            planned,
            ledger: Mutex::new(Ledger { claimed: finished.clone(), finished }),
            timings: Mutex::new(open_timings(folder)?),
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The ids of the runs whose records are there: they need not run again.
    pub fn finished(&self) -> BTreeSet<String> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).finished.clone()
    }

    /// Puts a finished run on disk. May be called from many threads, in any order.
    ///
    /// # Errors
    /// Refuses a run that was not planned or that is there already, numbers that are not finite, and a series
    /// whose time goes backwards.
    pub fn record(
        &self,
        record: &RunRecord,
        series: &[SeriesPoint],
        timing: &Timing,
    ) -> Result<(), ResultsError> {
        let refuse = |problem: String| ResultsError::Record { id: record.id.clone(), problem };
        let planned = self
            .planned
            .get(&record.id)
            .ok_or_else(|| refuse("the plan has no run of this id".to_owned()))?;
        record.check(&self.experiment, planned).map_err(refuse)?;
        check_series(series).map_err(refuse)?;
        timing.check().map_err(refuse)?;
        if !self.ledger.lock().unwrap_or_else(PoisonError::into_inner).claimed.insert(record.id.clone()) {
            return Err(refuse("it is there already, and a finished run is never overwritten".to_owned()));
        }
        let written = self.write(record, series);
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        match written {
            Ok(()) => ledger.finished.insert(record.id.clone()),
            Err(_) => ledger.claimed.remove(&record.id),
        };
        drop(ledger);
        written?;
        self.append_timing(&record.id, timing)
    }

    /// The series first: a record says that its run is whole.
    fn write(&self, record: &RunRecord, series: &[SeriesPoint]) -> Result<(), ResultsError> {
        tables::write_part(&layout::series(&self.folder, &record.id), record, series)?;
        files::write_json(&layout::record(&self.folder, &record.id), record)
    }

    fn append_timing(&self, id: &str, timing: &Timing) -> Result<(), ResultsError> {
        let path = self.folder.join(layout::TIMINGS);
        let mut line = serde_json::to_vec(&TimingLine { id: id.to_owned(), timing: *timing })
            .map_err(|error| ResultsError::Corrupt { path: path.clone(), problem: error.to_string() })?;
        line.push(b'\n');
        let mut file = self.timings.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line).map_err(files::failed("write", &path))
    }

    /// Brings the experiment to its end: writes the tables and the summary, and reads everything back. Of an
    /// experiment that was finished before, nothing is written again.
    ///
    /// # Errors
    /// Refuses while planned runs are missing, and says how many are there.
    pub fn finish(&self) -> Result<Results, ResultsError> {
        let results = Results::load(&self.folder)?;
        if !results.is_complete() {
            return Err(ResultsError::Incomplete {
                path: self.folder.clone(),
                finished: results.finished_count(),
                planned: results.planned_count(),
            });
        }
        if !load::is_finished(&self.folder) {
            tables::write_metrics(&self.folder.join(layout::METRICS), &results)?;
            tables::write_series(&self.folder.join(layout::SERIES), &results)?;
            files::write_json(&self.folder.join(layout::SUMMARY), &Summary::of(&results))?;
        }
        // Only now: until the summary is there, the series of the single runs are the only ones that count.
        files::remove_if_there(&self.folder.join(layout::SERIES_FOLDER))?;
        Ok(results)
    }
}

fn refuse_other(folder: &Path, manifest: &ExperimentManifest) -> Result<(), ResultsError> {
    let found = ExperimentManifest::read(folder)?;
    if found.experiment != manifest.experiment {
        return Err(ResultsError::OtherExperiment {
            path: folder.to_owned(),
            found: found.experiment,
            wanted: manifest.experiment.clone(),
        });
    }
    let (there, wanted) = (found.run_ids(), manifest.run_ids());
    if there != wanted {
        return Err(ResultsError::OtherPlan {
            path: folder.to_owned(),
            experiment: found.experiment.clone(),
            unknown: there.difference(&wanted).count(),
            planned: there.len(),
            wanted: wanted.len(),
        });
    }
    Ok(())
}

/// Opens `timings.jsonl` for appending. A line that a killed process left half written is cut off: it says
/// nothing, and the next line would stick to it.
fn open_timings(folder: &Path) -> Result<File, ResultsError> {
    let path = folder.join(layout::TIMINGS);
    let file =
        OpenOptions::new().create(true).append(true).open(&path).map_err(files::failed("open", &path))?;
    let bytes = fs::read(&path).map_err(files::failed("read", &path))?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    if whole < bytes.len() {
        file.set_len(whole as u64).map_err(files::failed("write", &path))?;
    }
    Ok(file)
}

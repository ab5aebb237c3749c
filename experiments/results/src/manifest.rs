//! What an experiment sets out to run.

use crate::claim::Claim;
use crate::error::ResultsError;
use crate::files;
use crate::layout;
use crate::savings::Savings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;

/// Version of the folder's schema. It grows by one when a file changes its meaning; older versions stay readable.
pub const SCHEMA_VERSION: u32 = 1;

/// A run before it has run: scenario x scheduler x seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedRun {
    /// Hash of all that determines the run, in lower-case hexadecimal digits.
    pub id: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the scheduler.
    pub scheduler: String,
    /// The seed.
    pub seed: u64,
}

/// What an experiment sets out to run, in the order in which people wrote it down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentManifest {
    /// Name of the experiment.
    pub experiment: String,
    /// Version of the program.
    pub version: String,
    /// Hash of the experiment's configuration.
    pub config_digest: String,
    /// Every run, in plan order; the first scheduler of a scenario is the one that others are compared with.
    pub runs: Vec<PlannedRun>,
    /// The command that repeats the experiment. Leave out of it what does not change results (threads, folders):
    /// the manifest's bytes are part of the promise that a resumed experiment equals an uninterrupted one.
    pub command: String,
    /// Metrics that compare each run with a scheduler, once all runs are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub savings: Option<Savings>,
    /// What is claimed; reports say where it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
}

impl ExperimentManifest {
    /// The ids of all planned runs.
    pub fn run_ids(&self) -> BTreeSet<&str> {
        self.runs.iter().map(|run| run.id.as_str()).collect()
    }

    /// Refuses ids that cannot be file names and runs that reports could not tell apart.
    pub(crate) fn check(&self) -> Result<(), ResultsError> {
        let refuse = |problem: String| ResultsError::Plan { experiment: self.experiment.clone(), problem };
        let mut ids = BTreeSet::new();
        let mut names = BTreeSet::new();
        for run in &self.runs {
            let hexadecimal = run.id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if run.id.is_empty() || run.id.len() > 128 || !hexadecimal {
                return Err(refuse(format!(
                    "the run id `{}` is not 1 to 128 lower-case hexadecimal digits",
                    run.id
                )));
            }
            if !ids.insert(&run.id) {
                return Err(refuse(format!("the run id `{}` stands there twice", run.id)));
            }
            if !names.insert((&run.scenario, &run.scheduler, run.seed)) {
                return Err(refuse(format!(
                    "scenario `{}` with scheduler `{}` and seed {} stands there twice",
                    run.scenario, run.scheduler, run.seed
                )));
            }
        }
        Ok(())
    }

    /// Writes `experiment.json`.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), ResultsError> {
        #[derive(Serialize)]
        struct File<'a> {
            schema_version: u32,
            #[serde(flatten)]
            manifest: &'a ExperimentManifest,
        }
        files::write_json(
            &folder.join(layout::MANIFEST),
            &File { schema_version: SCHEMA_VERSION, manifest: self },
        )
    }

    /// Reads `experiment.json`; the version is looked at first, so that a later schema is named and not guessed at.
    pub(crate) fn read(folder: &Path) -> Result<ExperimentManifest, ResultsError> {
        let path = folder.join(layout::MANIFEST);
        if !path.exists() {
            return Err(ResultsError::NoExperiment { path: folder.to_owned() });
        }
        let corrupt = |problem: String| ResultsError::Corrupt { path: path.clone(), problem };
        let mut value: serde_json::Value = files::read_json(&path)?;
        let version = value
            .as_object_mut()
            .and_then(|object| object.remove("schema_version"))
            .and_then(|version| version.as_u64())
            .ok_or_else(|| corrupt("`schema_version` is not there, or is not a whole number".to_owned()))?;
        if version == 0 || version > u64::from(SCHEMA_VERSION) {
            return Err(ResultsError::SchemaVersion { path, found: version, supported: SCHEMA_VERSION });
        }
        let manifest: ExperimentManifest =
            serde_json::from_value(value).map_err(|error| corrupt(error.to_string()))?;
        manifest.check()?;
        Ok(manifest)
    }
}

//! What can be wrong with a folder of results, or with what is handed over to be put there.

use std::path::PathBuf;

/// Why results were not written or not read.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: "read", "write" and the like.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder belongs to something else.
    #[error(
        "{} is not empty and holds no experiment; choose another folder with --out (nothing there was touched)",
        path.display()
    )]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds the results of another experiment.
    #[error(
        "{} holds the experiment `{found}`, not `{wanted}`; choose another folder with --out, or replace it with --force",
        path.display()
    )]
    OtherExperiment {
        /// The folder.
        path: PathBuf,
        /// The experiment that is there.
        found: String,
        /// The experiment that was to be written.
        wanted: String,
    },
    /// The folder holds an experiment of the same name, but what determines its runs has changed since.
    #[error(
        "{} holds the experiment `{experiment}` as it was planned before: {unknown} of its {planned} runs are not in \
         the plan of now, which has {wanted}; choose another folder with --out, or replace it with --force",
        path.display()
    )]
    OtherPlan {
        /// The folder.
        path: PathBuf,
        /// Name of the experiment.
        experiment: String,
        /// Runs that are on disk and not in the plan.
        unknown: usize,
        /// Runs in the manifest on disk.
        planned: usize,
        /// Runs in the plan of now.
        wanted: usize,
    },
    /// There are no results here.
    #[error("{} holds no experiment.json: it is not a folder of results", path.display())]
    NoExperiment {
        /// The folder.
        path: PathBuf,
    },
    /// A file is there but is not what it should be.
    #[error("{} cannot be used: {problem}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        problem: String,
    },
    /// The folder was written by a later version.
    #[error(
        "{} has schema version {found}, and this program reads versions 1 to {supported}; use a newer rackwright",
        path.display()
    )]
    SchemaVersion {
        /// The file.
        path: PathBuf,
        /// The version it states.
        found: u64,
        /// The newest version that is understood here.
        supported: u32,
    },
    /// A plan that cannot be carried out as it stands.
    #[error("the plan of experiment `{experiment}` is refused: {problem}")]
    Plan {
        /// Name of the experiment.
        experiment: String,
        /// What is wrong.
        problem: String,
    },
    /// A record that may not be written.
    #[error("the record of run `{id}` is refused: {problem}")]
    Record {
        /// The run.
        id: String,
        /// What is wrong.
        problem: String,
    },
    /// Not every planned run is there yet.
    #[error("{} holds {finished} of {planned} runs; run the experiment again to finish it", path.display())]
    Incomplete {
        /// The folder.
        path: PathBuf,
        /// Runs that are there.
        finished: usize,
        /// Runs that were planned.
        planned: usize,
    },
}

//! Why there is no report.

use std::path::PathBuf;

/// Why results could not be compared, drawn or written down.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The results cannot be read.
    #[error(transparent)]
    Results(#[from] results::ResultsError),
    /// Runs of one experiment disagree on what a metric is.
    #[error(
        "the metric `{metric}` is in `{first}` in one run and in `{second}` in run {run}; results of different \
         versions cannot be compared"
    )]
    Disagreement {
        /// Name of the metric.
        metric: String,
        /// Unit and direction in the first run that has it.
        first: String,
        /// Unit and direction in the other run.
        second: String,
        /// Id of the other run.
        run: String,
    },
    /// A metric was asked for that no run has.
    #[error("there is no metric `{metric}` in these results; there are: {known}")]
    UnknownMetric {
        /// What was asked for.
        metric: String,
        /// What there is.
        known: String,
    },
    /// No scenario has a name that fits.
    #[error("no scenario fits `{pattern}` (a whole name, with * for any text); there are: {known}")]
    UnknownScenario {
        /// What was asked for.
        pattern: String,
        /// What there is.
        known: String,
    },
    /// The scheduler that others were to be compared with is not there.
    #[error(
        "the baseline `{baseline}` is no scheduler of the scenario `{scenario}`, which has {known}; a part of the \
         scenarios is chosen with --scenario"
    )]
    UnknownBaseline {
        /// What was asked for.
        baseline: String,
        /// The scenario that lacks it.
        scenario: String,
        /// The schedulers that it has.
        known: String,
    },
    /// A figure could not be drawn.
    #[error("the figure cannot be drawn: {problem}")]
    Figure {
        /// What the drawing library said.
        problem: String,
    },
    /// The page could not be filled in.
    #[error("the page cannot be filled in: {0}")]
    Template(#[from] minijinja::Error),
    /// The folder for a paper holds something else.
    #[error(
        "{} is not empty and holds no earlier report ({problem}); choose another folder with --out (nothing there was \
         touched)",
        path.display()
    )]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
        /// How that is known.
        problem: String,
    },
    /// The page could not be put on disk.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

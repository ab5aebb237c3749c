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
    /// A figure could not be drawn.
    #[error("the figure cannot be drawn: {problem}")]
    Figure {
        /// What the drawing library said.
        problem: String,
    },
    /// The page could not be filled in.
    #[error("the page cannot be filled in: {0}")]
    Template(#[from] minijinja::Error),
    /// The page could not be put on disk.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

//! How a command fails: with one line, and a status that says whose fault it was.

use std::process::ExitCode;

use runner::bench::BenchError;
use runner::{ConfigError, RunError};

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was asked for is wrong.
    BadInput(anyhow::Error),
    /// What was asked for is right, but could not be done.
    Failed(anyhow::Error),
}

impl Failure {
    /// One line for people.
    pub(crate) fn line(&self) -> String {
        let (Self::BadInput(error) | Self::Failed(error)) = self;
        // A cause that the sentence before it already tells is not told twice.
        let mut line = String::new();
        for cause in error.chain() {
            let cause = cause.to_string();
            if !line.contains(cause.trim()) {
                line = if line.is_empty() { cause } else { format!("{line}: {cause}") };
            }
        }
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// 2 for bad input, 1 for failures.
    pub(crate) fn status(&self) -> ExitCode {
        match self {
            Self::BadInput(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::from(1),
        }
    }
}

/// Something that was asked for is wrong.
pub(crate) fn bad_input(error: impl Into<anyhow::Error>) -> Failure {
    Failure::BadInput(error.into())
}

/// Something could not be done.
pub(crate) fn failed(error: impl Into<anyhow::Error>) -> Failure {
    Failure::Failed(error.into())
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        bad_input(error)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        if error.is_bad_input() { bad_input(error) } else { failed(error) }
    }
}

impl From<results::ResultsError> for Failure {
    fn from(error: results::ResultsError) -> Self {
        RunError::from(error).into()
    }
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        if matches!(error, BenchError::Episode(_)) { failed(error) } else { bad_input(error) }
    }
}

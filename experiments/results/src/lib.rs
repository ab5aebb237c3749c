//! The schema of a finished experiment on disk: written by the runner, read by reports and by any tool.
//!
//! ```text
//!  OUT/experiment.json      what was planned, in plan order; written first
//!      runs/ID.json         one record per finished run
//!      series/ID.parquet    its time series, while the experiment goes on
//!      timings.jsonl        what the wall clock said; in order of finishing, outside every promise below
//!      metrics.parquet      run x metric            \
//!      series.parquet       run x sample             } written when every planned run is there
//!      summary.json         all of it, for people   /
//! ```
//!
//! Except for `timings.jsonl`, the finished folder has the same bytes whatever the number of threads, the order
//! in which runs ended, and however often the experiment was killed and resumed. A file appears whole or not at
//! all: it is written beside its place and renamed. This guards against a killed process, not against a power
//! cut, which would need the disk to be waited for.
//!
//! This crate knows nothing of simulations: it can read a folder years after the code that ran it has changed.

mod claim;
mod error;
mod files;
mod layout;
mod load;
mod manifest;
mod record;
mod savings;
mod store;
mod summary;
mod tables;

pub use claim::{Bound, Claim};
pub use error::ResultsError;
pub use layout::{PAPER_FOLDER, REPORT_FILE};
pub use load::{FinishedRun, Results, read_timings};
pub use manifest::{ExperimentManifest, PlannedRun, SCHEMA_VERSION};
pub use record::{
    Better, ByTenant, DominantShare, EnergyShare, MetricValue, Payer, RunRecord, SeriesPoint, Timing,
};
pub use savings::Savings;
pub use store::Store;
pub use tables::{CurvePoint, write_curves};

//! The canonical workload: a directory of Parquet tables and a manifest, which any tool can open.
//!
//! ```text
//!  manifest.toml    schema version, source, importer, counts, origin, digest, a checksum of every file
//!  jobs.parquet     one row per job, in order of submission
//!  tasks.parquet    one row per task, the tasks of a job following each other
//!  mix.parquet      how common each demand is, as known from the source as a whole
//!  usage.parquet    only when some task states what it uses over time
//!  names.parquet    only when the source names its tasks
//!  recorded.parquet only when the source tells when and where tasks ran
//!  follows.parquet  only when some task follows another
//! ```
//!
//! A directory appears whole or not at all. When it is read, every file is verified against its checksum
//! before it is decoded (decoders of damaged Parquet files may do anything), and the workload against its
//! digest. Writing and reading give back the same workload; demands are numbered by their first appearance, which is the
//! order in which importers and generators add them.

mod digest;
mod read;
mod series;
mod table;
mod write;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use digest::digest;
pub use read::read;
pub use series::{
    MeasuredNote, SERIES_SCHEMA_VERSION, SeriesManifest, is_series, read_series, series_digest, write_series,
};
pub use write::write;

use sim::workload::WorkloadError;

/// The version of the layout that this crate writes and reads.
pub const SCHEMA_VERSION: u32 = 1;

const MANIFEST: &str = "manifest.toml";
const JOBS: &str = "jobs.parquet";
const TASKS: &str = "tasks.parquet";
const USAGE: &str = "usage.parquet";
const NAMES: &str = "names.parquet";
const RECORDED: &str = "recorded.parquet";
const FOLLOWS: &str = "follows.parquet";
const MIX: &str = "mix.parquet";

/// Where a workload comes from, as told to [`write()`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Name of the file that was imported, or of the generator.
    pub file: String,
    /// The licence or the request for citation that came with it.
    pub licence: Option<String>,
    /// The importer or generator that read or made it.
    pub importer: String,
}

/// What `manifest.toml` states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the layout.
    pub schema_version: u32,
    /// How many jobs there are.
    pub jobs: u64,
    /// How many tasks there are.
    pub tasks: u64,
    /// What the source's own clock showed when the workload began, in microseconds.
    pub origin_us: u64,
    /// XXH3-128 of the content, in hexadecimal.
    pub digest: String,
    /// The file it came from.
    pub source: SourceNote,
    /// The program that made it.
    pub importer: ImporterNote,
    /// XXH3-128 of the bytes of every table, in hexadecimal, by file name.
    pub files: BTreeMap<String, String>,
}

/// The file that a workload came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceNote {
    /// Its name.
    pub file: String,
    /// Its licence note, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

/// The importer or generator that made a workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImporterNote {
    /// Its name.
    pub name: String,
    /// The version of this crate at the time.
    pub version: String,
}

/// Why a canonical workload cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The file system refuses.
    #[error("{path}: cannot be {action}: {source}")]
    Files {
        /// The file or directory.
        path: String,
        /// Read, written, created or renamed.
        action: &'static str,
        /// What the file system says.
        source: std::io::Error,
    },
    /// Something is there already.
    #[error("{path}: already holds files and is not overwritten: name a directory that is new or empty")]
    Occupied {
        /// The directory.
        path: String,
    },
    /// A file that every workload needs is not there.
    #[error("{path}: the file is missing: a workload needs {MANIFEST}, {JOBS}, {TASKS} and {MIX}")]
    Missing {
        /// The file.
        path: String,
    },
    /// A file that every series needs is not there.
    #[error("{path}: the file is missing: a series needs {MANIFEST} and points.parquet")]
    MissingSeries {
        /// The file.
        path: String,
    },
    /// The points of a series, or failures, that cannot be.
    #[error("{path}: {problem}")]
    Points {
        /// The file.
        path: String,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// The manifest is no manifest.
    #[error("{path}, key `{key}`: {problem}")]
    Manifest {
        /// The manifest.
        path: String,
        /// The key.
        key: String,
        /// What stood there and what is allowed.
        problem: String,
    },
    /// Written by another version.
    #[error(
        "{path}, key `schema_version`: {found} stands there, allowed is {SCHEMA_VERSION}: import the source again"
    )]
    Version {
        /// The manifest.
        path: String,
        /// What stood there.
        found: String,
    },
    /// Truncated, damaged or replaced.
    #[error("{path}: is not the file that was written: its checksum is {found}, {MANIFEST} states {stated}")]
    Changed {
        /// The file.
        path: String,
        /// The checksum that the manifest states.
        stated: String,
        /// Of what was read.
        found: String,
    },
    /// No Parquet file.
    #[error("{path}: is no Parquet file: {problem}")]
    Parquet {
        /// The file.
        path: String,
        /// What the reader says.
        problem: String,
    },
    /// A column is missing, unknown, or of another type.
    #[error("{path}, column `{column}`: {problem}")]
    Column {
        /// The file.
        path: String,
        /// The column.
        column: String,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// A value that cannot be.
    #[error("{path}, row {row}, column `{column}`: {value} stands there, allowed is {allowed}")]
    Cell {
        /// The file.
        path: String,
        /// Counted from zero.
        row: usize,
        /// The column.
        column: &'static str,
        /// What stood there.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A job or task that no workload takes.
    #[error("{path}, row {row}: {source}")]
    Row {
        /// The file.
        path: String,
        /// Counted from zero.
        row: usize,
        /// What is wrong with it.
        source: WorkloadError,
    },
    /// The content is not what was written.
    #[error("{path}, key `digest`: states {stated}, but the tables have {found}")]
    Digest {
        /// The manifest.
        path: String,
        /// As the manifest states.
        stated: String,
        /// Of what was read.
        found: String,
    },
}

/// The path as it appears in messages.
fn display(path: &std::path::Path) -> String {
    path.display().to_string()
}

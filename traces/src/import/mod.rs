//! Importers: foreign trace files in, workloads out.
//!
//! To add one, write its file beside this one and its name into the list below. A module of the list
//! offers `HELP`, `Options`, `importer(Options)` and `recognises(&Head)`; its fixtures are
//! `fixtures/NAME*`, which the contract test imports.

mod dates;
#[cfg(feature = "tables")]
mod frame;
mod gang;
mod gather;
mod google_rows;
mod head;
mod instances;
pub(crate) mod lines;
mod lives;
mod other_files;
mod slurm_table;
mod summary;
mod survey;
mod table;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sim::workload::{Workload, WorkloadError};

pub use head::Head;
pub use openb::{NodeRow, read_nodes};
pub use other_files::{OtherFile, other_file};
pub use summary::{ImportSummary, Tally, requested_hours};
pub use survey::{Outcome, Surveyed, survey};

use crate::options;

/// Reads sources of one format.
pub trait Importer {
    /// Reads one source (a file, packed or not; where the format says so a folder or an archive), once from its
    /// beginning to its end, and counts what it meets.
    ///
    /// # Errors
    /// When the file is none of this format, with the line and the column.
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError>;

    /// The files that decide what is read from the source, beside it or elsewhere, where options name them; also such
    /// as lie in it.
    fn reads_beside(&self, _path: &Path) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No importer of this name.
    #[error("there is no importer `{name}`: allowed are {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// An option that is not allowed.
    #[error("importer {importer}, {source}")]
    Option {
        /// The importer.
        importer: &'static str,
        /// The key, what stood there and what is allowed.
        source: crate::OptionError,
    },
    /// The file cannot be opened.
    #[error("{file}: cannot be opened: {source}")]
    Open {
        /// The file.
        file: String,
        /// What the file system says.
        source: std::io::Error,
    },
    /// A line that is no line of this format.
    #[error("{file}, line {line}: {problem}")]
    Line {
        /// The file.
        file: String,
        /// Of the unpacked text, counted from 1.
        line: u64,
        /// What stood there and what is allowed.
        problem: String,
    },
    /// A value that is not allowed in its column.
    #[error("{file}, line {line}, column {column}: {value:?} stands there, allowed is {allowed}")]
    Value {
        /// The file.
        file: String,
        /// Of the unpacked text, counted from 1.
        line: u64,
        /// Name of the column, and its number where columns have no header.
        column: String,
        /// What stood there, cut short where it is long.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A row that is no task.
    #[error("{file}, line {line}: {source}")]
    Task {
        /// The file.
        file: String,
        /// Of the unpacked text, counted from 1.
        line: u64,
        /// What is wrong with it.
        source: WorkloadError,
    },
}

macro_rules! importers {
    ($($(#[$when:meta])* $name:ident),* $(,)?) => {
        $($(#[$when])* pub mod $name;)*

        /// The names of all importers, each with a line of help.
        pub fn names() -> Vec<(&'static str, &'static str)> {
            vec![$($(#[$when])* (stringify!($name), $name::HELP)),*]
        }

        /// All importers that take a source for one of their format, by its beginning and its name; there should be
        /// one at most.
        pub fn recognisers(path: &Path) -> Vec<&'static str> {
            let Some(head) = Head::read(path) else { return Vec::new() };
            let mut found = Vec::new();
            $($(#[$when])* if $name::recognises(&head) {
                found.push(stringify!($name));
            })*
            found
        }

        fn importer(name: &str, table: toml::Table) -> Result<(&'static str, Box<dyn Importer>), ImportError> {
            match name {
                $($(#[$when])* stringify!($name) => {
                    let options = options::parse::<$name::Options>(table)
                        .map_err(|source| ImportError::Option { importer: stringify!($name), source })?;
                    Ok((stringify!($name), Box::new($name::importer(options))))
                })*
                _ => Err(ImportError::Unknown {
                    name: name.to_owned(),
                    known: names().into_iter().map(|(name, _)| name).collect(),
                }),
            }
        }
    };
}

// The order matters only where a file has two formats.
importers! {
    csv,
    swf,
    openb,
    acme,
    alibaba_2017,
    alibaba_2018,
    alibaba_genai,
    alibaba_gpu_2020,
    alibaba_gpu_2025,
    azure_flavor,
    azure_functions,
    azure_llm,
    #[cfg(feature = "tables")]
    azure_packing,
    azure_public,
    batsim,
    bitbrains,
    elasticflow,
    gaia,
    gavel,
    google_2011,
    google_2019,
    gwf,
    helios,
    huawei_east_1,
    #[cfg(feature = "tables")]
    opendc,
    philly,
    philly_csv,
    planetlab,
    tiresias,
    wfformat,
    #[cfg(feature = "tables")]
    wtf,
}

/// The importer whose format this source has, by its beginning and its name.
pub fn recognise(path: &Path) -> Option<&'static str> {
    recognisers(path).first().copied()
}

/// Like [`import()`], counting in `bytes_read` what was read from disk, so that others can watch.
///
/// # Errors
/// As [`import()`].
pub fn import_watched(
    name: &str,
    path: &Path,
    options: toml::Table,
    bytes_read: Arc<AtomicU64>,
) -> Result<(Workload, ImportSummary), ImportError> {
    text::watched(bytes_read, || import(name, path, options))
}

/// The files that do not lie in a source and which the importer of this name reads too: whoever asks whether a source is
/// still the same asks it of these as well.
///
/// # Errors
/// When there is no such importer or option.
pub fn read_beside(name: &str, path: &Path, options: toml::Table) -> Result<Vec<PathBuf>, ImportError> {
    let mut files = importer(name, options)?.1.reads_beside(path);
    files.retain(|file| !file.starts_with(path));
    Ok(files)
}

/// Imports one file with the importer of this name.
///
/// ```no_run
/// # fn main() -> Result<(), traces::import::ImportError> {
/// let (workload, summary) = traces::import::import("swf", "log.swf.gz".as_ref(), toml::Table::new())?;
/// assert_eq!(workload.task_count() as u64, summary.tasks);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When there is no such importer or option, or the file is none of its format.
pub fn import(
    name: &str,
    path: &Path,
    options: toml::Table,
) -> Result<(Workload, ImportSummary), ImportError> {
    let (name, importer) = importer(name, options)?;
    let mut tally = Tally::default();
    let workload = importer.read(path, &mut tally)?;
    let summary = tally.summary(name, &workload);
    Ok((workload, summary))
}

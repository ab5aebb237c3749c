//! Importers: foreign trace files in, workloads out.
//!
//! To add one, write its file beside this one and its name into the list below. A module of the list
//! offers `HELP`, `Options`, `importer(Options)` and `recognises(&Head)`; its fixtures are
//! `fixtures/NAME*`, which the contract test imports.

pub(crate) mod lines;
mod summary;
mod table;
mod text;

use std::io::Read;
use std::path::Path;

use sim::workload::{Workload, WorkloadError};

pub use openb::{NodeRow, read_nodes};
pub use summary::{ImportSummary, Tally};

use crate::options;

/// Reads files of one format.
pub trait Importer {
    /// Reads one file, once from its beginning to its end, and counts what it meets.
    ///
    /// # Errors
    /// When the file is none of this format, with the line and the column.
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError>;
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

/// The beginning of a file, by which importers recognise their format.
#[derive(Clone, Debug)]
pub struct Head {
    /// The file name, without `.gz`.
    pub file_name: String,
    /// The first lines of the unpacked text, without what is no UTF-8.
    pub text: String,
}

macro_rules! importers {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*

        /// The names of all importers, each with a line of help.
        pub fn names() -> Vec<(&'static str, &'static str)> {
            vec![$((stringify!($name), $name::HELP)),*]
        }

        /// The importer whose format this file has, by its first lines and its name.
        pub fn recognise(path: &Path) -> Option<&'static str> {
            let head = head(path)?;
            $(if $name::recognises(&head) {
                return Some(stringify!($name));
            })*
            None
        }

        fn importer(name: &str, table: toml::Table) -> Result<(&'static str, Box<dyn Importer>), ImportError> {
            match name {
                $(stringify!($name) => {
                    let options = options::parse::<$name::Options>(table)
                        .map_err(|source| ImportError::Option { importer: stringify!($name), source })?;
                    Ok((stringify!($name), Box::new($name::importer(options))))
                })*
                _ => Err(ImportError::Unknown {
                    name: name.to_owned(),
                    known: vec![$(stringify!($name)),*],
                }),
            }
        }
    };
}

importers! { swf, openb }

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

fn head(path: &Path) -> Option<Head> {
    const ENOUGH: u64 = 64 * 1024;
    let (reader, _) = text::open(path).ok()?;
    let mut bytes = Vec::new();
    // What could be unpacked before an error is still a beginning.
    let _ = reader.take(ENOUGH).read_to_end(&mut bytes);
    let file_name = path.file_name()?.to_string_lossy();
    Some(Head {
        file_name: file_name.strip_suffix(".gz").unwrap_or(&file_name).to_owned(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

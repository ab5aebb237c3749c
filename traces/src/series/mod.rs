//! Series of an environment: the carbon intensity and the price of electricity, the weather, failures.
//!
//! ```text
//!  dcrl, epw, ... --> importer --> Series --+--> Signal: at, integral, mean <-- Rules (steps, gaps, ends)
//!                              +-> Failures |                    ^
//!                                           |                    | UtcTime
//!                              Parquet <----+            Calendar: SimTime <-> UtcTime, local time
//! ```
//!
//! All moments are UTC; what a source writes in local time is turned into it with the zone that the source or an
//! option names. Nothing is guessed: rows without a value are counted and become gaps, and a gap says nothing
//! until a rule says what ([`Rules`]).
//!
//! To add an importer, write its file beside this one and its name into the list below. A module of the list
//! offers `HELP`, `Options`, `importer(Options)` and `recognises(&Head)`; its fixtures are
//! `fixtures/series_NAME*`, which the contract test imports.

mod calendar;
mod columns;
mod error;
mod exact;
mod failures;
mod matrix;
mod parquet;
mod points;
mod quantity;
mod signal;
mod steps;
mod summary;
mod time;
mod timed;

use std::path::Path;

pub use calendar::{Calendar, LocalTime};
pub use error::SeriesError;
pub use failures::{Failure, FailureError, Failures};
pub use points::{Gap, PointError, Series, Stretch, Subject};
pub use quantity::Quantity;
pub use signal::{Cursor, Gaps, Rules, Signal, Wrap};
pub use summary::{Account, SeriesSummary, StepCount};
pub use time::{TimeError, UtcTime, Zone};

use crate::import::ImportError;
use crate::options;

/// What an importer of series reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Environment {
    /// A quantity over time.
    Series(Series),
    /// Failures of hosts.
    Failures(Failures),
}

/// Reads files of one format.
pub trait Importer {
    /// Reads one file and counts what it meets.
    ///
    /// # Errors
    /// When the file is none of this format, with the line or the row.
    fn read(&self, path: &Path, account: &mut Account) -> Result<Environment, SeriesError>;
}

/// The beginning of a file, by which importers recognise their format.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The first lines of the unpacked text, without what is no UTF-8.
    pub text: String,
    /// The names that stand in the first line, between commas.
    pub names: Vec<String>,
    /// The columns of a Parquet file.
    pub columns: Vec<String>,
}

impl Head {
    fn read(path: &Path) -> Result<Self, SeriesError> {
        let file = path.display().to_string();
        std::fs::File::open(path).map_err(|source| ImportError::Open { file, source })?;
        let text = crate::import::lines::head(path).map(|head| head.text).unwrap_or_default();
        let columns = if text.starts_with("PAR1") { parquet::names(path) } else { Vec::new() };
        let first = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
        let names = columns::split(first.trim(), ',').unwrap_or_default();
        Ok(Self { names, columns, text })
    }

    /// True when all of these names stand in the first line.
    fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.names.iter().any(|known| known == name))
    }
}

macro_rules! importers {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*

        const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// The names of all importers of series, each with a line of help.
        pub fn names() -> Vec<(&'static str, &'static str)> {
            vec![$((stringify!($name), $name::HELP)),*]
        }

        /// The importer whose format this file has, by its beginning.
        ///
        /// # Errors
        /// When the file cannot be opened, no importer knows the format, or it is known to be no series.
        pub fn recognise(path: &Path) -> Result<&'static str, SeriesError> {
            let head = Head::read(path)?;
            $(if $name::recognises(&head) {
                return Ok(stringify!($name));
            })*
            let file = path.display().to_string();
            Err(match matrix::what(&head) {
                Some(what) => SeriesError::NoSeries { file, what },
                None => SeriesError::Unrecognised { file, known: NAMES.to_vec() },
            })
        }

        fn importer(name: &str, table: toml::Table) -> Result<(&'static str, Box<dyn Importer>), SeriesError> {
            match name {
                $(stringify!($name) => {
                    let fail = |source| SeriesError::Option { importer: stringify!($name), source };
                    let options = options::parse::<$name::Options>(table).map_err(fail)?;
                    let importer = $name::importer(options).map_err(fail)?;
                    Ok((stringify!($name), Box::new(importer)))
                })*
                _ => Err(SeriesError::Unknown { name: name.to_owned(), known: NAMES.to_vec() }),
            }
        }
    };
}

importers! { dcrl, lww, electricity_maps, watttime, carbonscaler, opendc_carbon, prices, epw, dcrl_load, datacentertraces, csv_series, opendc_failures }

/// Imports one file with the importer of this name.
///
/// ```no_run
/// # fn main() -> Result<(), traces::series::SeriesError> {
/// let (environment, summary) = traces::series::import("epw", "Seattle.epw".as_ref(), toml::Table::new())?;
/// assert_eq!(summary.unit, "°C");
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
) -> Result<(Environment, SeriesSummary), SeriesError> {
    let (name, importer) = importer(name, options)?;
    let mut account = Account::default();
    let environment = importer.read(path, &mut account)?;
    let summary = account.summary(name, &environment);
    Ok((environment, summary))
}

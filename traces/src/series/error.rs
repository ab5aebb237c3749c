//! Why a series cannot be read, or does not answer.

use super::points::PointError;
use super::time::UtcTime;
use crate::OptionError;
use crate::import::ImportError;

/// Why a series cannot be read, or does not answer.
#[derive(Debug, thiserror::Error)]
pub enum SeriesError {
    /// No importer of this name.
    #[error("there is no importer of series `{name}`: allowed are {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// An option that is not allowed, or one that is missing.
    #[error("importer {importer}, {source}")]
    Option {
        /// The importer.
        importer: &'static str,
        /// The key, what stood there and what is allowed.
        source: OptionError,
    },
    /// The file cannot be opened, or there is something wrong in a line of it.
    #[error(transparent)]
    Text(#[from] ImportError),
    /// The Parquet file cannot be read.
    #[error("{file}: {problem}")]
    Parquet {
        /// The file.
        file: String,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// A value of a Parquet file that is not allowed in its column.
    #[error("{file}, row {row}, column {column}: {value} stands there, allowed is {allowed}")]
    Cell {
        /// The file.
        file: String,
        /// Counted from zero.
        row: usize,
        /// The column.
        column: &'static str,
        /// What stood there.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// The points of a file make no series.
    #[error("{file}: {source}")]
    Points {
        /// The file.
        file: String,
        /// What is wrong with them.
        source: PointError,
    },
    /// A known format, but what it describes does not happen in time.
    #[error("{file}: is no series: {what}")]
    NoSeries {
        /// The file.
        file: String,
        /// What it is.
        what: &'static str,
    },
    /// No importer knows the format.
    #[error("{file}: the format is not recognised; name one of {}", known.join(", "))]
    Unrecognised {
        /// The file.
        file: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// Asked for a moment of which nothing is known.
    #[error(
        "the series has a gap from {from} until {until}: `gaps` may be \"hold\" or \"interpolate\" to say what holds there"
    )]
    Gap {
        /// When the value before it ceased to hold.
        from: UtcTime,
        /// When the next value begins to hold.
        until: UtcTime,
    },
    /// Asked for a moment beyond the ends.
    #[error("the series goes from {start} to {end}, and {time} was asked for: {advice}")]
    Beyond {
        /// What was asked for.
        time: UtcTime,
        /// When the first value begins to hold.
        start: UtcTime,
        /// When the last value ceases to hold.
        end: UtcTime,
        /// What can be done.
        advice: &'static str,
    },
    /// Asked for a time that ends before it begins.
    #[error("{until} is before {from}: a time begins before it ends")]
    Backwards {
        /// The beginning.
        from: UtcTime,
        /// The end.
        until: UtcTime,
    },
}

//! Foreign Parquet files, column by column.

/// The columns of a Parquet file that an importer asked for.
pub(super) struct Foreign {
    /// How messages name the file.
    pub(super) file: String,
    /// The whole numbers, column by column; times are microseconds since 1970.
    pub(super) whole: Vec<Vec<Option<i64>>>,
    /// The fractions, column by column.
    pub(super) fractions: Vec<Vec<Option<f64>>>,
}

/// What an importer asks for, by name.
pub(super) struct Asked {
    /// Columns of times, as dates or in milliseconds since 1970.
    pub(super) times: &'static [&'static str],
    /// Columns of whole numbers.
    pub(super) whole: &'static [&'static str],
    /// Columns of fractions.
    pub(super) fractions: &'static [&'static str],
}

#[cfg(not(feature = "tables"))]
pub(super) fn read(path: &std::path::Path, asked: &Asked) -> Result<Foreign, super::SeriesError> {
    let names: Vec<&str> = asked.times.iter().chain(asked.whole).chain(asked.fractions).copied().collect();
    let problem = format!(
        "{} cannot be read: this program was built without what reads Parquet files",
        names.join(", ")
    );
    Err(super::SeriesError::Parquet { file: path.display().to_string(), problem })
}

/// The names of the columns of a Parquet file; nothing when it is none.
#[cfg(not(feature = "tables"))]
pub(super) fn names(_: &std::path::Path) -> Vec<String> {
    Vec::new()
}

#[cfg(feature = "tables")]
pub(super) use with_tables::{names, read};

#[cfg(feature = "tables")]
mod with_tables {
    use std::fs::File;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::Path;

    use polars::prelude::{Column, DataFrame, DataType, ParquetReader, SerReader, TimeUnit};

    use super::{Asked, Foreign};
    use crate::import::ImportError;
    use crate::series::error::SeriesError;

    /// The names of the columns of a Parquet file; nothing when it is none.
    pub(in crate::series) fn names(path: &Path) -> Vec<String> {
        let Ok(file) = File::open(path) else { return Vec::new() };
        let schema = guarded(|| ParquetReader::new(file).schema().map_err(|error| error.to_string()));
        schema
            .map_or_else(|_| Vec::new(), |schema| schema.iter_names().map(|name| name.to_string()).collect())
    }

    /// Reads the columns that are asked for; the file must hold them and no others.
    pub(in crate::series) fn read(path: &Path, asked: &Asked) -> Result<Foreign, SeriesError> {
        let file = path.display().to_string();
        let fail = |problem: String| SeriesError::Parquet { file: file.clone(), problem };
        let opened = File::open(path).map_err(|source| ImportError::Open { file: file.clone(), source })?;
        let frame = guarded(|| ParquetReader::new(opened).finish().map_err(|error| error.to_string()));
        let frame: DataFrame = frame.map_err(|problem| fail(format!("is no Parquet file: {problem}")))?;
        let names = || asked.times.iter().chain(asked.whole).chain(asked.fractions).copied();
        let allowed = || names().collect::<Vec<_>>().join(", ");
        if let Some(other) =
            frame.get_column_names().into_iter().find(|known| !names().any(|name| name == known.as_str()))
        {
            return Err(fail(format!("the column {other:?} is unknown: allowed are {}", allowed())));
        }
        let column = |name: &str| {
            frame.column(name).map_err(|_| fail(format!("has no column `{name}`: needed are {}", allowed())))
        };
        let wrong_type = |column: &Column, wanted: &str| {
            fail(format!("column `{}` is of type {}, allowed is {wanted}", column.name(), column.dtype()))
        };
        let mut whole = Vec::new();
        for name in asked.times {
            let column = column(name)?;
            whole.push(times(column).ok_or_else(|| wrong_type(column, "a date with a time, or i64 in ms"))?);
        }
        for name in asked.whole {
            let column = column(name)?;
            let values = column.i64().map_err(|_| wrong_type(column, "i64"))?;
            whole.push(values.iter().collect());
        }
        let mut fractions = Vec::new();
        for name in asked.fractions {
            let column = column(name)?;
            let values = column.f64().map_err(|_| wrong_type(column, "f64"))?;
            fractions.push(values.iter().collect());
        }
        Ok(Foreign { file, whole, fractions })
    }

    /// Times as microseconds since 1970. What does not fit becomes the largest number, which is no time either.
    fn times(column: &Column) -> Option<Vec<Option<i64>>> {
        let (multiply, divide) = match column.dtype() {
            DataType::Datetime(TimeUnit::Nanoseconds, _) => (1, 1000),
            DataType::Datetime(TimeUnit::Microseconds, _) => (1, 1),
            DataType::Datetime(TimeUnit::Milliseconds, _) | DataType::Int64 => (1000, 1),
            _ => return None,
        };
        let physical = column.to_physical_repr();
        let values = physical.i64().ok()?;
        let scaled =
            |value: i64| value.checked_mul(multiply).map_or(i64::MAX, |value| value.div_euclid(divide));
        Some(values.iter().map(|value| value.map(scaled)).collect())
    }

    /// Decoders of damaged Parquet files may panic; here that is one more way to say no.
    fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err("the decoder gave up".to_owned()))
    }
}

//! Parquet tables of others, column by column. What is wrong with them is named by file, row and column.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use polars::prelude::{Column, DataFrame, DataType, ParquetReader, SerReader, TimeUnit};

use super::ImportError;
use super::text::excerpt;

/// A table that was read.
pub(super) struct Frame {
    file: String,
    frame: DataFrame,
}

/// The names of the columns of a Parquet file; nothing when it is none.
pub(super) fn column_names(path: &Path) -> Option<Vec<String>> {
    let file = std::fs::File::open(path).ok()?;
    let read = || {
        ParquetReader::new(file)
            .schema()
            .ok()
            .map(|schema| schema.iter_names().map(|name| name.to_string()).collect())
    };
    // The decoder of damaged files may fail in ways of its own.
    catch_unwind(AssertUnwindSafe(read)).ok().flatten()
}

impl Frame {
    /// Reads these columns of a Parquet file; those of the second list may be missing.
    pub(super) fn read(path: &Path, required: &[&str], optional: &[&str]) -> Result<Self, ImportError> {
        let name = path.display().to_string();
        let open = |source| ImportError::Open { file: name.clone(), source };
        let refuse = |problem: String| ImportError::Line { file: name.clone(), line: 1, problem };
        let known = column_names(path);
        let file = std::fs::File::open(path).map_err(open)?;
        let known = known.ok_or_else(|| refuse("is no Parquet file, or a damaged one".to_owned()))?;
        if let Some(missing) = required.iter().find(|column| !known.iter().any(|known| known == *column)) {
            let problem = format!("there is no column `{missing}`: needed are {}", required.join(", "));
            return Err(refuse(problem));
        }
        let wanted =
            required.iter().chain(optional).filter(|column| known.iter().any(|known| known == *column));
        let wanted: Vec<String> = wanted.map(|column| (*column).to_owned()).collect();
        let read = || ParquetReader::new(file).with_columns(Some(wanted)).finish();
        let frame = catch_unwind(AssertUnwindSafe(read))
            .map_err(|_| refuse("is a damaged Parquet file".to_owned()))?;
        let frame = frame.map_err(|error| {
            refuse(format!("is no Parquet file that can be read: {error}").replace('\n', " "))
        })?;
        Ok(Self { file: name, frame })
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.frame.height()
    }

    /// How messages name the file.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// True when there is a column of this name.
    pub(super) fn has(&self, column: &str) -> bool {
        self.frame.column(column).is_ok()
    }

    fn column(&self, name: &str) -> Result<&Column, ImportError> {
        let missing = || ImportError::Line {
            file: self.file.clone(),
            line: 1,
            problem: format!("there is no column `{name}`"),
        };
        self.frame.column(name).map_err(|_| missing())
    }

    /// Whole numbers, whatever their width; moments count as what their unit counts, since 1970.
    pub(super) fn wholes(&self, name: &str) -> Result<Vec<Option<i64>>, ImportError> {
        let column = self.column(name)?;
        let is_whole = column.dtype().is_integer() || matches!(column.dtype(), DataType::Datetime(..));
        let cast = if is_whole { column.cast(&DataType::Int64).ok() } else { None };
        let values = cast.as_ref().and_then(|column| column.i64().ok());
        Ok(values.ok_or_else(|| self.wrong_type(name, column, "whole numbers"))?.iter().collect())
    }

    /// Moments of any unit, in microseconds since 1970; what is beyond the range of those is absent.
    pub(super) fn moments_us(&self, name: &str) -> Result<Vec<Option<i64>>, ImportError> {
        let column = self.column(name)?;
        let DataType::Datetime(unit, _) = column.dtype() else {
            return Err(self.wrong_type(name, column, "moments"));
        };
        let (factor, divisor) = match unit {
            TimeUnit::Milliseconds => (1000, 1),
            TimeUnit::Microseconds => (1, 1),
            TimeUnit::Nanoseconds => (1, 1000),
        };
        let in_us = |value: i64| value.checked_mul(factor).map(|value| value.div_euclid(divisor));
        Ok(self.wholes(name)?.into_iter().map(|value| value.and_then(in_us)).collect())
    }

    /// Numbers, whatever their type.
    pub(super) fn numbers(&self, name: &str) -> Result<Vec<Option<f64>>, ImportError> {
        let column = self.column(name)?;
        let cast =
            if column.dtype().is_primitive_numeric() { column.cast(&DataType::Float64).ok() } else { None };
        let values = cast.as_ref().and_then(|column| column.f64().ok());
        Ok(values.ok_or_else(|| self.wrong_type(name, column, "numbers"))?.iter().collect())
    }

    /// Texts; whole numbers as their digits.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<Option<String>>, ImportError> {
        let column = self.column(name)?;
        if column.dtype().is_integer() {
            let wholes = self.wholes(name)?;
            return Ok(wholes.into_iter().map(|value| value.map(|value| value.to_string())).collect());
        }
        let values = column.str().map_err(|_| self.wrong_type(name, column, "texts"))?;
        Ok(values.iter().map(|value| value.map(str::to_owned)).collect())
    }

    /// Lists of whole numbers, written as whole or floating-point numbers; an absent list is empty.
    pub(super) fn lists(&self, name: &str) -> Result<Vec<Vec<i64>>, ImportError> {
        let column = self.column(name)?;
        let lists = column.list().map_err(|_| self.wrong_type(name, column, "lists of whole numbers"))?;
        let mut all = Vec::with_capacity(self.rows());
        for index in 0..lists.len() {
            let Some(list) = lists.get_as_series(index) else {
                all.push(Vec::new());
                continue;
            };
            let cast = list
                .cast(&DataType::Int64)
                .map_err(|_| self.wrong_type(name, column, "lists of whole numbers"))?;
            let values = cast.i64().map_err(|_| self.wrong_type(name, column, "lists of whole numbers"))?;
            all.push(values.iter().flatten().collect());
        }
        Ok(all)
    }

    /// What is wrong with a value; rows are counted from 1, as lines are.
    pub(super) fn wrong(
        &self,
        row: usize,
        column: &str,
        value: impl std::fmt::Display,
        allowed: &str,
    ) -> ImportError {
        ImportError::Value {
            file: self.file.clone(),
            line: row as u64 + 1,
            column: column.to_owned(),
            value: excerpt(&value.to_string()),
            allowed: allowed.to_owned(),
        }
    }

    fn wrong_type(&self, name: &str, column: &Column, wanted: &str) -> ImportError {
        let problem = format!("column `{name}` holds {}, allowed are {wanted}", column.dtype());
        ImportError::Line { file: self.file.clone(), line: 1, problem }
    }
}

//! One Parquet table: columns in, columns out, and whatever is wrong with them named.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use polars::prelude::{
    Column, DataFrame, IntoColumn, NamedFrom, ParquetCompression, ParquetReader, ParquetWriter, SerReader,
    Series,
};
use sim::resources::DeviceClass;
use sim::workload::{Demand, DeviceDemand};
use xxhash_rust::xxh3::xxh3_128;

use super::{FormatError, display};

/// The number that stands for a device class in a table; 0 for no device.
pub(super) fn class_code(devices: Option<&DeviceDemand>) -> u8 {
    match devices.map(|devices| devices.class) {
        None => 0,
        Some(DeviceClass::Gpu) => 1,
        Some(DeviceClass::Fpga) => 2,
        Some(DeviceClass::Dpu) => 3,
    }
}

/// Between the names of a list in one cell.
pub(super) const SEPARATOR: char = '|';
/// The column of the memory of devices that tasks ask for; there where some task states it.
pub(super) const DEVICE_MEMORY: &str = "device_memory_mib";

/// What a manifest states of a file: XXH3-128 of its bytes.
fn checksum(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

/// Writes columns of equal length as one Parquet file, and returns its checksum.
pub(super) fn write(path: &Path, columns: Vec<Column>) -> Result<String, FormatError> {
    let fail = |problem: String| FormatError::Parquet { path: display(path), problem };
    let mut frame = DataFrame::new_infer_height(columns).map_err(|error| fail(error.to_string()))?;
    let mut bytes = Vec::new();
    let writer = ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Zstd(None));
    writer.finish(&mut frame).map_err(|error| fail(error.to_string()))?;
    std::fs::write(path, &bytes).map_err(|source| FormatError::Files {
        path: display(path),
        action: "written",
        source,
    })?;
    Ok(checksum(&bytes))
}

/// A column of values that polars knows.
pub(super) fn column<T: ?Sized, V: AsRef<T>>(name: &str, values: V) -> Column
where
    Series: NamedFrom<V, T>,
{
    Series::new(name.into(), values).into_column()
}

/// A table that was read.
pub(super) struct Table {
    path: PathBuf,
    frame: DataFrame,
}

macro_rules! readers {
    ($($(#[$doc:meta])* $name:ident: $accessor:ident -> $type:ty;)*) => {$(
        $(#[$doc])*
        pub(super) fn $name(&self, name: &str) -> Result<Vec<$type>, FormatError> {
            let column = self.filled(name)?;
            let values = column.$accessor().map_err(|_| self.wrong_type(column, stringify!($type)))?;
            Ok(values.iter().flatten().collect())
        }
    )*};
}

impl Table {
    /// Reads a file that has this checksum and must hold these columns and no others.
    pub(super) fn read(path: PathBuf, stated: &str, columns: &[&str]) -> Result<Self, FormatError> {
        let bytes = std::fs::read(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => FormatError::Missing { path: display(&path) },
            _ => FormatError::Files { path: display(&path), action: "read", source },
        })?;
        let found = checksum(&bytes);
        if found != stated {
            return Err(FormatError::Changed { path: display(&path), stated: stated.to_owned(), found });
        }
        let frame = ParquetReader::new(Cursor::new(bytes)).finish();
        let fail = |problem: String| FormatError::Parquet { path: display(&path), problem };
        let frame = frame.map_err(|error| fail(error.to_string()))?;
        let table = Self { path, frame };
        for name in table.frame.get_column_names() {
            // Tables of demands may have one column more.
            let is_optional = name == DEVICE_MEMORY && columns.contains(&"device_milli");
            if !columns.contains(&name.as_str()) && !is_optional {
                return Err(
                    table.column_error(name, format!("is unknown, allowed are {}", columns.join(", ")))
                );
            }
        }
        for name in columns {
            if table.frame.column(name).is_err() {
                return Err(table.column_error(name, "is missing".to_owned()));
            }
        }
        Ok(table)
    }

    pub(super) fn path(&self) -> String {
        display(&self.path)
    }

    pub(super) fn rows(&self) -> usize {
        self.frame.height()
    }

    readers! {
        u8s: u8 -> u8;
        u16s: u16 -> u16;
        u32s: u32 -> u32;
        u64s: u64 -> u64;
        i64s: i64 -> i64;
        f32s: f32 -> f32;
        f64s: f64 -> f64;
        bools: bool -> bool;
    }

    /// Numbers, some of which may be absent.
    pub(super) fn optional_u64s(&self, name: &str) -> Result<Vec<Option<u64>>, FormatError> {
        let column = self.frame.column(name).map_err(|_| self.column_error(name, "is missing".to_owned()))?;
        let values = column.u64().map_err(|_| self.wrong_type(column, "u64, null allowed"))?;
        Ok(values.iter().collect())
    }

    /// Texts.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<Box<str>>, FormatError> {
        let column = self.filled(name)?;
        let values = column.str().map_err(|_| self.wrong_type(column, "string"))?;
        Ok(values.iter().flatten().map(Into::into).collect())
    }

    /// Texts, some of which may be absent.
    pub(super) fn optional_texts(&self, name: &str) -> Result<Vec<Option<Box<str>>>, FormatError> {
        let column = self.frame.column(name).map_err(|_| self.column_error(name, "is missing".to_owned()))?;
        let values = column.str().map_err(|_| self.wrong_type(column, "string, null allowed"))?;
        Ok(values.iter().map(|value| value.map(Into::into)).collect())
    }

    /// The demand columns, row by row.
    pub(super) fn demands(&self) -> Result<Vec<Demand>, FormatError> {
        let (cpu, memory) = (self.u32s("cpu_milli")?, self.u32s("memory_mib")?);
        let (class, count) = (self.u8s("device_class")?, self.u8s("device_count")?);
        let (milli, kinds) = (self.u16s("device_milli")?, self.texts("device_kinds")?);
        let (features, priority) = (self.texts("features")?, self.u8s("priority")?);
        // Only there where some task states it.
        let device_memory = match self.frame.column(DEVICE_MEMORY) {
            Ok(_) => self.u32s(DEVICE_MEMORY)?,
            Err(_) => vec![0; self.rows()],
        };
        let mut demands = Vec::with_capacity(self.rows());
        for row in 0..self.rows() {
            let class = match class[row] {
                0 => None,
                1 => Some(DeviceClass::Gpu),
                2 => Some(DeviceClass::Fpga),
                3 => Some(DeviceClass::Dpu),
                other => return Err(self.cell(row, "device_class", other, "0 to 3")),
            };
            let asks = count[row] > 0 || milli[row] > 0 || device_memory[row] > 0 || !kinds[row].is_empty();
            if class.is_none() && asks {
                return Err(self.cell(row, "device_class", 0, "1 to 3 where devices are asked for"));
            }
            demands.push(Demand {
                cpu_milli: cpu[row],
                memory_mib: memory[row],
                devices: class.map(|class| DeviceDemand {
                    class,
                    count: count[row],
                    milli_each: milli[row],
                    memory_mib_each: device_memory[row],
                    kinds: split(&kinds[row]),
                }),
                features: split(&features[row]),
                priority: priority[row],
            });
        }
        Ok(demands)
    }

    /// What is wrong with one cell.
    pub(super) fn cell(
        &self,
        row: usize,
        column: &'static str,
        value: impl ToString,
        allowed: impl ToString,
    ) -> FormatError {
        let (value, allowed) = (value.to_string(), allowed.to_string());
        FormatError::Cell { path: self.path(), row, column, value, allowed }
    }

    fn filled(&self, name: &str) -> Result<&Column, FormatError> {
        let column = self.frame.column(name).map_err(|_| self.column_error(name, "is missing".to_owned()))?;
        match column.null_count() {
            0 => Ok(column),
            nulls => Err(self.column_error(name, format!("{nulls} of its values are null, none may be"))),
        }
    }

    fn wrong_type(&self, column: &Column, wanted: &str) -> FormatError {
        self.column_error(column.name(), format!("is of type {}, allowed is {wanted}", column.dtype()))
    }

    fn column_error(&self, column: &str, problem: String) -> FormatError {
        FormatError::Column { path: self.path(), column: column.to_owned(), problem }
    }
}

fn split(cell: &str) -> Vec<String> {
    if cell.is_empty() { Vec::new() } else { cell.split(SEPARATOR).map(str::to_owned).collect() }
}

//! The tables that any tool opens: Parquet, zstd, one row group, no statistics, one thread, and so the same bytes
//! each time.

use crate::error::ResultsError;
use crate::files;
use crate::load::Results;
use crate::record::{RunRecord, SeriesPoint};
use polars::prelude::{
    Column, DataFrame, IntoColumn, NamedFrom, ParallelStrategy, ParquetCompression, ParquetReader,
    ParquetWriter, SerReader, Series, StatisticsOptions,
};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

/// Writes `metrics.parquet`: one row per run and metric, runs in plan order, metrics by name.
pub(crate) fn write_metrics(path: &Path, results: &Results) -> Result<(), ResultsError> {
    let rows: Vec<_> = results
        .runs
        .iter()
        .flat_map(|run| {
            run.record.metrics.iter().map(move |(name, metric)| (&run.record, name.as_str(), metric))
        })
        .collect();
    let columns = vec![
        texts("run_id", rows.iter().map(|(run, _, _)| run.id.as_str())),
        texts("scenario", rows.iter().map(|(run, _, _)| run.scenario.as_str())),
        texts("scheduler", rows.iter().map(|(run, _, _)| run.scheduler.as_str())),
        column("seed", rows.iter().map(|(run, _, _)| run.seed).collect::<Vec<u64>>()),
        texts("metric", rows.iter().map(|(_, name, _)| *name)),
        column("value", rows.iter().map(|(_, _, metric)| metric.value).collect::<Vec<f64>>()),
        texts("unit", rows.iter().map(|(_, _, metric)| metric.unit.as_str())),
        texts("better", rows.iter().map(|(_, _, metric)| metric.better.name())),
    ];
    write(path, columns, ParquetCompression::Zstd(None))
}

/// A number that a training saw.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePoint {
    /// Of which training seed.
    pub seed: u64,
    /// After so many generations.
    pub generation: u64,
    /// What it is.
    pub measure: String,
    /// The number.
    pub value: f64,
}

/// Writes what trainings saw: one row per number, in the order in which they come.
///
/// # Errors
/// When it cannot be written.
pub fn write_curves(path: &Path, points: &[CurvePoint]) -> Result<(), ResultsError> {
    let columns = vec![
        column("seed", points.iter().map(|point| point.seed).collect::<Vec<u64>>()),
        column("generation", points.iter().map(|point| point.generation).collect::<Vec<u64>>()),
        texts("measure", points.iter().map(|point| point.measure.as_str())),
        column("value", points.iter().map(|point| point.value).collect::<Vec<f64>>()),
    ];
    write(path, columns, ParquetCompression::Zstd(None))
}

/// Writes the series of one run, for as long as the experiment goes on: not compressed, which halves the cost.
pub(crate) fn write_part(
    path: &Path,
    record: &RunRecord,
    points: &[SeriesPoint],
) -> Result<(), ResultsError> {
    write(path, series_columns(&[(record, points)]), ParquetCompression::Uncompressed)
}

/// Writes `series.parquet`: one row per run and sample, runs in plan order.
pub(crate) fn write_series(path: &Path, results: &Results) -> Result<(), ResultsError> {
    let runs: Vec<_> = results.runs.iter().map(|run| (&run.record, run.series.as_slice())).collect();
    write(path, series_columns(&runs), ParquetCompression::Zstd(None))
}

/// What is around a datacenter, with the names of its columns.
type OfSurroundings = fn(&SeriesPoint) -> Option<f64>;
const AROUND: [(&str, OfSurroundings); 3] = [
    ("outside_celsius", |point| point.outside_celsius),
    ("carbon_grams_per_kwh", |point| point.carbon_grams_per_kwh),
    ("price_per_mwh", |point| point.price_per_mwh),
];

fn series_columns(runs: &[(&RunRecord, &[SeriesPoint])]) -> Vec<Column> {
    let rows: Vec<(&RunRecord, &SeriesPoint)> =
        runs.iter().flat_map(|(run, points)| points.iter().map(move |point| (*run, point))).collect();
    let floats = |name: &str, of: fn(&SeriesPoint) -> f64| {
        column(name, rows.iter().map(|(_, point)| of(point)).collect::<Vec<f64>>())
    };
    let counts = |name: &str, of: fn(&SeriesPoint) -> u32| {
        column(name, rows.iter().map(|(_, point)| of(point)).collect::<Vec<u32>>())
    };
    let mut columns = vec![
        texts("run_id", rows.iter().map(|(run, _)| run.id.as_str())),
        texts("scenario", rows.iter().map(|(run, _)| run.scenario.as_str())),
        texts("scheduler", rows.iter().map(|(run, _)| run.scheduler.as_str())),
        column("seed", rows.iter().map(|(run, _)| run.seed).collect::<Vec<u64>>()),
        floats("time_seconds", |point| point.time_seconds),
        floats("cpu_allocation", |point| point.cpu_allocation),
        floats("memory_allocation", |point| point.memory_allocation),
        floats("device_allocation", |point| point.device_allocation),
        counts("tasks_waiting", |point| point.tasks_waiting),
        counts("tasks_running", |point| point.tasks_running),
        floats("it_power_watts", |point| point.it_power_watts),
        floats("facility_power_watts", |point| point.facility_power_watts),
    ];
    for (name, of) in AROUND {
        // What nobody says of any run leaves no column.
        let values: Vec<Option<f64>> = rows.iter().map(|(_, point)| of(point)).collect();
        if values.iter().any(Option::is_some) {
            columns.push(column(name, values));
        }
    }
    columns
}

/// Reads a series table: the points of each run id, in the order of the file.
pub(crate) fn read_series(path: &Path) -> Result<BTreeMap<String, Vec<SeriesPoint>>, ResultsError> {
    let bytes = std::fs::read(path).map_err(files::failed("read", path))?;
    let corrupt = |problem: String| ResultsError::Corrupt { path: path.to_owned(), problem };
    let frame = ParquetReader::new(Cursor::new(bytes))
        .read_parallel(ParallelStrategy::None)
        .finish()
        .map_err(|error| corrupt(error.to_string()))?;
    points(&frame).map_err(corrupt)
}

fn points(frame: &DataFrame) -> Result<BTreeMap<String, Vec<SeriesPoint>>, String> {
    let time = floats(frame, "time_seconds")?;
    let cpu = floats(frame, "cpu_allocation")?;
    let memory = floats(frame, "memory_allocation")?;
    let device = floats(frame, "device_allocation")?;
    let waiting = counts(frame, "tasks_waiting")?;
    let running = counts(frame, "tasks_running")?;
    let it_power = floats(frame, "it_power_watts")?;
    let facility_power = floats(frame, "facility_power_watts")?;
    let [outside, carbon, price] = AROUND.map(|(name, _)| sparse_floats(frame, name));
    let (outside, carbon, price) = (outside?, carbon?, price?);
    let ids = find(frame, "run_id")?.str().map_err(|error| error.to_string())?;
    let mut series: BTreeMap<String, Vec<SeriesPoint>> = BTreeMap::new();
    for (row, id) in ids.iter().enumerate() {
        let id = id.ok_or_else(|| format!("row {row} has no run_id"))?;
        if !series.contains_key(id) {
            series.insert(id.to_owned(), Vec::new());
        }
        let points = series.get_mut(id).expect("it was inserted above");
        points.push(SeriesPoint {
            time_seconds: time[row],
            cpu_allocation: cpu[row],
            memory_allocation: memory[row],
            device_allocation: device[row],
            tasks_waiting: waiting[row],
            tasks_running: running[row],
            it_power_watts: it_power[row],
            facility_power_watts: facility_power[row],
            outside_celsius: outside.get(row).copied().flatten(),
            carbon_grams_per_kwh: carbon.get(row).copied().flatten(),
            price_per_mwh: price.get(row).copied().flatten(),
        });
    }
    Ok(series)
}

fn find<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Column, String> {
    let column = frame.column(name).map_err(|_| format!("the column `{name}` is missing"))?;
    match column.null_count() {
        0 => Ok(column),
        count => Err(format!("the column `{name}` has {count} empty cells")),
    }
}

fn floats(frame: &DataFrame, name: &str) -> Result<Vec<f64>, String> {
    let column = find(frame, name)?;
    let values = column.f64().map_err(|_| wrong_type(column, "f64"))?;
    Ok(values.iter().flatten().collect())
}

/// A column with empty cells; none at all where it is missing.
fn sparse_floats(frame: &DataFrame, name: &str) -> Result<Vec<Option<f64>>, String> {
    let Ok(column) = frame.column(name) else { return Ok(Vec::new()) };
    let values = column.f64().map_err(|_| wrong_type(column, "f64"))?;
    Ok(values.iter().collect())
}

fn counts(frame: &DataFrame, name: &str) -> Result<Vec<u32>, String> {
    let column = find(frame, name)?;
    let values = column.u32().map_err(|_| wrong_type(column, "u32"))?;
    Ok(values.iter().flatten().collect())
}

fn wrong_type(column: &Column, wanted: &str) -> String {
    format!("the column `{}` holds {}, not {wanted}", column.name(), column.dtype())
}

fn texts<'a>(name: &str, values: impl Iterator<Item = &'a str>) -> Column {
    column(name, values.collect::<Vec<&str>>())
}

fn column<T, V: AsRef<[T]>>(name: &str, values: V) -> Column
where
    Series: NamedFrom<V, [T]>,
{
    Series::new(name.into(), values).into_column()
}

fn write(path: &Path, columns: Vec<Column>, compression: ParquetCompression) -> Result<(), ResultsError> {
    let corrupt = |error: polars::error::PolarsError| ResultsError::Corrupt {
        path: path.to_owned(),
        problem: error.to_string(),
    };
    let mut frame = DataFrame::new_infer_height(columns).map_err(corrupt)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(compression)
        .with_statistics(StatisticsOptions::empty())
        .with_row_group_size(Some(frame.height().max(1)))
        .set_parallel(false)
        .finish(&mut frame)
        .map_err(corrupt)?;
    files::write_whole(path, &bytes)
}

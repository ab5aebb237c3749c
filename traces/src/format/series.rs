//! The canonical form of a series: a directory of one Parquet table and a manifest.
//!
//! ```text
//!  manifest.toml    schema version, what is measured, source, importer, digest, a checksum of the table
//!  points.parquet   `time_us` (UTC, microseconds since 1970) and `value`, or for failures
//!                   `start_us`, `duration_us` and `share`
//! ```
//!
//! It appears whole or not at all, is verified before it is decoded, and equal series give equal bytes.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sim::kernel::time::{SimDuration, SimTime};
use xxhash_rust::xxh3::Xxh3;

use super::table::{self, Table, column};
use super::write::{Draft, refuse_occupied};
use super::{FormatError, ImporterNote, MANIFEST, Source, SourceNote, display};
use crate::series::{Environment, Failure, Failures, Quantity, Series, Subject, UtcTime};

/// The version of the layout of series that this crate writes and reads.
pub const SERIES_SCHEMA_VERSION: u32 = 1;

const POINTS: &str = "points.parquet";

/// What the `manifest.toml` of a series states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesManifest {
    /// The version of the layout.
    pub series_schema_version: u32,
    /// How many points or failures there are.
    pub points: u64,
    /// XXH3-128 of the content, in hexadecimal.
    pub digest: String,
    /// What is measured; nothing for failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<MeasuredNote>,
    /// The file it came from.
    pub source: SourceNote,
    /// The program that made it.
    pub importer: ImporterNote,
    /// XXH3-128 of the bytes of the table, in hexadecimal, by file name.
    pub files: BTreeMap<String, String>,
}

/// What a series measures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredNote {
    /// The quantity.
    pub quantity: Quantity,
    /// The unit.
    pub unit: String,
    /// The column of the source.
    pub column: String,
}

/// XXH3-128 over everything a series states, as 32 hexadecimal digits.
pub fn series_digest(environment: &Environment) -> String {
    let mut state = Xxh3::new();
    let text = |state: &mut Xxh3, text: &str| {
        state.update(&(text.len() as u64).to_le_bytes());
        state.update(text.as_bytes());
    };
    match environment {
        Environment::Series(series) => {
            let Subject { quantity, unit, column } = series.subject();
            text(&mut state, "rackwright series 1");
            [quantity.name(), unit, column].iter().for_each(|part| text(&mut state, part));
            for (time, value) in series.times().iter().zip(series.values()) {
                state.update(&time.microseconds().to_le_bytes());
                state.update(&value.to_bits().to_le_bytes());
            }
        }
        Environment::Failures(failures) => {
            text(&mut state, "rackwright failures 1");
            for Failure { start, duration, share } in failures.events() {
                [start.0, duration.0, share.to_bits()]
                    .iter()
                    .for_each(|part| state.update(&part.to_le_bytes()));
            }
        }
    }
    format!("{:032x}", state.digest128())
}

/// Writes a series as a directory, which appears whole or not at all.
///
/// # Errors
/// When something is there already, or the file system refuses.
pub fn write_series(
    environment: &Environment,
    dir: &Path,
    source: &Source,
) -> Result<SeriesManifest, FormatError> {
    refuse_occupied(dir)?;
    let draft = Draft::beside(dir)?;
    let (columns, points, measured) = match environment {
        Environment::Series(series) => {
            let times: Vec<i64> = series.times().iter().map(|time| time.microseconds()).collect();
            let columns = vec![column("time_us", times), column("value", series.values())];
            let Subject { quantity, unit, column } = series.subject().clone();
            (columns, series.times().len(), Some(MeasuredNote { quantity, unit, column }))
        }
        Environment::Failures(failures) => {
            let events = failures.events();
            let columns = vec![
                column("start_us", events.iter().map(|event| event.start.0).collect::<Vec<u64>>()),
                column("duration_us", events.iter().map(|event| event.duration.0).collect::<Vec<u64>>()),
                column("share", events.iter().map(|event| event.share).collect::<Vec<f64>>()),
            ];
            (columns, events.len(), None)
        }
    };
    let checksum = table::write(&draft.path.join(POINTS), columns)?;
    let manifest = SeriesManifest {
        series_schema_version: SERIES_SCHEMA_VERSION,
        points: points as u64,
        digest: series_digest(environment),
        measured,
        source: SourceNote { file: source.file.clone(), licence: source.licence.clone() },
        importer: ImporterNote {
            name: source.importer.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        files: BTreeMap::from([(POINTS.to_owned(), checksum)]),
    };
    let path = draft.path.join(MANIFEST);
    let text = toml::to_string(&manifest).map_err(|error| fail(&path, "", &error.to_string()))?;
    std::fs::write(&path, text).map_err(|source| FormatError::Files {
        path: display(&path),
        action: "written",
        source,
    })?;
    draft.publish(dir)?;
    Ok(manifest)
}

/// Reads a series and verifies its digest.
///
/// # Errors
/// When the manifest or the table is missing, damaged or of another version, or the content is not what was written.
pub fn read_series(dir: &Path) -> Result<(Environment, SeriesManifest), FormatError> {
    let path = dir.join(MANIFEST);
    let manifest = read_manifest(&path)?;
    let checksum = manifest.files.get(POINTS).filter(|_| manifest.files.len() == 1);
    let checksum =
        checksum.ok_or_else(|| fail(&path, "files", &format!("allowed is {POINTS} and no other")))?;
    let points = dir.join(POINTS);
    if !points.exists() {
        return Err(FormatError::MissingSeries { path: display(&points) });
    }
    let environment = match &manifest.measured {
        Some(measured) => Environment::Series(read_points(points, checksum, measured)?),
        None => Environment::Failures(read_failures(points, checksum)?),
    };
    let rows = match &environment {
        Environment::Series(series) => series.times().len(),
        Environment::Failures(failures) => failures.events().len(),
    };
    if rows as u64 != manifest.points {
        let problem = format!("states {}, the table has {rows}", manifest.points);
        return Err(fail(&path, "points", &problem));
    }
    let found = series_digest(&environment);
    if found != manifest.digest {
        return Err(FormatError::Digest { path: display(&path), stated: manifest.digest, found });
    }
    Ok((environment, manifest))
}

/// True when a directory holds a series, by the version that its manifest states.
pub fn is_series(dir: &Path) -> bool {
    std::fs::read_to_string(dir.join(MANIFEST))
        .ok()
        .and_then(|text| toml::from_str::<toml::Table>(&text).ok())
        .is_some_and(|table| table.contains_key("series_schema_version"))
}

fn fail(path: &Path, key: &str, problem: &str) -> FormatError {
    FormatError::Manifest { path: display(path), key: key.to_owned(), problem: problem.to_owned() }
}

fn read_manifest(path: &Path) -> Result<SeriesManifest, FormatError> {
    let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => FormatError::MissingSeries { path: display(path) },
        _ => FormatError::Files { path: display(path), action: "read", source },
    })?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| fail(path, "", error.message()))?;
    const KEY: &str = "series_schema_version";
    match table.get(KEY) {
        None => return Err(fail(path, KEY, "is missing: this is the manifest of no series")),
        Some(version) if version.as_integer() != Some(i64::from(SERIES_SCHEMA_VERSION)) => {
            let problem = format!(
                "{version} stands there, allowed is {SERIES_SCHEMA_VERSION}: import the source again"
            );
            return Err(fail(path, KEY, &problem));
        }
        Some(_) => {}
    }
    crate::options::parse(table).map_err(|error| fail(path, &error.key, &error.problem))
}

fn read_points(
    path: std::path::PathBuf,
    checksum: &str,
    measured: &MeasuredNote,
) -> Result<Series, FormatError> {
    let table = Table::read(path, checksum, &["time_us", "value"])?;
    let mut times = Vec::with_capacity(table.rows());
    for (row, time) in table.i64s("time_us")?.into_iter().enumerate() {
        let moment = UtcTime::from_microseconds(time);
        times
            .push(moment.ok_or_else(|| table.cell(row, "time_us", time, "a moment in the years 1 to 9999"))?);
    }
    let MeasuredNote { quantity, unit, column } = measured.clone();
    Series::new(Subject { quantity, unit, column }, times, table.f64s("value")?)
        .map_err(|error| FormatError::Points { path: table.path(), problem: error.to_string() })
}

fn read_failures(path: std::path::PathBuf, checksum: &str) -> Result<Failures, FormatError> {
    let table = Table::read(path, checksum, &["start_us", "duration_us", "share"])?;
    let (starts, durations) = (table.u64s("start_us")?, table.u64s("duration_us")?);
    let rows = starts.into_iter().zip(durations).zip(table.f64s("share")?);
    let event = |((start, duration), share)| Failure {
        start: SimTime(start),
        duration: SimDuration(duration),
        share,
    };
    Failures::new(rows.map(event).collect())
        .map_err(|error| FormatError::Points { path: table.path(), problem: error.to_string() })
}

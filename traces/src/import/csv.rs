//! Any table of jobs, told by a mapping which column is what.
//!
//! ```toml
//! # A file of this name beside the table (jobs.csv.mapping.toml), the option `mapping = "FILE"`, or the option
//! # `mapping = { ... }` with these keys in it.
//! separator = ","                   # one character; "\t" for tabs
//! columns = ["id", "when", "took"]  # only where the table has no header
//! missing = ["", "NA", "-1"]        # what stands for nothing; "" unless stated
//! time_unit = "s"                   # us, ms, s, min, h, d, or "date" for dates and times
//! time_zone = "UTC"                 # of dates without an offset
//! duration_unit = "s"               # as time_unit, without "date"
//!
//! [take]
//! submit = "when"                   # needed
//! run = "took"                      # or `end` (with `start`, or else from submission)
//! start = "began"                   # or `wait`, a duration; the recorded start
//! estimate = "walltime"
//! patience = "kept_for"
//! name = "id"
//! user = "owner"
//! host = "node"
//! priority = "class"                # a whole number from 0 to 255
//! cores = "cpus"
//! memory = "ram"
//! gpus = "gpus"                     # whole GPUs; below 1 a share of one
//! gpu_kind = "model"                # names with | between them
//! censored = "still_running"        # 1, true or yes
//!
//! [scale]                           # factors before units
//! cores = 0.01
//! memory_unit = "GiB"               # B, KB, KiB, MB, MiB, GB, GiB; MiB unless stated
//! ```
//!
//! A job of more whole GPUs than one host holds (`gpus_per_host`, 8 unless stated) is a gang; its cores and memory are then those of
//! the whole job, shared out evenly.
//!
//! Rows that are dropped, by reason: `unknown_submission`, `unknown_run_time`, `unknown_request` (cores, memory or GPUs
//! are missing), `ends_before_start`, `starts_before_submission`.

use std::path::{Path, PathBuf};

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use sim::kernel::time::{SimDuration, SimTime};
use sim::resources::{DeviceClass, WHOLE_DEVICE};
use sim::workload::{Demand, DeviceDemand, JobSpec, Recorded, TaskSpec, Workload};

use super::dates::{self, Zone};
use super::gang::{GpusPerHost, MOST_GPUS};
use super::gather::{Gatherer, Place, cpu_milli_of, memory_mib_of};
use super::table::{OtherColumns, Table};
use super::text::Lines;
use super::{Head, ImportError, Importer, Tally};
use crate::OptionError;

/// One line of help.
pub const HELP: &str = "any table of jobs, told by a mapping in TOML which column is what (FILE.mapping.toml beside it)";

/// Which column is what.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// A file, relative to the working folder, or its content; without it, the file beside the table.
    pub mapping: Option<Source>,
}

/// Where the mapping is.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// In a file.
    File(PathBuf),
    /// Here.
    Inline(Box<Mapping>),
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(file) => Ok(Self::File(file.into())),
            toml::Value::Table(table) => crate::options::parse(table)
                .map(|mapping| Self::Inline(Box::new(mapping)))
                .map_err(|OptionError { key, problem }| D::Error::custom(format!("key `{key}`: {problem}"))),
            other => Err(D::Error::custom(format!("{other} stands there, allowed is the name of a file or a table"))),
        }
    }
}

/// Which column of a table is what.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Between the fields.
    #[serde(default = "comma")]
    pub separator: char,
    /// The names of the columns, where the table has no header.
    #[serde(default)]
    pub columns: Vec<String>,
    /// What stands for nothing.
    #[serde(default = "nothing")]
    pub missing: Vec<String>,
    /// What moments count.
    #[serde(default)]
    pub time_unit: TimeUnit,
    /// Of dates without an offset.
    #[serde(default = "utc")]
    pub time_zone: Zone,
    /// What lengths of time count.
    #[serde(default)]
    pub duration_unit: TimeUnit,
    /// GPUs of one host.
    #[serde(default)]
    pub gpus_per_host: GpusPerHost,
    /// The columns.
    pub take: Take,
    /// Factors and units.
    #[serde(default)]
    pub scale: Scale,
}

fn comma() -> char {
    ','
}

fn nothing() -> Vec<String> {
    vec![String::new()]
}

fn utc() -> Zone {
    Zone(chrono_tz::UTC)
}

/// What times count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Microseconds.
    Us,
    /// Milliseconds.
    Ms,
    /// Seconds.
    #[default]
    S,
    /// Minutes.
    Min,
    /// Hours.
    H,
    /// Days.
    D,
    /// Dates and times of day.
    Date,
}

impl TimeUnit {
    /// In seconds; nothing for dates.
    fn seconds(self) -> Option<f64> {
        match self {
            Self::Us => Some(1e-6),
            Self::Ms => Some(1e-3),
            Self::S => Some(1.0),
            Self::Min => Some(60.0),
            Self::H => Some(3600.0),
            Self::D => Some(86_400.0),
            Self::Date => None,
        }
    }
}

/// The names of the columns, by what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "each is what the module's example says of it")]
pub struct Take {
    pub submit: Option<String>,
    pub run: Option<String>,
    pub end: Option<String>,
    pub start: Option<String>,
    pub wait: Option<String>,
    pub estimate: Option<String>,
    pub patience: Option<String>,
    pub name: Option<String>,
    pub user: Option<String>,
    pub host: Option<String>,
    pub priority: Option<String>,
    pub cores: Option<String>,
    pub memory: Option<String>,
    pub gpus: Option<String>,
    pub gpu_kind: Option<String>,
    pub censored: Option<String>,
}

impl Take {
    fn all(&self) -> Vec<&str> {
        let columns = [
            &self.submit, &self.run, &self.end, &self.start, &self.wait, &self.estimate, &self.patience, &self.name,
            &self.user, &self.host, &self.priority, &self.cores, &self.memory, &self.gpus, &self.gpu_kind, &self.censored,
        ];
        let mut columns: Vec<&str> = columns.into_iter().flatten().map(String::as_str).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

/// Factors, before units.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scale {
    /// Of cores.
    pub cores: f64,
    /// Of memory.
    pub memory: f64,
    /// Of GPUs.
    pub gpus: f64,
    /// What memory counts.
    pub memory_unit: MemoryUnit,
}

impl Default for Scale {
    fn default() -> Self {
        Self { cores: 1.0, memory: 1.0, gpus: 1.0, memory_unit: MemoryUnit::MiB }
    }
}

/// What memory counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum MemoryUnit {
    B,
    KB,
    KiB,
    MB,
    MiB,
    GB,
    GiB,
}

impl MemoryUnit {
    fn bytes(self) -> f64 {
        match self {
            Self::B => 1.0,
            Self::KB => 1e3,
            Self::KiB => 1024.0,
            Self::MB => 1e6,
            Self::MiB => 1_048_576.0,
            Self::GB => 1e9,
            Self::GiB => 1_073_741_824.0,
        }
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    Csv(options)
}

/// True when a mapping lies beside the file.
pub fn recognises(head: &Head) -> bool {
    head.has_mapping
}

/// Where the mapping of a table is looked for when no option names it: `jobs.csv.mapping.toml` for `jobs.csv` and for
/// `jobs.csv.gz`.
pub(super) fn mapping_beside(path: &Path) -> PathBuf {
    let name = super::text::member_name(&path.file_name().unwrap_or_default().to_string_lossy());
    path.with_file_name(format!("{name}.mapping.toml"))
}

struct Csv(Options);

impl Csv {
    /// The mapping, and the file in which it stands where it is not in the options.
    fn mapping(&self, path: &Path) -> Result<(Mapping, Option<PathBuf>), ImportError> {
        match (&self.0.mapping, self.mapping_file(path)) {
            (Some(Source::Inline(mapping)), _) => Ok(((**mapping).clone(), None)),
            (_, file) => Ok((Self::read_mapping(&file)?, Some(file))),
        }
    }

    fn mapping_file(&self, path: &Path) -> PathBuf {
        match &self.0.mapping {
            Some(Source::File(file)) => file.clone(),
            _ => mapping_beside(path),
        }
    }

    fn read_mapping(file: &Path) -> Result<Mapping, ImportError> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|source| ImportError::Open { file: name.clone(), source })?;
        let refuse = |line: usize, problem: String| ImportError::Line { file: name.clone(), line: line as u64, problem };
        let table = toml::from_str::<toml::Table>(&text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            refuse(1 + text[..at].matches('\n').count(), crate::options::one_line(&error.message().trim().replace('\n', " ")))
        })?;
        crate::options::parse(table).map_err(|OptionError { key, problem }| {
            let word = key.rsplit('.').next().unwrap_or_default();
            let line = text.lines().position(|line| line.trim_start().starts_with(word)).map_or(1, |index| index + 1);
            refuse(line, format!("key `{key}`: {problem}"))
        })
    }
}

impl Importer for Csv {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let (mapping, mapping_file) = self.mapping(path)?;
        let take = &mapping.take;
        let refuse = |key: &str, problem: &str| match &mapping_file {
            Some(file) => ImportError::Line {
                file: file.display().to_string(),
                line: 1,
                problem: format!("key `take.{key}`: {problem}"),
            },
            None => ImportError::Option {
                importer: "csv",
                source: OptionError { key: format!("mapping.take.{key}"), problem: problem.to_owned() },
            },
        };
        if take.submit.is_none() {
            return Err(refuse("submit", "is missing: state the column that tells when a job was submitted"));
        }
        if take.run.is_none() && take.end.is_none() {
            return Err(refuse("run", "is missing: state the column that tells how long a job ran, or `end`"));
        }
        let lines = Lines::open(path)?;
        let mut table = match mapping.columns.is_empty() {
            true => Table::with_header(lines, mapping.separator, &take.all(), &[], OtherColumns::Ignore)?,
            false => {
                let columns: Vec<&str> = mapping.columns.iter().map(String::as_str).collect();
                let table = Table::without_header(lines, mapping.separator, &columns);
                table.require(&take.all())?;
                table
            }
        };
        let mut gatherer = Gatherer::new();
        while table.next_row()? {
            tally.read();
            match (Row { table: &table, mapping: &mapping }).add(&mut gatherer)? {
                Ok(()) => tally.keep(),
                Err(reason) => tally.drop_row(reason),
            }
        }
        gatherer.finish(Place { file: table.file(), line: table.line() }, tally)
    }

    fn reads_beside(&self, path: &Path) -> Vec<PathBuf> {
        match &self.0.mapping {
            Some(Source::Inline(_)) => Vec::new(),
            _ => vec![self.mapping_file(path)],
        }
    }
}

/// One row, read by the mapping.
struct Row<'a> {
    table: &'a Table,
    mapping: &'a Mapping,
}

impl<'a> Row<'a> {
    /// The outer error is a refusal, the inner one the reason why the row is dropped.
    fn add(&self, gatherer: &mut Gatherer) -> Result<Result<(), &'static str>, ImportError> {
        let take = &self.mapping.take;
        let Some(submit) = self.moment(&take.submit)? else { return Ok(Err("unknown_submission")) };
        let start = match (self.moment(&take.start)?, self.duration(&take.wait)?) {
            (Some(start), _) => Some(start),
            (None, wait) => wait.map(|wait| submit + wait),
        };
        if start.is_some_and(|start| start < submit) {
            return Ok(Err("starts_before_submission"));
        }
        let work = match (self.duration(&take.run)?, self.moment(&take.end)?) {
            (Some(run), _) => run,
            (None, None) => return Ok(Err("unknown_run_time")),
            (None, Some(end)) if end < start.unwrap_or(submit) => return Ok(Err("ends_before_start")),
            (None, Some(end)) => end.since(start.unwrap_or(submit)),
        };
        let is_missing = |column: &Option<String>| column.is_some() && self.value(column).is_none();
        if [&take.cores, &take.memory, &take.gpus].into_iter().any(is_missing) {
            return Ok(Err("unknown_request"));
        }
        let demands = self.demands()?;
        let recorded =
            start.map(|start| Recorded { start, host: self.value(&take.host).map(|(_, host)| host.into()) });
        let (estimate, patience) = (self.duration(&take.estimate)?, self.duration(&take.patience)?);
        let is_censored = match self.value(&take.censored) {
            None => false,
            Some((column, text)) => match text.to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" => true,
                "0" | "false" | "no" => false,
                _ => return Err(self.table.wrong(column, "1, true, yes, 0, false or no")),
            },
        };
        let tenant = gatherer.tenant(self.value(&take.user).map_or("", |(_, user)| user));
        let name: Option<Box<str>> = self.value(&take.name).map(|(_, name)| name.into());
        let tasks = demands.into_iter().map(|demand| TaskSpec {
            demand,
            work,
            estimate,
            patience: patience.filter(|&patience| patience > SimDuration::ZERO),
            is_censored,
            usage: Vec::new(),
            name: name.clone(),
            recorded: recorded.clone(),
        });
        let place = Place { file: self.table.file(), line: self.table.line() };
        gatherer.job(place, JobSpec { submit, tenant, is_gang: true }, tasks)?;
        Ok(Ok(()))
    }

    /// The column and what stands in it; nothing where nothing stands or the mapping takes no such column.
    fn value(&self, column: &'a Option<String>) -> Option<(&'a str, &'a str)> {
        let column = column.as_deref()?;
        let text = self.table.text(column);
        let is_missing = text.is_empty() || self.mapping.missing.iter().any(|missing| missing == text);
        (!is_missing).then_some((column, text))
    }

    fn moment(&self, column: &'a Option<String>) -> Result<Option<SimTime>, ImportError> {
        let Some((column, text)) = self.value(column) else { return Ok(None) };
        match self.mapping.time_unit.seconds() {
            Some(unit) => self.table.time(column, unit).map(Some),
            None => dates::moment(text, self.mapping.time_zone)
                .map(Some)
                .ok_or_else(|| self.table.wrong(column, dates::ALLOWED)),
        }
    }

    fn duration(&self, column: &'a Option<String>) -> Result<Option<SimDuration>, ImportError> {
        let Some((column, _)) = self.value(column) else { return Ok(None) };
        // Lengths of time have no date; whoever states that unit means seconds as everywhere else, and is told so.
        let unit = self.mapping.duration_unit.seconds();
        let unit = unit.ok_or_else(|| self.table.wrong(column, "a `duration_unit` other than `date`"))?;
        self.table.duration(column, unit).map(Some)
    }

    fn number(&self, column: &'a Option<String>, most: f64) -> Result<Option<(&'a str, f64)>, ImportError> {
        match self.value(column) {
            None => Ok(None),
            Some((column, _)) => Ok(Some((column, self.table.number(column, 0.0..=most)?))),
        }
    }

    /// What each task of the job asks for.
    fn demands(&self) -> Result<Vec<Demand>, ImportError> {
        let (take, scale) = (&self.mapping.take, &self.mapping.scale);
        let cpu_milli = match self.number(&take.cores, 1e12)? {
            None => 0,
            Some((column, cores)) => cpu_milli_of(cores * scale.cores)
                .ok_or_else(|| self.table.wrong(column, "up to 4,294,967 cores"))?,
        };
        let memory_mib = match self.number(&take.memory, 1e18)? {
            None => 0,
            Some((column, memory)) => memory_mib_of(memory * scale.memory, scale.memory_unit.bytes())
                .ok_or_else(|| self.table.wrong(column, "up to 2^32 - 1 MiB"))?,
        };
        let priority = match self.value(&take.priority) {
            None => 0,
            Some((column, _)) => self.table.whole(column, 0..=u8::MAX)?,
        };
        let kinds: Vec<String> = self
            .value(&take.gpu_kind)
            .map_or_else(Vec::new, |(_, kinds)| kinds.split('|').map(|kind| kind.trim().to_owned()).collect());
        let gpu = |count, milli_each| {
            (count > 0).then(|| DeviceDemand { class: DeviceClass::Gpu, count, milli_each, memory_mib_each: 0, kinds: kinds.clone() })
        };
        let demand = Demand { cpu_milli, memory_mib, priority, ..Demand::default() };
        let gpus = self.number(&take.gpus, 1e12)?.map(|(column, gpus)| (column, gpus * scale.gpus));
        let Some((column, gpus)) = gpus else { return Ok(vec![demand]) };
        if gpus < 1.0 {
            // Less than a thousandth of a GPU is none.
            let milli = (gpus * f64::from(WHOLE_DEVICE)).round() as u16;
            return Ok(vec![Demand { devices: gpu(u8::from(milli > 0), milli), ..demand }]);
        }
        if gpus.fract() != 0.0 || gpus > f64::from(MOST_GPUS) {
            return Err(self.table.wrong(column, "a share of one GPU below 1, or a whole number of GPUs"));
        }
        let counts: Vec<u8> = self.mapping.gpus_per_host.split(gpus as u32).collect();
        let tasks = counts.len() as u32;
        let part = |total: u32, index: u32| total / tasks + u32::from(index < total % tasks);
        Ok(counts
            .into_iter()
            .zip(0..)
            .map(|(count, index)| Demand {
                cpu_milli: part(cpu_milli, index),
                memory_mib: part(memory_mib, index),
                devices: gpu(count, WHOLE_DEVICE),
                ..demand.clone()
            })
            .collect())
    }
}

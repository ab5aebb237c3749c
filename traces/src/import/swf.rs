//! The Standard Workload Format of the Parallel Workloads Archive, version 2.2, and files that look like it.
//!
//! Each job becomes one task: a processor is 1000 milli-cores, its memory is the requested memory per
//! processor (field 10), else the used memory (field 7), times the processors, rounded up to a mebibyte and
//! 0 when neither is known. Jobs are ordered by submission, then by job number; the first job that is kept
//! is submitted at 0 and the origin is its submit time in the file's own clock, so that origin + submit is
//! the submit column again, whether the file counts from 0 or from 1970. A tenant is a user (field 12),
//! numbered by first appearance in that order; -1 is a tenant of its own. A task is named for its job number.
//!
//! Where the waiting time (field 3) is known, the recorded start is submission plus waiting.
//!
//! What real files do, and is taken as it is: header comments anywhere, text behind a header's number,
//! column names in a first line without `;`, tabs, CRLF, empty lines, more than 18 columns (the rest is
//! ignored), -1 in any field, fractions of seconds, run times above the requested time.
//!
//! Rows that are dropped, by reason: `cancelled_before_start` (status 5 and no run time),
//! `partial_execution` (status 2 to 4: parts of a job that has a line of its own), `no_processors`,
//! `unknown_run_time` and, by option, `zero_run_time`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer};
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{Demand, JobSpec, Recorded, TaskSpec, Workload, WorkloadBuilder};

use super::text::{Lines, excerpt};
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "batch logs in the Standard Workload Format (.swf, .swf.gz)";

const COLUMNS: [&str; 18] = [
    "job number",
    "submit time",
    "wait time",
    "run time",
    "allocated processors",
    "average cpu time",
    "used memory",
    "requested processors",
    "requested time",
    "requested memory",
    "status",
    "user",
    "group",
    "executable",
    "queue",
    "partition",
    "preceding job",
    "think time",
];
const MILLI_PER_PROCESSOR: u32 = 1000;
const MOST_PROCESSORS: u32 = u32::MAX / MILLI_PER_PROCESSOR;
const KIB_PER_MIB: f64 = 1024.0;

/// How to read what logs state in more than one way.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Which count of processors a job needs.
    pub processors: Processors,
    /// What the user declared.
    pub estimate: Estimate,
    /// Jobs that ran for 0 s.
    pub zero_run_time: ZeroRunTime,
    /// Jobs whose run time is negative, which is to say unknown.
    pub unknown_run_time: UnknownRunTime,
}

/// Which count of processors a job needs. Where the one is -1, the other counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Processors {
    /// Field 8.
    #[default]
    Requested,
    /// Field 5.
    Allocated,
    /// The larger of both.
    Larger,
}

/// What the user declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimate {
    /// Field 9; nothing when it is -1.
    #[default]
    Recorded,
    /// Field 9, and the run time when it is -1.
    RunTimeWhenMissing,
}

/// What becomes of jobs that ran for 0 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroRunTime {
    /// They are tasks.
    #[default]
    Keep,
    /// They are dropped and counted.
    Drop,
}

/// What becomes of jobs whose run time is unknown: `"drop"`, or a number of seconds that they ran.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum UnknownRunTime {
    /// They are dropped and counted.
    #[default]
    Drop,
    /// They ran for so long.
    Replace(SimDuration),
}

impl<'de> Deserialize<'de> for UnknownRunTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const ALLOWED: &str = "allowed is \"drop\" or a number of seconds, 0 or more";
        let refuse = |value: &toml::Value| serde::de::Error::custom(format!("{value} stands there, {ALLOWED}"));
        let value = toml::Value::deserialize(deserializer)?;
        let seconds = match &value {
            toml::Value::String(word) if word == "drop" => return Ok(Self::Drop),
            toml::Value::Integer(seconds) => *seconds as f64,
            toml::Value::Float(seconds) => *seconds,
            _ => return Err(refuse(&value)),
        };
        SimDuration::from_seconds(seconds).map(Self::Replace).ok_or_else(|| refuse(&value))
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    Swf(options)
}

/// True when the file is named so, or its first row has 18 columns of numbers.
pub fn recognises(head: &Head) -> bool {
    let is_row = |line: &str| {
        let columns = || line.split_ascii_whitespace();
        columns().count() >= COLUMNS.len() && columns().take(COLUMNS.len()).all(is_number)
    };
    let mut lines = head.text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with(';'));
    head.entries.is_empty() && (head.file_name.ends_with(".swf") || lines.next().is_some_and(is_row))
}

struct Swf(Options);

impl Importer for Swf {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut lines = Lines::open(path)?;
        let file = lines.file().to_owned();
        let refuse = |line, problem: &str| {
            Err(ImportError::Line { file: file.clone(), line, problem: problem.to_owned() })
        };
        let mut jobs = Vec::new();
        let mut may_name_columns = true;
        let mut last_line = 1;
        while let Some((number, line)) = lines.next_line()? {
            last_line = number;
            if let Some(comment) = line.strip_prefix(b";") {
                // Comments name people and places, in the encodings of their time.
                note(&String::from_utf8_lossy(comment), tally);
                continue;
            }
            if line.is_empty() {
                continue;
            }
            let Ok(text) = str::from_utf8(line) else {
                return refuse(number, "there are bytes that are no UTF-8: text is expected");
            };
            let names_columns = may_name_columns && text.starts_with(|first: char| first.is_ascii_alphabetic());
            may_name_columns = false;
            if !names_columns {
                tally.read();
                let row = Row::split(text, &file, number)?;
                jobs.extend(self.job(&row, tally)?);
            }
        }
        if tally.rows_read() == 0 {
            return refuse(last_line, "the file has no rows: at least one row of 18 columns is expected");
        }
        workload(jobs, &file)
    }
}

/// Remembers the header's numbers; text behind a number is for people.
fn note(comment: &str, tally: &mut Tally) {
    let Some((key, value)) = comment.split_once(':') else { return };
    let fact = match key.trim() {
        "MaxProcs" => "max_procs",
        "MaxNodes" => "max_nodes",
        "UnixStartTime" => "unix_start_time",
        "MaxJobs" => "max_jobs",
        "MaxRecords" => "max_records",
        "MaxRuntime" => "max_runtime",
        _ => return,
    };
    let value = value.trim();
    let end = value.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(value.len());
    if let Ok(number) = value[..end].parse() {
        tally.state(fact, number);
    }
}

/// A job that is kept.
struct Job {
    submit: SimTime,
    number: i64,
    user: i64,
    run: SimDuration,
    /// Known where the log states it.
    wait: Option<SimDuration>,
    estimate: Option<SimDuration>,
    cpu_milli: u32,
    memory_mib: u32,
    line: u64,
}

impl Swf {
    fn job(&self, row: &Row<'_>, tally: &mut Tally) -> Result<Option<Job>, ImportError> {
        let number = row.whole(1)?;
        let submit = row.number(2)?;
        let submit = SimTime::from_seconds(submit).ok_or_else(|| row.wrong(2, "0 s to 2^53 microseconds"))?;
        let run_seconds = row.number(4)?;
        let processors = self.processors(row)?;
        let requested = row.duration(9)?;
        let memory_kib = row.known(10)?.or(row.known(7)?).unwrap_or(0.0);
        let status = row.whole(11)?;
        let user = row.whole(12)?;
        let run = if run_seconds >= 0.0 {
            let allowed = "up to 2^53 microseconds, or -1 for unknown";
            Some(SimDuration::from_seconds(run_seconds).ok_or_else(|| row.wrong(4, allowed))?)
        } else {
            match self.0.unknown_run_time {
                UnknownRunTime::Drop => None,
                UnknownRunTime::Replace(run) => Some(run),
            }
        };
        let drops_zero = self.0.zero_run_time == ZeroRunTime::Drop;
        let reason = match (status, run) {
            (5, _) if run_seconds <= 0.0 => "cancelled_before_start",
            (2..=4, _) => "partial_execution",
            _ if processors == 0 => "no_processors",
            (_, None) => "unknown_run_time",
            (_, Some(SimDuration::ZERO)) if drops_zero => "zero_run_time",
            (_, Some(run)) => {
                let memory_mib = (memory_kib * f64::from(processors) / KIB_PER_MIB).ceil();
                if memory_mib > f64::from(u32::MAX) {
                    let column = if row.known(10)?.is_some() { 10 } else { 7 };
                    return Err(row.wrong(column, "up to 2^32 - 1 MiB over all processors"));
                }
                let estimate = match self.0.estimate {
                    Estimate::Recorded => requested,
                    Estimate::RunTimeWhenMissing => requested.or(Some(run)),
                };
                tally.keep();
                return Ok(Some(Job {
                    submit,
                    number,
                    user,
                    run,
                    wait: row.duration(3)?,
                    estimate,
                    cpu_milli: processors * MILLI_PER_PROCESSOR,
                    memory_mib: memory_mib as u32,
                    line: row.line,
                }));
            }
        };
        tally.drop_row(reason);
        Ok(None)
    }

    /// 0 when neither count is known.
    fn processors(&self, row: &Row<'_>) -> Result<u32, ImportError> {
        let count = |column| {
            let allowed = format!("-1 for unknown, or a whole number from 0 to {MOST_PROCESSORS}");
            let count = row.whole(column)?;
            match u32::try_from(count) {
                Ok(count) if count <= MOST_PROCESSORS => Ok(Some(count)),
                Err(_) if count == -1 => Ok(None),
                _ => Err(row.wrong(column, &allowed)),
            }
        };
        let (allocated, requested) = (count(5)?, count(8)?);
        let needed = match self.0.processors {
            Processors::Requested => requested.or(allocated),
            Processors::Allocated => allocated.or(requested),
            Processors::Larger => requested.max(allocated),
        };
        Ok(needed.unwrap_or(0))
    }
}

fn workload(mut jobs: Vec<Job>, file: &str) -> Result<Workload, ImportError> {
    jobs.sort_by_key(|job| (job.submit, job.number));
    let mut builder = WorkloadBuilder::new();
    let origin = jobs.first().map_or(SimTime::ZERO, |job| job.submit);
    builder.set_origin(origin);
    let mut tenants: BTreeMap<i64, u32> = BTreeMap::new();
    for job in jobs {
        let next = tenants.len() as u32;
        let tenant = *tenants.entry(job.user).or_insert(next);
        let submit = SimTime::ZERO + job.submit.since(origin);
        let task = TaskSpec {
            demand: Demand { cpu_milli: job.cpu_milli, memory_mib: job.memory_mib, ..Demand::default() },
            work: job.run,
            estimate: job.estimate,
            name: Some(job.number.to_string().into()),
            recorded: job.wait.map(|wait| Recorded { start: submit + wait, host: None }),
            ..TaskSpec::default()
        };
        builder.add_task(JobSpec { submit, tenant, is_gang: false }, task).map_err(|source| {
            ImportError::Task { file: file.to_owned(), line: job.line, source }
        })?;
    }
    Ok(builder.finish())
}

fn is_number(field: &str) -> bool {
    field.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
}

/// The fields of one line; fields are counted from 1, as the format does.
struct Row<'a> {
    fields: [&'a str; COLUMNS.len()],
    file: &'a str,
    line: u64,
}

impl<'a> Row<'a> {
    fn split(text: &'a str, file: &'a str, line: u64) -> Result<Self, ImportError> {
        let mut row = Self { fields: [""; COLUMNS.len()], file, line };
        let mut found = text.split_ascii_whitespace();
        for count in 0..COLUMNS.len() {
            let Some(field) = found.next() else {
                let problem = format!("the row has {count} columns, at least {} are expected", COLUMNS.len());
                return Err(ImportError::Line { file: file.to_owned(), line, problem });
            };
            row.fields[count] = field;
        }
        match row.fields.iter().position(|field| !is_number(field)) {
            Some(index) => Err(row.wrong(index + 1, "a number")),
            None => Ok(row),
        }
    }

    fn number(&self, column: usize) -> Result<f64, ImportError> {
        let number = self.fields[column - 1].parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| self.wrong(column, "a number"))
    }

    /// Identifiers have up to 16 digits, too many for a float.
    fn whole(&self, column: usize) -> Result<i64, ImportError> {
        const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;
        let field = self.fields[column - 1];
        let fraction = || field.parse().ok().filter(|number: &f64| number.trunc() == *number);
        let small = || fraction().filter(|number| number.abs() <= LARGEST_EXACT).map(|number| number as i64);
        field.parse().ok().or_else(small).ok_or_else(|| self.wrong(column, "a whole number of at most 64 bits"))
    }

    /// A quantity, unless it is -1.
    fn known(&self, column: usize) -> Result<Option<f64>, ImportError> {
        match self.number(column)? {
            -1.0 => Ok(None),
            number if number < 0.0 => Err(self.wrong(column, "-1 for unknown, or a number of at least 0")),
            number => Ok(Some(number)),
        }
    }

    fn duration(&self, column: usize) -> Result<Option<SimDuration>, ImportError> {
        let Some(seconds) = self.known(column)? else { return Ok(None) };
        let duration = SimDuration::from_seconds(seconds);
        duration.map(Some).ok_or_else(|| self.wrong(column, "-1 for unknown, or 0 s to 2^53 microseconds"))
    }

    fn wrong(&self, column: usize, allowed: &str) -> ImportError {
        ImportError::Value {
            file: self.file.to_owned(),
            line: self.line,
            column: format!("{column} ({})", COLUMNS[column - 1]),
            value: excerpt(self.fields[column - 1]),
            allowed: allowed.to_owned(),
        }
    }
}

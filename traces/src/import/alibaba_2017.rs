//! Batch tasks of Alibaba's cluster trace of 2017 (`batch_task.csv`), and the list of jobs that `CloudSimPy` made of them.
//!
//! `batch_task`: `create`, `end` (seconds from the beginning of the trace), `job`, `task`, `instances`, `status`, `cpu` that
//! each instance asks for (100 is a core), `memory` (a part of the largest machine's). The published file has no header; a
//! first line that names the columns is passed over. Nothing is told of when a task was started: it is submitted when it
//! was created and runs until it ended. What was created before the trace is submitted when it begins, with what is left
//! of its life (`present_at_start`). Rows with the status `Running` outlasted the trace: they are censored, with what was
//! seen of them, until the last moment of the trace where no end is told.
//!
//! The list of jobs: `submit_time`, `duration`, `cpu` in cores, `memory` as above, `job_id`, `task_id`, `instances_num`,
//! and a `disk` that is always 0.
//!
//! A row stands for many instances that are alike, of which `most_instances` (1) become tasks; how many do not is stated
//! (`instances_left_out`). How long each of them ran is not told in this table: each runs for as long as the row. The tasks
//! of a row are a job and need not start together; their name is `job/task`. All are of one tenant, for none is told. The
//! machine's memory is not told: the option `machine_memory_gib` (256), an assumption, makes it mebibytes.
//!
//! Rows that are dropped, by reason: `waiting` (it never ran), `no_request`, `ended_before_created`,
//! `ended_before_the_trace`, `no_instances`.

use std::ops::RangeInclusive;
use std::path::Path;

use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{Demand, JobSpec, TaskSpec, Workload};

use super::gather::{GIB, Gatherer, Place, cpu_milli_of, memory_mib_of, seen_from};
pub use super::instances::MostInstances;
use super::instances::STATUSES;
pub use super::lives::Size;
use super::table::{OtherColumns, Table};
use super::text::Lines;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "batch tasks of Alibaba's trace of 2017 (batch_task.csv, or CloudSimPy's list of them)";

const COLUMNS: [&str; 8] =
    ["task_create_time", "task_end_time", "job_id", "task_id", "instances", "status", "cpu", "memory"];
const LIST: [&str; 7] = ["submit_time", "duration", "cpu", "memory", "job_id", "task_id", "instances_num"];
/// Cores of an instance.
const MOST_CORES: f64 = 1e6;
/// Seconds before and after the beginning of the trace.
const SECONDS: RangeInclusive<f64> = -9e9..=9e9;

/// How to read what the trace leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How many instances of a row become tasks.
    pub most_instances: MostInstances,
    /// Memory of the machine to which requests are normalised.
    pub machine_memory_gib: Size,
}

impl Default for Options {
    fn default() -> Self {
        Self { most_instances: MostInstances::default(), machine_memory_gib: Size(256.0) }
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    Alibaba2017(options)
}

/// True for a table of eight columns whose sixth is a status, and for a list with `CloudSimPy`'s columns.
pub fn recognises(head: &Head) -> bool {
    let is_row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        fields.len() == COLUMNS.len() && fields[1].parse::<f64>().is_ok() && STATUSES.contains(&fields[5].trim())
    };
    // An example beside the list has moments of starting too, made up by its authors.
    let is_list = head.has_columns(&LIST) && !head.has_columns(&["start_time"]);
    // The first line may be a header.
    head.entries.is_empty() && (is_list || head.text.lines().take(2).any(is_row))
}

struct Alibaba2017(Options);

/// What a row tells.
struct Row {
    submit: SimTime,
    /// Nothing when it ran on after the last moment of the trace.
    end: Option<SimTime>,
    is_censored: bool,
    instances: u32,
    cores: f64,
}

impl Importer for Alibaba2017 {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let is_list = Head::read(path).is_some_and(|head| head.has_columns(&LIST));
        let lines = Lines::open(path)?;
        // Names of columns differ between copies of the published table; their order does not.
        let mut table = match is_list {
            true => Table::with_header(lines, ',', &LIST, &["disk"], OtherColumns::Ignore)?,
            false => Table::without_header(lines, ',', &COLUMNS),
        };
        let mut gatherer = Gatherer::new();
        let mut without_end = Vec::new();
        let mut last = SimTime::ZERO;
        while table.next_row()? {
            tally.read();
            let row = if is_list { listed(&table)? } else { told(&table, tally)? };
            let row = match row {
                Ok(row) if row.instances == 0 => Err("no_instances"),
                other => other,
            };
            let row = match row {
                Ok(row) => row,
                Err(reason) => {
                    tally.drop_row(reason);
                    continue;
                }
            };
            tally.keep();
            last = last.max(row.end.unwrap_or(row.submit));
            let task = self.task(&row, &table)?;
            let count = self.0.most_instances.of(row.instances, tally);
            match row.end {
                Some(_) => add(Place { file: table.file(), line: table.line() }, &mut gatherer, row.submit, task, count)?,
                None => without_end.push((table.line(), row.submit, task, count)),
            }
        }
        for (line, submit, mut task, count) in without_end {
            task.work = last.since(submit);
            add(Place { file: table.file(), line }, &mut gatherer, submit, task, count)?;
        }
        gatherer.finish(Place { file: table.file(), line: table.line() }, tally)
    }
}

impl Alibaba2017 {
    fn task(&self, row: &Row, table: &Table) -> Result<TaskSpec, ImportError> {
        let memory = table.number("memory", 0.0..=1e3)? * self.0.machine_memory_gib.0;
        Ok(TaskSpec {
            demand: Demand {
                cpu_milli: cpu_milli_of(row.cores).ok_or_else(|| table.wrong("cpu", "a number of cores"))?,
                memory_mib: memory_mib_of(memory, GIB)
                    .ok_or_else(|| table.wrong("memory", "a part of a machine's memory"))?,
                ..Demand::default()
            },
            work: row.end.map_or(SimDuration::ZERO, |end| end.since(row.submit)),
            is_censored: row.is_censored,
            name: Some(format!("{}/{}", table.text("job_id"), table.text("task_id")).into()),
            ..TaskSpec::default()
        })
    }
}

/// Adds the instances of a row as a job.
fn add(
    place: Place<'_>,
    gatherer: &mut Gatherer,
    submit: SimTime,
    task: TaskSpec,
    count: u32,
) -> Result<(), ImportError> {
    gatherer.job(place, JobSpec { submit, tenant: 0, is_gang: false }, std::iter::repeat_n(task, count as usize))
}

/// A row of the list.
fn listed(table: &Table) -> Result<Result<Row, &'static str>, ImportError> {
    let submit = table.time("submit_time", 1.0)?;
    Ok(Ok(Row {
        submit,
        end: Some(submit + table.duration("duration", 1.0)?),
        is_censored: false,
        instances: table.whole("instances_num", 0..=u32::MAX)?,
        cores: table.number("cpu", 0.0..=MOST_CORES)?,
    }))
}

/// A row of the published table, or why it is dropped.
fn told(table: &Table, tally: &mut Tally) -> Result<Result<Row, &'static str>, ImportError> {
    let (created, ended) =
        (table.number("task_create_time", SECONDS)?, table.number("task_end_time", SECONDS)?);
    let status = table.text("status");
    if !STATUSES.contains(&status) {
        return Err(table.wrong("status", &format!("one of {}", STATUSES.join(", "))));
    }
    if status == "Waiting" || status == "Ready" {
        return Ok(Err("waiting"));
    }
    if table.text("cpu").is_empty() {
        return Ok(Err("no_request"));
    }
    let is_censored = status == "Running";
    if ended < created && !is_censored {
        return Ok(Err("ended_before_created"));
    }
    let Some((submit, ended)) = seen_from(0.0, created, if ended < created { f64::INFINITY } else { ended }) else {
        return Ok(Err("ended_before_the_trace"));
    };
    if created < 0.0 {
        tally.count("present_at_start");
    }
    Ok(Ok(Row {
        submit: moment(submit),
        end: ended.is_finite().then(|| moment(ended)),
        is_censored,
        instances: table.whole("instances", 0..=u32::MAX)?,
        cores: table.number("cpu", 0.0..=MOST_CORES)? / 100.0,
    }))
}

/// Seconds inside of [`SECONDS`] that are not negative.
fn moment(seconds: f64) -> SimTime {
    SimTime::from_seconds(seconds).unwrap_or(SimTime::MAX)
}

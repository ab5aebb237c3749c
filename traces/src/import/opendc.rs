//! Workloads of OpenDC: Parquet files of tasks and of the fragments of their lives.
//!
//! The source is a folder, or one of its two files, beside which the other one lies. Two layouts are known:
//!
//! * `tasks.parquet` and `fragments.parquet` (format 4). A task states `id`, `submission_time` in milliseconds since
//!   1970, `duration` in milliseconds, `cpu_count`, `cpu_capacity` (MHz of all its cores together), `mem_capacity`, and
//!   optionally `gpu_count`, `gpu_capacity` and `parents`. A fragment states the `id` of its task, its `duration` and
//!   what it uses: `cpu_usage` in MHz, and optionally `gpu_usage`. The fragments of a task follow each other in the
//!   order of the file, without gaps.
//! * `meta.parquet` and `trace.parquet` (format 1): the same with moments, `start_time` and `stop_time` of a task and the
//!   `timestamp` at which a fragment ended; it began its `duration` before, or where the fragment before it ended (the
//!   published durations are rounded). The start of a task is its recorded start too.
//!
//! A task asks for `cpu_count` cores and runs for its `duration` (`stop_time - start_time`), whatever its fragments sum up
//! to: published files have gaps. Its use over time is `cpu_usage / cpu_capacity`, from the beginning of each fragment
//! on; equal neighbours are one point. The files tell nothing of the use of memory: all that was asked for is used.
//! `mem_capacity` counts MiB, as OpenDC reads it; the published Bitbrains files are plainly in KiB, for which there is
//! the option `memory_unit`. A task of more GPUs than one host holds (option `gpus_per_host`) is a gang of tasks of as
//! many each, which share its cores and memory in proportion to their GPUs, rounded up
//! (`tasks_split_over_hosts` counts them). All tasks are of one tenant; `parents` become dependencies; deadlines are
//! passed over.
//!
//! Some published files of format 4 are in seconds, which they do not say. The rule: times are milliseconds unless
//! `time_unit = "s"` is stated; where no unit is stated and the earliest submission would lie between 5 x 10^8 and 10^11
//! milliseconds after 1970 (6 January 1970 to March 1973; as seconds 1985 to 5138), the file is refused until one is.
//!
//! Rows of both files are counted. Those that are dropped, by reason: `fragment_of_no_task`, `fragment_of_no_length`,
//! `fragment_out_of_order` (it ended before the one before it, or before its task began), `fragment_without_capacity`
//! (the `cpu_capacity` of its task is 0, so that nothing is a part of it).

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{Demand, JobSpec, Recorded, TaskSpec, UsePoint, Workload};

use super::gang::{GpusPerHost, whole_gpus};
use super::frame::Frame;
use super::gather::{Gatherer, Place};
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "OpenDC workloads (a folder of tasks.parquet and fragments.parquet, or of meta and trace)";

/// The two files of each layout: tasks and their fragments.
const LAYOUTS: [[&str; 2]; 2] = [["tasks.parquet", "fragments.parquet"], ["meta.parquet", "trace.parquet"]];
/// What tells the tasks, and the fragments, of each layout from other tables.
const COLUMNS: [[&[&str]; 2]; 2] = [
    [&["id", "submission_time", "duration", "cpu_count", "cpu_capacity", "mem_capacity"], &["id", "duration", "cpu_usage"]],
    [
        &["id", "start_time", "stop_time", "cpu_count", "cpu_capacity", "mem_capacity"],
        &["id", "timestamp", "duration", "cpu_usage"],
    ],
];
const MOST_CPUS: i64 = 4_000_000;

/// What the files do not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Unit of the times of format 4: `ms` or `s`; without it milliseconds, unless the rule above refuses them.
    pub time_unit: Option<Unit>,
    /// Unit of `mem_capacity`: `mib` or `kib`.
    pub memory_unit: MemoryUnit,
    /// GPUs of one host: a task of more is a gang of tasks of so many each.
    pub gpus_per_host: PerHost,
}

/// Unit of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Milliseconds.
    Ms,
    /// Seconds.
    S,
}

/// Unit of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemoryUnit {
    /// Mebibytes.
    #[default]
    Mib,
    /// Kibibytes.
    Kib,
}

impl MemoryUnit {
    /// So many of this unit in mebibytes, rounded up.
    pub(super) fn mib(self, number: i64) -> Option<u32> {
        let mib = match self {
            Self::Mib => number,
            Self::Kib => number.checked_add(1023)?.div_euclid(1024),
        };
        u32::try_from(mib).ok()
    }
}

/// GPUs of one host, 8 unless stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct PerHost(pub GpusPerHost);

impl Default for PerHost {
    fn default() -> Self {
        Self(GpusPerHost(8))
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    OpenDc(options)
}

/// True for a folder with the two files of a layout, and for one of them.
pub fn recognises(head: &Head) -> bool {
    let holds = |columns: &[&str]| columns.iter().all(|column| head.columns.iter().any(|known| known == column));
    LAYOUTS.iter().zip(COLUMNS).any(|(files, columns)| {
        files.iter().all(|file| head.entries.iter().any(|entry| entry == file))
            || files.iter().zip(columns).any(|(file, columns)| head.file_name == *file && holds(columns))
    })
}

struct OpenDc(Options);

/// A task on its way to the workload.
struct Seen {
    name: String,
    row: usize,
    submit: SimTime,
    work: SimDuration,
    demand: Demand,
    gpus: u32,
    cpu_capacity: f64,
    gpu_capacity: f64,
    parents: Vec<i64>,
    usage: Vec<UsePoint>,
    /// Where its next fragment begins, of those that follow each other.
    reached_us: u64,
}

impl Importer for OpenDc {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let (layout, [tasks_file, fragments_file]) = find(path)?;
        let tasks_frame = Frame::read(
            &tasks_file,
            COLUMNS[layout][0],
            if layout == 0 { &["gpu_count", "gpu_capacity", "parents"] } else { &[] },
        )?;
        let unit_us = if layout == 0 { self.unit_us(&tasks_frame)? } else { 1000 };
        let mut tasks = self.tasks(&tasks_frame, layout, unit_us, tally)?;
        let known = known(&tasks_frame, &tasks)?;
        let optional: &[&str] = if layout == 0 { &["gpu_usage"] } else { &[] };
        let fragments = Frame::read(&fragments_file, COLUMNS[layout][1], optional)?;
        add_fragments(&fragments, layout, unit_us, &known, &mut tasks, tally)?;
        self.workload(tasks, &known, tasks_frame.file(), layout, tally)
    }

    fn reads_beside(&self, path: &Path) -> Vec<PathBuf> {
        find(path).map(|(_, files)| files.to_vec()).unwrap_or_default()
    }
}

/// The two files of a source, and which layout they have.
fn find(path: &Path) -> Result<(usize, [PathBuf; 2]), ImportError> {
    let refuse = |problem| ImportError::Line { file: path.display().to_string(), line: 1, problem };
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    for (layout, files) in LAYOUTS.iter().enumerate() {
        let is_asked_for = path.is_dir() || files.contains(&name.as_str());
        let found = files.map(|file| folder.join(file));
        let missing = files.iter().zip(&found).find(|(_, path)| !path.is_file());
        match missing {
            None if is_asked_for => return Ok((layout, found)),
            Some((missing, _)) if is_asked_for && !path.is_dir() => {
                return Err(refuse(format!("beside it there is no {missing}: tasks and fragments belong together")));
            }
            _ => {}
        }
    }
    let [new, old] = LAYOUTS.map(|files| files.join(" and "));
    Err(refuse(format!("is no OpenDC workload: a folder with {new}, or with {old}, is expected, or one of those files")))
}

/// All values of a column in which none may be absent or outside of a range.
fn all(frame: &Frame, column: &str, allowed: std::ops::RangeInclusive<i64>) -> Result<Vec<i64>, ImportError> {
    within(frame, column, frame.wholes(column)?, allowed)
}

fn within(
    frame: &Frame,
    column: &str,
    values: Vec<Option<i64>>,
    allowed: std::ops::RangeInclusive<i64>,
) -> Result<Vec<i64>, ImportError> {
    let check = |(row, value): (usize, Option<i64>)| {
        value.filter(|value| allowed.contains(value)).ok_or_else(|| {
            let what = format!("a whole number from {} to {}", allowed.start(), allowed.end());
            frame.wrong(row, column, value.map_or("nothing".to_owned(), |value| value.to_string()), &what)
        })
    };
    values.into_iter().enumerate().map(check).collect()
}

/// All numbers of a column, none of which may be absent or negative.
fn all_numbers(frame: &Frame, column: &str) -> Result<Vec<f64>, ImportError> {
    let check = |(row, value): (usize, Option<f64>)| {
        value.filter(|value| (0.0..=1e15).contains(value)).ok_or_else(|| {
            let found = value.map_or("nothing".to_owned(), |value| value.to_string());
            frame.wrong(row, column, found, "a number from 0 to 10^15")
        })
    };
    frame.numbers(column)?.into_iter().enumerate().map(check).collect()
}

/// The latest moment of a workload, in milliseconds.
const LATEST_MS: i64 = (1 << 53) / 1000;

impl OpenDc {
    /// The unit of the times of format 4, by the rule of the module.
    fn unit_us(&self, tasks: &Frame) -> Result<i64, ImportError> {
        match self.0.time_unit {
            Some(Unit::Ms) => return Ok(1000),
            Some(Unit::S) => return Ok(1_000_000),
            None => {}
        }
        let submits = all(tasks, "submission_time", 0..=LATEST_MS)?;
        match submits.iter().enumerate().min_by_key(|&(_, submit)| submit) {
            Some((row, earliest)) if (500_000_000..100_000_000_000).contains(earliest) => Err(tasks.wrong(
                row,
                "submission_time",
                earliest,
                "milliseconds since 1970; this seems to be in seconds: state the option time_unit = \"s\", or \"ms\" if it is not",
            )),
            _ => Ok(1000),
        }
    }

    fn tasks(&self, frame: &Frame, layout: usize, unit_us: i64, tally: &mut Tally) -> Result<Vec<Seen>, ImportError> {
        const LATEST_US: i64 = 1 << 53;
        let (submits, works) = match layout {
            0 => {
                let allowed = 0..=LATEST_US / unit_us;
                let in_us = |values: Vec<i64>| values.into_iter().map(|value| value * unit_us).collect::<Vec<_>>();
                (in_us(all(frame, "submission_time", allowed.clone())?), in_us(all(frame, "duration", allowed)?))
            }
            _ => {
                let moments = |column| within(frame, column, frame.moments_us(column)?, 0..=LATEST_US);
                let (starts, stops) = (moments("start_time")?, moments("stop_time")?);
                if let Some(row) = starts.iter().zip(&stops).position(|(start, stop)| stop < start) {
                    return Err(frame.wrong(row, "stop_time", stops[row], "a moment that is not before start_time"));
                }
                let works = starts.iter().zip(&stops).map(|(start, stop)| stop - start).collect();
                (starts, works)
            }
        };
        let names = frame.texts("id")?;
        let cpus = all(frame, "cpu_count", 0..=MOST_CPUS)?;
        let capacities = all_numbers(frame, "cpu_capacity")?;
        let memories = all(frame, "mem_capacity", 0..=i64::MAX)?;
        // Some files leave the GPUs of a task without any absent.
        let gpus: Option<Vec<Option<i64>>> = frame.has("gpu_count").then(|| frame.wholes("gpu_count")).transpose()?;
        let gpu_capacities = frame.has("gpu_capacity").then(|| frame.numbers("gpu_capacity")).transpose()?;
        let mut parents = if frame.has("parents") { frame.lists("parents")? } else { Vec::new() };
        let mut tasks = Vec::with_capacity(frame.rows());
        for (row, name) in names.into_iter().enumerate() {
            tally.read();
            tally.keep();
            let name = name.ok_or_else(|| frame.wrong(row, "id", "nothing", "a name"))?;
            let memory_mib = self.0.memory_unit.mib(memories[row]).ok_or_else(|| {
                frame.wrong(row, "mem_capacity", memories[row], "at most 2^32 - 1 MiB")
            })?;
            let gpu_count = gpus.as_ref().and_then(|gpus| gpus[row]).unwrap_or(0);
            let gpus = u32::try_from(gpu_count).ok().filter(|&count| count <= 1_000_000);
            tasks.push(Seen {
                name,
                row,
                submit: SimTime(submits[row] as u64),
                work: SimDuration(works[row] as u64),
                demand: Demand { cpu_milli: cpus[row] as u32 * 1000, memory_mib, ..Demand::default() },
                gpus: gpus.ok_or_else(|| frame.wrong(row, "gpu_count", gpu_count, "from 0 to 1000000"))?,
                cpu_capacity: capacities[row],
                gpu_capacity: gpu_capacities.as_ref().and_then(|values| values[row]).unwrap_or(0.0),
                parents: parents.get_mut(row).map(std::mem::take).unwrap_or_default(),
                usage: Vec::new(),
                reached_us: 0,
            });
        }
        Ok(tasks)
    }

    fn workload(
        &self,
        tasks: Vec<Seen>,
        known: &FxHashMap<i64, u32>,
        file: &str,
        layout: usize,
        tally: &mut Tally,
    ) -> Result<Workload, ImportError> {
        let mut gatherer = Gatherer::new();
        let mut parents = Vec::new();
        // Where the tasks of each row begin; one row may be several tasks.
        let mut firsts = Vec::with_capacity(tasks.len() + 1);
        for (index, task) in tasks.into_iter().enumerate() {
            firsts.push(gatherer.task_count() as u32);
            parents.extend(task.parents.iter().map(|&parent| (index, task.row, parent)));
            let place = Place { file, line: task.row as u64 + 1 };
            let job = JobSpec { submit: task.submit, tenant: 0, is_gang: true };
            if task.gpus > u32::from(self.0.gpus_per_host.0.0) {
                tally.count("tasks_split_over_hosts");
            }
            gatherer.job(place, job, self.parts(task, layout == 1))?;
        }
        firsts.push(gatherer.task_count() as u32);
        let tasks_of = |index: usize| firsts[index]..firsts[index + 1];
        for (index, row, parent) in parents {
            let place = Place { file, line: row as u64 + 1 };
            let Some(&parent) = known.get(&parent) else {
                let allowed = "the id of a task of this file".to_owned();
                let (file, value, column) = (file.to_owned(), parent.to_string(), "parents".to_owned());
                return Err(ImportError::Value { file, line: row as u64 + 1, column, value, allowed });
            };
            for task in tasks_of(index) {
                tasks_of(parent as usize).try_for_each(|on| gatherer.follows(place, task, on))?;
            }
        }
        gatherer.finish(Place { file, line: 1 }, tally)
    }

    /// The tasks of a row: one, or as many as there are hosts needed for its GPUs.
    fn parts(&self, task: Seen, is_recorded: bool) -> Vec<TaskSpec> {
        let recorded = is_recorded.then_some(Recorded { start: task.submit, host: None });
        let spec = TaskSpec {
            demand: task.demand,
            work: task.work,
            usage: task.usage,
            name: Some(task.name.into()),
            recorded,
            ..TaskSpec::default()
        };
        if task.gpus == 0 {
            return vec![spec];
        }
        let part = |count: u8| {
            let share = |whole: u32| (u64::from(whole) * u64::from(count)).div_ceil(u64::from(task.gpus)) as u32;
            let demand = Demand {
                cpu_milli: share(spec.demand.cpu_milli),
                memory_mib: share(spec.demand.memory_mib),
                devices: whole_gpus(count),
                ..Demand::default()
            };
            TaskSpec { demand, ..spec.clone() }
        };
        self.0.gpus_per_host.0.split(task.gpus).map(part).collect()
    }
}

/// The index of each task by its id; format 1 writes whole numbers as texts.
fn known(frame: &Frame, tasks: &[Seen]) -> Result<FxHashMap<i64, u32>, ImportError> {
    let mut known = FxHashMap::default();
    for (index, task) in tasks.iter().enumerate() {
        let id = task.name.parse::<i64>();
        let id = id.map_err(|_| frame.wrong(task.row, "id", &task.name, "a whole number"))?;
        if known.insert(id, index as u32).is_some() {
            return Err(frame.wrong(task.row, "id", id, "an id that no task before it has"));
        }
    }
    Ok(known)
}

fn add_fragments(
    frame: &Frame,
    layout: usize,
    unit_us: i64,
    known: &FxHashMap<i64, u32>,
    tasks: &mut [Seen],
    tally: &mut Tally,
) -> Result<(), ImportError> {
    const LATEST_US: i64 = 1 << 53;
    let ids = ids(frame, layout)?;
    let durations = all(frame, "duration", 0..=LATEST_US / unit_us)?;
    let cpu_usages = all_numbers(frame, "cpu_usage")?;
    let gpu_usages = frame.has("gpu_usage").then(|| frame.numbers("gpu_usage")).transpose()?;
    let ends = match layout {
        0 => None,
        _ => Some(within(frame, "timestamp", frame.moments_us("timestamp")?, 0..=LATEST_US)?),
    };
    for (row, id) in ids.into_iter().enumerate() {
        tally.read();
        let Some(&index) = known.get(&id) else {
            tally.drop_row("fragment_of_no_task");
            continue;
        };
        let task = &mut tasks[index as usize];
        let mut length = (durations[row] * unit_us) as u64;
        if length == 0 {
            tally.drop_row("fragment_of_no_length");
            continue;
        }
        if let Some(ends) = &ends {
            let end = (ends[row] as u64).checked_sub(task.submit.0).filter(|&end| end > task.reached_us);
            let Some(end) = end else {
                tally.drop_row("fragment_out_of_order");
                continue;
            };
            task.reached_us = task.reached_us.max(end.saturating_sub(length));
            length = end - task.reached_us;
        }
        let start = SimDuration(task.reached_us);
        task.reached_us += length;
        if task.cpu_capacity == 0.0 {
            tally.drop_row("fragment_without_capacity");
            continue;
        }
        tally.keep();
        let cpu = (cpu_usages[row] / task.cpu_capacity) as f32;
        if cpu > 1000.0 {
            let allowed = format!("at most 1000 times the cpu_capacity, which is {}", task.cpu_capacity);
            return Err(frame.wrong(row, "cpu_usage", cpu_usages[row], &allowed));
        }
        let devices = match gpu_usages.as_ref().and_then(|usages| usages[row]) {
            Some(usage) if task.gpu_capacity > 0.0 => (usage / task.gpu_capacity) as f32,
            _ => 1.0,
        };
        let is_as_before = task.usage.last().is_some_and(|last| last.cpu == cpu && last.devices == devices);
        if !is_as_before {
            // What is first seen of a task holds from its beginning.
            let start = if task.usage.is_empty() { SimDuration::ZERO } else { start };
            task.usage.push(UsePoint { start, cpu, memory: 1.0, devices });
        }
    }
    Ok(())
}

/// Of which task each fragment is.
fn ids(frame: &Frame, layout: usize) -> Result<Vec<i64>, ImportError> {
    if layout == 0 {
        return all(frame, "id", i64::MIN..=i64::MAX);
    }
    let parse = |(row, id): (usize, Option<String>)| {
        let id = id.unwrap_or_default();
        id.parse().map_err(|_| frame.wrong(row, "id", &id, "a whole number"))
    };
    frame.texts("id")?.into_iter().enumerate().map(parse).collect()
}

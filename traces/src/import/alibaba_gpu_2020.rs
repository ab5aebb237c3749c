//! Jobs of Alibaba's machine-learning platform in 2020 (PAI; Weng et al., NSDI 2022).
//!
//! The source is the folder of the trace: `pai_task_table.csv` is needed, `pai_job_table.csv` and `pai_group_tag_table.csv`
//! are read where they are there, packed or not; or the table of tasks alone. Tables have no header; a first line that
//! names the columns is passed over. No real rows were at hand: this is built from the published layout.
//!
//! A row of the table of tasks: `job_name`, `task_name`, `inst_num`, `status`, `start_time`, `end_time` (seconds), `plan_cpu`
//! (100 is a core), `plan_mem` (GB, of 2^30 bytes), `plan_gpu` (100 is a GPU) of each instance, `gpu_type`. It becomes
//! `inst_num` tasks, recorded as started at `start_time`, which run until `end_time`; how long each instance ran is told
//! in a table that is not read. The rows of a job are one job, a gang, submitted at the `start_time` of its row in the table
//! of jobs; without such a row, at the first start of its tasks. Its tenant is the `user`. Tasks are named `job/task`.
//! A share of a GPU is asked for as it is; above one, GPUs are whole, the last begun one too.
//!
//! Which kind of GPU a job asked for is `gpu_type_spec` in the table of tags, by the job's `inst_id`; where that is empty or
//! missing any kind will do. The option `gpu_kind = "assigned"` asks for the kind it was given (`gpu_type`) instead.
//!
//! Tasks with the status `Running`, or without an end, outlasted the trace: they are censored, with what was seen of them
//! until the last moment of the table. Rows that are dropped, by reason: `not_started` (without a start), `no_instances`,
//! `ended_before_started`. Rows of the tables of jobs and tags are read and kept; `job_twice`, `job_not_submitted` (without
//! a start) and `tag_twice` are dropped.

use std::path::Path;

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sim::kernel::time::SimTime;
use sim::resources::{DeviceClass, MAX_DEVICES_PER_HOST, WHOLE_DEVICE};
use sim::workload::{Demand, DeviceDemand, JobSpec, Recorded, TaskSpec, Workload};

use super::gather::{GIB, Gatherer, Place, cpu_milli_of, memory_mib_of};
use super::table::Table;
use super::text::for_each_text;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "jobs of Alibaba's machine-learning platform in 2020 (PAI: pai_task_table.csv and its folder)";

const TASKS: [&str; 10] = [
    "job_name",
    "task_name",
    "inst_num",
    "status",
    "start_time",
    "end_time",
    "plan_cpu",
    "plan_mem",
    "plan_gpu",
    "gpu_type",
];
const JOBS: [&str; 6] = ["job_name", "inst_id", "user", "status", "start_time", "end_time"];
const TAGS: [&str; 5] = ["inst_id", "user", "gpu_type_spec", "group", "workload"];
const STATUSES: [&str; 5] = ["Running", "Terminated", "Failed", "Waiting", "Interrupted"];
/// More instances than this are no task but a slip.
const MOST_INSTANCES: u32 = 100_000;

/// How to read what the trace leaves open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Which kind of GPU a task asks for.
    pub gpu_kind: GpuKind,
}

/// Which kind of GPU a task asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GpuKind {
    /// The one that its job asked for, or any.
    #[default]
    Asked,
    /// The one that it was given.
    Assigned,
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    AlibabaGpu2020(options)
}

/// True for a folder or archive with a table of tasks under its published name, and for such a table.
pub fn recognises(head: &Head) -> bool {
    if !head.entries.is_empty() {
        return head.has_entry(|name| name == "pai_task_table.csv");
    }
    let is_row = |line: &str| {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        fields.len() == TASKS.len() && STATUSES.contains(&fields[3]) && fields[2].parse::<f64>().is_ok()
    };
    head.text.lines().take(2).any(is_row)
}

struct AlibabaGpu2020(Options);

/// A job: its tasks, and what the table of jobs tells of it.
#[derive(Default)]
struct Job {
    tasks: Vec<TaskSpec>,
    /// The line of its first task.
    line: u64,
    told: Option<Told>,
}

struct Told {
    submit: SimTime,
    tenant: u32,
    inst_id: Box<str>,
}

/// What was read of all tables.
struct Reader {
    options: Options,
    gatherer: Gatherer,
    jobs: Vec<Job>,
    known: FxHashMap<Box<str>, usize>,
    /// The kind asked for, by `inst_id`.
    tags: FxHashMap<Box<str>, Box<str>>,
    latest: SimTime,
}

impl Importer for AlibabaGpu2020 {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut reader = Reader {
            options: self.0,
            gatherer: Gatherer::new(),
            jobs: Vec::new(),
            known: FxHashMap::default(),
            tags: FxHashMap::default(),
            latest: SimTime::ZERO,
        };
        let is_alone = Head::read(path).is_some_and(|head| head.entries.is_empty());
        let holds = |table: &'static str| move |name: &str| name.rsplit('/').next() == Some(table);
        let (is_tasks, is_jobs, is_tags) =
            (holds("pai_task_table.csv"), holds("pai_job_table.csv"), holds("pai_group_tag_table.csv"));
        let mut last = (path.display().to_string(), 1);
        for_each_text(path, |name| is_tasks(name) || is_jobs(name) || is_tags(name), |member| {
            if is_alone || is_tasks(member.name) {
                let table = Table::without_header(member.lines, ',', &TASKS);
                last.0 = table.file().to_owned();
                last.1 = reader.tasks(table, tally)?;
            } else if is_jobs(member.name) {
                reader.told(Table::without_header(member.lines, ',', &JOBS), tally)?;
            } else {
                reader.tags(Table::without_header(member.lines, ',', &TAGS), tally)?;
            }
            Ok(())
        })?;
        reader.finish(Place { file: &last.0, line: last.1 }, tally)
    }
}

impl Reader {
    fn job(&mut self, name: &str) -> &mut Job {
        let index = match self.known.get(name) {
            Some(&index) => index,
            None => {
                self.known.insert(name.into(), self.jobs.len());
                self.jobs.push(Job::default());
                self.jobs.len() - 1
            }
        };
        &mut self.jobs[index]
    }

    /// Reads the tasks, and says how many lines there were.
    fn tasks(&mut self, mut table: Table, tally: &mut Tally) -> Result<u64, ImportError> {
        while table.next_row()? {
            tally.read();
            let status = table.text("status");
            if !STATUSES.contains(&status) {
                return Err(table.wrong("status", &format!("one of {}", STATUSES.join(", "))));
            }
            // Whole numbers stand there as `1.0`.
            let instances = match table.text("inst_num") {
                "" => 0.0,
                _ => table.number("inst_num", 0.0..=f64::from(MOST_INSTANCES))?,
            };
            if table.text("start_time").is_empty() {
                tally.drop_row("not_started");
                continue;
            }
            let start = table.time("start_time", 1.0)?;
            let is_censored = status == "Running" || table.text("end_time").is_empty();
            let end = if table.text("end_time").is_empty() { None } else { Some(table.time("end_time", 1.0)?) };
            if end.is_some_and(|end| end < start) {
                tally.drop_row("ended_before_started");
                continue;
            }
            if instances < 1.0 {
                tally.drop_row("no_instances");
                continue;
            }
            tally.keep();
            self.latest = self.latest.max(end.unwrap_or(start));
            let (name, line) = (table.text("job_name"), table.line());
            let task = TaskSpec {
                demand: self.demand(&table)?,
                // Those without an end get it when the end of the trace is known.
                work: end.unwrap_or(start).since(start),
                is_censored,
                name: Some(format!("{name}/{}", table.text("task_name")).into()),
                recorded: Some(Recorded { start, host: None }),
                ..TaskSpec::default()
            };
            let job = self.job(name);
            if job.tasks.is_empty() {
                job.line = line;
            }
            job.tasks.extend(std::iter::repeat_n(task, instances as usize));
        }
        Ok(table.line())
    }

    fn demand(&self, table: &Table) -> Result<Demand, ImportError> {
        let number = |column: &str| match table.text(column) {
            "" => Ok(0.0),
            _ => table.number(column, 0.0..=1e8),
        };
        let kinds = match (self.options.gpu_kind, table.text("gpu_type")) {
            (GpuKind::Assigned, kind) if !kind.is_empty() => vec![kind.to_owned()],
            _ => Vec::new(),
        };
        Ok(Demand {
            cpu_milli: cpu_milli_of(number("plan_cpu")? / 100.0)
                .ok_or_else(|| table.wrong("plan_cpu", "hundredths of a core"))?,
            memory_mib: memory_mib_of(number("plan_mem")?, GIB)
                .ok_or_else(|| table.wrong("plan_mem", "a number of GB"))?,
            devices: gpus(number("plan_gpu")?, kinds).map_err(|allowed| table.wrong("plan_gpu", &allowed))?,
            ..Demand::default()
        })
    }

    /// Reads the table of jobs.
    fn told(&mut self, mut table: Table, tally: &mut Tally) -> Result<(), ImportError> {
        while table.next_row()? {
            tally.read();
            if table.text("start_time").is_empty() {
                tally.drop_row("job_not_submitted");
                continue;
            }
            let submit = table.time("start_time", 1.0)?;
            let tenant = self.gatherer.tenant(table.text("user"));
            let inst_id = table.text("inst_id").into();
            let job = self.job(table.text("job_name"));
            if job.told.is_some() {
                tally.drop_row("job_twice");
                continue;
            }
            tally.keep();
            job.told = Some(Told { submit, tenant, inst_id });
        }
        Ok(())
    }

    /// Reads the kinds of GPU that were asked for.
    fn tags(&mut self, mut table: Table, tally: &mut Tally) -> Result<(), ImportError> {
        while table.next_row()? {
            tally.read();
            let known = self.tags.insert(table.text("inst_id").into(), table.text("gpu_type_spec").into());
            if let Some(first) = known {
                tally.drop_row("tag_twice");
                self.tags.insert(table.text("inst_id").into(), first);
            } else {
                tally.keep();
            }
        }
        Ok(())
    }

    fn finish(mut self, place: Place<'_>, tally: &mut Tally) -> Result<Workload, ImportError> {
        let unknown = self.gatherer.tenant("");
        for job in self.jobs {
            let starts = job.tasks.iter().filter_map(|task| task.recorded.as_ref().map(|recorded| recorded.start));
            let Some(first) = starts.min() else {
                tally.count("jobs_without_tasks");
                continue;
            };
            if job.told.is_none() {
                tally.count("jobs_not_told");
            }
            let (mut submit, tenant, inst_id) = match job.told {
                Some(told) => (told.submit, told.tenant, told.inst_id),
                None => (first, unknown, Box::default()),
            };
            if submit > first {
                tally.count("jobs_started_before_submission");
                submit = first;
            }
            let kind = self.tags.get(&inst_id).filter(|kind| !kind.is_empty());
            let tasks = job.tasks.into_iter().map(|mut task| {
                if let (true, Some(recorded)) = (task.is_censored, &task.recorded) {
                    task.work = self.latest.since(recorded.start);
                }
                if let (GpuKind::Asked, Some(kind), Some(devices)) =
                    (self.options.gpu_kind, kind, &mut task.demand.devices)
                {
                    devices.kinds = vec![kind.to_string()];
                }
                task
            });
            let place = Place { line: job.line, ..place };
            self.gatherer.job(place, JobSpec { submit, tenant, is_gang: true }, tasks)?;
        }
        self.gatherer.finish(place, tally)
    }
}

/// GPUs from hundredths of one: a share, or whole ones; nothing for none. The error says what is allowed.
fn gpus(hundredths: f64, kinds: Vec<String>) -> Result<Option<DeviceDemand>, String> {
    let most = MAX_DEVICES_PER_HOST as f64;
    let (count, milli_each) = match hundredths / 100.0 {
        0.0 => return Ok(None),
        share if share < 1.0 => (1, ((share * f64::from(WHOLE_DEVICE)).round() as u16).max(1)),
        gpus if gpus <= most => (gpus.ceil() as u8, WHOLE_DEVICE),
        _ => return Err(format!("hundredths of a GPU, up to {MAX_DEVICES_PER_HOST} GPUs")),
    };
    Ok(Some(DeviceDemand { class: DeviceClass::Gpu, count, milli_each, memory_mib_each: 0, kinds }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundredths_of_a_gpu_are_shares_and_whole_ones() {
        let of = |hundredths| {
            let found = gpus(hundredths, Vec::new()).map(|found| found.map(|asked| (asked.count, asked.milli_each)));
            found.ok().flatten()
        };
        assert_eq!([of(0.0), of(50.0), of(100.0), of(250.0)], [None, Some((1, 500)), Some((1, 1000)), Some((3, 1000))]);
        assert!(gpus(1e6, Vec::new()).is_err_and(|allowed| allowed.contains("GPUs")));
    }
}

//! Alibaba's cluster trace of 2018: batch tasks with what they depend on, and containers.
//!
//! The source is the folder of the trace, an archive of one of its tables, or a table (`batch_task.csv`,
//! `container_meta.csv`; they have no header). The option `rows` says which table of a folder is read: `batch` (unless
//! stated otherwise) or `containers`. No real rows were at hand: this is built from the published layout.
//!
//! **Batch tasks**: `task_name`, `instance_num`, `job_name`, `task_type`, `status`, `start_time`, `end_time` (seconds),
//! `plan_cpu` (100 is a core) and `plan_mem` of an instance. When a task began to wait is not told: it is submitted when it
//! was started, which is its recorded start too, and runs until it ended. The name tells what it depends on: `M1` on
//! nothing, `R4_2_3` on the tasks 2 and 3 of its job, wherever they stand in the table, and `task_...` and other names on
//! nothing. Dependencies on tasks of which there is no row are counted (`dependencies_unknown`). A row stands for many
//! instances that are alike, of which `most_instances` (1) become tasks, each of which follows all tasks of the rows before
//! it; how many do not is stated (`instances_left_out`). How long each of them ran is not told in this table: each runs for
//! as long as the row. The tasks of a row need not start together; their name is `job/task`; all are of one tenant. Tasks
//! with the status `Running` outlasted the trace: they are censored, with what was seen of them until the last moment of
//! the table.
//!
//! **Containers**: `container_id`, `machine_id` (the recorded host), `time_stamp`, `app_du` (the tenant), `status`,
//! `cpu_request` (100 is a core), `cpu_limit`, `mem_size`. A container is submitted at the first moment of which a row of
//! it tells and lives until a row says `stopped`; after that it may come back as another task. Others outlasted the trace
//! and are censored, with what was seen of them until the last moment of the table. They are latency sensitive: priority 3.
//! A row that finds its container alive is kept; all it can change is that the container began earlier.
//!
//! Memory is told in hundredths of the largest machine's, whose size is not told: the option `machine_memory_gib` (256),
//! an assumption, makes it mebibytes. Values that the authors call invalid (-1 and 101) are not known and count as nothing
//! (`requests_unknown`).
//!
//! Rows that are dropped, by reason: `not_started` (the status `Waiting` or `Ready`, or a start that is not above 0),
//! `ended_before_started`, `no_instances`; `stopped_while_not_alive`.

use std::cell::Cell;
use std::path::Path;

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sim::kernel::time::SimTime;
use sim::workload::{Demand, JobSpec, Recorded, TaskSpec, Workload};

use super::gather::{GIB, Gatherer, Place, cpu_milli_of, memory_mib_of};
pub use super::instances::MostInstances;
use super::instances::STATUSES;
pub use super::lives::Size;
use super::table::Table;
use super::text::for_each_text;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "batch tasks with their dependencies, or containers, of Alibaba's trace of 2018";

const BATCH: [&str; 9] = [
    "task_name",
    "instance_num",
    "job_name",
    "task_type",
    "status",
    "start_time",
    "end_time",
    "plan_cpu",
    "plan_mem",
];
const CONTAINERS: [&str; 8] =
    ["container_id", "machine_id", "time_stamp", "app_du", "status", "cpu_request", "cpu_limit", "mem_size"];
const LATENCY_SENSITIVE: u8 = 3;

/// How to read what the trace leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Which table of a folder is read.
    pub rows: Rows,
    /// How many instances of a row become tasks.
    pub most_instances: MostInstances,
    /// Memory of the machine to which requests are normalised.
    pub machine_memory_gib: Size,
}

impl Default for Options {
    fn default() -> Self {
        Self { rows: Rows::default(), most_instances: MostInstances::default(), machine_memory_gib: Size(256.0) }
    }
}

/// A table of the trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// `batch_task`.
    #[default]
    Batch,
    /// `container_meta`.
    Containers,
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    Alibaba2018(options)
}

/// True for a table whose first row is a batch task or a container, and for a folder or an archive with such a table
/// under its published name.
pub fn recognises(head: &Head) -> bool {
    if !head.entries.is_empty() {
        // The trace of 2017 has a table of batch tasks too, and no table with such names as these.
        let is_whole = head.has_entry(|name| ["container_meta.csv", "machine_meta.csv"].contains(&name));
        let holds_tasks = head.has_entry(|name| name == "batch_task.csv");
        return is_whole || (holds_tasks && table_of(&head.text) == Some(Rows::Batch));
    }
    table_of(&head.text).is_some()
}

/// Which table a text is, by its first row.
fn table_of(text: &str) -> Option<Rows> {
    text.lines().take(2).find_map(|line| {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let is_number = |index: usize| fields[index].parse::<f64>().is_ok();
        match fields.len() {
            9 if STATUSES.contains(&fields[4]) && is_number(1) && is_number(5) => Some(Rows::Batch),
            8 if fields[0].starts_with("c_") && fields[1].starts_with("m_") && is_number(2) => Some(Rows::Containers),
            _ => None,
        }
    })
}

struct Alibaba2018(Options);

impl Importer for Alibaba2018 {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        // A table by itself is read as what it is, whatever it is called.
        let alone = Head::read(path).filter(|head| head.entries.is_empty()).and_then(|head| table_of(&head.text));
        let rows = alone.unwrap_or(self.0.rows);
        let wanted_name = match rows {
            Rows::Batch => "batch_task.csv",
            Rows::Containers => "container_meta.csv",
        };
        let others = Cell::new(0);
        let wanted = |name: &str| {
            let wanted = name.rsplit('/').next() == Some(wanted_name);
            others.set(others.get() + u64::from(!wanted));
            wanted
        };
        let mut last = (path.display().to_string(), 1);
        let mut batch = Batch { options: self.0, ..Batch::default() };
        let mut containers = Containers { memory_gib: self.0.machine_memory_gib.0, ..Containers::default() };
        for_each_text(path, wanted, |member| {
            last.0 = member.lines.file().to_owned();
            last.1 = match rows {
                Rows::Batch => batch.read(Table::without_header(member.lines, ',', &BATCH), tally)?,
                Rows::Containers => containers.read(Table::without_header(member.lines, ',', &CONTAINERS), tally)?,
            };
            Ok(())
        })?;
        if others.get() > 0 {
            tally.state("files_not_read", others.get());
        }
        let place = Place { file: &last.0, line: last.1 };
        match rows {
            Rows::Batch => batch.finish(place, tally),
            Rows::Containers => containers.finish(place, tally),
        }
    }
}

/// What a row asks for: cores in hundredths, and memory in hundredths of a machine's.
fn demand(
    table: &Table,
    cpu: &'static str,
    memory: &'static str,
    memory_gib: f64,
    tally: &mut Tally,
) -> Result<Demand, ImportError> {
    let mut known = |column: &str, most: f64| match table.text(column) {
        "" => {
            tally.count("requests_unknown");
            Ok(0.0)
        }
        _ => table.number(column, -1.0..=most).map(|number| {
            let is_known = number >= 0.0 && !(column == memory && number > 100.0);
            if !is_known {
                tally.count("requests_unknown");
            }
            if is_known { number } else { 0.0 }
        }),
    };
    let (cores, part) = (known(cpu, 1e8)? / 100.0, known(memory, 101.0)? / 100.0);
    Ok(Demand {
        cpu_milli: cpu_milli_of(cores).ok_or_else(|| table.wrong(cpu, "hundredths of a core"))?,
        memory_mib: memory_mib_of(part * memory_gib, GIB)
            .ok_or_else(|| table.wrong(memory, "hundredths of a machine"))?,
        ..Demand::default()
    })
}

/// Reads batch tasks.
#[derive(Default)]
struct Batch {
    options: Options,
    gatherer: Gatherer,
    /// The first task and the number of tasks of each row, by job and number in it.
    known: FxHashMap<(u32, u32), (u32, u32)>,
    jobs: FxHashMap<Box<str>, u32>,
    /// Which tasks follow which numbers of their job.
    follows: Vec<((u32, u32), (u32, u32))>,
    running: Vec<Running>,
    latest: SimTime,
}

/// A row whose end is the trace's.
struct Running {
    file: String,
    line: u64,
    start: SimTime,
    task: TaskSpec,
    count: u32,
    name: Name,
    job: u32,
}

impl Batch {
    /// Reads a table, and says how many lines there were.
    fn read(&mut self, mut table: Table, tally: &mut Tally) -> Result<u64, ImportError> {
        while table.next_row()? {
            tally.read();
            let status = table.text("status");
            if !STATUSES.contains(&status) {
                return Err(table.wrong("status", &format!("one of {}", STATUSES.join(", "))));
            }
            let is_running = status == "Running";
            let instances: u32 = match table.text("instance_num") {
                "" => 0,
                _ => table.whole("instance_num", 0..=u32::MAX)?,
            };
            if matches!(status, "Waiting" | "Ready") || matches!(table.text("start_time"), "" | "0") {
                tally.drop_row("not_started");
                continue;
            }
            let start = table.time("start_time", 1.0)?;
            let end = match (is_running, table.text("end_time")) {
                (true, "") => SimTime::ZERO,
                _ => table.time("end_time", 1.0)?,
            };
            if end < start && !is_running {
                tally.drop_row("ended_before_started");
                continue;
            }
            if instances == 0 {
                tally.drop_row("no_instances");
                continue;
            }
            tally.keep();
            self.latest = self.latest.max(start).max(end);
            let count = self.options.most_instances.of(instances, tally);
            let memory_gib = self.options.machine_memory_gib.0;
            let (job, task) = (table.text("job_name"), table.text("task_name"));
            let spec = TaskSpec {
                demand: demand(&table, "plan_cpu", "plan_mem", memory_gib, tally)?,
                work: end.max(start).since(start),
                is_censored: is_running,
                name: Some(format!("{job}/{task}").into()),
                recorded: Some(Recorded { start, host: None }),
                ..TaskSpec::default()
            };
            let name = Name::parse(task);
            let next = self.jobs.len() as u32;
            let job = *self.jobs.entry(job.into()).or_insert(next);
            if is_running {
                let (file, line) = (table.file().to_owned(), table.line());
                self.running.push(Running { file, line, start, task: spec, count, name, job });
            } else {
                self.add(Place { file: table.file(), line: table.line() }, start, spec, count, name, job)?;
            }
        }
        Ok(table.line())
    }

    fn add(
        &mut self,
        place: Place<'_>,
        submit: SimTime,
        task: TaskSpec,
        count: u32,
        name: Name,
        job: u32,
    ) -> Result<(), ImportError> {
        let first = self.gatherer.task_count() as u32;
        let spec = JobSpec { submit, tenant: 0, is_gang: false };
        self.gatherer.job(place, spec, std::iter::repeat_n(task, count as usize))?;
        if let Some(number) = name.number {
            self.known.insert((job, number), (first, count));
        }
        self.follows.extend(name.parents.into_iter().map(|parent| ((first, count), (job, parent))));
        Ok(())
    }

    fn finish(mut self, place: Place<'_>, tally: &mut Tally) -> Result<Workload, ImportError> {
        for row in std::mem::take(&mut self.running) {
            let mut task = row.task;
            task.work = self.latest.since(row.start);
            self.add(Place { file: &row.file, line: row.line }, row.start, task, row.count, row.name, row.job)?;
        }
        for ((first, count), parent) in &self.follows {
            match self.known.get(parent) {
                Some(&(other, _)) if other == *first => tally.count("dependencies_on_itself"),
                Some(&(other, others)) => {
                    for task in *first..first + count {
                        (other..other + others).try_for_each(|on| self.gatherer.follows(place, task, on))?;
                    }
                }
                None => tally.count("dependencies_unknown"),
            }
        }
        self.gatherer.finish(place, tally)
    }
}

/// What the name of a task says about its place in a job.
#[derive(Debug, Default, PartialEq, Eq)]
struct Name {
    number: Option<u32>,
    /// Each once.
    parents: Vec<u32>,
}

impl Name {
    /// Letters, a number, and the numbers of others: `R4_2_3`. Anything else tells nothing.
    fn parse(text: &str) -> Self {
        let digits = text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
        let mut parts = digits.split('_');
        let number = parts.next().and_then(|number| number.parse().ok());
        if number.is_none() || digits.len() == text.len() {
            return Self::default();
        }
        let mut parents: Vec<u32> = parts.filter_map(|part| part.parse().ok()).collect();
        parents.sort_unstable();
        parents.dedup();
        Self { number, parents }
    }
}

/// Reads containers.
#[derive(Default)]
struct Containers {
    memory_gib: f64,
    gatherer: Gatherer,
    lives: Vec<Container>,
    /// Where those that are alive stand among all.
    alive: FxHashMap<Box<str>, usize>,
    latest: SimTime,
}

struct Container {
    begun: SimTime,
    stopped: Option<SimTime>,
    tenant: u32,
    demand: Demand,
    host: Box<str>,
    name: Box<str>,
    line: u64,
}

impl Containers {
    /// Reads a table, and says how many lines there were.
    fn read(&mut self, mut table: Table, tally: &mut Tally) -> Result<u64, ImportError> {
        while table.next_row()? {
            tally.read();
            let (time, id) = (table.time("time_stamp", 1.0)?, table.text("container_id"));
            if id.is_empty() {
                return Err(table.wrong("container_id", "an id that is not empty"));
            }
            self.latest = self.latest.max(time);
            let is_stopped = table.text("status") == "stopped";
            match (self.alive.get(id).copied(), is_stopped) {
                (None, true) => {
                    tally.drop_row("stopped_while_not_alive");
                    continue;
                }
                (None, false) => {
                    let demand = demand(&table, "cpu_request", "mem_size", self.memory_gib, tally)?;
                    self.alive.insert(id.into(), self.lives.len());
                    self.lives.push(Container {
                        begun: time,
                        stopped: None,
                        tenant: self.gatherer.tenant(table.text("app_du")),
                        demand: Demand { priority: LATENCY_SENSITIVE, ..demand },
                        host: table.text("machine_id").into(),
                        name: id.into(),
                        line: table.line(),
                    });
                }
                // Rows of one container may stand in any order.
                (Some(index), false) => self.lives[index].begun = self.lives[index].begun.min(time),
                (Some(index), true) => {
                    self.lives[index].stopped = Some(time.max(self.lives[index].begun));
                    self.alive.remove(id);
                }
            }
            tally.keep();
        }
        Ok(table.line())
    }

    fn finish(mut self, place: Place<'_>, tally: &Tally) -> Result<Workload, ImportError> {
        for container in self.lives {
            let task = TaskSpec {
                demand: container.demand,
                work: container.stopped.unwrap_or(self.latest).since(container.begun),
                is_censored: container.stopped.is_none(),
                name: Some(container.name),
                recorded: Some(Recorded {
                    start: container.begun,
                    host: Some(container.host).filter(|host| !host.is_empty()),
                }),
                ..TaskSpec::default()
            };
            let place = Place { line: container.line, ..place };
            self.gatherer.task(place, container.begun, container.tenant, task)?;
        }
        self.gatherer.finish(place, tally)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_task_depends_on() {
        let name = |text| {
            let Name { number, parents } = Name::parse(text);
            (number, parents)
        };
        assert_eq!(name("M1"), (Some(1), vec![]));
        assert_eq!(name("R4_3_2_3"), (Some(4), vec![2, 3]));
        assert_eq!(name("J2_1_Stg1"), (Some(2), vec![1]), "words among the numbers tell nothing");
        for text in ["task_bWVyZ2U=", "MergeTask", "", "12_1"] {
            assert_eq!(name(text), (None, vec![]), "{text}");
        }
    }
}

//! Workflows of the Workflow Trace Archive (WTF 1.0, Versluis et al., TPDS 2020): Parquet tables of tasks.
//!
//! The source is the folder that holds `tasks/schema-1.0/*.parquet` (the tables of workflows and the description of the
//! workload beside it repeat what the tasks tell, and are passed over), or one such file. Of its columns are read: `id`,
//! `ts_submit` and `runtime` in milliseconds, `workflow_id`, `user_id`, `resource_amount_requested` (cores),
//! `memory_requested` (MiB, or KiB by the option `memory_unit`), `wait_time` in milliseconds and `parents`; -1 or an
//! absent value is unknown.
//!
//! A task is a job of its own, since the tasks of a workflow are submitted at different times; its tenant is its user. It
//! asks for as many cores as the source says (option `cores`, 1, where that is unknown) and for no memory where that is
//! unknown. Its name is `workflow/task`. Where `wait_time` is known, it was started so long after its submission. `parents`
//! become dependencies; those that are no tasks of the source are counted (`parents_unknown`).
//!
//! Rows that are dropped, by reason: `no_runtime` (unknown).

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{Demand, Recorded, TaskSpec, Workload};

use super::frame::Frame;
use super::gather::{Gatherer, Place, cpu_milli_of};
use super::opendc::MemoryUnit;
use super::planetlab::Cores;
use super::text::files_below;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "workflows of the Workflow Trace Archive (the folder of a trace, Parquet, schema 1.0)";

const REQUIRED: [&str; 4] = ["id", "ts_submit", "runtime", "workflow_id"];
const OPTIONAL: [&str; 5] = ["user_id", "resource_amount_requested", "memory_requested", "wait_time", "parents"];
const LATEST_MS: i64 = (1 << 53) / 1000;

/// What the source may leave open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Cores of a task that does not say how many it asks for.
    pub cores: Cores,
    /// Unit of `memory_requested`: `mib` or `kib`.
    pub memory_unit: MemoryUnit,
}

impl Default for Options {
    fn default() -> Self {
        Self { cores: Cores(1000), memory_unit: MemoryUnit::Mib }
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    Wtf(options)
}

/// True for a folder with such tables of tasks, and for a table with their columns.
pub fn recognises(head: &Head) -> bool {
    let holds = |column: &&str| head.columns.iter().any(|known| known == column);
    head.entries.iter().any(|entry| is_tasks(entry)) || (head.entries.is_empty() && REQUIRED.iter().all(holds))
}

fn is_tasks(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    file.ends_with(".parquet") && parts.next().is_some_and(|folder| folder.starts_with("schema-")) && parts.next() == Some("tasks")
}

struct Wtf(Options);

impl Importer for Wtf {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let files = tables(path)?;
        let mut reader = Reader {
            options: self.0,
            gatherer: Gatherer::new(),
            known: FxHashMap::default(),
            parents: Vec::new(),
        };
        for file in &files {
            reader.read(&Frame::read(file, &REQUIRED, &OPTIONAL)?, tally)?;
        }
        let name = path.display().to_string();
        let place = Place { file: &name, line: 1 };
        for (task, parent) in &reader.parents {
            match reader.known.get(parent) {
                Some(&on) => reader.gatherer.follows(place, *task, on)?,
                None => tally.count("parents_unknown"),
            }
        }
        reader.gatherer.finish(place, tally)
    }
}

/// The tables of tasks of a source, in order of their names.
fn tables(path: &Path) -> Result<Vec<PathBuf>, ImportError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = files_below(path)?;
    files.retain(|file| is_tasks(&super::text::relative(file, path)));
    match files.is_empty() {
        false => Ok(files),
        true => {
            let problem = "holds no tasks/schema-1.0/*.parquet".to_owned();
            Err(ImportError::Line { file: path.display().to_string(), line: 1, problem })
        }
    }
}

struct Reader {
    options: Options,
    gatherer: Gatherer,
    /// The tasks by their ids.
    known: FxHashMap<i64, u32>,
    /// Who follows which id.
    parents: Vec<(u32, i64)>,
}

impl Reader {
    fn read(&mut self, frame: &Frame, tally: &mut Tally) -> Result<(), ImportError> {
        let wholes = |column: &str| match frame.has(column) {
            true => frame.wholes(column),
            false => Ok(vec![None; frame.rows()]),
        };
        let (ids, submits, runtimes) = (wholes("id")?, wholes("ts_submit")?, wholes("runtime")?);
        let (workflows, users, waits) = (wholes("workflow_id")?, wholes("user_id")?, wholes("wait_time")?);
        let memories = wholes("memory_requested")?;
        let cores = match frame.has("resource_amount_requested") {
            true => frame.numbers("resource_amount_requested")?,
            false => vec![None; frame.rows()],
        };
        let mut parents =
            if frame.has("parents") { frame.lists("parents")? } else { vec![Vec::new(); frame.rows()] };
        for row in 0..frame.rows() {
            tally.read();
            let found = |value: Option<i64>| value.map_or("nothing".to_owned(), |value| value.to_string());
            let milliseconds = |column: &str, value: Option<i64>| {
                value
                    .filter(|value| (0..=LATEST_MS).contains(value))
                    .map(|value| value as u64 * 1000)
                    .ok_or_else(|| frame.wrong(row, column, found(value), "milliseconds from 0 to 2^53 microseconds"))
            };
            let known = |value: Option<i64>| value.filter(|&value| value != -1);
            let id = ids[row].ok_or_else(|| frame.wrong(row, "id", "nothing", "a whole number"))?;
            let submit = SimTime(milliseconds("ts_submit", submits[row])?);
            if known(runtimes[row]).is_none() {
                tally.drop_row("no_runtime");
                continue;
            }
            let work = SimDuration(milliseconds("runtime", runtimes[row])?);
            let wait = known(waits[row]).map(|wait| milliseconds("wait_time", Some(wait))).transpose()?;
            let memory_mib = known(memories[row]).map_or(Some(0), |memory| self.options.memory_unit.mib(memory));
            let asked = cores[row].filter(|&cores| cores != -1.0);
            let cpu_milli = asked.map_or(Some(self.options.cores.0), cpu_milli_of);
            let demand = Demand {
                cpu_milli: cpu_milli.ok_or_else(|| {
                    frame.wrong(row, "resource_amount_requested", asked.unwrap_or_default(), "cores, or -1")
                })?,
                memory_mib: memory_mib.ok_or_else(|| {
                    frame.wrong(row, "memory_requested", found(memories[row]), "an amount of memory, or -1")
                })?,
                ..Demand::default()
            };
            let index = self.gatherer.task_count() as u32;
            if self.known.insert(id, index).is_some() {
                return Err(frame.wrong(row, "id", id, "an id that no task before it has"));
            }
            tally.keep();
            let workflow = workflows[row].unwrap_or(-1);
            let task = TaskSpec {
                demand,
                work,
                name: Some(format!("{workflow}/{id}").into()),
                recorded: wait.map(|wait| Recorded { start: submit + SimDuration(wait), host: None }),
                ..TaskSpec::default()
            };
            let tenant = self.gatherer.tenant(&users[row].unwrap_or(-1).to_string());
            let place = Place { file: frame.file(), line: row as u64 + 1 };
            self.gatherer.task(place, submit, tenant, task)?;
            self.parents.extend(std::mem::take(&mut parents[row]).into_iter().map(|parent| (index, parent)));
        }
        Ok(())
    }
}

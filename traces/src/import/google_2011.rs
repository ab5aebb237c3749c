//! Google's cell trace of 2011 (ClusterData2011, version 2): events of the tasks of jobs.
//!
//! The source is the folder of the trace or its part `task_events` (`part-00000-of-00500.csv.gz` and so on, packed or not;
//! other tables beside it are not read), or one such table. It has no header; lines that begin with `#` are passed over.
//! Columns: `time` (microseconds), `missing info`, `job ID`, `task index`, `machine ID`, `event type`, `user`, `scheduling
//! class`, `priority`, requests of `CPU`, `memory` and `disk` in parts of the largest machine, and whether the tasks of the
//! job must be on different machines. Event types are not those of 2019.
//!
//! A task (`job ID`, `task index`) is a job of one task. Its life is put together from SUBMIT, SCHEDULE, EVICT and FAIL (it
//! may come back), FINISH, KILL and LOST, as the module `lives` says, where `order` and `attempts` are explained. `time` 0 is
//! before the trace: such a task is submitted when the trace begins, with what is left of its life (`present_at_start`). Who
//! runs when the trace ends is censored.
//!
//! How large the largest machine is, is not told: the options `machine_cores` (32) and `machine_memory_gib` (64),
//! assumptions both, make requests thousandths of a core and mebibytes. The tenant is the user; the name `job-index`; the
//! recorded start and host (unless 0 or empty) those of the attempt that counts. The priority is the trace's, 0 to 11.
//! Requests of disk and for different machines are not modelled; rows that ask for different machines are counted
//! (`different_machines_asked`).
//!
//! Rows that are dropped, by reason: `update` (what runs is not changed), `after_the_trace` (its time is 2^63 - 1),
//! `end_without_beginning`, `never_started` and `ended_before_the_trace` (all rows of such a task).

use std::cell::Cell;
use std::path::Path;

use serde::Deserialize;
use sim::workload::Workload;

pub use super::lives::{Attempts, Order, Size};
use super::gather::Place;
use super::lives::{AFTER_THE_TRACE, Asked, LATEST, Machine, Step, Stream, Told};
use super::table::Table;
use super::text::for_each_text;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "events of the tasks of Google's cell in 2011 (the folder task_events, or one part of it)";

const COLUMNS: [&str; 13] = [
    "time",
    "missing info",
    "job ID",
    "task index",
    "machine ID",
    "event type",
    "user",
    "scheduling class",
    "priority",
    "CPU request",
    "memory request",
    "disk space request",
    "different machines restriction",
];
const HIGHEST_PRIORITY: u8 = 11;

/// How to read what the trace leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Cores of the machine to which requests are normalised.
    pub machine_cores: Size,
    /// Memory of the machine to which requests are normalised.
    pub machine_memory_gib: Size,
    /// What becomes of time that was lost by evictions and failures.
    pub attempts: Attempts,
    /// In which order the rows stand.
    pub order: Order,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            machine_cores: Size(32.0),
            machine_memory_gib: Size(64.0),
            attempts: Attempts::default(),
            order: Order::default(),
        }
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    Google2011(options)
}

/// True for a folder that holds events of tasks, and for a table whose first row is one.
pub fn recognises(head: &Head) -> bool {
    if !head.entries.is_empty() {
        let holds_parts = head.has_entry(|name| name.starts_with("part-") && name.ends_with(".csv"));
        return head.entries.iter().any(|entry| is_table(entry)) || (holds_parts && head.file_name == "task_events");
    }
    let row = head.text.lines().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    let fields: Vec<&str> = row.split(',').collect();
    let is_whole = |index: usize, most: u64| fields[index].parse::<u64>().is_ok_and(|number| number <= most);
    let is_row = || is_whole(0, AFTER_THE_TRACE) && is_whole(2, u64::MAX) && is_whole(5, 8) && is_whole(8, 11);
    fields.len() == COLUMNS.len() && is_row()
}

fn is_table(name: &str) -> bool {
    name.contains("task_events") && name.ends_with(".csv")
}

struct Google2011(Options);

impl Importer for Google2011 {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let options = self.0;
        let machine = Machine { cores: options.machine_cores.0, memory_gib: options.machine_memory_gib.0 };
        let mut stream = Stream::new(options.attempts, options.order);
        let is_the_part = path.file_name().is_some_and(|name| name == "task_events");
        let others = Cell::new(0);
        let wanted = |name: &str| {
            let wanted = is_table(name) || (is_the_part && name.ends_with(".csv"));
            others.set(others.get() + u64::from(!wanted));
            wanted
        };
        let mut last = (path.display().to_string(), 1);
        for_each_text(path, wanted, |member| {
            let mut table = Table::without_header(member.lines, ',', &COLUMNS);
            while table.next_row()? {
                tally.read();
                take(&table, machine, &mut stream, tally)?;
            }
            last = (table.file().to_owned(), table.line());
            Ok(())
        })?;
        if others.get() > 0 {
            tally.state("files_not_read", others.get());
        }
        stream.finish(Place { file: &last.0, line: last.1 }, tally)
    }
}

/// Takes the event of a row.
fn take(table: &Table, machine: Machine, stream: &mut Stream, tally: &mut Tally) -> Result<(), ImportError> {
    let time = table.text("time").parse().ok().filter(|&time| time <= LATEST || time == AFTER_THE_TRACE);
    let time: u64 = time
        .ok_or_else(|| table.wrong("time", "0 to 2^53 microseconds, or 2^63 - 1 for after the trace"))?;
    let step = match table.whole("event type", 0..=8_u8)? {
        0 => Ok(Step::Submitted),
        1 => Ok(Step::Scheduled),
        2 | 3 => Ok(Step::Interrupted),
        4..=6 => Ok(Step::Ended),
        _ => Err("update"),
    };
    let step = if time == AFTER_THE_TRACE { Err("after_the_trace") } else { step };
    let step = match step {
        Ok(step) => step,
        Err(reason) => {
            if time != AFTER_THE_TRACE {
                stream.saw(time);
            }
            tally.drop_row(reason);
            return Ok(());
        }
    };
    if table.text("different machines restriction") == "1" {
        tally.count("different_machines_asked");
    }
    let told = Told {
        time,
        collection: table.whole("job ID", 0..=u64::MAX)?,
        machine: if table.text("machine ID").is_empty() { 0 } else { table.whole("machine ID", 0..=u64::MAX)? },
        asked: asked(table, machine)?,
        instance: table.whole("task index", 0..=u32::MAX)?,
        tenant: stream.tenant(table.text("user")),
        step,
        priority: table.whole("priority", 0..=HIGHEST_PRIORITY)?,
    };
    stream.take(told, Place { file: table.file(), line: table.line() }, tally)
}

/// What a row asks for; nothing where it tells of no request.
fn asked(table: &Table, machine: Machine) -> Result<Option<Asked>, ImportError> {
    let (cpu, memory) = (table.text("CPU request"), table.text("memory request"));
    if cpu.is_empty() && memory.is_empty() {
        return Ok(None);
    }
    let part = |column: &str, text: &str| match text {
        "" => Ok(0.0),
        _ => table.number(column, 0.0..=1e6),
    };
    let asked = machine.parts(part("CPU request", cpu)?, part("memory request", memory)?);
    let allowed = "parts of a machine that fit into 2^32 thousandths of a core and MiB";
    asked.map(Some).ok_or_else(|| table.wrong("CPU request", allowed))
}

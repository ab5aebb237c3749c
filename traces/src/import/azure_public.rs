//! Azure's public traces of virtual machines, of 2017 (V1) and 2019 (V2): `vmtable` and `vm_cpu_readings`.
//!
//! `vmtable.csv` has no header and eleven columns: the ids of the machine, its subscription and its deployment, when it was
//! created and deleted in seconds from the beginning of the trace, its maximal, average and 95th percentile use of cpu in
//! percent, its category, and its cores and memory in GB (of 2^30 bytes, as Azure counts). In V2 cores and memory are
//! buckets, named by their upper end; as in the notebook that Azure publishes with the trace, `>24` cores are 30 and `>64`
//! GB are 70. The source is that file, or a folder or archive in which it lies.
//!
//! A machine is a task of a job of its own; it is named by its id, and its subscription is its tenant. The source records
//! no waiting: it began when it was created, and that is its recorded start. `priority` is the category:
//! `Delay-insensitive` 0, `Unknown` (which the published files also write `Unkown`) 1, `Interactive` 2. Who was created at 0 was present when the trace began
//! (`present_at_start` counts them); who was deleted at `end_seconds` (option, 2,591,700 as in both traces) or later
//! outlasted it and is censored.
//!
//! Use over time, by the option `usage`: `average` (the default) is the average of the table throughout; `readings` are the
//! averages of five minutes each of the files whose names hold `vm_cpu_readings` in the folder (seconds, id, minimum,
//! maximum, average), where the first reading holds from the beginning on; they take memory in proportion to their number;
//! `none` leaves use out.
//!
//! Rows of both are counted. Those that are dropped, by reason: `deleted_before_created`; of readings
//! `reading_of_unknown_machine`, `reading_before_creation`, `reading_after_deletion`, `reading_twice`.

use std::path::Path;

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{Demand, Recorded, TaskSpec, UsePoint, Workload};

use super::gather::{GIB, Gatherer, Place, cpu_milli_of, memory_mib_of};
use super::table::Table;
use super::text::for_each_text;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "virtual machines of Azure's public traces V1 and V2 (vmtable.csv, or the folder of the trace)";

const COLUMNS: [&str; 11] = [
    "vmid",
    "subscriptionid",
    "deploymentid",
    "vmcreated",
    "vmdeleted",
    "maxcpu",
    "avgcpu",
    "p95maxcpu",
    "vmcategory",
    "vmcorecount",
    "vmmemory",
];
const READINGS: [&str; 5] = ["timestamp", "vmid", "mincpu", "maxcpu", "avgcpu"];
const CATEGORIES: [(&str, u8); 4] = [("Delay-insensitive", 0), ("Unknown", 1), ("Unkown", 1), ("Interactive", 2)];

/// What is read of use over time, and when the trace ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// `average`, `readings` or `none`.
    pub usage: Usage,
    /// Machines that were deleted at this second or later outlasted the trace.
    pub end_seconds: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { usage: Usage::Average, end_seconds: 2_591_700 }
    }
}

/// Where use over time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// The average of the table.
    Average,
    /// The readings of every five minutes.
    Readings,
    /// Machines use what they ask for.
    None,
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    AzurePublic(options)
}

/// True for a table of machines, and for a folder that holds one.
pub fn recognises(head: &Head) -> bool {
    if !head.entries.is_empty() {
        return head.has_entry(is_table);
    }
    let first: Vec<&str> = head.text.lines().next().unwrap_or_default().split(',').collect();
    let is_row = first.len() == COLUMNS.len() && priority(first[8].trim()).is_some();
    is_row || head.has_columns(&["vmid", "subscriptionid", "deploymentid", "vmcategory"])
}

fn is_table(name: &str) -> bool {
    name.contains("vmtable") && name.ends_with(".csv")
}

struct AzurePublic(Options);

/// A machine whose readings are still to come.
struct Machine {
    submit: SimTime,
    tenant: u32,
    task: TaskSpec,
    line: u64,
    /// When, since its creation, it used which fraction of its cpu.
    readings: Vec<(SimDuration, f32)>,
}

impl Importer for AzurePublic {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut gatherer = Gatherer::new();
        let mut waiting: Vec<Machine> = Vec::new();
        let mut last = (path.display().to_string(), 1);
        for_each_text(path, is_table, |member| {
            let mut table = Table::without_header(member.lines, ',', &COLUMNS);
            while table.next_row()? {
                tally.read();
                let Some((submit, task)) = self.machine(&table, tally)? else { continue };
                tally.keep();
                let tenant = gatherer.tenant(table.text("subscriptionid"));
                if self.0.usage == Usage::Readings {
                    waiting.push(Machine { submit, tenant, task, line: table.line(), readings: Vec::new() });
                } else {
                    gatherer.task(Place { file: table.file(), line: table.line() }, submit, tenant, task)?;
                }
            }
            last = (table.file().to_owned(), table.line());
            Ok(())
        })?;
        if self.0.usage == Usage::Readings {
            read_readings(path, &mut waiting, tally)?;
            for mut machine in waiting {
                machine.task.usage = usage(std::mem::take(&mut machine.readings), tally);
                let place = Place { file: &last.0, line: machine.line };
                gatherer.task(place, machine.submit, machine.tenant, machine.task)?;
            }
        }
        gatherer.finish(Place { file: &last.0, line: last.1 }, tally)
    }
}

impl AzurePublic {
    /// When a machine was created and what it is; nothing when its row is dropped.
    fn machine(&self, table: &Table, tally: &mut Tally) -> Result<Option<(SimTime, TaskSpec)>, ImportError> {
        let (created, deleted) = (table.time("vmcreated", 1.0)?, table.time("vmdeleted", 1.0)?);
        let priority = priority(table.text("vmcategory"))
            .ok_or_else(|| table.wrong("vmcategory", "one of Delay-insensitive, Unknown, Interactive"))?;
        let cpu_milli = cpu_milli_of(size(table, "vmcorecount", ">24", 30.0)?);
        let memory_mib = memory_mib_of(size(table, "vmmemory", ">64", 70.0)?, GIB);
        let demand = Demand {
            cpu_milli: cpu_milli.ok_or_else(|| table.wrong("vmcorecount", "fewer than 4 million cores"))?,
            memory_mib: memory_mib.ok_or_else(|| table.wrong("vmmemory", "less than 4 million GB"))?,
            priority,
            ..Demand::default()
        };
        let usage = match self.0.usage {
            Usage::Average => {
                let cpu = (table.number("avgcpu", 0.0..=1000.0)? / 100.0) as f32;
                vec![UsePoint { start: SimDuration::ZERO, cpu, memory: 1.0, devices: 1.0 }]
            }
            Usage::Readings | Usage::None => Vec::new(),
        };
        let name = table.text("vmid");
        if name.is_empty() {
            return Err(table.wrong("vmid", "an id that is not empty"));
        }
        if deleted < created {
            tally.drop_row("deleted_before_created");
            return Ok(None);
        }
        if created == SimTime::ZERO {
            tally.count("present_at_start");
        }
        let task = TaskSpec {
            demand,
            work: deleted.since(created),
            is_censored: deleted.0 >= self.0.end_seconds.saturating_mul(1_000_000),
            usage,
            name: Some(name.into()),
            recorded: Some(Recorded { start: created, host: None }),
            ..TaskSpec::default()
        };
        Ok(Some((created, task)))
    }
}

/// The priority of a category.
fn priority(category: &str) -> Option<u8> {
    CATEGORIES.iter().find(|(name, _)| *name == category).map(|&(_, priority)| priority)
}

/// A number, or the open bucket at the end and what it counts as.
fn size(table: &Table, column: &'static str, open: &str, counts_as: f64) -> Result<f64, ImportError> {
    match table.text(column) {
        text if text == open => Ok(counts_as),
        text => text
            .parse()
            .ok()
            .filter(|number| (0.0..=1e9).contains(number))
            .ok_or_else(|| table.wrong(column, &format!("a number that is not negative, or {open}"))),
    }
}

fn read_readings(path: &Path, machines: &mut [Machine], tally: &mut Tally) -> Result<(), ImportError> {
    let mut known: FxHashMap<Box<str>, usize> = FxHashMap::default();
    for (index, machine) in machines.iter().enumerate() {
        known.insert(machine.task.name.clone().unwrap_or_default(), index);
    }
    let is_readings = |name: &str| name.contains("vm_cpu_readings");
    // A single table has no readings in it: whoever asks for them means the folder.
    let holds_any = Head::read(path).is_some_and(|head| head.entries.iter().any(|entry| is_readings(entry)));
    if !holds_any {
        let problem = "holds no vm_cpu_readings: for usage = \"readings\" name the folder of the trace".to_owned();
        return Err(ImportError::Line { file: path.display().to_string(), line: 1, problem });
    }
    for_each_text(path, is_readings, |member| {
        let mut table = Table::without_header(member.lines, ',', &READINGS);
        while table.next_row()? {
            tally.read();
            let time = table.time("timestamp", 1.0)?;
            let used = (table.number("avgcpu", 0.0..=1000.0)? / 100.0) as f32;
            let Some(&index) = known.get(table.text("vmid")) else {
                tally.drop_row("reading_of_unknown_machine");
                continue;
            };
            let machine = &mut machines[index];
            if time < machine.submit {
                tally.drop_row("reading_before_creation");
            } else if time > machine.submit + machine.task.work {
                tally.drop_row("reading_after_deletion");
            } else {
                machine.readings.push((time.since(machine.submit), used));
            }
        }
        Ok(())
    })
}

/// Use over time from readings in any order; equal neighbours are one point.
fn usage(mut readings: Vec<(SimDuration, f32)>, tally: &mut Tally) -> Vec<UsePoint> {
    readings.sort_by_key(|&(start, _)| start);
    let mut points: Vec<UsePoint> = Vec::new();
    let mut before = None;
    for (start, cpu) in readings {
        if before == Some(start) {
            tally.drop_row("reading_twice");
            continue;
        }
        tally.keep();
        before = Some(start);
        if points.last().is_none_or(|last| last.cpu != cpu) {
            let start = if points.is_empty() { SimDuration::ZERO } else { start };
            points.push(UsePoint { start, cpu, memory: 1.0, devices: 1.0 });
        }
    }
    points
}

//! Virtual machines of Bitbrains (GWA-T-12, Shen et al., CCGrid 2015): one table of use for each machine.
//!
//! Columns, with `;` and a tab between them: `Timestamp [ms]`, `CPU cores`, `CPU capacity provisioned [MHZ]` (all cores
//! together), `CPU usage [MHZ]`, `CPU usage [%]`, `Memory capacity provisioned [KB]`, `Memory usage [KB]`, and the
//! throughputs of disk and network, which are passed over. The source is one table, or a folder or archive of them.
//!
//! The header says milliseconds, the published files hold seconds since 1970. The rule: a timestamp of 10^11 or more is in
//! milliseconds (after March 1973), a smaller one in seconds (before the year 5138).
//!
//! A row tells of the 300 s that end with its timestamp. A machine is submitted 300 s before its first row and runs until
//! its last one; in gaps between rows the row after them holds. It asks for the most cores and the most memory that it ever
//! had; its use over time are `CPU usage [MHZ]` of the greatest capacity and `Memory usage [KB]` of that memory; equal
//! neighbours are one point. A machine whose last row is within 300 s of the latest of the whole source outlasted it and is
//! censored; those that were submitted within 300 s of the earliest are counted in `present_at_start`. Machines are named
//! by their files and are all of one tenant.
//!
//! Rows that are dropped, by reason: `timestamp_not_later` (than the row before it), `machine_without_cores` (all rows of a
//! file that never states a core or a capacity).

use std::path::Path;

use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{Demand, TaskSpec, UsePoint, Workload};

use super::gather::{Gatherer, Place, memory_mib_of};
use super::table::{OtherColumns, Table, has_columns};
use super::text::{Member, for_each_text};
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "use of Bitbrains' virtual machines (GWA-T-12: a folder of N.csv, or one of them)";

const TIME: &str = "Timestamp [ms]";
const CORES: &str = "CPU cores";
const CAPACITY: &str = "CPU capacity provisioned [MHZ]";
const CPU: &str = "CPU usage [MHZ]";
const MEMORY_CAPACITY: &str = "Memory capacity provisioned [KB]";
const MEMORY: &str = "Memory usage [KB]";
const COLUMNS: [&str; 6] = [TIME, CORES, CAPACITY, CPU, MEMORY_CAPACITY, MEMORY];
const STEP: SimDuration = SimDuration(300_000_000);
const KIB: f64 = 1024.0;

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {}

/// The importer.
pub fn importer(_: Options) -> impl Importer {
    Bitbrains
}

/// True when the first line, or that of the first file, names the columns.
pub fn recognises(head: &Head) -> bool {
    has_columns(&head.text, ';', &COLUMNS)
}

fn is_wanted(name: &str) -> bool {
    name.ends_with(".csv")
}

struct Bitbrains;

/// A machine that was read.
struct Machine {
    start: SimTime,
    end: SimTime,
    task: TaskSpec,
    file: String,
}

impl Importer for Bitbrains {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut machines: Vec<Machine> = Vec::new();
        for_each_text(path, is_wanted, |member| {
            machines.extend(read_machine(member, tally)?);
            Ok(())
        })?;
        let earliest = machines.iter().map(|machine| machine.start).min().unwrap_or_default();
        let latest = machines.iter().map(|machine| machine.end).max().unwrap_or_default();
        let mut gatherer = Gatherer::new();
        for mut machine in machines {
            machine.task.is_censored = machine.end + STEP >= latest;
            if machine.start <= earliest + STEP {
                tally.count("present_at_start");
            }
            gatherer.task(Place { file: &machine.file, line: 2 }, machine.start, 0, machine.task)?;
        }
        gatherer.finish(Place { file: &path.display().to_string(), line: 1 }, tally)
    }
}

/// What a row tells.
struct Sample {
    end: SimTime,
    cpu: f64,
    memory: f64,
}

fn read_machine(member: Member<'_>, tally: &mut Tally) -> Result<Option<Machine>, ImportError> {
    let name = member.name.rsplit('/').next().unwrap_or(member.name);
    let name: Box<str> = name.strip_suffix(".csv").unwrap_or(name).into();
    let mut table = Table::with_header(member.lines, ';', &COLUMNS, &[], OtherColumns::Ignore)?;
    let mut samples: Vec<Sample> = Vec::new();
    let (mut cores, mut capacity, mut memory_kib) = (0, 0.0_f64, 0.0_f64);
    while table.next_row()? {
        tally.read();
        let stated = table.number(TIME, 0.0..=9e15)?;
        let end = SimTime::from_seconds(if stated >= 1e11 { stated / 1000.0 } else { stated });
        let end = end.ok_or_else(|| table.wrong(TIME, "seconds or milliseconds since 1970"))?;
        if end < SimTime::ZERO + STEP {
            return Err(table.wrong(TIME, "at least 300 s"));
        }
        cores = cores.max(table.whole(CORES, 0..=4_000_000_u32)?);
        capacity = capacity.max(table.number(CAPACITY, 0.0..=1e12)?);
        memory_kib = memory_kib.max(table.number(MEMORY_CAPACITY, 0.0..=4e12)?);
        let (cpu, memory) = (table.number(CPU, 0.0..=1e12)?, table.number(MEMORY, 0.0..=4e12)?);
        match samples.last() {
            Some(last) if end <= last.end => tally.drop_row("timestamp_not_later"),
            _ => samples.push(Sample { end, cpu, memory }),
        }
    }
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Ok(None) };
    if cores == 0 || capacity == 0.0 {
        samples.iter().for_each(|_| tally.drop_row("machine_without_cores"));
        return Ok(None);
    }
    samples.iter().for_each(|_| tally.keep());
    let (start, end) = (SimTime(first.end.0 - STEP.0), last.end);
    let memory_mib = memory_mib_of(memory_kib, KIB)
        .ok_or_else(|| table.wrong(MEMORY_CAPACITY, "less than 2^32 MiB"))?;
    let task = TaskSpec {
        demand: Demand { cpu_milli: cores * 1000, memory_mib, ..Demand::default() },
        work: end.since(start),
        usage: usage(&samples, start, capacity, memory_kib),
        name: Some(name),
        ..TaskSpec::default()
    };
    Ok(Some(Machine { start, end, task, file: table.file().to_owned() }))
}

/// Each row holds from the end of the one before it to its own.
fn usage(samples: &[Sample], start: SimTime, capacity: f64, memory_kib: f64) -> Vec<UsePoint> {
    let mut points: Vec<UsePoint> = Vec::new();
    let mut from = start;
    for sample in samples {
        let cpu = (sample.cpu / capacity) as f32;
        let memory = if memory_kib > 0.0 { (sample.memory / memory_kib) as f32 } else { 1.0 };
        if points.last().is_none_or(|last| last.cpu != cpu || last.memory != memory) {
            points.push(UsePoint { start: from.since(start), cpu, memory, devices: 1.0 });
        }
        from = sample.end;
    }
    points
}

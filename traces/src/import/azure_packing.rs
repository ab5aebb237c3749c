//! Azure's traces for packing of 2020 (Hadary et al., OSDI 2020): `packing_trace_zone_a_v1.sqlite`, or the dumps of its
//! tables as CSV. No real rows at hand: built from the published layout.
//!
//! * Table `vm`: `vmId`, `tenantId`, `vmTypeId`, `priority`, `starttime` and `endtime` in fractional days. The dump may
//!   have a header, or none and either all six columns or the four without tenant and priority.
//! * Table `vmType`: for each type and each machine (`machineId`) on which it can run the fractions `core` and `memory` of
//!   that machine that it takes. Beside a CSV dump it is looked for in the file whose name holds `vmType`, or named by
//!   the option `types`; without it the dump is refused, since its machines have no sizes.
//!
//! A source may also be the folder that holds both dumps. Fractions of different machines cannot be compared, so that all
//! are taken of one: the option `machine`, or without it the one on which the most types can run, the lowest number among
//! equals (stated as the fact `machine`). The sizes of machines are not published: `machine_cores` (64) and
//! `machine_memory_gib` (512) are assumptions that the options replace. Disks and networks are passed over.
//!
//! Who started before day 0 was present when the trace began: submitted then, with what was left of its life
//! (`present_at_start` counts them). Without an end it outlasted the trace: censored, and seen until `end_days` (option,
//! 90). `priority` 0 of the source is high and becomes 1, its 1 is low and becomes 0; without the column it is 0. Machines
//! are named by their ids. The trace records no waiting: they were started when they were submitted.
//!
//! Rows of `vm` and of `vmType` are counted. Those that are dropped, by reason: `ended_before_trace`,
//! `ended_before_started`, `cannot_run_on_machine` (its type has no row for the machine that is taken),
//! `type_of_other_machine` (a row of `vmType` that is not used).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use sim::kernel::time::SimTime;
use sim::workload::{Demand, Recorded, TaskSpec, Workload};

use super::gather::{GIB, Gatherer, Place, cpu_milli_of, duration_of, memory_mib_of, seen_from};
use super::table::{OtherColumns, Table, has_columns};
use super::text::{Lines, excerpt};
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "Azure's traces for packing of 2020 (SQLite, or CSV dumps of its tables vm and vmType)";

const SQLITE_MAGIC: &str = "SQLite format 3";
const DAY_SECONDS: f64 = 86_400.0;
const VM: [&str; 4] = ["vmId", "vmTypeId", "starttime", "endtime"];
const VM_MORE: [&str; 2] = ["tenantId", "priority"];
const VM_ALL: [&str; 6] = ["vmId", "tenantId", "vmTypeId", "priority", "starttime", "endtime"];
const TYPE: [&str; 4] = ["vmTypeId", "machineId", "core", "memory"];

/// Sizes that the trace does not tell.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The machine (`machineId`) of which fractions are taken; without it the one on which the most types can run.
    pub machine: Option<u32>,
    /// Cores of that machine.
    pub machine_cores: f64,
    /// Its memory, in GiB.
    pub machine_memory_gib: f64,
    /// The day until which machines without an end were seen.
    pub end_days: f64,
    /// The dump of the table `vmType`, for a dump of the table `vm`.
    pub types: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { machine: None, machine_cores: 64.0, machine_memory_gib: 512.0, end_days: 90.0, types: None }
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    AzurePacking(options)
}

/// True for a database, a dump of `vm` with a header, and a folder with both dumps.
pub fn recognises(head: &Head) -> bool {
    if !head.entries.is_empty() {
        return head.has_entry(is_types) && head.has_entry(|name| name.ends_with("vm.csv"));
    }
    head.text.starts_with(SQLITE_MAGIC) || has_columns(&head.text, ',', &VM)
}

fn is_types(name: &str) -> bool {
    name.to_ascii_lowercase().contains("vmtype")
}

struct AzurePacking(Options);

/// A row of `vm`.
struct Machine {
    id: String,
    tenant: String,
    kind: String,
    priority: Option<i64>,
    start_days: f64,
    end_days: Option<f64>,
}

/// Of each type, by the number of a machine: the fractions of its cores and memory.
#[derive(Default)]
struct Types(BTreeMap<String, BTreeMap<u32, [f64; 2]>>);

impl Types {
    fn add(&mut self, kind: &str, machine: u32, fractions: [f64; 2], tally: &mut Tally) -> Result<(), &'static str> {
        tally.read();
        if !fractions.iter().all(|fraction| (0.0..=1.0).contains(fraction)) {
            return Err("fractions of core and memory from 0 to 1");
        }
        match self.0.entry(kind.to_owned()).or_default().insert(machine, fractions) {
            None => Ok(()),
            Some(_) => Err("one row for each type and machine"),
        }
    }

    /// The fractions of each type of one machine.
    fn of_machine(self, stated: Option<u32>, tally: &mut Tally) -> FxHashMap<String, [f64; 2]> {
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        self.0.values().flat_map(BTreeMap::keys).for_each(|&machine| *counts.entry(machine).or_default() += 1);
        let most = counts.iter().max_by_key(|&(machine, count)| (*count, std::cmp::Reverse(*machine)));
        let chosen = stated.or(most.map(|(&machine, _)| machine)).unwrap_or_default();
        tally.state("machine", u64::from(chosen));
        for (&machine, &count) in &counts {
            let keep_or_drop = |tally: &mut Tally| match machine == chosen {
                true => tally.keep(),
                false => tally.drop_row("type_of_other_machine"),
            };
            (0..count).for_each(|_| keep_or_drop(tally));
        }
        self.0.into_iter().filter_map(|(kind, machines)| Some((kind, *machines.get(&chosen)?))).collect()
    }
}

impl Importer for AzurePacking {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let options = &self.0;
        for (key, value) in [
            ("machine_cores", options.machine_cores),
            ("machine_memory_gib", options.machine_memory_gib),
            ("end_days", options.end_days),
        ] {
            if !(value > 0.0 && value <= 1e6) {
                let source = crate::OptionError::out_of_range(key, value, "a number from above 0 to 1000000");
                return Err(ImportError::Option { importer: "azure_packing", source });
            }
        }
        match begins_as_database(path) {
            true => self.read_database(path, tally),
            false => self.read_dumps(path, tally),
        }
    }

    fn reads_beside(&self, path: &Path) -> Vec<PathBuf> {
        match begins_as_database(path) {
            true => Vec::new(),
            false => self.types(folder_of(path)).into_iter().collect(),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(path) }
}

fn refuse(path: &Path, problem: String) -> ImportError {
    ImportError::Line { file: path.display().to_string(), line: 1, problem }
}

fn begins_as_database(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).is_ok_and(|file| file.take(16).read_to_end(&mut start).is_ok());
    read && start.starts_with(SQLITE_MAGIC.as_bytes())
}

/// A value of a row as text; nothing for NULL.
fn text(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    })
}

impl AzurePacking {
    fn read_database(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let failed = |error: rusqlite::Error| {
            refuse(path, format!("is no database of this trace: {error}").replace('\n', " "))
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(path, flags).map_err(failed)?;
        let mut types = Types::default();
        let mut query = database.prepare("SELECT vmTypeId, machineId, core, memory FROM vmType").map_err(failed)?;
        let mut rows = query.query([]).map_err(failed)?;
        let file = path.display().to_string();
        let mut line = 0;
        while let Some(row) = rows.next().map_err(failed)? {
            line += 1;
            let kind = text(row, 0).map_err(failed)?.unwrap_or_default();
            let fractions = [row.get(2).map_err(failed)?, row.get(3).map_err(failed)?];
            let machine = row.get(1).map_err(failed)?;
            types.add(&kind, machine, fractions, tally).map_err(|allowed| ImportError::Value {
                file: file.clone(),
                line,
                column: "vmType.core, vmType.memory".to_owned(),
                value: format!("{} and {}", fractions[0], fractions[1]),
                allowed: allowed.to_owned(),
            })?;
        }
        let mut collector = Collector::new(self, types.of_machine(self.0.machine, tally));
        let all = "SELECT vmId, tenantId, vmTypeId, priority, starttime, endtime FROM vm";
        let mut query = database.prepare(all).map_err(failed)?;
        let mut rows = query.query([]).map_err(failed)?;
        line = 0;
        while let Some(row) = rows.next().map_err(failed)? {
            line += 1;
            let named = |index| text(row, index).map_err(failed).map(Option::unwrap_or_default);
            let machine = Machine {
                id: named(0)?,
                tenant: named(1)?,
                kind: named(2)?,
                priority: row.get(3).map_err(failed)?,
                start_days: row.get(4).map_err(failed)?,
                end_days: row.get(5).map_err(failed)?,
            };
            collector.add(Place { file: &file, line }, machine, tally)?;
        }
        collector.gatherer.finish(Place { file: &file, line: 1 }, tally)
    }

    /// The dump of the table of sizes.
    fn types(&self, folder: &Path) -> Option<PathBuf> {
        self.0.types.clone().or_else(|| beside(folder, |name| is_types(name) && name.ends_with(".csv")))
    }

    fn read_dumps(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let folder = folder_of(path);
        let vms = match path.is_dir() {
            true => beside(folder, |name| name.ends_with("vm.csv"))
                .ok_or_else(|| refuse(path, "holds no vm.csv, the dump of the table vm".to_owned()))?,
            false => path.to_owned(),
        };
        let mut table = open_vms(&vms)?;
        let types = self.types(folder).ok_or_else(|| {
            refuse(&vms, "no sizes: beside it there is no dump of the table vmType, and the options name none".to_owned())
        })?;
        let mut collector = Collector::new(self, read_types(&types, tally)?.of_machine(self.0.machine, tally));
        while table.next_row()? {
            let days = |column| table.number(column, -1e5..=1e5);
            let end_days = match table.text("endtime") {
                "" | "NULL" | "null" => None,
                _ => Some(days("endtime")?),
            };
            let machine = Machine {
                id: table.text("vmId").to_owned(),
                tenant: table.text("tenantId").to_owned(),
                kind: table.text("vmTypeId").to_owned(),
                priority: if table.has("priority") { Some(table.whole("priority", 0..=1)?) } else { None },
                start_days: days("starttime")?,
                end_days,
            };
            collector.add(Place { file: table.file(), line: table.line() }, machine, tally)?;
        }
        collector.gatherer.finish(Place { file: table.file(), line: table.line() }, tally)
    }
}

/// The first file of a folder, by name, whose name is one.
fn beside(folder: &Path, is_it: impl Fn(&str) -> bool) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.retain(|path| {
        let name = path.file_name().map(|name| super::text::member_name(&name.to_string_lossy()));
        path.is_file() && name.is_some_and(|name| is_it(&name))
    });
    found.sort();
    found.into_iter().next()
}

/// A dump of `vm`, by its header or by the number of its columns.
fn open_vms(path: &Path) -> Result<Table, ImportError> {
    let mut lines = Lines::open(path)?;
    let first = match lines.next_line()? {
        Some((_, bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        None => String::new(),
    };
    let columns = first.split(',').count();
    let lines = Lines::open(path)?;
    if first.split(',').any(|name| name.trim().trim_matches('"') == VM[0]) {
        return Table::with_header(lines, ',', &VM, &VM_MORE, OtherColumns::Ignore);
    }
    match columns {
        4 => Ok(Table::without_header(lines, ',', &VM)),
        6 => Ok(Table::without_header(lines, ',', &VM_ALL)),
        _ => {
            let problem = format!(
                "begins with {:?}: a header with {} is expected, or rows of {}, or of {}",
                excerpt(&first),
                VM.join(", "),
                VM.join(", "),
                VM_ALL.join(", ")
            );
            Err(refuse(path, problem))
        }
    }
}

fn read_types(path: &Path, tally: &mut Tally) -> Result<Types, ImportError> {
    let mut table = Table::with_header(Lines::open(path)?, ',', &TYPE, &[], OtherColumns::Ignore)?;
    let mut types = Types::default();
    while table.next_row()? {
        let fractions = [table.number("core", 0.0..=1.0)?, table.number("memory", 0.0..=1.0)?];
        let machine = table.whole("machineId", 0..=u32::MAX)?;
        let added = types.add(table.text("vmTypeId"), machine, fractions, tally);
        added.map_err(|allowed| table.wrong("machineId", allowed))?;
    }
    Ok(types)
}

/// What machines become.
struct Collector<'a> {
    options: &'a Options,
    types: FxHashMap<String, [f64; 2]>,
    gatherer: Gatherer,
}

impl<'a> Collector<'a> {
    fn new(importer: &'a AzurePacking, types: FxHashMap<String, [f64; 2]>) -> Self {
        Self { options: &importer.0, types, gatherer: Gatherer::new() }
    }

    fn add(&mut self, place: Place<'_>, machine: Machine, tally: &mut Tally) -> Result<(), ImportError> {
        tally.read();
        let wrong = |column: &str, value: String, allowed: &str| ImportError::Value {
            file: place.file.to_owned(),
            line: place.line,
            column: column.to_owned(),
            value: excerpt(&value),
            allowed: allowed.to_owned(),
        };
        let start = machine.start_days;
        let end = machine.end_days.unwrap_or(self.options.end_days);
        if !(start.is_finite() && end.is_finite()) {
            return Err(wrong("starttime, endtime", format!("{start} and {end}"), "numbers of days"));
        }
        let priority = match machine.priority {
            Some(0) => 1,
            Some(1) | None => 0,
            Some(other) => return Err(wrong("priority", other.to_string(), "0 (high) or 1 (low)")),
        };
        if end < start {
            tally.drop_row("ended_before_started");
            return Ok(());
        }
        let Some((from, to)) = seen_from(0.0, start, end) else {
            tally.drop_row("ended_before_trace");
            return Ok(());
        };
        let Some(&[core, memory]) = self.types.get(&machine.kind) else {
            tally.drop_row("cannot_run_on_machine");
            return Ok(());
        };
        let too_long = || wrong("starttime, endtime", format!("{start} and {end}"), "days below 2^53 microseconds");
        let begin = SimTime::ZERO + duration_of(from, DAY_SECONDS).ok_or_else(too_long)?;
        let end = SimTime::ZERO + duration_of(to, DAY_SECONDS).ok_or_else(too_long)?;
        let cpu_milli = cpu_milli_of(core * self.options.machine_cores);
        let memory_mib = memory_mib_of(memory * self.options.machine_memory_gib, GIB);
        let (Some(cpu_milli), Some(memory_mib)) = (cpu_milli, memory_mib) else {
            return Err(wrong("vmTypeId", machine.kind, "a type whose size fits into 2^32 MiB"));
        };
        if start < 0.0 {
            tally.count("present_at_start");
        }
        tally.keep();
        let tenant = self.gatherer.tenant(&machine.tenant);
        let task = TaskSpec {
            demand: Demand { cpu_milli, memory_mib, priority, ..Demand::default() },
            work: end.since(begin),
            is_censored: machine.end_days.is_none(),
            name: Some(machine.id.into()),
            recorded: Some(Recorded { start: begin, host: None }),
            ..TaskSpec::default()
        };
        self.gatherer.task(place, begin, tenant, task)
    }
}

//! Requests for virtual machines in a region of Huawei's cloud (`Huawei-East-1`, Sheng et al.): who came and who left.
//! No real rows at hand: built from the published layout.
//!
//! Columns: `vmid`, `cpu` (cores), `memory` (GB, of 2^30 bytes), `time` (seconds from the beginning of the trace), `type`
//! (0 created, 1 deleted); the header may be missing. A machine is submitted when it was created, which is its recorded
//! start too, and runs until it was deleted. Machines that were never deleted outlasted the trace: they are censored, with
//! what was seen of them until the last row. All machines are of one tenant and are named by their id, which may be used
//! again after a deletion.
//!
//! A deletion that ends a life is a kept row. Rows that are dropped, by reason: `created_while_alive`,
//! `deleted_while_not_alive`, `deleted_before_created`.

use std::path::Path;

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sim::kernel::time::SimTime;
use sim::workload::{Demand, Recorded, TaskSpec, Workload};

use super::gather::{GIB, Gatherer, Place, cpu_milli_of, memory_mib_of};
use super::table::Table;
use super::text::Lines;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "virtual machines created and deleted in a region of Huawei's cloud (Huawei-East-1.csv)";

const COLUMNS: [&str; 5] = ["vmid", "cpu", "memory", "time", "type"];

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {}

/// The importer.
pub fn importer(_: Options) -> impl Importer {
    HuaweiEast1
}

/// True when the first line names the columns, or when all lines are rows of whole numbers whose times never fall.
pub fn recognises(head: &Head) -> bool {
    if head.has_columns(&COLUMNS) {
        return true;
    }
    // The last line may have been cut off.
    let lines: Vec<&str> = head.text.lines().filter(|line| !line.trim().is_empty()).collect();
    let whole = if head.text.ends_with('\n') { lines.len() } else { lines.len().saturating_sub(1) };
    let rows: Option<Vec<[u64; 5]>> = lines[..whole]
        .iter()
        .map(|line| {
            let fields: Option<Vec<u64>> = line.split(',').map(|field| field.trim().parse().ok()).collect();
            fields?.try_into().ok()
        })
        .collect();
    let is_row = |&[_, cpu, memory, _, kind]: &[u64; 5]| (1..=1024).contains(&cpu) && memory >= 1 && kind <= 1;
    head.entries.is_empty()
        && rows.is_some_and(|rows| {
            !rows.is_empty() && rows.iter().all(is_row) && rows.is_sorted_by_key(|row| row[3]) && rows[0][4] == 0
        })
}

struct HuaweiEast1;

/// A machine, by its creation.
struct Machine {
    created: SimTime,
    deleted: Option<SimTime>,
    demand: Demand,
    name: Box<str>,
    line: u64,
}

impl Importer for HuaweiEast1 {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut table = Table::without_header(Lines::open(path)?, ',', &COLUMNS);
        let mut machines: Vec<Machine> = Vec::new();
        let mut alive: FxHashMap<Box<str>, usize> = FxHashMap::default();
        let mut last = SimTime::ZERO;
        while table.next_row()? {
            tally.read();
            let time = table.time("time", 1.0)?;
            let name = table.text("vmid");
            if name.is_empty() {
                return Err(table.wrong("vmid", "an id that is not empty"));
            }
            last = last.max(time);
            let is_alive = alive.get(name).copied();
            match (table.whole("type", 0..=1_u8)?, is_alive) {
                (0, Some(_)) => tally.drop_row("created_while_alive"),
                (0, None) => {
                    tally.keep();
                    let machine = Machine {
                        created: time,
                        deleted: None,
                        demand: demand(&table)?,
                        name: name.into(),
                        line: table.line(),
                    };
                    alive.insert(machine.name.clone(), machines.len());
                    machines.push(machine);
                }
                (_, None) => tally.drop_row("deleted_while_not_alive"),
                (_, Some(index)) if time < machines[index].created => tally.drop_row("deleted_before_created"),
                (_, Some(index)) => {
                    tally.keep();
                    machines[index].deleted = Some(time);
                    alive.remove(name);
                }
            }
        }
        let mut gatherer = Gatherer::new();
        for machine in machines {
            let task = TaskSpec {
                demand: machine.demand,
                work: machine.deleted.unwrap_or(last).since(machine.created),
                is_censored: machine.deleted.is_none(),
                name: Some(machine.name),
                recorded: Some(Recorded { start: machine.created, host: None }),
                ..TaskSpec::default()
            };
            gatherer.task(Place { file: table.file(), line: machine.line }, machine.created, 0, task)?;
        }
        gatherer.finish(Place { file: table.file(), line: table.line() }, tally)
    }
}

fn demand(table: &Table) -> Result<Demand, ImportError> {
    let cpu_milli = cpu_milli_of(table.number("cpu", 0.0..=1e6)?);
    let memory_mib = memory_mib_of(table.number("memory", 0.0..=1e6)?, GIB);
    Ok(Demand {
        cpu_milli: cpu_milli.ok_or_else(|| table.wrong("cpu", "a number of cores"))?,
        memory_mib: memory_mib.ok_or_else(|| table.wrong("memory", "a number of GB"))?,
        ..Demand::default()
    })
}

//! Google's cell traces of 2019 (ClusterData2019, version 3): events of collections and of their instances.
//!
//! The source is a folder of shards `collection_events-*.json.gz` and `instance_events-*.json.gz` (packed or not, and
//! other tables beside them, which are not read), or one file of both kinds of rows; without collection events nothing is
//! lost but users. Rows are JSON, one a line; whole numbers stand there as numbers or as text (`"time":"1838400000000"`);
//! fields that are absent or null are unknown. Flattened tables (`.csv` with a header) are read as well: requests are the
//! columns `resource_request.cpus` and `.memory`, or with `_` for the dot, or one column `resource_request` of
//! `{'cpus': 0.02, 'memory': 0.01}`; the event may be named `instance_events_type` and the user stand in the row.
//! No real rows were at hand: this is built from the published layout.
//!
//! An instance (`collection_id`, `instance_index`) is a job of one task. Its life is put together from SUBMIT, SCHEDULE,
//! EVICT and FAIL (it may come back), FINISH, KILL and LOST, as the module `lives` says, where `order` and `attempts` are explained.
//! `time` is in microseconds; 0 is before the trace: such an instance is submitted when the trace begins, with what is left
//! of its life (`present_at_start`). Who runs when the trace ends is censored.
//!
//! Requests are in parts of the largest machine, whose size is not told: the options `machine_cores` (64) and
//! `machine_memory_gib` (256), assumptions both, make them thousandths of a core and mebibytes. The request of a task is the
//! latest told before it ended. Its tenant is the user of its collection (one tenant where no collection events are), its
//! name `collection-instance`, its recorded start and host (`machine_id`, unless 0 or -1) those of the attempt that counts.
//! Priorities are Google's tiers: below 100 (free) 0, to 115 (best-effort batch) 1, to 119 (mid) 2, to 359
//! (production) 3, above (monitoring) 4.
//!
//! Alloc sets (`collection_type` 1) reserve what the instances inside of them (`alloc_collection_id` not 0) use, and both
//! must not be counted: the option `allocs` says which of them are tasks.
//!
//! Rows that are dropped, by reason: `queue_or_enable`, `update` (what runs is not changed), `after_the_trace` (its time is
//! 2^63 - 1), `inside_alloc` or `alloc_reservation` (see `allocs`), `end_without_beginning`, `never_started` and
//! `ended_before_the_trace` (all rows of such an instance), and `collection_state` (collection events but for the first
//! of each collection).

use std::cell::Cell;
use std::path::Path;

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sim::workload::Workload;

pub use super::lives::{Attempts, Order, Size};
use super::gather::Place;
use super::google_rows::{NEEDED, OPTIONAL, Request, Row, explain, flat_row};
use super::lives::{AFTER_THE_TRACE, Asked, LATEST, Machine, Step, Stream, Told};
use super::table::{OtherColumns, Table};
use super::text::{Lines, for_each_text};
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "events of Google's cells in 2019 (collection_events and instance_events, JSON lines or CSV)";

/// How to read what the trace leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Cores of the machine to which requests are normalised.
    pub machine_cores: Size,
    /// Memory of the machine to which requests are normalised.
    pub machine_memory_gib: Size,
    /// Which of reservations and the instances inside of them are tasks.
    pub allocs: Allocs,
    /// What becomes of time that was lost by evictions and failures.
    pub attempts: Attempts,
    /// In which order the rows stand.
    pub order: Order,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            machine_cores: Size(64.0),
            machine_memory_gib: Size(256.0),
            allocs: Allocs::default(),
            attempts: Attempts::default(),
            order: Order::default(),
        }
    }
}

/// Which of reservations and the instances inside of them are tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allocs {
    /// The reservations: they hold machines, whether they are filled or not.
    #[default]
    Reservations,
    /// The instances inside of them, as if they had been placed by themselves.
    Instances,
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    Google2019(options)
}

/// True for a folder with shards of instance events, and for a file of events.
pub fn recognises(head: &Head) -> bool {
    if !head.entries.is_empty() {
        return head.has_entry(|name| name.starts_with("instance_events"));
    }
    let first = head.text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    let names = |column: &str| first.contains(&format!("\"{column}\""));
    let is_event = first.starts_with('{') && ["time", "type", "collection_id"].into_iter().all(names);
    is_event || (head.has_columns(&NEEDED) && head.has_columns(&["instance_index"]))
}

fn is_shard(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.starts_with("instance_events") || file.starts_with("collection_events")
}

struct Google2019(Options);

impl Importer for Google2019 {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let options = self.0;
        let machine =
            Machine { cores: options.machine_cores.0, memory_gib: options.machine_memory_gib.0 };
        let stream = Stream::new(options.attempts, options.order);
        let mut reader = Reader { options, machine, users: FxHashMap::default(), stream };
        let others = Cell::new(0);
        let wanted = |name: &str| {
            let wanted = is_shard(name);
            others.set(others.get() + u64::from(!wanted));
            wanted
        };
        let mut last = (path.display().to_string(), 1);
        for_each_text(path, wanted, |member| {
            last.0 = member.lines.file().to_owned();
            last.1 = match member.name.ends_with(".csv") {
                true => reader.table(member.lines, tally)?,
                false => reader.lines(member.lines, tally)?,
            };
            Ok(())
        })?;
        if others.get() > 0 {
            tally.state("files_not_read", others.get());
        }
        reader.stream.finish(Place { file: &last.0, line: last.1 }, tally)
    }
}

struct Reader {
    options: Options,
    machine: Machine,
    /// The tenant of each collection.
    users: FxHashMap<u64, u32>,
    stream: Stream,
}

impl Reader {
    /// Reads JSON, and says how many lines there were.
    fn lines(&mut self, mut lines: Lines, tally: &mut Tally) -> Result<u64, ImportError> {
        let file = lines.file().to_owned();
        let mut last = 1;
        while let Some((number, line)) = lines.next_line()? {
            last = number;
            if line.is_empty() {
                continue;
            }
            tally.read();
            let row: Row = match serde_json::from_slice(line) {
                Ok(row) => row,
                Err(_) => return Err(explain(line, &file, number)),
            };
            let place = Place { file: &file, line: number };
            self.row(&row, place, tally, &|column, value, allowed| ImportError::Value {
                file: file.clone(),
                line: number,
                column: column.to_owned(),
                value,
                allowed: allowed.to_owned(),
            })?;
        }
        Ok(last)
    }

    /// Reads a flattened table, and says how many lines there were.
    fn table(&mut self, lines: Lines, tally: &mut Tally) -> Result<u64, ImportError> {
        let mut table = Table::with_header(lines, ',', &NEEDED, &OPTIONAL, OtherColumns::Ignore)?;
        if !table.has("type") && !table.has("instance_events_type") {
            let problem = "the header has neither `type` nor `instance_events_type`: one is needed".to_owned();
            return Err(table.refuse(table.line(), problem));
        }
        while table.next_row()? {
            tally.read();
            let row = flat_row(&table)?;
            let place = Place { file: table.file(), line: table.line() };
            self.row(&row, place, tally, &|column, _, allowed| table.wrong(column, allowed))?;
        }
        Ok(table.line())
    }

    fn row(
        &mut self,
        row: &Row,
        place: Place<'_>,
        tally: &mut Tally,
        wrong: &dyn Fn(&str, String, &str) -> ImportError,
    ) -> Result<(), ImportError> {
        let collection = u64::try_from(row.collection_id.0)
            .map_err(|_| wrong("collection_id", row.collection_id.0.to_string(), "0 to 2^63 - 1"))?;
        let Some(index) = row.instance_index else {
            return self.collection(collection, row, tally);
        };
        let time = u64::try_from(row.time.0).ok().filter(|&time| time <= LATEST || time == AFTER_THE_TRACE);
        let allowed = "0 to 2^53 microseconds, or 2^63 - 1 for after the trace";
        let time = time.ok_or_else(|| wrong("time", row.time.0.to_string(), allowed))?;
        let instance = u32::try_from(index.0)
            .map_err(|_| wrong("instance_index", index.0.to_string(), "0 to 2^32 - 1"))?;
        let is_reservation = row.collection_type.is_some_and(|kind| kind.0 == 1);
        let is_inside = row.alloc_collection_id.is_some_and(|alloc| alloc.0 != 0);
        let step = match row.kind.0 {
            0 => Ok(Step::Submitted),
            1 | 2 => Err("queue_or_enable"),
            3 => Ok(Step::Scheduled),
            4 | 5 => Ok(Step::Interrupted),
            6..=8 => Ok(Step::Ended),
            9 | 10 => Err("update"),
            other => return Err(wrong("type", other.to_string(), "an event from 0 (SUBMIT) to 10 (UPDATE_RUNNING)")),
        };
        let step = match self.options.allocs {
            Allocs::Reservations if is_inside => Err("inside_alloc"),
            Allocs::Instances if is_reservation => Err("alloc_reservation"),
            _ if time == AFTER_THE_TRACE => Err("after_the_trace"),
            _ => step,
        };
        let step = match step {
            Ok(step) => step,
            Err(reason) => {
                if time != AFTER_THE_TRACE {
                    self.stream.saw(time);
                }
                tally.drop_row(reason);
                return Ok(());
            }
        };
        let asked = self.asked(row, wrong)?;
        let priority = priority(row.priority.map_or(0, |priority| priority.0))
            .ok_or_else(|| wrong("priority", row.priority.map_or(0, |priority| priority.0).to_string(), "0 or more"))?;
        let machine = row.machine_id.map_or(0, |machine| u64::try_from(machine.0).unwrap_or(0));
        let tenant = self.tenant(collection, row);
        let told = Told { time, collection, machine, asked, instance, tenant, step, priority };
        self.stream.take(told, place, tally)
    }

    /// What a row asks for; nothing where it tells of no request.
    fn asked(
        &self,
        row: &Row,
        wrong: &dyn Fn(&str, String, &str) -> ImportError,
    ) -> Result<Option<Asked>, ImportError> {
        let Some(Request { cpus, memory }) = row.resource_request else { return Ok(None) };
        if cpus.is_none() && memory.is_none() {
            return Ok(None);
        }
        let (cpus, memory) = (cpus.unwrap_or(0.0), memory.unwrap_or(0.0));
        let asked = self.machine.parts(cpus, memory);
        let told = || format!("{cpus} cpus, {memory} memory");
        asked.map(Some).ok_or_else(|| {
            wrong("resource_request", told(), "parts of a machine that fit into 2^32 thousandths of a core and MiB")
        })
    }

    fn tenant(&mut self, collection: u64, row: &Row) -> u32 {
        match (self.users.get(&collection), &row.user) {
            (Some(&known), _) => known,
            (None, Some(user)) => self.stream.tenant(user),
            (None, None) => self.stream.tenant(""),
        }
    }

    /// A collection event: only who the user is.
    fn collection(&mut self, collection: u64, row: &Row, tally: &mut Tally) -> Result<(), ImportError> {
        if self.users.contains_key(&collection) {
            tally.drop_row("collection_state");
            return Ok(());
        }
        let tenant = self.stream.tenant(row.user.as_deref().unwrap_or_default());
        self.users.insert(collection, tenant);
        tally.keep();
        Ok(())
    }
}

/// Google's tiers.
fn priority(told: i64) -> Option<u8> {
    match told {
        0..100 => Some(0),
        100..116 => Some(1),
        116..120 => Some(2),
        120..360 => Some(3),
        360.. => Some(4),
        _ => None,
    }
}

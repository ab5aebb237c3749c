//! Jobs of the GAIA scheduler (ASPLOS 2024): `arrival_time`, `length` and `cpus`, resampled from Alibaba's and Azure's
//! traces.
//!
//! The lists of a hundred thousand jobs count hours, those of a thousand seconds, and nothing in them says so. Their
//! authors kept jobs from five minutes to three days: a length of up to 100 can only be hours and one of 300 or more only
//! seconds. The first row decides, and a row that disagrees is refused; the option `time_unit` states it instead.
//! Nothing is told of memory, users and waiting. No row is dropped.

use std::path::Path;

use serde::Deserialize;
use sim::workload::{Demand, TaskSpec, Workload};

use super::gather::{Gatherer, Place, cpu_milli_of};
use super::table::{OtherColumns, Table};
use super::text::Lines;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "jobs of the GAIA scheduler (arrival_time, length, cpus)";

const COLUMNS: [&str; 3] = ["arrival_time", "length", "cpus"];
const LONGEST_HOURS: f64 = 100.0;
const SHORTEST_SECONDS: f64 = 300.0;

/// How to read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What times count; without it, the first row decides.
    pub time_unit: Option<TimeUnit>,
}

/// What times count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Hours.
    Hours,
}

impl TimeUnit {
    fn seconds(self) -> f64 {
        match self {
            Self::Seconds => 1.0,
            Self::Hours => 3600.0,
        }
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    Gaia(options)
}

/// True when the first line names the columns and no others.
pub fn recognises(head: &Head) -> bool {
    head.entries.is_empty() && super::table::header(&head.text, ',') == COLUMNS
}

struct Gaia(Options);

impl Importer for Gaia {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut table = Table::with_header(Lines::open(path)?, ',', &COLUMNS, &[], OtherColumns::Refuse)?;
        let mut gatherer = Gatherer::new();
        let mut unit = self.0.time_unit;
        while table.next_row()? {
            tally.read();
            let length = table.number("length", 0.0..=9e9)?;
            let seen = match length {
                length if length <= LONGEST_HOURS => Some(TimeUnit::Hours),
                length if length >= SHORTEST_SECONDS => Some(TimeUnit::Seconds),
                _ => None,
            };
            let unit = *unit.get_or_insert(seen.ok_or_else(|| table.wrong("length", "up to 100 (hours) or 300 and more (seconds)"))?);
            if self.0.time_unit.is_none() && seen != Some(unit) {
                let allowed = format!("{unit:?}, as in the rows before; or state the option `time_unit`");
                return Err(table.wrong("length", &allowed.to_lowercase()));
            }
            let (submit, work) =
                (table.time("arrival_time", unit.seconds())?, table.duration("length", unit.seconds())?);
            let cores = table.number("cpus", 0.0..=4e6)?;
            let cpu_milli = cpu_milli_of(cores).ok_or_else(|| table.wrong("cpus", "up to 4,294,967 cores"))?;
            tally.keep();
            let task = TaskSpec { demand: Demand { cpu_milli, ..Demand::default() }, work, ..TaskSpec::default() };
            gatherer.task(Place { file: table.file(), line: table.line() }, submit, 0, task)?;
        }
        gatherer.finish(Place { file: table.file(), line: table.line() }, tally)
    }
}

//! Job lists of the Gavel scheduler (OSDI 2020): seven columns between tabs, without a header.
//!
//! Columns: job type, command, name of the argument that counts steps, whether data are needed, total steps, arrival in
//! seconds, scale factor (GPUs). The source counts *steps* and tells no run times: they follow from how many steps a second
//! a job type makes on the GPUs at hand, which the option `steps_per_second` states by job type, with
//! `other_steps_per_second` for all others. Without them the source is refused. The scale factor does not change the rate:
//! state the rate of the whole job.
//!
//! The kind of a job becomes its tenant. Nothing is told of cores, memory and waiting. No row is dropped.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use sim::workload::{Demand, JobSpec, TaskSpec, Workload};

use super::gang::{GpusPerHost, MOST_GPUS, whole_gpus};
use super::gather::{Gatherer, Place, duration_of};
use super::table::Table;
use super::text::{Lines, excerpt};
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "job lists of the Gavel scheduler (.trace); needs the option steps_per_second";

const COLUMNS: [&str; 7] =
    ["job type", "command", "steps argument", "needs data", "total steps", "arrival", "scale factor"];

/// How fast jobs are.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Steps a second, by job type.
    pub steps_per_second: BTreeMap<String, f64>,
    /// Steps a second of every other type; without it, another type is refused.
    pub other_steps_per_second: Option<f64>,
    /// GPUs of one host; 8 unless stated.
    pub gpus_per_host: GpusPerHost,
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    Gavel(options)
}

/// True when the first line has seven columns between tabs, the last three of which are numbers.
pub fn recognises(head: &Head) -> bool {
    let first = head.text.lines().next().unwrap_or_default();
    let columns: Vec<&str> = first.split('\t').collect();
    head.entries.is_empty()
        && columns.len() == COLUMNS.len() && columns[4..].iter().all(|column| column.trim().parse::<f64>().is_ok())
}

struct Gavel(Options);

impl Importer for Gavel {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut table = Table::without_header(Lines::open(path)?, '\t', &COLUMNS);
        let mut gatherer = Gatherer::new();
        while table.next_row()? {
            tally.read();
            let kind = table.text("job type");
            let rate = self.0.steps_per_second.get(kind).copied().or(self.0.other_steps_per_second);
            let Some(rate) = rate.filter(|rate| rate.is_finite() && *rate > 0.0) else {
                let problem = format!(
                    "no lifetimes: the source counts steps, and how many a second job type {:?} makes is not stated; allowed \
                     is a number above 0 in the option `steps_per_second`",
                    excerpt(kind)
                );
                return Err(table.refuse(table.line(), problem));
            };
            let steps = table.number("total steps", 0.0..=1e15)?;
            let work = duration_of(steps, 1.0 / rate)
                .ok_or_else(|| table.wrong("total steps", "a run time of up to 2^53 microseconds"))?;
            let submit = table.time("arrival", 1.0)?;
            let gpus = table.whole("scale factor", 1..=MOST_GPUS)?;
            tally.keep();
            let tenant = gatherer.tenant(kind);
            let tasks = self.0.gpus_per_host.split(gpus).map(|count| TaskSpec {
                demand: Demand { devices: whole_gpus(count), ..Demand::default() },
                work,
                ..TaskSpec::default()
            });
            let place = Place { file: table.file(), line: table.line() };
            gatherer.job(place, JobSpec { submit, tenant, is_gang: true }, tasks)?;
        }
        gatherer.finish(Place { file: table.file(), line: table.line() }, tally)
    }
}

//! Microsoft's Philly cluster of 2017 as one flat table (the derivation of Sia, SOSP 2023).
//!
//! Columns: `timestamp` (local time of the cluster, option `time_zone`), `duration` in seconds, `num_gpus`, `gpu_time`
//! (their product, passed over) and `cluster` (the virtual cluster: the tenant). Rows are not in order of time. A job of
//! more GPUs than one host holds is a gang. Nothing is told of cores, memory and waiting.
//!
//! Rows that are dropped, by reason: `no_gpus`.

use std::path::Path;

use serde::Deserialize;
use sim::workload::{Demand, JobSpec, TaskSpec, Workload};

use super::dates::{self, Zone};
use super::gang::{GpusPerHost, MOST_GPUS, whole_gpus};
use super::gather::{Gatherer, Place};
use super::table::{OtherColumns, Table};
use super::text::Lines;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "Microsoft's Philly cluster as one flat table (timestamp, duration, num_gpus)";

const COLUMNS: [&str; 5] = ["timestamp", "duration", "num_gpus", "gpu_time", "cluster"];

/// How to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The zone of the timestamps; Pacific time unless stated.
    pub time_zone: Zone,
    /// GPUs of one host; 8 unless stated.
    pub gpus_per_host: GpusPerHost,
}

impl Default for Options {
    fn default() -> Self {
        Self { time_zone: Zone(chrono_tz::America::Los_Angeles), gpus_per_host: GpusPerHost::default() }
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    PhillyCsv(options)
}

/// True when the first line names the columns.
pub fn recognises(head: &Head) -> bool {
    head.has_columns(&COLUMNS)
}

struct PhillyCsv(Options);

impl Importer for PhillyCsv {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut table = Table::with_header(Lines::open(path)?, ',', &COLUMNS, &[], OtherColumns::Ignore)?;
        let mut gatherer = Gatherer::new();
        while table.next_row()? {
            tally.read();
            let submit = dates::moment(table.text("timestamp"), self.0.time_zone);
            let submit = submit.ok_or_else(|| table.wrong("timestamp", dates::ALLOWED))?;
            let work = table.duration("duration", 1.0)?;
            let gpus = table.whole("num_gpus", 0..=MOST_GPUS)?;
            if gpus == 0 {
                tally.drop_row("no_gpus");
                continue;
            }
            tally.keep();
            let tenant = gatherer.tenant(table.text("cluster"));
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

//! Job lists of the Tiresias simulator (NSDI 2019) and those derived from it, such as Chronus' lists of Philly jobs.
//!
//! Columns: `job_id`, `num_gpu`, `submit_time`, `duration` in seconds; `user` (the tenant) where it is there. What else
//! stands there (iterations, model, deadlines) was made up by the authors of the lists and is passed over. A job of more
//! GPUs than one host holds is a gang. Nothing is told of cores, memory and waiting.
//!
//! Rows that are dropped, by reason: `no_gpus`.

use std::path::Path;

use serde::Deserialize;
use sim::workload::{Demand, JobSpec, TaskSpec, Workload};

use super::gang::{GpusPerHost, MOST_GPUS, whole_gpus};
use super::gather::{Gatherer, Place};
use super::table::{OtherColumns, Table};
use super::text::Lines;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "job lists of the Tiresias simulator and its kin (Chronus' lists of Philly jobs)";

const COLUMNS: [&str; 5] = ["job_id", "num_gpu", "submit_time", "duration", "interval"];

/// How jobs of many GPUs become tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// GPUs of one host; 8 unless stated.
    pub gpus_per_host: GpusPerHost,
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    Tiresias(options)
}

/// True when the first line names the columns.
pub fn recognises(head: &Head) -> bool {
    head.has_columns(&COLUMNS)
}

struct Tiresias(Options);

impl Importer for Tiresias {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut table = Table::with_header(Lines::open(path)?, ',', &COLUMNS, &["user"], OtherColumns::Ignore)?;
        let mut gatherer = Gatherer::new();
        while table.next_row()? {
            tally.read();
            let (submit, work) = (table.time("submit_time", 1.0)?, table.duration("duration", 1.0)?);
            let gpus = table.whole("num_gpu", 0..=MOST_GPUS)?;
            if gpus == 0 {
                tally.drop_row("no_gpus");
                continue;
            }
            tally.keep();
            let tenant = gatherer.tenant(table.text("user"));
            let tasks = self.0.gpus_per_host.split(gpus).map(|count| TaskSpec {
                demand: Demand { devices: whole_gpus(count), ..Demand::default() },
                work,
                name: Some(table.text("job_id").into()),
                ..TaskSpec::default()
            });
            let place = Place { file: table.file(), line: table.line() };
            gatherer.job(place, JobSpec { submit, tenant, is_gang: true }, tasks)?;
        }
        gatherer.finish(Place { file: table.file(), line: table.line() }, tally)
    }
}

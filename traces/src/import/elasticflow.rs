//! Jobs of Microsoft's ITP clusters in 2021, as ElasticFlow (Gu et al., ASPLOS 2023) publishes them.
//!
//! Columns: `job_id`, `submission_time` and `duration` in seconds, `num_gpu`; the derived lists (`195job.csv`) add
//! columns that were drawn at random and are passed over. A job asks for GPUs of any kind; the source tells nothing of
//! cores and memory, so it asks for none. A job of more GPUs than one host holds (options) is a gang of tasks of as
//! many GPUs each.
//!
//! The source records no waiting: every job began when it was submitted, and that is its recorded start.
//!
//! Rows that are dropped, by reason: `no_gpus` (`num_gpu` is 0).

use std::path::Path;

use serde::Deserialize;
use sim::workload::{Demand, JobSpec, Recorded, TaskSpec, Workload};

use super::gang::{GpusPerHost, MOST_GPUS, whole_gpus};
use super::gather::{Gatherer, Place};
use super::table::{OtherColumns, Table};
use super::text::Lines;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "GPU jobs of Microsoft's ITP clusters (ElasticFlow, clusterNN.csv)";

const COLUMNS: [&str; 4] = ["job_id", "submission_time", "duration", "num_gpu"];

/// How jobs of many GPUs become tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// GPUs of one host: a job of more is a gang of tasks of so many each; 8 unless stated.
    pub gpus_per_host: GpusPerHost,
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    ElasticFlow(options)
}

/// True when the first line names the columns.
pub fn recognises(head: &Head) -> bool {
    head.has_columns(&COLUMNS)
}

struct ElasticFlow(Options);

impl Importer for ElasticFlow {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let lines = Lines::open(path)?;
        let mut table = Table::with_header(lines, ',', &COLUMNS, &[], OtherColumns::Ignore)?;
        let mut gatherer = Gatherer::new();
        while table.next_row()? {
            tally.read();
            let (submit, work) = (table.time("submission_time", 1.0)?, table.duration("duration", 1.0)?);
            let gpus = table.whole("num_gpu", 0..=MOST_GPUS)?;
            if gpus == 0 {
                tally.drop_row("no_gpus");
                continue;
            }
            tally.keep();
            let tasks = self.0.gpus_per_host.split(gpus).map(|count| TaskSpec {
                demand: Demand { devices: whole_gpus(count), ..Demand::default() },
                work,
                name: Some(table.text("job_id").into()),
                recorded: Some(Recorded { start: submit, host: None }),
                ..TaskSpec::default()
            });
            let place = Place { file: table.file(), line: table.line() };
            gatherer.job(place, JobSpec { submit, tenant: 0, is_gang: true }, tasks)?;
        }
        gatherer.finish(Place { file: table.file(), line: table.line() }, tally)
    }
}

//! SenseTime's Helios clusters (Earth, Saturn, Uranus, Venus) of 2020: `cluster_log.csv`.
//!
//! No real rows are at hand: built from the published layout. Columns: `job_id`, `user`, `vc` (virtual cluster: the tenant),
//! `gpu_num`, `cpu_num`, `node_num`, `state`, `submit_time`, `start_time`, `end_time`, `duration`, `queue` (the last two
//! follow from the times). Times are local without a zone (option `time_zone`, China unless stated). A job runs from
//! start to end whatever its state; `gpu_num` 0 is a job of cores alone. A job of several nodes is a gang, its GPUs and
//! cores shared out evenly. Memory is not told.
//!
//! Rows that are dropped, by reason: `never_started`, `not_ended`, `ends_before_start`, `starts_before_submission`,
//! `nothing_requested`.

use std::path::Path;

use serde::Deserialize;
use sim::workload::Workload;

use super::dates::Zone;
use super::gang::GpusPerHost;
use super::slurm_table::{self, COLUMNS, MEMORY, Reading};
use super::table::{OtherColumns, Table};
use super::text::Lines;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "SenseTime's Helios GPU clusters of 2020 (cluster_log.csv)";

/// How to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The zone of times without an offset; China unless stated.
    pub time_zone: Zone,
    /// GPUs of one host; 8 unless stated.
    pub gpus_per_host: GpusPerHost,
}

impl Default for Options {
    fn default() -> Self {
        Self { time_zone: Zone(chrono_tz::Asia::Shanghai), gpus_per_host: GpusPerHost::default() }
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    Helios(options)
}

/// True when the first line names the columns.
pub fn recognises(head: &Head) -> bool {
    head.has_columns(&COLUMNS) && head.has_columns(&["vc"])
}

struct Helios(Options);

impl Importer for Helios {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let optional = [MEMORY, "vc"];
        let table = Table::with_header(Lines::open(path)?, ',', &COLUMNS, &optional, OtherColumns::Ignore)?;
        let Options { time_zone, gpus_per_host } = self.0;
        slurm_table::read(table, Reading { time_zone, gpus_per_host, tenant: "vc" }, tally)
    }
}

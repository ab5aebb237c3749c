//! Shanghai AI Laboratory's Acme clusters (Seren, Kalos) of 2023: `trace_seren.csv`, `trace_kalos.csv`.
//!
//! No real rows of jobs are at hand: built from the published layout. Columns: `job_id`, `user` (the tenant), `node_num`, `gpu_num`,
//! `cpu_num`, `type`, `state`, `submit_time`, `start_time`, `end_time`, `duration`, `queue`, `gpu_time`; Kalos adds
//! `mem_per_pod_GB` (memory of each task) and columns that are passed over. Times bear their offset; those without are
//! local (option `time_zone`, China unless stated). A job of several nodes is a gang.
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
pub const HELP: &str = "Shanghai AI Laboratory's Acme GPU clusters of 2023 (trace_seren.csv, trace_kalos.csv)";

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
    Acme(options)
}

/// True when the first line names the columns.
pub fn recognises(head: &Head) -> bool {
    head.has_columns(&COLUMNS) && head.has_columns(&["type"])
}

struct Acme(Options);

impl Importer for Acme {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let optional = [MEMORY, "type"];
        let table = Table::with_header(Lines::open(path)?, ',', &COLUMNS, &optional, OtherColumns::Ignore)?;
        let Options { time_zone, gpus_per_host } = self.0;
        slurm_table::read(table, Reading { time_zone, gpus_per_host, tenant: "user" }, tally)
    }
}

//! What the job tables of Helios and Acme have in common: one row per job with its nodes, GPUs, cores, and when it was
//! submitted, started and ended.

use sim::kernel::time::SimTime;
use sim::workload::{Demand, JobSpec, Recorded, TaskSpec, Workload};

use super::dates::{self, Zone};
use super::gang::{GpusPerHost, MOST_GPUS, whole_gpus};
use super::gather::{Gatherer, Place, memory_mib_of};
use super::table::Table;
use super::{ImportError, Tally};

/// The columns that both have.
pub(super) const COLUMNS: [&str; 10] = [
    "job_id",
    "user",
    "node_num",
    "gpu_num",
    "cpu_num",
    "state",
    "submit_time",
    "start_time",
    "end_time",
    "duration",
];

/// Gigabytes of memory for each node of a job, where the table tells.
pub(super) const MEMORY: &str = "mem_per_pod_GB";

/// How such a table is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) time_zone: Zone,
    pub(super) gpus_per_host: GpusPerHost,
    /// The column whose values are tenants.
    pub(super) tenant: &'static str,
}

/// Reads all rows. Rows that are dropped, by reason: `never_started` (no start), `not_ended` (no end), `ends_before_start`,
/// `starts_before_submission`, `nothing_requested` (neither GPUs nor cores).
pub(super) fn read(mut table: Table, reading: Reading, tally: &mut Tally) -> Result<Workload, ImportError> {
    let mut gatherer = Gatherer::new();
    while table.next_row()? {
        tally.read();
        match job(&table, reading, &mut gatherer)? {
            Ok(()) => tally.keep(),
            Err(reason) => tally.drop_row(reason),
        }
    }
    gatherer.finish(Place { file: table.file(), line: table.line() }, tally)
}

/// The outer error is a refusal, the inner one the reason why the row is dropped.
fn job(
    table: &Table,
    reading: Reading,
    gatherer: &mut Gatherer,
) -> Result<Result<(), &'static str>, ImportError> {
    let time = |column| match table.text(column) {
        "" | "None" | "Unknown" => Ok(None),
        text => dates::moment(text, reading.time_zone)
            .map(Some)
            .ok_or_else(|| table.wrong(column, dates::ALLOWED)),
    };
    let submit: Option<SimTime> = time("submit_time")?;
    let submit = submit.ok_or_else(|| table.wrong("submit_time", dates::ALLOWED))?;
    let (start, end) = (time("start_time")?, time("end_time")?);
    let gpus = table.whole("gpu_num", 0..=MOST_GPUS)?;
    let cores = table.number("cpu_num", 0.0..=4e6)?;
    let nodes = table.whole("node_num", 0..=MOST_GPUS)?;
    let (start, end) = match (start, end) {
        (None, _) => return Ok(Err("never_started")),
        (_, None) => return Ok(Err("not_ended")),
        (Some(start), _) if start < submit => return Ok(Err("starts_before_submission")),
        (Some(start), Some(end)) if end < start => return Ok(Err("ends_before_start")),
        (Some(start), Some(end)) => (start, end),
    };
    if gpus == 0 && cores == 0.0 {
        return Ok(Err("nothing_requested"));
    }
    let per_task = match gpus {
        // Cores alone are shared out over the nodes.
        0 => vec![0; nodes.max(1) as usize],
        _ => reading.gpus_per_host.split_over(gpus, nodes),
    };
    let tasks = per_task.len() as u64;
    let milli = (cores * 1000.0).round() as u64;
    let memory_mib = match table.text(MEMORY) {
        "" => 0,
        text => text
            .parse()
            .ok()
            .and_then(|gigabytes| memory_mib_of(gigabytes, 1e9))
            .ok_or_else(|| table.wrong(MEMORY, "gigabytes"))?,
    };
    let tenant = gatherer.tenant(table.text(reading.tenant));
    let specs = per_task.into_iter().zip(0..).map(|(count, index)| TaskSpec {
        demand: Demand {
            // What cannot be shared evenly goes to the first ones, so that the sum is what was asked for.
            cpu_milli: (milli / tasks + u64::from(index < milli % tasks)) as u32,
            memory_mib,
            devices: whole_gpus(count),
            ..Demand::default()
        },
        work: end.since(start),
        name: Some(table.text("job_id").into()),
        recorded: Some(Recorded { start, host: None }),
        ..TaskSpec::default()
    });
    let place = Place { file: table.file(), line: table.line() };
    gatherer.job(place, JobSpec { submit, tenant, is_gang: true }, specs)?;
    Ok(Ok(()))
}

//! Instances of disaggregated recommendation models in Alibaba's trace of 2025 (`disaggregated_DLRM_trace.csv`; Yang et
//! al., NSDI 2025).
//!
//! Columns that are read: `instance_sn` (the name), `app_name` (the tenant), `cpu_request` (cores), `gpu_request`,
//! `memory_request` (GiB), `creation_time`, `scheduled_time` (the recorded start) and `deletion_time`, in seconds. An
//! instance is submitted when it was created and runs from when it was scheduled until it was deleted. Without a creation
//! it was there when the trace began (`present_at_start`); without a deletion it outlasted the trace: it is censored, with
//! what was seen of it until the last moment of the file. One that was created and never scheduled waits as long as it was
//! kept. All are latency sensitive: priority 3.
//!
//! Shares of network cards (`rdma_request`), disks, and how many instances of an application a node may hold
//! (`max_instance_per_node`) are not modelled: rows that state a limit are counted (`limited_per_node`).
//!
//! Rows that are dropped, by reason: `scheduled_before_created`, `deleted_before_scheduled`.

use std::path::Path;

use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};
use sim::resources::MAX_DEVICES_PER_HOST;
use sim::workload::{Demand, Recorded, TaskSpec, Workload};

use super::gang::whole_gpus;
use super::gather::{GIB, Gatherer, Place, cpu_milli_of, memory_mib_of};
use super::table::{OtherColumns, Table};
use super::text::Lines;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "instances of Alibaba's recommendation models of 2025 (disaggregated_DLRM_trace.csv)";

const COLUMNS: [&str; 9] = [
    "instance_sn",
    "app_name",
    "cpu_request",
    "gpu_request",
    "memory_request",
    "max_instance_per_node",
    "creation_time",
    "scheduled_time",
    "deletion_time",
];
const LATENCY_SENSITIVE: u8 = 3;

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {}

/// The importer.
pub fn importer(_: Options) -> impl Importer {
    AlibabaGpu2025
}

/// True when the first line names the columns.
pub fn recognises(head: &Head) -> bool {
    head.has_columns(&COLUMNS)
}

struct AlibabaGpu2025;

/// An instance, whose end may be the trace's.
struct Instance {
    created: SimTime,
    scheduled: Option<SimTime>,
    deleted: Option<SimTime>,
    tenant: u32,
    demand: Demand,
    name: Box<str>,
    line: u64,
}

impl Importer for AlibabaGpu2025 {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut table = Table::with_header(Lines::open(path)?, ',', &COLUMNS, &[], OtherColumns::Ignore)?;
        let mut gatherer = Gatherer::new();
        let mut instances = Vec::new();
        let mut last = SimTime::ZERO;
        while table.next_row()? {
            tally.read();
            let instance = Instance::read(&table, &mut gatherer)?;
            let began = instance.scheduled.unwrap_or(instance.created);
            if began < instance.created {
                tally.drop_row("scheduled_before_created");
            } else if instance.deleted.is_some_and(|deleted| deleted < began) {
                tally.drop_row("deleted_before_scheduled");
            } else {
                tally.keep();
                if table.text("creation_time").is_empty() {
                    tally.count("present_at_start");
                }
                if table.text("max_instance_per_node") != "-1" {
                    tally.count("limited_per_node");
                }
                last = last.max(instance.deleted.unwrap_or(began));
                instances.push(instance);
            }
        }
        for instance in instances {
            let place = Place { file: table.file(), line: instance.line };
            let (submit, tenant) = (instance.created, instance.tenant);
            gatherer.task(place, submit, tenant, instance.task(last))?;
        }
        gatherer.finish(Place { file: table.file(), line: table.line() }, tally)
    }
}

impl Instance {
    fn read(table: &Table, gatherer: &mut Gatherer) -> Result<Self, ImportError> {
        let time = |column: &str| match table.text(column) {
            "" => Ok(None),
            _ => table.time(column, 1.0).map(Some),
        };
        let created = time("creation_time")?;
        let scheduled = time("scheduled_time")?;
        let name = table.text("instance_sn");
        if name.is_empty() {
            return Err(table.wrong("instance_sn", "a name that is not empty"));
        }
        let cpu_milli = cpu_milli_of(table.number("cpu_request", 0.0..=1e6)?);
        let memory_mib = memory_mib_of(table.number("memory_request", 0.0..=1e6)?, GIB);
        Ok(Self {
            created: created.unwrap_or(SimTime::ZERO),
            // Of those that were there already, when they were scheduled is not told.
            scheduled: scheduled.or(if created.is_none() { Some(SimTime::ZERO) } else { None }),
            deleted: time("deletion_time")?,
            tenant: gatherer.tenant(table.text("app_name")),
            demand: Demand {
                cpu_milli: cpu_milli.ok_or_else(|| table.wrong("cpu_request", "a number of cores"))?,
                memory_mib: memory_mib.ok_or_else(|| table.wrong("memory_request", "a number of GiB"))?,
                devices: whole_gpus(table.whole("gpu_request", 0..=MAX_DEVICES_PER_HOST as u8)?),
                priority: LATENCY_SENSITIVE,
                ..Demand::default()
            },
            name: name.into(),
            line: table.line(),
        })
    }

    /// The task, in a trace that ends at `last`.
    fn task(self, last: SimTime) -> TaskSpec {
        let work = self.deleted.unwrap_or(last).since(self.scheduled.unwrap_or(self.created));
        TaskSpec {
            demand: self.demand,
            work,
            patience: Some(work).filter(|&kept| self.scheduled.is_none() && kept > SimDuration::ZERO),
            is_censored: self.deleted.is_none(),
            name: Some(self.name),
            recorded: self.scheduled.map(|start| Recorded { start, host: None }),
            ..TaskSpec::default()
        }
    }
}

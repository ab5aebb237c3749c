//! Alibaba's GPU cluster trace of 2023 ("openb"): lists of pods and of nodes.
//!
//! A pod list states for each pod what it asks for and, in seconds, when it was created, scheduled and
//! deleted. A pod is submitted when it was created and runs for as long as it lived after it was scheduled.
//! A pod that was never scheduled waits as long as it was kept; where it finds room it starts and lives as
//! long as it was kept. A pod still running at the latest deletion time of the file outlasted the trace.
//! The first pod created is submitted at 0; the origin is its creation time. All pods are of one tenant.
//!
//! `priority` is the quality of service: `BE` and `BestEffort` 0, `Burstable` 1, `Guaranteed` 2, `LS`
//! (latency sensitive) 3; where the column is missing it is 0.
//!
//! The lists with several GPUs per pod (`multigpu*`) have no times: they describe how a cluster is filled.
//! They import as one task per second in the order of the file, each of which never ends (censored, with
//! no work seen).
//!
//! Rows that are dropped, by reason: `deleted_before_created`, `scheduled_before_created`,
//! `deleted_before_scheduled`.

use std::path::Path;

use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};
use sim::resources::{DeviceClass, MAX_DEVICES_PER_HOST, WHOLE_DEVICE};
use sim::workload::{Demand, DeviceDemand, JobSpec, Recorded, TaskSpec, Workload, WorkloadBuilder};

use super::table::Table;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "pod lists of Alibaba's GPU cluster trace of 2023 (openb_pod_list_*.csv)";

const REQUIRED: [&str; 5] = ["name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli"];
const TIMES: [&str; 4] = ["pod_phase", "creation_time", "deletion_time", "scheduled_time"];
const OPTIONAL: [&str; 6] = ["gpu_spec", "qos", TIMES[0], TIMES[1], TIMES[2], TIMES[3]];
const PHASES: [&str; 5] = ["Pending", "Running", "Succeeded", "Failed", "Unknown"];
const MOST_DEVICES: u8 = MAX_DEVICES_PER_HOST as u8;

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {}

/// The importer.
pub fn importer(_: Options) -> impl Importer {
    Openb
}

/// True when the first line names the columns of a pod list.
pub fn recognises(head: &Head) -> bool {
    head.has_columns(&REQUIRED)
}

struct Openb;

impl Importer for Openb {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut table = Table::open(path, &REQUIRED, &OPTIONAL)?;
        let is_timed = TIMES.iter().any(|column| table.has(column));
        if is_timed {
            table.require(&TIMES)?;
        }
        let mut pods = Vec::new();
        while table.next_row()? {
            tally.read();
            let demand = demand(&table)?;
            let name: Box<str> = table.text("name").into();
            if name.is_empty() {
                return Err(table.wrong("name", "a name that is not empty"));
            }
            let life = if is_timed {
                Life::read(&table)?
            } else {
                let seconds = SimDuration(1_000_000 * (tally.rows_read() - 1));
                Ok(Life { created: SimTime::ZERO + seconds, ..Life::endless() })
            };
            match life {
                Ok(life) => {
                    tally.keep();
                    pods.push(Pod { demand, name, life, line: table.line() });
                }
                Err(reason) => tally.drop_row(reason),
            }
        }
        if tally.rows_read() == 0 {
            return Err(table.refuse(table.line(), "nothing follows the header: rows are expected".to_owned()));
        }
        workload(pods, table.file())
    }
}

struct Pod {
    demand: Demand,
    name: Box<str>,
    life: Life,
    line: u64,
}

/// When a pod lived.
struct Life {
    created: SimTime,
    deleted: SimTime,
    work: SimDuration,
    patience: Option<SimDuration>,
    scheduled: Option<SimTime>,
    /// It ran when it was deleted; at the end of the trace, it outlasted the trace.
    is_running: bool,
}

impl Life {
    /// A life that nothing is known of but that it does not end.
    fn endless() -> Self {
        let created = SimTime::ZERO;
        Self { created, deleted: SimTime::MAX, work: SimDuration::ZERO, patience: None, scheduled: None, is_running: true }
    }

    /// The outer error is a refusal, the inner one the reason why the row is dropped.
    fn read(table: &Table) -> Result<Result<Self, &'static str>, ImportError> {
        let time = |column| {
            let seconds = table.text(column).parse().ok();
            let time = seconds.and_then(SimTime::from_seconds);
            time.ok_or_else(|| table.wrong(column, "seconds, from 0 to 2^53 microseconds"))
        };
        let phase = table.text("pod_phase");
        if !PHASES.contains(&phase) {
            return Err(table.wrong("pod_phase", &format!("one of {}", PHASES.join(", "))));
        }
        let (created, deleted) = (time("creation_time")?, time("deletion_time")?);
        let scheduled = match table.text("scheduled_time") {
            "" => None,
            _ => Some(time("scheduled_time")?),
        };
        if deleted < created {
            return Ok(Err("deleted_before_created"));
        }
        let (work, patience) = match scheduled {
            Some(scheduled) if scheduled < created => return Ok(Err("scheduled_before_created")),
            Some(scheduled) if deleted < scheduled => return Ok(Err("deleted_before_scheduled")),
            Some(scheduled) => (deleted.since(scheduled), None),
            None => {
                let kept = deleted.since(created);
                // A pod that was deleted in the second of its creation was not waited for.
                (kept, Some(kept).filter(|&kept| kept > SimDuration::ZERO))
            }
        };
        Ok(Ok(Self { created, deleted, work, patience, scheduled, is_running: phase == "Running" }))
    }
}

fn demand(table: &Table) -> Result<Demand, ImportError> {
    Ok(Demand {
        cpu_milli: table.whole("cpu_milli", 0..=u32::MAX)?,
        memory_mib: table.whole("memory_mib", 0..=u32::MAX)?,
        devices: devices(table)?,
        features: Vec::new(),
        priority: match table.text("qos") {
            "BE" | "BestEffort" => 0,
            "Burstable" => 1,
            "Guaranteed" => 2,
            "LS" => 3,
            "" if !table.has("qos") => 0,
            _ => return Err(table.wrong("qos", "one of BE, BestEffort, Burstable, Guaranteed, LS")),
        },
    })
}

fn devices(table: &Table) -> Result<Option<DeviceDemand>, ImportError> {
    let count = table.whole("num_gpu", 0..=MOST_DEVICES)?;
    let spec = table.text("gpu_spec");
    let range = match count {
        0 => 0..=0,
        1 => 1..=WHOLE_DEVICE,
        _ => WHOLE_DEVICE..=WHOLE_DEVICE,
    };
    let milli_each = table.text("gpu_milli").parse().ok().filter(|milli| range.contains(milli));
    let Some(milli_each) = milli_each else {
        let allowed = "0 without a GPU, 1 to 1000 with one GPU, 1000 with several";
        return Err(table.wrong("gpu_milli", &format!("{allowed}; num_gpu is {count}")));
    };
    if count == 0 {
        return match spec {
            "" => Ok(None),
            _ => Err(table.wrong("gpu_spec", "nothing where num_gpu is 0")),
        };
    }
    let mut kinds: Vec<String> = Vec::new();
    if !spec.is_empty() {
        kinds.extend(spec.split('|').map(|kind| kind.trim().to_owned()));
    }
    if kinds.iter().any(String::is_empty) {
        return Err(table.wrong("gpu_spec", "nothing, or models with one '|' between them"));
    }
    Ok(Some(DeviceDemand { class: DeviceClass::Gpu, count, milli_each, memory_mib_each: 0, kinds }))
}

fn workload(mut pods: Vec<Pod>, file: &str) -> Result<Workload, ImportError> {
    pods.sort_by_key(|pod| pod.life.created);
    let origin = pods.first().map_or(SimTime::ZERO, |pod| pod.life.created);
    let latest = pods.iter().map(|pod| pod.life.deleted).max();
    let mut builder = WorkloadBuilder::new();
    builder.set_origin(origin);
    for Pod { demand, name, life, line } in pods {
        let submit = SimTime::ZERO + life.created.since(origin);
        let task = TaskSpec {
            demand,
            work: life.work,
            estimate: None,
            patience: life.patience,
            is_censored: life.is_running && Some(life.deleted) == latest,
            usage: Vec::new(),
            name: Some(name),
            recorded: life.scheduled.map(|scheduled| Recorded { start: submit + scheduled.since(life.created), host: None }),
        };
        builder
            .add_task(JobSpec { submit, tenant: 0, is_gang: false }, task)
            .map_err(|source| ImportError::Task { file: file.to_owned(), line, source })?;
    }
    Ok(builder.finish())
}

/// A row of a node list: one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// As the trace names it.
    pub name: String,
    /// Thousandths of a core.
    pub cpu_milli: u32,
    /// Mebibytes.
    pub memory_mib: u32,
    /// How many GPUs it has.
    pub gpu_count: u8,
    /// Their model; `None` without GPUs.
    pub gpu_model: Option<String>,
}

/// Reads a list of nodes (`openb_node_list_*.csv`), in the order of the file.
///
/// # Errors
/// When the file is no node list, with the line and the column.
pub fn read_nodes(path: &Path) -> Result<Vec<NodeRow>, ImportError> {
    let mut table = Table::open(path, &["sn", "cpu_milli", "memory_mib", "gpu", "model"], &[])?;
    let mut nodes = Vec::new();
    while table.next_row()? {
        let gpu_count = table.whole("gpu", 0..=MOST_DEVICES)?;
        let model = table.text("model");
        if model.is_empty() != (gpu_count == 0) {
            return Err(table.wrong("model", "a model where there are GPUs, and nothing where there are none"));
        }
        let name = table.text("sn");
        if name.is_empty() {
            return Err(table.wrong("sn", "a name that is not empty"));
        }
        nodes.push(NodeRow {
            name: name.to_owned(),
            cpu_milli: table.whole("cpu_milli", 1..=u32::MAX)?,
            memory_mib: table.whole("memory_mib", 1..=u32::MAX)?,
            gpu_count,
            gpu_model: Some(model.to_owned()).filter(|model| !model.is_empty()),
        });
    }
    if nodes.is_empty() {
        return Err(table.refuse(table.line(), "nothing follows the header: rows are expected".to_owned()));
    }
    Ok(nodes)
}

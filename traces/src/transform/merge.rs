//! Several workloads as one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{
    Demand, JobSpec, MixEntry, Recorded, TaskSpec, Workload, WorkloadBuilder, WorkloadError,
};

use super::TransformError;

const NAME: &str = "merge";

/// How the clocks of several workloads are laid upon each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// All begin at the same moment; the origin is that of the first.
    #[default]
    Begin,
    /// By their sources' clocks: who began later comes later. The origin is the earliest.
    Origin,
}

/// Puts workloads together. Their tenants are kept apart: those of the second are numbered behind those of the first,
/// and so on. Jobs of the same moment keep the order of the workloads. The mix is that of all, by their numbers of tasks.
///
/// # Errors
/// When there is no workload, there are too many tenants, or a workload would end too late.
pub fn merge(workloads: &[&Workload], align: Align) -> Result<Workload, TransformError> {
    let refuse = |source| TransformError::Workload { transform: NAME, source };
    let Some(first) = workloads.first() else {
        return Err(TransformError::NothingLeft {
            transform: NAME,
            jobs: 0,
            advice: "name at least one workload",
        });
    };
    let earliest = workloads.iter().map(|one| one.origin()).min().unwrap_or_default();
    let mut builder = WorkloadBuilder::new();
    builder.set_origin(if align == Align::Begin { first.origin() } else { earliest });
    builder.set_mix(mix(workloads));
    let mut tenants = 0_u32;
    for workload in workloads {
        let later = match align {
            Align::Begin => SimDuration::ZERO,
            Align::Origin => workload.origin().since(earliest),
        };
        tenants = add(&mut builder, workload, later, tenants).map_err(refuse)?.ok_or_else(|| {
            TransformError::Option {
                transform: NAME,
                key: "tenants",
                value: "a tenant number beyond 2^32".to_owned(),
                allowed: "fewer tenants in all".to_owned(),
            }
        })?;
    }
    Ok(builder.finish())
}

/// Adds a workload; the number behind its last tenant comes back, or nothing where there are no more numbers.
fn add(
    builder: &mut WorkloadBuilder,
    workload: &Workload,
    later: SimDuration,
    first_tenant: u32,
) -> Result<Option<u32>, WorkloadError> {
    let most = workload.jobs().map(|job| workload.tenant(job).0).max();
    let Some(next_tenant) =
        most.map_or(Some(first_tenant), |most| first_tenant.checked_add(most)?.checked_add(1))
    else {
        return Ok(None);
    };
    let first_task = builder.task_count() as u32;
    for job in workload.jobs() {
        let JobSpec { submit, tenant, is_gang } = workload.job_spec(job);
        let moved = |recorded: Recorded| Recorded { start: recorded.start + later, ..recorded };
        let tasks = workload.job_tasks(job).map(|task| {
            let spec = workload.task_spec(task);
            TaskSpec { recorded: spec.recorded.map(moved), ..spec }
        });
        let submit: SimTime = submit + later;
        builder.add_job(JobSpec { submit, tenant: first_tenant + tenant, is_gang }, tasks)?;
    }
    for &(task, on) in workload.dependencies() {
        builder.add_dependency(first_task + task.0, first_task + on.0)?;
    }
    Ok(Some(next_tenant))
}

fn mix(workloads: &[&Workload]) -> Vec<MixEntry> {
    let total = workloads.iter().map(|one| one.task_count()).sum::<usize>().max(1) as f64;
    let mut entries: Vec<MixEntry> = Vec::new();
    let mut known: BTreeMap<Demand, usize> = BTreeMap::new();
    for workload in workloads {
        let weight = workload.task_count() as f64 / total;
        for MixEntry { demand, share } in workload.mix() {
            match known.get(demand) {
                Some(&index) => entries[index].share += share * weight,
                None => {
                    known.insert(demand.clone(), entries.len());
                    entries.push(MixEntry { demand: demand.clone(), share: share * weight });
                }
            }
        }
    }
    entries.sort_by(|one, other| other.share.total_cmp(&one.share));
    entries
}

//! The rules of a scenario: what the engine does that is no policy's decision.

use serde::{Deserialize, Serialize};

use crate::effects::Behaviours;
use crate::kernel::time::{SimDuration, SimTime};
use crate::models::facility::Facility;
use crate::models::migration::Migration;
use crate::models::topology_manager::TopologyManager;
use crate::resources::Resources;

/// Which of two events of one instant takes effect first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventOrder {
    /// What ends makes room before what comes is counted.
    #[default]
    ReleasesFirst,
    /// As some published programs have it.
    ArrivalsFirst,
}

/// When the engine asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecideAfter {
    /// After all events of an instant have taken effect.
    #[default]
    EachInstant,
    /// After each single event, as some published programs do.
    EachEvent,
}

/// What becomes of a task for which there is no place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenNoPlace {
    /// It waits.
    #[default]
    Wait,
    /// It leaves at once.
    Reject,
}

/// What becomes of the work that an evicted task has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterEviction {
    /// It is lost: the task starts from the beginning.
    #[default]
    Restart,
    /// It is kept: the task goes on where it was.
    Resume,
}

/// When it is asked what to change. It is asked at the start of the episode too.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rebalancing {
    /// Every so often.
    pub period: SimDuration,
    /// When the first period has passed.
    pub first: SimTime,
    /// When the use of a host rises above this share of its cpu.
    pub overload: Option<f64>,
    /// When the use of a host that holds tasks falls below this share of its cpu.
    pub underload: Option<f64>,
    /// When a task finds no place.
    pub no_place: bool,
}

/// How energy and service levels are accounted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accounting {
    /// Power is integrated from event to event.
    #[default]
    Exact,
    /// As CloudSim 3.0.3 does in its PlanetLab examples: see [`crate::metrics::consolidation`].
    #[serde(rename = "cloudsim_3")]
    Cloudsim3,
}

/// All rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Which of two events of one instant takes effect first.
    pub event_order: EventOrder,
    /// When the engine asks.
    pub decide_after: DecideAfter,
    /// What becomes of a task for which there is no place.
    pub when_no_place: WhenNoPlace,
    /// What becomes of the work that an evicted task has done.
    pub after_eviction: AfterEviction,
    /// The episode ends here, whatever still waits or runs; `None` when nothing more can happen.
    pub horizon: Option<SimTime>,
    /// The building.
    pub facility: Facility,
    /// When it is asked what to change; `None` for never.
    pub rebalancing: Option<Rebalancing>,
    /// What moving a running task costs.
    pub migration: Migration,
    /// How much of the time of tasks waits for the cpu, 0 to 1: what a lower frequency makes longer.
    pub cpu_bound: CpuBound,
    /// How energy and service levels are accounted for.
    pub accounting: Accounting,
    /// What the agents on hosts make of a placement; `None`: what the scheduler said.
    pub topology_manager: Option<TopologyManager>,
    /// What becomes of a task that was turned away, or ran out of the memory of its devices.
    pub turned_away: TurnedAway,
    /// Which tasks are split over the NUMA nodes of a host; `None`: whoever places them decides, and a task that spans several
    /// nodes takes from each what is free there.
    pub numa_split: Option<NumaSplit>,
    /// What work does to the machine it runs on.
    pub behaviours: Behaviours,
    /// The most cpu that a task may use, as a multiple of what it asked for (the limit of a container, as
    /// `cpu.max` sets it); `None` for no limit.
    pub cpu_quota: Option<f64>,
}

/// Large tasks are split evenly over all NUMA nodes of their host, all others come from one node: how a hypervisor gives
/// guests virtual NUMA nodes (Huawei's, as VMAgent has it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumaSplit {
    /// Tasks that ask for more memory than this are large, in mebibytes.
    pub above_memory_mib: u32,
}

impl NumaSplit {
    /// True when a task that asks for so much is split.
    pub fn splits(self, need: Resources) -> bool {
        need.memory_mib > self.above_memory_mib
    }

    /// What one of `count` nodes gives to a task that is split: even parts, the rest from the first ones.
    pub fn part(need: Resources, count: usize, node: usize) -> Resources {
        let part = |total: u32| {
            let (count, node) = (count as u32, node as u32);
            total / count + u32::from(node < total % count)
        };
        Resources { cpu_milli: part(need.cpu_milli), memory_mib: part(need.memory_mib) }
    }
}

/// What becomes of a task that its host has not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnedAway {
    /// It waits until something is released that could help it, as if it had found no place: somebody submits it again.
    #[default]
    Waits,
    /// It has failed for good, as a pod has that nothing looks after.
    Leaves,
}

/// A share from 0 to 1; all of it unless stated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CpuBound(pub f64);

impl Default for CpuBound {
    fn default() -> Self {
        Self(1.0)
    }
}

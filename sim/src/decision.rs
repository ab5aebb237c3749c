//! The questions that the engine asks, and the answers it takes.
//!
//! Three questions are asked: *which next?*, *where?*, and, where the rules say so, *what to change?* of what runs and
//! of the hosts.

use crate::control::Governor;
use crate::kernel::ids::{HostId, TaskId};
use crate::kernel::time::SimTime;
use crate::resources::{DeviceSet, Resources};

/// A question. It stays open until an answer to it was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Which waiting task next? Answers: `Select`, `Defer` for none now, or `DeferUntil` for none before a time.
    Order,
    /// Where does this task go? Answers: `Place`, `Defer` (it goes on waiting), `Reject`, `Evict`.
    Place {
        /// The task that was selected, or a member of the gang that was.
        task: TaskId,
    },
    /// What to change? Answers: `Migrate`, `CancelMigration`, `Sleep`, `Wake`, `Govern`, `Cap`, `Resize`, as many as
    /// wanted: the question stays open until it is answered with `Defer`, which says that nothing else is to change.
    Rebalance {
        /// Why it is asked now.
        cause: Occasion,
    },
}

/// Why it is asked what to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// The episode has begun, and whatever came in its first instant has been placed.
    Start,
    /// The period has passed.
    Period,
    /// A task was asked about and found no place.
    NoPlace,
    /// The use of a host has risen above, or fallen below, what the rules watch for.
    Load,
}

/// Which NUMA nodes of the host give cpu and memory.
///
/// A single node gives all. Several give in order of their position: each what it has free, until the need is
/// met (cpu and memory separately). Amounts need not be stated, because this rule fixes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NumaShare(pub u8);

impl NumaShare {
    /// The node at this position gives all.
    pub const fn node(position: usize) -> Self {
        Self(1 << position)
    }

    /// The first `count` nodes.
    pub const fn first(count: usize) -> Self {
        Self(((1_u16 << count) - 1) as u8)
    }

    /// The positions of the nodes, in order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        DeviceSet(u32::from(self.0)).iter()
    }
}

/// Where a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Placement {
    /// What runs.
    pub task: TaskId,
    /// On which host.
    pub host: HostId,
    /// Which NUMA nodes give cpu and memory.
    pub numa: NumaShare,
    /// Which devices, by their position on the host.
    pub devices: DeviceSet,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This waiting task is next. Of a gang, any member stands for all.
    Select(TaskId),
    /// The task goes here.
    Place(Placement),
    /// Not now.
    Defer,
    /// None of those who wait now, as far as is known, before this time: the question is asked again then, though
    /// nothing else may have changed. It is asked earlier when something changes, and that answer counts instead. Who
    /// always answers so keeps an episode without a horizon from ending while somebody waits.
    DeferUntil(SimTime),
    /// Never: the task leaves.
    Reject,
    /// This running task makes room; the same question is asked again.
    Evict {
        /// Who goes back to the queue.
        victim: TaskId,
    },
    /// This running task is moved there; both hosts hold it until it has arrived.
    Migrate(Placement),
    /// The task stays where it is after all.
    CancelMigration {
        /// Who is on the way.
        task: TaskId,
    },
    /// This empty host goes to sleep.
    Sleep {
        /// Which.
        host: HostId,
    },
    /// This sleeping host comes back.
    Wake {
        /// Which.
        host: HostId,
    },
    /// The cpu of this host runs so from now on.
    Govern {
        /// Which.
        host: HostId,
        /// How.
        governor: Governor,
    },
    /// The cpu of this host runs at the highest of its frequencies at which it cannot draw more than this.
    Cap {
        /// Which.
        host: HostId,
        /// The most that the host may draw without its devices.
        watts: u32,
    },
    /// This running task is given so much from now on. What it uses stays the same fraction of what it asked for.
    Resize {
        /// Which.
        task: TaskId,
        /// All that it holds then.
        resources: Resources,
    },
}

/// Why a decision cannot be. Nothing has changed when one of these is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Infeasible {
    /// The question is not the open one.
    #[error("this question is not open: answer the one that `step` returned last")]
    NotAsked,
    /// The answer does not belong to the question.
    #[error(
        "this decision does not answer the question: Order takes Select, Defer or DeferUntil; Place takes Place, Defer, Reject or Evict; Rebalance takes Migrate, CancelMigration, Sleep, Wake, Govern, Cap, Resize or Defer"
    )]
    WrongAnswer,
    /// A wake-up in the past, or now.
    #[error("DeferUntil({time}) is not in the future at {now}: name a later time, or answer Defer")]
    NotInFuture {
        /// What was named.
        time: SimTime,
        /// The present moment.
        now: SimTime,
    },
    /// The selected task does not wait.
    #[error("task {0} does not wait: select a waiting task")]
    NotWaiting(TaskId),
    /// The placement names another task.
    #[error("task {0} was not asked about: place the task in the request")]
    OtherTask(TaskId),
    /// The host does not exist.
    #[error("host {0} does not exist")]
    NoSuchHost(HostId),
    /// The host lacks a feature.
    #[error("host {0} lacks a feature that the task requires")]
    Feature(HostId),
    /// The NUMA nodes do not exist or lack room.
    #[error("the NUMA nodes {numa:?} of host {host} do not exist or have too little free cpu or memory")]
    Room {
        /// The host.
        host: HostId,
        /// The nodes.
        numa: NumaShare,
    },
    /// The devices are too few, too many, of a wrong kind or not free.
    #[error(
        "the devices {devices} of host {host} are not those the task needs: right count, allowed kind, free"
    )]
    Devices {
        /// The host.
        host: HostId,
        /// The devices.
        devices: DeviceSet,
    },
    /// The victim does not run.
    #[error("task {0} does not run: evict a running task")]
    NotRunning(TaskId),
    /// The host does not take tasks now.
    #[error("host {0} is not on: wait until it has booted, or choose another")]
    NotOn(HostId),
    /// The host holds tasks, or some are on their way to it.
    #[error("host {0} is not empty, and only empty hosts sleep: migrate its tasks first")]
    NotEmpty(HostId),
    /// The model of the host has no sleep.
    #[error("the model of host {0} states no `sleep`: such hosts stay on")]
    NeverSleeps(HostId),
    /// The host does not sleep.
    #[error("host {0} is not asleep: only a sleeping host is woken")]
    NotAsleep(HostId),
    /// The task is on its way already.
    #[error("task {0} is on its way already: cancel its migration first")]
    OnItsWay(TaskId),
    /// The task has left its host for good.
    #[error("task {0} has gone on at the other host already: its migration cannot be cancelled")]
    HasGoneOn(TaskId),
    /// The task is not on its way.
    #[error("task {0} is not being migrated: there is nothing to cancel")]
    NotOnItsWay(TaskId),
    /// The task is there already.
    #[error("task {task} runs on host {host} already: migrate it to another host")]
    SameHost {
        /// The task.
        task: TaskId,
        /// Where it runs.
        host: HostId,
    },
    /// The model of the host has no such frequency, or none that is low enough.
    #[error(
        "the model of host {0} states no such frequency, or none low enough for the cap: see its `frequencies`"
    )]
    NoFrequency(HostId),
    /// Tasks that span NUMA nodes keep what each of them gave.
    #[error("task {0} spans NUMA nodes: such tasks are not resized")]
    Spans(TaskId),
    /// A gang is placed whole or not at all, so nobody is evicted halfway.
    #[error("no task is evicted while a gang is being placed: evict before its first member only")]
    EvictionInGang,
}

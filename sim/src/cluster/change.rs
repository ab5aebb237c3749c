//! What answers to *what to change?* do to the cluster: where running tasks are, whether hosts are on, how their cpu runs,
//! what tasks hold.
//!
//! A host that is not on has nothing free, so that searches and scores pass over it without asking.

use std::collections::BTreeMap;

use super::{Cluster, NOBODY, Use, append, remove};
use crate::control::{Governor, Phase};
use crate::decision::Placement;
use crate::kernel::ids::{HostId, Id, IdVec, NumaNodeId, TaskId};
use crate::kernel::time::SimTime;
use crate::models::migration::Migration;
use crate::resources::{Resources, TaskShape};

/// How a host is operated.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Control {
    pub(crate) phase: Phase,
    pub(crate) governor: Governor,
    /// Tasks that are on their way from or to it.
    moves: u16,
    /// Those of them whose turn it is: they cost power.
    sent: u16,
    /// Those of them that come to it.
    incoming: u16,
}

impl Control {
    pub(crate) fn has_moves(&self) -> bool {
        self.moves > 0
    }

    /// True when nothing was ever done with it, or all of that is over.
    fn is_plain(&self) -> bool {
        self.phase == Phase::On && self.governor == Governor::OnDemand && self.moves == 0
    }
}

/// A task on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where it will run.
    pub to: Placement,
    /// When it set out.
    pub since: SimTime,
    /// When it arrives; where a migration goes through stages, when the present one ends if everything stays as it is.
    pub ends: SimTime,
    /// Tells it from others of the same task that were cancelled.
    pub(crate) serial: u16,
    /// True from when it is its turn, which costs power.
    pub(crate) is_sent: bool,
}

/// How a migration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The task is where it was sent.
    Arrived,
    /// It stalled, and the task stayed where it was.
    Failed,
    /// Somebody cancelled it, or the task ended or was thrown out.
    GivenUp,
}

/// How a migration went that is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moved {
    /// When the task set out.
    pub since: SimTime,
    /// When it was not on its way any more.
    pub ended: SimTime,
    /// What was sent, in mebibytes.
    pub sent_mib: f64,
    /// For how long the task stood still, in seconds.
    pub downtime_seconds: f64,
    /// How it ended.
    pub outcome: Outcome,
}

/// What migrations draw beyond what hosts would draw without them: in watts, and in joules until `since`.
#[derive(Clone, Copy, Debug, Default)]
struct MoveMeter {
    /// How many are sent.
    count: u32,
    watts: f64,
    joules: f64,
    since: SimTime,
}

/// Everything that is kept for the third question; empty where it is never asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    controls: IdVec<HostId, Control>,
    moves: BTreeMap<TaskId, Move>,
    /// How the last migration of each task went.
    moved: BTreeMap<TaskId, Moved>,
    meter: MoveMeter,
    /// What tasks hold that were resized.
    resized: BTreeMap<TaskId, Resources>,
    migration: Migration,
}

impl Cluster {
    /// From now on hosts can be operated.
    pub(crate) fn take_control(&mut self, migration: Migration) {
        let controls = IdVec::filled(Control::default(), self.topology.host_count());
        self.change = Changes { controls, migration, ..Changes::default() };
    }

    pub(crate) fn control(&self, host: HostId) -> Control {
        self.change.controls.as_slice().get(host.index()).copied().unwrap_or_default()
    }

    /// True when the host takes tasks.
    #[inline]
    pub(crate) fn is_on(&self, host: HostId) -> bool {
        self.change.controls.is_empty() || self.change.controls[host].phase == Phase::On
    }

    /// True when no task is on the host, or on its way to it.
    pub(crate) fn is_vacant(&self, host: HostId) -> bool {
        self.books[host].tasks.first == NOBODY && self.control(host).incoming == 0
    }

    pub(crate) fn moves(&self) -> impl Iterator<Item = (TaskId, Move)> {
        self.change.moves.iter().map(|(&task, &one)| (task, one))
    }

    pub(crate) fn move_of(&self, task: TaskId) -> Option<Move> {
        match self.change.moves.is_empty() {
            true => None,
            false => self.change.moves.get(&task).copied(),
        }
    }

    /// What a task holds, when that is not what it asked for.
    pub(crate) fn resized(&self, task: TaskId) -> Option<Resources> {
        match self.change.resized.is_empty() {
            true => None,
            false => self.change.resized.get(&task).copied(),
        }
    }

    /// Forgets that a task was resized: it has left its host.
    pub(crate) fn forget_size(&mut self, task: TaskId) {
        if !self.change.resized.is_empty() {
            self.change.resized.remove(&task);
        }
    }

    /// An empty host enters another phase.
    pub(crate) fn set_phase(&mut self, host: HostId, phase: Phase) {
        let was_on = self.is_on(host);
        self.settle(host);
        self.change.controls[host].phase = phase;
        let is_on = phase == Phase::On;
        if was_on != is_on {
            let (first, count) = self.topology.numa_nodes(host);
            for position in 0..count {
                let capacity = self.topology.model(host).numa_nodes[position];
                self.numa_free[NumaNodeId(first.0 + position as u32)] =
                    if is_on { capacity } else { Resources::ZERO };
            }
            self.free[host] = if is_on { self.topology.capacity(host) } else { Resources::ZERO };
            let cpu_milli = u64::from(self.topology.physical(host).cpu_milli);
            match is_on {
                true => {
                    self.totals.hosts_on += 1;
                    self.totals.cpu_milli_on += cpu_milli;
                }
                false => {
                    self.totals.hosts_on -= 1;
                    self.totals.cpu_milli_on -= cpu_milli;
                }
            }
            self.changes.push(host);
        }
        self.update_power(host);
    }

    pub(crate) fn set_governor(&mut self, host: HostId, governor: Governor) {
        self.settle(host);
        self.change.controls[host].governor = governor;
        self.update_power(host);
    }

    /// The share of its full frequency at which the cpu of a host runs.
    pub(crate) fn frequency(&self, host: HostId) -> f64 {
        match self.control(host).governor {
            Governor::OnDemand | Governor::Full => 1.0,
            Governor::Step(step) => self.topology.model(host).operation.frequencies[usize::from(step)],
        }
    }

    /// The present stage of a migration ends at another time than was said.
    pub(crate) fn reschedule_move(&mut self, task: TaskId, ends: SimTime, serial: u16) {
        let one = self.change.moves.get_mut(&task).expect("the task is on its way");
        (one.ends, one.serial) = (ends, serial);
    }

    /// A migration is over.
    pub(crate) fn note_moved(&mut self, task: TaskId, moved: Moved) {
        self.change.moved.insert(task, moved);
    }

    /// How the last migration of a task went that is over.
    pub(crate) fn last_move(&self, task: TaskId) -> Option<Moved> {
        self.change.moved.get(&task).copied()
    }

    /// What migrations have drawn until now, in joules.
    pub(crate) fn move_joules(&self) -> f64 {
        let MoveMeter { watts, joules, since, .. } = self.change.meter;
        joules + watts * self.now.since(since).seconds()
    }

    /// What one migration draws on a host, in watts.
    fn move_watts(&self, host: HostId) -> f64 {
        let power = &self.topology.model(host).power;
        let capacity = self.topology.physical(host).cpu_milli;
        self.change.migration.power_share * (power.max_watts(capacity) - power.idle_watts(capacity))
    }

    /// What migrations draw changes by this much. Of none it is nothing, whatever sums were rounded to.
    fn draw(&mut self, watts: f64) {
        let joules = self.move_joules();
        let meter = self.change.meter;
        let watts = if meter.count == 0 { 0.0 } else { meter.watts + watts };
        self.change.meter = MoveMeter { watts, joules, since: self.now, ..meter };
        self.totals.move_watts = watts;
    }

    /// A running task sets out: room on the other host, which was checked, is taken.
    pub(crate) fn begin_move(&mut self, shape: &TaskShape, one: Move) {
        let from = self.tasks[one.to.task].host;
        let to = one.to.host;
        self.take(shape, one.to);
        self.change.moves.insert(one.to.task, one);
        self.change.controls[to].incoming += 1;
        self.change.controls[from].moves += 1;
        self.change.controls[to].moves += 1;
    }

    /// A task that is on its way is sent, and costs power on both hosts.
    pub(crate) fn begin_sending(&mut self, task: TaskId) {
        let one = self.change.moves.get_mut(&task).expect("the task is on its way");
        one.is_sent = true;
        let (from, to) = (self.tasks[task].host, one.to.host);
        for host in [from, to] {
            self.settle(host);
            self.change.controls[host].sent += 1;
            self.update_power(host);
        }
        self.change.meter.count += 1;
        self.draw(self.move_watts(from) + self.move_watts(to));
    }

    /// A task that was on its way is not any more. Returns where it would have gone.
    pub(crate) fn cancel_move(&mut self, task: TaskId, shape: &TaskShape) -> HostId {
        let one = self.change.moves.remove(&task).expect("the task is on its way");
        self.give(shape, one.to);
        self.leave_way(self.tasks[task].host, one);
        one.to.host
    }

    /// A task has arrived. Returns where it came from.
    pub(crate) fn end_move(&mut self, task: TaskId, shape: &TaskShape, usage: Use) -> HostId {
        let one = self.change.moves.remove(&task).expect("the task is on its way");
        let before = self.placement(task);
        let (from, to) = (before.host, one.to.host);
        self.give(shape, before);
        self.settle(from);
        self.settle(to);
        self.books[from].tasks = remove(&mut self.tasks, self.books[from].tasks, task);
        self.totals.occupied_hosts -= u64::from(self.books[from].tasks.first == NOBODY);
        self.totals.occupied_hosts += u64::from(self.books[to].tasks.first == NOBODY);
        self.remove_use(from, before.devices, usage);
        let record = &mut self.tasks[task];
        (record.host, record.numa, record.devices) = (to, one.to.numa, one.to.devices);
        self.books[to].tasks = append(&mut self.tasks, self.books[to].tasks, task);
        self.add_use(to, one.to.devices, usage);
        if !before.devices.is_empty() {
            self.update_device_power(from);
            self.update_device_power(to);
        }
        self.leave_way(from, one);
        from
    }

    fn leave_way(&mut self, from: HostId, one: Move) {
        let to = one.to.host;
        self.change.controls[to].incoming -= 1;
        for host in [from, to] {
            self.settle(host);
            self.change.controls[host].moves -= 1;
            self.change.controls[host].sent -= u16::from(one.is_sent);
            self.update_power(host);
        }
        if one.is_sent {
            self.change.meter.count -= 1;
            self.draw(-(self.move_watts(from) + self.move_watts(to)));
        }
    }

    /// True when a running task, which does not span NUMA nodes, can hold this much.
    pub(crate) fn can_resize(&self, task: TaskId, shape: &TaskShape, resources: Resources) -> bool {
        let Placement { host, numa, .. } = self.placement(task);
        let nodes = self.numa_free(host);
        let node = if nodes.len() == 1 { 0 } else { numa.0.trailing_zeros() as usize };
        nodes[node].plus(shape.resources).covers(resources)
    }

    /// A running task holds this much from now on; that it can was checked.
    pub(crate) fn resize(&mut self, shape: &TaskShape, task: TaskId, resources: Resources) -> HostId {
        let placement = self.placement(task);
        self.give(shape, placement);
        self.take(&TaskShape { resources, ..*shape }, placement);
        self.change.resized.insert(task, resources);
        placement.host
    }

    /// What a host draws, when it is operated in some way.
    pub(super) fn operated_watts(&self, host: HostId) -> Option<f64> {
        let control = self.change.controls.as_slice().get(host.index())?;
        if control.is_plain() {
            return None;
        }
        let model = self.topology.model(host);
        let capacity = self.topology.physical(host).cpu_milli;
        let (idle_watts, max_watts) = (model.power.idle_watts(capacity), model.power.max_watts(capacity));
        let sleep = model.operation.sleep;
        let watts = match (control.phase, sleep) {
            (Phase::GoingDown, Some(sleep)) => return Some(sleep.down_watts),
            (Phase::Asleep, Some(sleep)) => return Some(sleep.asleep_watts),
            (Phase::Booting, Some(sleep)) => return Some(sleep.boot_watts),
            _ if control.governor == Governor::Full => max_watts,
            _ => {
                let frequency = self.frequency(host);
                let at_frequency = (f64::from(capacity) * frequency).round() as u32;
                let used = self.books[host].cpu_use_milli.min(u64::from(at_frequency)) as u32;
                model.power.watts_at(used, at_frequency, frequency)
            }
        };
        let moving = f64::from(control.sent) * self.change.migration.power_share * (max_watts - idle_watts);
        Some(watts + moving + self.books[host].device_power_watts)
    }
}

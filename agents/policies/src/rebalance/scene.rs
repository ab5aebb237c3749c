//! The hosts and what is asked of them, at one moment, to be rearranged in thought.

use std::collections::{BTreeMap, BTreeSet};

use sim::cluster::Move;
use sim::control::Phase;
use sim::kernel::ids::{HostId, HostModelId, TaskId};
use sim::models::cloudsim::{self, Standing};
use sim::models::migration::course::Load;
use sim::models::power::HostPower;
use sim::view::ClusterView;

use super::detector::{HISTORY, History};

/// What tasks used at past moments, newest first, as fractions of what they asked for.
#[derive(Default)]
pub(super) struct Histories {
    of_task: Vec<([f64; HISTORY], u8)>,
}

impl Histories {
    /// Every task that runs is one value older.
    pub(super) fn grow(&mut self, view: ClusterView<'_>) {
        for host in view.topology().hosts() {
            for task in view.hosted(host) {
                let index = task.0 as usize;
                if self.of_task.len() <= index {
                    self.of_task.resize(index + 1, ([0.0; HISTORY], 0));
                }
                let (values, length) = &mut self.of_task[index];
                values.copy_within(..HISTORY - 1, 1);
                values[0] = view.cpu_use_fraction(task);
                *length = (*length + 1).min(HISTORY as u8);
            }
        }
    }

    pub(super) fn of(&self, task: TaskId) -> &[f64] {
        self.of_task.get(task.0 as usize).map_or(&[], |(values, length)| &values[..usize::from(*length)])
    }
}

/// A host as it is thought to be.
pub(super) struct Host {
    /// Those that are on it, and those that were thought to come; in this order.
    pub(super) tasks: Vec<TaskId>,
    model: HostModelId,
    /// The most memory that one of them has.
    memory_mib_most: u32,
    pub(super) total_milli: f64,
    core_milli: f64,
    /// What nobody takes.
    free_milli: f64,
    memory_mib_free: u64,
    /// What its tasks were given, and what they ask for.
    given_milli: f64,
    pub(super) demanded_milli: f64,
    pub(super) history: History,
    /// How much of it was in use when the scene was looked at, and what it drew.
    pub(super) used: f64,
    watts: f64,
    capacity_milli: u32,
    power: HostPower,
}

impl Host {
    /// The share of its cpu that its tasks ask for.
    pub(super) fn demand(&self) -> f64 {
        self.demanded_milli / self.total_milli
    }

    /// Nobody is thought to be on it.
    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

/// One task as the scene knows it.
#[derive(Clone, Copy)]
pub(super) struct Asker {
    pub(super) task: TaskId,
    pub(super) demand_milli: f64,
    pub(super) memory_mib: u32,
}

/// What a host was before somebody was thought to be on it.
pub(super) struct Before {
    free_milli: f64,
    memory_mib_free: u64,
    given_milli: f64,
    demanded_milli: f64,
    memory_mib_most: u32,
    history: History,
}

/// All hosts.
pub(super) struct Scene<'a> {
    pub(super) view: ClusterView<'a>,
    pub(super) hosts: Vec<Host>,
    /// Hosts with somebody on them, in any order, and for each model those that are empty and have room. Of these, which
    /// are alike, only the lowest is ever looked at.
    occupied: Vec<usize>,
    vacant: BTreeMap<HostModelId, BTreeSet<usize>>,
    /// What tasks ask for now, by task.
    demands_milli: Vec<f64>,
    histories: &'a Histories,
}

impl<'a> Scene<'a> {
    /// The scene now. Hosts that can neither hold tasks now nor be on at once, and those from or to which somebody is on the
    /// way, are left alone: they hold nobody and have no room.
    pub(super) fn new(view: ClusterView<'a>, histories: &'a Histories) -> Self {
        let ends = |(task, one): (TaskId, Move)| [view.placement(task).host, one.to.host];
        let busy: BTreeSet<HostId> = view.moves().flat_map(ends).collect();
        let mut given = Vec::new();
        let mut asked = Vec::new();
        let mut demands_milli: Vec<f64> = Vec::new();
        let mut demand = |task: TaskId| {
            let index = task.0 as usize;
            if demands_milli.len() <= index {
                demands_milli.resize(index + 1, 0.0);
            }
            demands_milli[index] = view.cpu_demand_milli(task);
            demands_milli[index]
        };
        let hosts = view.topology().hosts().map(|host| {
            let model = view.topology().model(host);
            let physical = view.topology().physical(host);
            let total_milli = f64::from(physical.cpu_milli);
            let core_milli = model.operation.core_milli.map_or(f64::INFINITY, f64::from);
            let is_busy = busy.contains(&host);
            let tasks: Vec<TaskId> = if is_busy { Vec::new() } else { view.hosted(host).collect() };
            asked.clear();
            asked.extend(tasks.iter().map(|&task| (demand(task), Standing::Stays)));
            let shared = cloudsim::share(total_milli, core_milli, &asked, &mut given);
            let wakes_at_once = view.phase(host) == Phase::Asleep
                && model.operation.sleep.is_some_and(|sleep| sleep.boot.0 == 0);
            let is_usable = !is_busy && view.phase(host) == Phase::On || wakes_at_once;
            let memory =
                if wakes_at_once { view.topology().capacity(host) } else { view.free()[host.0 as usize] };
            let used = cloudsim::utilisation(shared.used, total_milli);
            Host {
                model: view.topology().model_id(host),
                memory_mib_most: 0,
                total_milli,
                core_milli,
                free_milli: if is_usable { shared.free } else { -1.0 },
                memory_mib_free: memory.memory_mib.into(),
                given_milli: shared.used,
                demanded_milli: shared.demanded,
                history: History::EMPTY,
                used,
                watts: cloudsim::watts(&model.power, used, physical.cpu_milli),
                capacity_milli: physical.cpu_milli,
                power: model.power,
                tasks,
            }
        });
        let hosts: Vec<Host> = hosts.collect();
        let (occupied, vacant) = Default::default();
        let mut scene = Self { view, hosts, occupied, vacant, demands_milli, histories };
        for index in 0..scene.hosts.len() {
            if !scene.hosts[index].is_empty() {
                scene.recount(index);
                scene.occupied.push(index);
            } else if scene.hosts[index].free_milli > 0.0 {
                scene.vacant.entry(scene.hosts[index].model).or_default().insert(index);
            }
        }
        scene
    }

    pub(super) fn asker(&self, task: TaskId) -> Asker {
        let demand_milli = self.demands_milli[task.0 as usize];
        Asker { task, demand_milli, memory_mib: self.view.held(task).memory_mib }
    }

    /// Hosts with somebody on them.
    pub(super) fn occupied(&self) -> impl Iterator<Item = usize> {
        self.occupied.iter().copied()
    }

    /// The lowest empty host of each model.
    pub(super) fn lowest_vacant(&self) -> impl Iterator<Item = usize> {
        self.vacant.values().filter_map(|hosts| hosts.first().copied())
    }

    pub(super) fn history_of(&self, task: TaskId) -> &'a [f64] {
        self.histories.of(task)
    }

    /// What is asked of a host, and its history, from its tasks in order.
    fn recount(&mut self, index: usize) {
        let host = &self.hosts[index];
        let mut history = History::EMPTY;
        let (mut demanded, mut most) = (0.0, 0);
        for &task in &host.tasks {
            demanded += self.demands_milli[task.0 as usize];
            most = self.view.held(task).memory_mib.max(most);
            self.add_history(&mut history, task, host.total_milli);
        }
        let host = &mut self.hosts[index];
        (host.history, host.demanded_milli, host.memory_mib_most) = (history, demanded, most);
    }

    fn add_history(&self, history: &mut History, task: TaskId, total_milli: f64) {
        let milli = f64::from(self.view.shape(task).resources.cpu_milli);
        history.add(self.histories.of(task), milli, total_milli);
    }

    /// A task is thought to have left.
    pub(super) fn remove(&mut self, index: usize, position: usize) {
        self.hosts[index].tasks.remove(position);
        self.recount(index);
    }

    /// How many steps of a history of so many seconds each the longest migration from a host takes, rounded up.
    pub(super) fn steps_ahead(&self, index: usize, extra_memory_mib: u32, step_seconds: f64) -> f64 {
        let most = self.hosts[index].memory_mib_most.max(extra_memory_mib);
        (self.view.rules().migration.forecast(Load::memory(most)).total_seconds / step_seconds).ceil()
    }

    /// True when a host has room for a task: a core that is fast enough, cpu that nobody takes, memory.
    pub(super) fn has_room(&self, index: usize, asker: Asker) -> bool {
        let host = &self.hosts[index];
        host.core_milli >= asker.demand_milli
            && host.free_milli >= asker.demand_milli
            && host.memory_mib_free >= u64::from(asker.memory_mib)
    }

    /// By how much power is thought to rise with this task on it; nothing when that would be more than all.
    /// What it drew is what it drew when the scene was looked at, or what it draws with all that came since.
    pub(super) fn rise(&self, index: usize, asker: Asker, terms: Terms) -> Option<f64> {
        let host = &self.hosts[index];
        let after = (host.given_milli + asker.demand_milli) / host.total_milli;
        if after > 1.0 {
            return None;
        }
        let watts = |utilisation| cloudsim::watts(&host.power, utilisation, host.capacity_milli);
        let before = match terms.counts_arrivals {
            true => watts(cloudsim::utilisation(host.given_milli, host.total_milli).min(1.0)),
            false => host.watts,
        };
        let switch_on = if terms.charges_switch_on && host.is_empty() { watts(0.0) } else { 0.0 };
        Some(watts(after) - before + switch_on)
    }

    /// What the host is asked for, and its history, with this task on it.
    pub(super) fn with(&self, index: usize, asker: Asker) -> (f64, History) {
        let host = &self.hosts[index];
        let mut history = host.history;
        self.add_history(&mut history, asker.task, host.total_milli);
        ((host.demanded_milli + asker.demand_milli) / host.total_milli, history)
    }

    /// What is asked of a host with this task on it, as a share of its cpu.
    pub(super) fn demand_with(&self, index: usize, asker: Asker) -> f64 {
        (self.hosts[index].demanded_milli + asker.demand_milli) / self.hosts[index].total_milli
    }

    /// A task is thought to have come.
    pub(super) fn add(&mut self, index: usize, asker: Asker) -> Before {
        let (_, history) = self.with(index, asker);
        if self.hosts[index].is_empty() {
            self.vacant.entry(self.hosts[index].model).or_default().remove(&index);
            self.occupied.push(index);
        }
        let host = &mut self.hosts[index];
        let before = Before {
            free_milli: host.free_milli,
            memory_mib_free: host.memory_mib_free,
            given_milli: host.given_milli,
            demanded_milli: host.demanded_milli,
            memory_mib_most: host.memory_mib_most,
            history: host.history,
        };
        host.tasks.push(asker.task);
        host.free_milli -= asker.demand_milli;
        host.memory_mib_free -= u64::from(asker.memory_mib);
        host.given_milli += asker.demand_milli;
        host.demanded_milli += asker.demand_milli;
        host.memory_mib_most = host.memory_mib_most.max(asker.memory_mib);
        host.history = history;
        before
    }

    /// The last that was thought to have come did not.
    pub(super) fn undo(&mut self, index: usize, before: Before) {
        let host = &mut self.hosts[index];
        host.tasks.pop();
        host.free_milli = before.free_milli;
        host.memory_mib_free = before.memory_mib_free;
        host.given_milli = before.given_milli;
        host.demanded_milli = before.demanded_milli;
        host.memory_mib_most = before.memory_mib_most;
        host.history = before.history;
        if host.is_empty() {
            let model = host.model;
            self.vacant.entry(model).or_default().insert(index);
            self.occupied.retain(|&one| one != index);
        }
    }

    /// What the host draws when nothing is asked of it, and when all is, in watts.
    pub(super) fn idle_and_full_watts(&self, index: usize) -> [f64; 2] {
        let host = &self.hosts[index];
        [0.0, 1.0].map(|utilisation| cloudsim::watts(&host.power, utilisation, host.capacity_milli))
    }

    /// How long the migration of a task takes, in seconds, if nobody else is on the way.
    pub(super) fn migration_seconds(&self, asker: Asker) -> f64 {
        self.view.migration_forecast(asker.task).total_seconds
    }

    pub(super) fn is_host_given_anything(&self, index: usize) -> bool {
        self.hosts[index].given_milli != 0.0
    }

    pub(super) fn host_id(index: usize) -> HostId {
        HostId(index as u32)
    }
}

/// What counts when power is compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// An empty host costs its idle power too.
    pub(super) charges_switch_on: bool,
    /// What was thought to come counts for what a host draws before.
    pub(super) counts_arrivals: bool,
}

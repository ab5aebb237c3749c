//! Hosts that have been empty for long enough sleep; a sleeping host is woken when a task finds no place.
//!
//! How long is long enough is stated, or is the time from which on sleep saves energy (`sim::models::sleep`): whoever sleeps
//! after that time spends at most twice what a host that knows the future would (ski rental). A reserve of hosts that are
//! empty and on can be kept, and hosts woken beyond those that are needed: hysteresis against hosts that go up and down.
//!
//! Where hosts differ, waking only for whoever found no place at all fills the hosts that happen to be on with whatever comes: tasks
//! without devices take the cpu beside GPUs while the hosts meant for them sleep. Hosts of each model that are kept ready let a
//! placement choose.

use std::collections::BTreeSet;

use serde::Deserialize;
use sim::control::Phase;
use sim::decision::Occasion;
use sim::kernel::time::SimTime;

use crate::options;
use crate::prelude::*;

pub(super) const HELP: &str = "hosts sleep when empty for a while, by default until sleep is worth it; wake on demand";

/// Options of sleeping.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// So long a host has been empty before it sleeps, in seconds; without it, the break-even time of its model.
    #[serde(deserialize_with = "options::seconds")]
    seconds: Option<f64>,
    /// So many empty hosts stay on.
    reserve: usize,
    /// So many hosts are woken beside those that are needed.
    wake_also: usize,
    /// So many hosts of each model are empty and on, or on their way to it: others are woken before anyone waits.
    ready: usize,
}

struct IdleTimeout {
    options: Options,
    /// Since when a host has been empty, as far as was looked; `SimTime::MAX` when somebody is on it.
    empty_since: Vec<SimTime>,
    /// For whom a host was woken, or none could be, since the period last passed: each is looked at once in that time.
    looked_after: BTreeSet<TaskId>,
    /// What was decided and not yet said.
    plan: Vec<Decision>,
    is_planned: bool,
}

impl IdleTimeout {
    /// Looks who is empty. A host that was filled and emptied between two looks counts as empty all the time.
    fn look(&mut self, view: ClusterView<'_>) {
        self.empty_since.resize(view.topology().host_count(), SimTime::MAX);
        for host in view.topology().hosts() {
            let since = &mut self.empty_since[host.0 as usize];
            match view.phase(host) == Phase::On && view.is_vacant(host) {
                true => *since = (*since).min(view.now()),
                false => *since = SimTime::MAX,
            }
        }
    }

    fn timeout_seconds(&self, view: ClusterView<'_>, host: HostId) -> f64 {
        let model = view.topology().model(host);
        let Some(sleep) = model.operation.sleep else { return f64::INFINITY };
        let capacity = view.topology().physical(host).cpu_milli;
        self.options.seconds.unwrap_or_else(|| sleep.break_even_seconds(model.power.idle_watts(capacity)))
    }

    /// How many hosts of each model are empty and on, or boot.
    fn ready_by_model(view: ClusterView<'_>) -> Vec<usize> {
        let mut ready = vec![0; view.topology().models().len()];
        for host in view.topology().hosts() {
            let is_ready = match view.phase(host) {
                Phase::On => view.is_vacant(host),
                phase => phase == Phase::Booting,
            };
            ready[view.topology().model_id(host).0 as usize] += usize::from(is_ready);
        }
        ready
    }

    /// Sleeping hosts of the models of which too few are ready, the lowest ids first.
    fn wakers_ahead(&self, view: ClusterView<'_>) -> Vec<Decision> {
        if self.options.ready == 0 {
            return Vec::new();
        }
        let mut ready = Self::ready_by_model(view);
        let is_missing = |&host: &HostId| {
            let ready = &mut ready[view.topology().model_id(host).0 as usize];
            let is_missing = view.phase(host) == Phase::Asleep && *ready < self.options.ready;
            *ready += usize::from(is_missing);
            is_missing
        };
        view.topology().hosts().filter(is_missing).map(|host| Decision::Wake { host }).collect()
    }

    /// The emptiest ends of the fleet sleep: those with the highest ids first, so that the lowest are filled.
    fn sleepers(&self, view: ClusterView<'_>) -> Vec<Decision> {
        let empty: Vec<HostId> =
            view.topology().hosts().filter(|host| self.empty_since[host.0 as usize] != SimTime::MAX).collect();
        let spare = empty.len().saturating_sub(self.options.reserve);
        let is_due = |host: &HostId| {
            let waited = view.now().since(self.empty_since[host.0 as usize]).seconds();
            waited >= self.timeout_seconds(view, *host)
        };
        let mut ready = Self::ready_by_model(view);
        let may_be_spared = |host: &HostId| {
            let ready = &mut ready[view.topology().model_id(*host).0 as usize];
            let is_spare = *ready > self.options.ready;
            *ready -= usize::from(is_spare);
            is_spare
        };
        let due = empty.into_iter().rev().filter(is_due).filter(may_be_spared);
        due.take(spare).map(|host| Decision::Sleep { host }).collect()
    }

    /// For everyone who waits and found no place, room on a host that boots, or else the sleeping host with the fewest devices
    /// that could hold them: who needs no GPU wakes none.
    /// Who fits on none of them is no reason to wake any.
    fn wakers(&mut self, view: ClusterView<'_>) -> Vec<Decision> {
        let is_new = |task: &TaskId| view.has_failed(*task) && !self.looked_after.contains(task);
        let in_need: Vec<TaskId> = view.waiting().filter(is_new).collect();
        if in_need.is_empty() {
            return Vec::new();
        }
        let in_phase = |phase| view.topology().hosts().filter(move |&host| view.phase(host) == phase);
        let mut asleep: Vec<HostId> = in_phase(Phase::Asleep).collect();
        let mut coming: Vec<Coming> = in_phase(Phase::Booting).map(|host| Coming::empty(view, host)).collect();
        let mut wakers = Vec::new();
        for task in in_need {
            self.looked_after.insert(task);
            let shape = view.shape(task);
            if coming.iter_mut().any(|host| host.takes(view, shape)) {
                continue;
            }
            let holds = |&(_, &host): &(usize, &HostId)| Coming::empty(view, host).takes(view, shape);
            let devices = |&(_, &host): &(usize, &HostId)| view.device_kinds(host).len();
            let Some((position, _)) = asleep.iter().enumerate().filter(holds).min_by_key(devices) else {
                continue;
            };
            let host = asleep.remove(position);
            wakers.push(Decision::Wake { host });
            let mut woken = Coming::empty(view, host);
            woken.takes(view, shape);
            coming.push(woken);
        }
        if !wakers.is_empty() {
            wakers.extend(asleep.iter().take(self.options.wake_also).map(|&host| Decision::Wake { host }));
        }
        wakers
    }
}

/// A host that will be on: what it will have free.
struct Coming {
    host: HostId,
    free: Resources,
    devices_left: usize,
}

impl Coming {
    fn empty(view: ClusterView<'_>, host: HostId) -> Self {
        let devices_left = view.device_kinds(host).len();
        Self { host, free: view.topology().capacity(host), devices_left }
    }

    /// Takes a task in, if it will have room; parts of devices count as whole ones.
    fn takes(&mut self, view: ClusterView<'_>, shape: &TaskShape) -> bool {
        let count = usize::from(shape.devices.count);
        let features = view.topology().model(self.host).features;
        let usable = view.device_kinds(self.host).iter().filter(|&&kind| shape.devices.kinds.has(kind)).count();
        let has_room = shape.is_possible
            && self.free.covers(shape.resources)
            && features & shape.features == shape.features
            && usable.min(self.devices_left) >= count;
        if has_room {
            self.free = self.free.minus(shape.resources);
            self.devices_left -= count;
        }
        has_room
    }
}

impl Policy for IdleTimeout {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Rebalance { cause } = request else { return Decision::Defer };
        if !self.is_planned {
            self.is_planned = true;
            self.look(view);
            if cause != Occasion::NoPlace {
                self.looked_after.clear();
            }
            self.plan = self.wakers(view);
            if self.plan.is_empty() && cause != Occasion::NoPlace {
                self.plan = self.wakers_ahead(view);
                self.plan.extend(self.sleepers(view));
            }
            self.plan.reverse();
        }
        match self.plan.pop() {
            Some(decision) => decision,
            None => {
                self.is_planned = false;
                Decision::Defer
            }
        }
    }

    fn reset(&mut self, _: Seed) {
        self.empty_since.clear();
        self.looked_after.clear();
        self.plan.clear();
        self.is_planned = false;
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    IdleTimeout {
        options,
        empty_since: Vec::new(),
        looked_after: BTreeSet::new(),
        plan: Vec::new(),
        is_planned: false,
    }
}

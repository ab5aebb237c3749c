//! Hosts that have been empty for long enough sleep; a sleeping host is woken when a task finds no place.
//!
//! How long is long enough is stated, or is the time from which on sleep saves energy (`sim::models::sleep`): whoever sleeps
//! after that time spends at most twice what a host that knows the future would (ski rental). A reserve of hosts that are
//! empty and on can be kept, and hosts woken beyond the one that is needed: hysteresis against hosts that go up and down.

use serde::Deserialize;
use sim::control::Phase;
use sim::decision::Occasion;
use sim::kernel::time::SimTime;

use crate::prelude::*;

pub(super) const HELP: &str = "hosts sleep when empty for a while, by default until sleep is worth it; wake on demand";

/// Options of sleeping.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// So long a host has been empty before it sleeps, in seconds; without it, the break-even time of its model.
    seconds: Option<f64>,
    /// So many empty hosts stay on.
    reserve: usize,
    /// So many hosts are woken beside each that is needed.
    wake_also: usize,
}

struct IdleTimeout {
    options: Options,
    /// Since when a host has been empty, as far as was looked; `SimTime::MAX` when somebody is on it.
    empty_since: Vec<SimTime>,
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

    /// The emptiest ends of the fleet sleep: those with the highest ids first, so that the lowest are filled.
    fn sleepers(&self, view: ClusterView<'_>) -> Vec<Decision> {
        let empty: Vec<HostId> =
            view.topology().hosts().filter(|host| self.empty_since[host.0 as usize] != SimTime::MAX).collect();
        let spare = empty.len().saturating_sub(self.options.reserve);
        let is_due = |host: &HostId| {
            let waited = view.now().since(self.empty_since[host.0 as usize]).seconds();
            waited >= self.timeout_seconds(view, *host)
        };
        empty.into_iter().rev().filter(is_due).take(spare).map(|host| Decision::Sleep { host }).collect()
    }

    /// For every shape that waits and found no place, a sleeping host that could hold it, unless enough are on their way.
    fn wakers(&self, view: ClusterView<'_>) -> Vec<Decision> {
        let in_phase = |phase| view.topology().hosts().filter(move |&host| view.phase(host) == phase);
        let mut needed = Resources::ZERO;
        for task in view.waiting() {
            let need = view.shape(task).resources;
            needed = Resources {
                cpu_milli: needed.cpu_milli.saturating_add(need.cpu_milli),
                memory_mib: needed.memory_mib.saturating_add(need.memory_mib),
            };
        }
        if needed == Resources::ZERO && view.waiting().next().is_none() {
            return Vec::new();
        }
        let mut coming = in_phase(Phase::Booting).fold(Resources::ZERO, |sum, host| add(sum, view.topology().capacity(host)));
        let mut wakers = Vec::new();
        for host in in_phase(Phase::Asleep) {
            if coming.covers(needed) && wakers.len() >= self.options.wake_also {
                break;
            }
            wakers.push(Decision::Wake { host });
            coming = add(coming, view.topology().capacity(host));
        }
        wakers
    }
}

fn add(sum: Resources, one: Resources) -> Resources {
    Resources {
        cpu_milli: sum.cpu_milli.saturating_add(one.cpu_milli),
        memory_mib: sum.memory_mib.saturating_add(one.memory_mib),
    }
}

impl Policy for IdleTimeout {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Rebalance { cause } = request else { return Decision::Defer };
        if !self.is_planned {
            self.is_planned = true;
            self.look(view);
            self.plan = match cause {
                Occasion::NoPlace => self.wakers(view),
                Occasion::Start | Occasion::Period | Occasion::Load if view.waiting().next().is_none() => {
                    self.sleepers(view)
                }
                _ => self.wakers(view),
            };
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
        self.plan.clear();
        self.is_planned = false;
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    IdleTimeout { options, empty_since: Vec::new(), plan: Vec::new(), is_planned: false }
}

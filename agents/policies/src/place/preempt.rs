//! Preemption: when a task finds no place, running tasks of lower priority make room.
//!
//! On each host the least urgent tasks are imagined gone, the one that started last first, until the task would
//! fit; then those that need not go are spared, the most urgent first. The host with the least urgent victims is
//! chosen (the highest priority among them lowest), then the one with fewest, then the lowest.

use std::cmp::Reverse;

use sim::decision::{Decision, Request};
use sim::kernel::ids::{HostId, TaskId};
use sim::kernel::rng::Seed;
use sim::view::ClusterView;

use crate::policy::Policy;
use crate::room::HostRoom;

pub(crate) struct Preempting {
    inner: Box<dyn Policy>,
    /// For whom, and who still has to go.
    plan: Option<(TaskId, Vec<TaskId>)>,
}

impl Preempting {
    pub(crate) fn new(inner: Box<dyn Policy>) -> Self {
        Self { inner, plan: None }
    }
}

/// Who would have to go from this host; `None` when even that would not help.
fn victims_on(view: ClusterView<'_>, task: TaskId, host: HostId) -> Option<Vec<TaskId>> {
    let shape = view.shape(task);
    let mut room = HostRoom::now(view, host);
    let is_below = |&other: &TaskId| view.shape(other).priority < shape.priority;
    let mut candidates: Vec<TaskId> = view.hosted(host).filter(is_below).collect();
    candidates
        .sort_by_key(|&other| (view.shape(other).priority, Reverse(view.started(other)), Reverse(other)));
    let mut victims = Vec::new();
    for other in candidates {
        if room.fits(shape) {
            break;
        }
        room.without(other);
        victims.push(other);
    }
    if !room.fits(shape) {
        return None;
    }
    for index in (0..victims.len()).rev() {
        room.with_again(victims[index]);
        if room.fits(shape) {
            victims.remove(index);
        } else {
            room.without(victims[index]);
        }
    }
    Some(victims)
}

fn plan(view: ClusterView<'_>, task: TaskId) -> Option<Vec<TaskId>> {
    let urgency = |victims: &[TaskId]| victims.iter().map(|&victim| view.shape(victim).priority).max();
    view.topology()
        .hosts()
        .filter_map(|host| victims_on(view, task, host))
        .min_by_key(|victims| (urgency(victims), victims.len()))
}

impl Policy for Preempting {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let decision = self.inner.decide(view, request);
        let Request::Place { task } = request else { return decision };
        let is_in_gang = view.gang(task).nth(1).is_some();
        if decision != Decision::Defer || is_in_gang {
            self.plan = None;
            return decision;
        }
        let mut victims = match self.plan.take() {
            Some((planned, victims)) if planned == task => victims,
            _ => plan(view, task).unwrap_or_default(),
        };
        let Some(victim) = victims.pop() else { return Decision::Defer };
        self.plan = Some((task, victims));
        Decision::Evict { victim }
    }

    fn reset(&mut self, seed: Seed) {
        self.inner.reset(seed);
        self.plan = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::place;
    use crate::testing;

    #[test]
    fn the_least_urgent_make_room_and_nobody_goes_in_vain() {
        let preempting = || Preempting::new(place(&"first_fit".into()).expect("listed"));
        let running = [
            ("at 0 cpu 2 priority 1 work 9", 0),
            ("at 0 cpu 2 priority 3 work 9", 0),
            ("at 0 cpu 1 priority 1 work 9", 1),
            ("at 0 cpu 3 priority 1 work 9", 1),
        ];
        let hosts = "cpu 4 | cpu 4";
        let evicted = |task| testing::evictions_for(preempting(), hosts, &running, task);
        assert_eq!(evicted("at 0 cpu 2 priority 2"), [TaskId(0)]);
        assert_eq!(evicted("at 0 cpu 3 priority 2"), [TaskId(3)]);
        assert_eq!(evicted("at 0 cpu 2 priority 1"), []);
        assert_eq!(evicted("at 0 cpu 5 priority 9"), []);
    }
}

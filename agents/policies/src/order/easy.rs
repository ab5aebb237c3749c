//! EASY backfilling (Lifka, JSSPP 1995; Mu'alem and Feitelson, TPDS 12(6), 2001).
//!
//! The head of the queue gets a reservation at the earliest time at which, by the declared ends of the running
//! tasks, some host has room for it (the shadow time). Whoever comes after it may start now if it fits now and
//! either ends, as declared, no later than that, or needs no more than the reserved host has to spare at that
//! time. A task that outlives its declared end is taken to end now. The reservation is made anew at every
//! question, so it is never later than it must be.
//!
//! On a pool this is the textbook rule. On several hosts the spare rule is stricter than it could be: it does not
//! ask to which host the task would go, and so never delays the head. For a gang there is no spare rule.

use sim::decision::{Decision, Request};
use sim::index::FirstFit;
use sim::kernel::ids::{HostId, TaskId};
use sim::kernel::rng::Seed;
use sim::kernel::time::SimTime;
use sim::resources::{Resources, TaskShape};
use sim::view::ClusterView;

use super::OrderKey;
use super::queue::Sorted;
use crate::policy::Policy;
use crate::room::HostRoom;

pub(crate) struct Easy {
    queue: Sorted,
    hosts: FirstFit,
}

impl Easy {
    pub(crate) fn new(key: Box<dyn OrderKey>) -> Self {
        Self { queue: Sorted::new(key), hosts: FirstFit::default() }
    }
}

/// When a running task ends if it ends as declared.
pub(crate) fn declared_end(view: ClusterView<'_>, task: TaskId) -> SimTime {
    view.started(task) + view.estimate(task).unwrap_or_default()
}

/// What the head of the queue is promised.
struct Reservation {
    shadow: SimTime,
    /// The host, and what it has to spare beside the head at the shadow time; none for a gang.
    spare: Option<(HostId, Resources)>,
    needs_devices: bool,
}

impl Reservation {
    fn for_head(view: ClusterView<'_>, head: TaskId) -> Self {
        let members: Vec<TaskId> = view.gang(head).collect();
        match members[..] {
            [single] => Self::for_task(view, view.shape(single)),
            _ => Self::for_gang(view, &members),
        }
    }

    fn for_task(view: ClusterView<'_>, shape: &TaskShape) -> Self {
        let mut best: Option<(SimTime, HostId, Resources)> = None;
        for host in view.topology().hosts() {
            if let Some((time, spare)) = earliest_room(view, shape, host)
                && best.is_none_or(|(earliest, ..)| time < earliest)
            {
                best = Some((time, host, spare));
            }
        }
        let needs_devices = shape.devices.count > 0;
        match best {
            Some((shadow, host, spare)) => Self { shadow, spare: Some((host, spare)), needs_devices },
            // It fits on no host even when all have emptied: it delays nobody.
            None => Self { shadow: SimTime::MAX, spare: None, needs_devices },
        }
    }

    /// The last declared end after which all members would fit, placed one by one on the first host with room.
    fn for_gang(view: ClusterView<'_>, members: &[TaskId]) -> Self {
        let mut rooms: Vec<HostRoom<'_>> =
            view.topology().hosts().map(|host| HostRoom::now(view, host)).collect();
        let mut ends = Vec::new();
        for host in view.topology().hosts() {
            ends.extend(view.hosted(host).map(|task| (declared_end(view, task).max(view.now()), task, host)));
        }
        ends.sort();
        let mut shadow = SimTime::MAX;
        for (end, task, host) in ends {
            rooms[host.0 as usize].without(task);
            if gang_fits(view, &rooms, members) {
                shadow = end;
                break;
            }
        }
        Self { shadow, spare: None, needs_devices: true }
    }

    fn allows(&self, view: ClusterView<'_>, task: TaskId) -> bool {
        if view.estimate(task).is_some_and(|estimate| view.now() + estimate <= self.shadow) {
            return true;
        }
        let shape = view.shape(task);
        let takes_devices = self.needs_devices && shape.devices.count > 0;
        self.spare.is_some_and(|(_, spare)| !takes_devices && spare.covers(shape.resources))
            && view.gang(task).nth(1).is_none()
    }
}

/// The earliest time at which a shape would fit on a host, and the cpu and memory then left beside it.
fn earliest_room(view: ClusterView<'_>, shape: &TaskShape, host: HostId) -> Option<(SimTime, Resources)> {
    let mut room = HostRoom::now(view, host);
    let mut ends: Vec<(SimTime, TaskId)> =
        view.hosted(host).map(|task| (declared_end(view, task).max(view.now()), task)).collect();
    ends.sort_unstable();
    let mut found = room.fits(shape).then_some(view.now());
    for (end, task) in ends {
        // Everything that ends at the shadow time counts as spare.
        if found.is_some_and(|shadow| end > shadow) {
            break;
        }
        room.without(task);
        if found.is_none() && room.fits(shape) {
            found = Some(end);
        }
    }
    found.map(|shadow| (shadow, room.free.minus(shape.resources)))
}

/// True when all members fit at once, each on the first host with room; devices of a member count as taken
/// together with its cpu and memory.
fn gang_fits(view: ClusterView<'_>, rooms: &[HostRoom<'_>], members: &[TaskId]) -> bool {
    let mut rooms = rooms.to_vec();
    members.iter().all(|&member| {
        let shape = view.shape(member);
        match rooms.iter_mut().find(|room| room.fits(shape)) {
            Some(room) => {
                room.take(shape);
                true
            }
            None => false,
        }
    })
}

impl Easy {
    fn next(&mut self, view: ClusterView<'_>) -> Option<TaskId> {
        let hosts = &mut self.hosts;
        let mut may_start =
            |task: TaskId| !view.has_failed(task) && hosts.find(view, view.shape(task)).is_some();
        let waiting = self.queue.waiting(view);
        let (head, others) = waiting.split_first()?;
        if may_start(head.task) {
            return Some(head.task);
        }
        if others.is_empty() {
            return None;
        }
        let reservation = Reservation::for_head(view, head.task);
        let passes = |task: &TaskId| reservation.allows(view, *task) && may_start(*task);
        others.iter().map(|entry| entry.task).find(passes)
    }
}

impl Policy for Easy {
    fn decide(&mut self, view: ClusterView<'_>, _: Request) -> Decision {
        self.next(view).map_or_else(|| self.queue.nobody(view), Decision::Select)
    }

    fn reset(&mut self, seed: Seed) {
        self.queue.reset(seed);
        self.hosts = FirstFit::default();
    }
}

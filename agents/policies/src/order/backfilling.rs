//! The plain disciplines: the head of the queue blocks everybody, or it blocks nobody.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sim::cluster::Status;
use sim::decision::{Decision, Request};
use sim::kernel::ids::{IdVec, ShapeId, TaskId};
use sim::kernel::rng::Seed;
use sim::view::ClusterView;

use super::OrderKey;
use super::queue::{Entry, Heap, Joining, Sorted};
use crate::policy::Policy;

/// Commits to the next task and waits until it fits; nobody passes it.
pub(crate) struct Blocking {
    queue: Heap,
    held: Option<TaskId>,
}

impl Blocking {
    pub(crate) fn new(key: Box<dyn OrderKey>) -> Self {
        Self { queue: Heap::new(key), held: None }
    }
}

impl Policy for Blocking {
    fn decide(&mut self, view: ClusterView<'_>, _: Request) -> Decision {
        let held = self.held.filter(|&task| view.status(task) == Status::Waiting);
        self.held = held.or_else(|| self.queue.pop(view));
        match self.held {
            Some(task) if !view.has_failed(task) => Decision::Select(task),
            _ => Decision::Defer,
        }
    }

    fn reset(&mut self, _: Seed) {
        self.queue.reset();
        self.held = None;
    }
}

/// The next task of those that may find a place: who fits passes who does not.
///
/// Tasks of one shape fit or fail together, so there is one heap per shape and the next task is the first of
/// the heads whose shape has not failed. Keys that move are computed anew for everyone.
pub(crate) struct Skipping {
    moving: Option<Sorted>,
    joining: Joining,
    by_shape: IdVec<ShapeId, BinaryHeap<Reverse<Entry>>>,
    /// Shapes whose heap is not empty.
    occupied: Vec<ShapeId>,
    /// Gangs fail one by one; there are few of them.
    gangs: Vec<Entry>,
}

impl Skipping {
    pub(crate) fn new(key: Box<dyn OrderKey>, same_key: Box<dyn OrderKey>) -> Self {
        let moving = key.moves_with_time().then(|| Sorted::new(same_key));
        let (by_shape, occupied, gangs) = (IdVec::new(), Vec::new(), Vec::new());
        Self { moving, joining: Joining::new(key), by_shape, occupied, gangs }
    }

    fn read_joined(&mut self, view: ClusterView<'_>) {
        while self.by_shape.len() < view.shapes().len() {
            self.by_shape.push(BinaryHeap::new());
        }
        let (by_shape, occupied, gangs) = (&mut self.by_shape, &mut self.occupied, &mut self.gangs);
        self.joining.read(view, |entry| {
            if view.gang(entry.task).nth(1).is_some() {
                gangs.push(entry);
                return;
            }
            let shape = view.shape_id(entry.task);
            if by_shape[shape].is_empty() {
                occupied.push(shape);
            }
            by_shape[shape].push(Reverse(entry));
        });
    }

    /// True when nobody waits of those whose key is known.
    fn is_empty(&mut self, view: ClusterView<'_>) -> bool {
        if let [shape] = self.occupied[..]
            && head(&mut self.by_shape[shape], view).is_none()
        {
            self.occupied.clear();
        }
        self.occupied.is_empty() && self.gangs.is_empty()
    }

    fn next(&mut self, view: ClusterView<'_>) -> Option<TaskId> {
        // In a cluster with room, the only one who waits has just come, and nobody needs its key.
        if self.is_empty(view)
            && let Some(only) = self.joining.only(view)
        {
            return Some(only).filter(|&only| !view.has_failed(only));
        }
        self.read_joined(view);
        self.gangs.retain(|entry| waits(entry, view));
        let mut best = self.gangs.iter().filter(|entry| !view.has_failed(entry.task)).min().copied();
        let by_shape = &mut self.by_shape;
        self.occupied.retain(|&shape| {
            let head = head(&mut by_shape[shape], view);
            if let Some(head) = head
                && !view.has_failed(head.task)
                && best.is_none_or(|best| head < best)
            {
                best = Some(head);
            }
            head.is_some()
        });
        best.map(|entry| entry.task)
    }
}

fn waits(entry: &Entry, view: ClusterView<'_>) -> bool {
    view.status(entry.task) == Status::Waiting
}

/// The first of a heap who still waits; those before it are taken out.
fn head(heap: &mut BinaryHeap<Reverse<Entry>>, view: ClusterView<'_>) -> Option<Entry> {
    while heap.peek().is_some_and(|Reverse(entry)| !waits(entry, view)) {
        heap.pop();
    }
    heap.peek().map(|&Reverse(head)| head)
}

impl Policy for Skipping {
    fn decide(&mut self, view: ClusterView<'_>, _: Request) -> Decision {
        let next = match &mut self.moving {
            Some(sorted) => {
                sorted.waiting(view).iter().map(|entry| entry.task).find(|&task| !view.has_failed(task))
            }
            None => self.next(view),
        };
        next.map_or(Decision::Defer, Decision::Select)
    }

    fn reset(&mut self, _: Seed) {
        if let Some(sorted) = &mut self.moving {
            sorted.reset();
        }
        self.joining.reset();
        self.by_shape = IdVec::new();
        self.occupied.clear();
        self.gangs.clear();
    }
}

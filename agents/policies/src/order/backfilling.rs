//! The plain disciplines: the head of the queue blocks everybody, or it blocks nobody.

use sim::cluster::Status;
use sim::decision::{Decision, Request};
use sim::kernel::ids::TaskId;
use sim::kernel::rng::Seed;
use sim::view::ClusterView;

use super::OrderKey;
use super::queue::{ByShape, Heap, Joining, Sorted};
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
            _ => self.queue.nobody(view),
        }
    }

    fn reset(&mut self, seed: Seed) {
        self.queue.reset(seed);
        self.held = None;
    }
}

/// The next task of those that may find a place: who fits passes who does not. Keys that move are computed anew for
/// everyone.
pub(crate) struct Skipping {
    moving: Option<Sorted>,
    joining: Joining,
    waiting: ByShape,
}

impl Skipping {
    pub(crate) fn new(key: Box<dyn OrderKey>, same_key: Box<dyn OrderKey>) -> Self {
        let moving = key.moves_with_time().then(|| Sorted::new(same_key));
        Self { moving, joining: Joining::new(key), waiting: ByShape::default() }
    }

    fn next(&mut self, view: ClusterView<'_>) -> Option<TaskId> {
        // In a cluster with room, the only one who waits has just come, and nobody needs its key.
        if self.waiting.is_empty(view)
            && let Some(only) = self.joining.only(view)
        {
            return Some(only).filter(|&only| !view.has_failed(only));
        }
        let waiting = &mut self.waiting;
        self.joining.read(view, |entry| waiting.push(view, entry));
        self.waiting.next(view)
    }
}

impl Policy for Skipping {
    fn decide(&mut self, view: ClusterView<'_>, _: Request) -> Decision {
        let next = match &mut self.moving {
            Some(sorted) => {
                sorted.waiting(view).iter().map(|entry| entry.task).find(|&task| !view.has_failed(task))
            }
            None => self.next(view),
        };
        let nobody = || match &self.moving {
            Some(sorted) => sorted.nobody(view),
            None => self.joining.nobody(view),
        };
        next.map_or_else(nobody, Decision::Select)
    }

    fn reset(&mut self, seed: Seed) {
        if let Some(sorted) = &mut self.moving {
            sorted.reset(seed);
        }
        self.joining.reset(seed);
        self.waiting.clear();
    }
}

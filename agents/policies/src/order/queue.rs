//! Waiting tasks sorted by a key, fed from the engine's list of who joined.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use sim::cluster::Status;
use sim::decision::Decision;
use sim::kernel::ids::{IdVec, ShapeId, TaskId};
use sim::kernel::rng::Seed;
use sim::kernel::time::SimTime;
use sim::view::ClusterView;

use super::{JobFacts, OrderKey};

/// A waiting task with its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    key: [f64; 2],
    /// When it joined, as a number: decides among equal keys.
    joined: u64,
    pub(crate) task: TaskId,
}

impl Entry {
    pub(crate) fn new(key: [f64; 2], joined: u64, task: TaskId) -> Self {
        Self { key, joined, task }
    }

    fn waits(&self, view: ClusterView<'_>) -> bool {
        view.status(self.task) == Status::Waiting
    }

    /// By key alone.
    pub(crate) fn compare_keys(&self, other: &Self) -> Ordering {
        self.key[0].total_cmp(&other.key[0]).then(self.key[1].total_cmp(&other.key[1]))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare_keys(other).then(self.joined.cmp(&other.joined))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

/// Reads who joined the queue, and gives everyone a key. Whom the order holds back is handed over when that is over.
pub(crate) struct Joining {
    pub(crate) key: Box<dyn OrderKey>,
    cursor: usize,
    /// Until when, as what number they joined, and who.
    held: BinaryHeap<Reverse<(SimTime, u64, TaskId)>>,
}

impl Joining {
    pub(crate) fn new(key: Box<dyn OrderKey>) -> Self {
        Self { key, cursor: 0, held: BinaryHeap::new() }
    }

    pub(crate) fn reset(&mut self, seed: Seed) {
        self.key.reset(seed);
        self.cursor = 0;
        self.held.clear();
    }

    pub(crate) fn key_of(&self, view: ClusterView<'_>, task: TaskId) -> [f64; 2] {
        self.key.key(&JobFacts::of(view, task))
    }

    /// Computes the keys of these entries anew, if keys move while tasks wait.
    pub(crate) fn refresh(&self, view: ClusterView<'_>, entries: &mut [Entry]) {
        if !self.key.moves_with_time() {
            return;
        }
        let tasks: Vec<TaskId> = entries.iter().map(|entry| entry.task).collect();
        match self.key.keys(view, &tasks) {
            Some(keys) => entries.iter_mut().zip(keys).for_each(|(entry, key)| entry.key = key),
            None => entries.iter_mut().for_each(|entry| entry.key = self.key_of(view, entry.task)),
        }
    }

    /// The only one who joined since the last reading and still waits, unread; nothing when there are more.
    pub(crate) fn only(&mut self, view: ClusterView<'_>) -> Option<TaskId> {
        let (_, joined) = view.joined_since(self.cursor);
        let is_gone = |&&task: &&TaskId| view.status(task) != Status::Waiting;
        let gone = joined.iter().take_while(is_gone).count();
        self.cursor += gone;
        match joined[gone..] {
            [only] if self.held.is_empty() && self.key.held_until(view, only).is_none() => Some(only),
            _ => None,
        }
    }

    /// Hands over everyone who joined since the last time and still waits.
    pub(crate) fn read(&mut self, view: ClusterView<'_>, mut take: impl FnMut(Entry)) {
        let (next, joined) = view.joined_since(self.cursor);
        for (number, &task) in (self.cursor as u64..).zip(joined) {
            if view.status(task) == Status::Waiting {
                match self.key.held_until(view, task) {
                    Some(until) => self.held.push(Reverse((until, number, task))),
                    None => take(Entry::new(self.key_of(view, task), number, task)),
                }
            }
        }
        self.cursor = next;
        while let Some(&Reverse((until, number, task))) = self.held.peek()
            && (until <= view.now() || view.status(task) != Status::Waiting)
        {
            self.held.pop();
            if view.status(task) == Status::Waiting {
                take(Entry::new(self.key_of(view, task), number, task));
            }
        }
    }

    /// The answer when nobody is next: the first of those who are held back may be, when its time has come.
    pub(crate) fn nobody(&self, view: ClusterView<'_>) -> Decision {
        match self.held.peek() {
            Some(&Reverse((until, ..))) if until > view.now() => Decision::DeferUntil(until),
            _ => Decision::Defer,
        }
    }
}

/// Everyone who waits, the next one first. Keys that stand still are kept in a heap; keys that move are computed
/// anew at each question.
pub(crate) struct Heap {
    joining: Joining,
    heap: BinaryHeap<Reverse<Entry>>,
}

impl Heap {
    pub(crate) fn new(key: Box<dyn OrderKey>) -> Self {
        Self { joining: Joining::new(key), heap: BinaryHeap::new() }
    }

    pub(crate) fn reset(&mut self, seed: Seed) {
        self.joining.reset(seed);
        self.heap.clear();
    }

    /// As [`Joining::nobody`].
    pub(crate) fn nobody(&self, view: ClusterView<'_>) -> Decision {
        self.joining.nobody(view)
    }

    /// Takes out the next waiting task.
    pub(crate) fn pop(&mut self, view: ClusterView<'_>) -> Option<TaskId> {
        if self.joining.key.moves_with_time() {
            let entries = std::mem::take(&mut self.heap).into_vec();
            let mut entries: Vec<Entry> = entries.into_iter().map(|Reverse(entry)| entry).collect();
            entries.retain(|entry| entry.waits(view));
            self.joining.read(view, |entry| entries.push(entry));
            self.joining.refresh(view, &mut entries);
            self.heap = entries.into_iter().map(Reverse).collect();
        }
        let heap = &mut self.heap;
        self.joining.read(view, |entry| heap.push(Reverse(entry)));
        loop {
            let Reverse(Entry { task, .. }) = self.heap.pop()?;
            if view.status(task) == Status::Waiting {
                return Some(task);
            }
        }
    }
}

/// Everyone who waits, and the first of those that may find a place.
///
/// Tasks of one shape fit or fail together, so there is one heap per shape and the next task is the first of
/// the heads whose shape has not failed.
#[derive(Default)]
pub(crate) struct ByShape {
    by_shape: IdVec<ShapeId, BinaryHeap<Reverse<Entry>>>,
    /// Shapes whose heap is not empty.
    occupied: Vec<ShapeId>,
    /// Gangs fail one by one; there are few of them.
    gangs: Vec<Entry>,
}

impl ByShape {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn push(&mut self, view: ClusterView<'_>, entry: Entry) {
        if view.gang(entry.task).nth(1).is_some() {
            self.gangs.push(entry);
            return;
        }
        while self.by_shape.len() < view.shapes().len() {
            self.by_shape.push(BinaryHeap::new());
        }
        let shape = view.shape_id(entry.task);
        if self.by_shape[shape].is_empty() {
            self.occupied.push(shape);
        }
        self.by_shape[shape].push(Reverse(entry));
    }

    /// True when nobody waits.
    pub(crate) fn is_empty(&mut self, view: ClusterView<'_>) -> bool {
        if let [shape] = self.occupied[..]
            && head(&mut self.by_shape[shape], view).is_none()
        {
            self.occupied.clear();
        }
        self.occupied.is_empty() && self.gangs.is_empty()
    }

    /// The first of those that have not failed.
    pub(crate) fn next(&mut self, view: ClusterView<'_>) -> Option<TaskId> {
        self.gangs.retain(|entry| entry.waits(view));
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

/// The first of a heap who still waits; those before it are taken out.
fn head(heap: &mut BinaryHeap<Reverse<Entry>>, view: ClusterView<'_>) -> Option<Entry> {
    while heap.peek().is_some_and(|Reverse(entry)| !entry.waits(view)) {
        heap.pop();
    }
    heap.peek().map(|&Reverse(head)| head)
}

/// Everyone who waits in order, to be looked through from the front.
pub(crate) struct Sorted {
    joining: Joining,
    entries: Vec<Entry>,
}

impl Sorted {
    pub(crate) fn new(key: Box<dyn OrderKey>) -> Self {
        Self { joining: Joining::new(key), entries: Vec::new() }
    }

    pub(crate) fn reset(&mut self, seed: Seed) {
        self.joining.reset(seed);
        self.entries.clear();
    }

    /// As [`Joining::nobody`].
    pub(crate) fn nobody(&self, view: ClusterView<'_>) -> Decision {
        self.joining.nobody(view)
    }

    /// Everyone who waits now, the next one first.
    pub(crate) fn waiting(&mut self, view: ClusterView<'_>) -> &[Entry] {
        self.entries.retain(|entry| view.status(entry.task) == Status::Waiting);
        let entries = &mut self.entries;
        let moves = self.joining.key.moves_with_time();
        self.joining.read(view, |entry| {
            let at = if moves { entries.len() } else { entries.partition_point(|other| *other < entry) };
            entries.insert(at, entry);
        });
        if moves {
            self.joining.refresh(view, &mut self.entries);
            self.entries.sort_unstable();
        }
        &self.entries
    }
}

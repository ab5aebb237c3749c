//! The event queue: the earliest first, and first come first served among equals.
//!
//! A heap with four children per node, whose keys lie beside their payload: at the sizes that matter
//! here (only the ends of running tasks are pending, arrivals are read from the sorted workload) it
//! beats the binary heap of the standard library; `benches/engine.rs` shows by how much.

use super::time::SimTime;

const CHILDREN: usize = 4;

/// What comes first among events of one instant. Lower classes come first.
pub type Class = u8;

#[derive(Clone, Copy, Debug)]
struct Entry<T> {
    time: SimTime,
    /// The class in the upper 8 bits, then a counter: never equal for two entries.
    order: u64,
    payload: T,
}

impl<T> Entry<T> {
    fn key(&self) -> (SimTime, u64) {
        (self.time, self.order)
    }
}

/// Scheduled events in the order `(time, class, sequence)`.
#[derive(Clone, Debug)]
pub struct EventQueue<T> {
    heap: Vec<Entry<T>>,
    next_sequence: u64,
}

impl<T: Copy> EventQueue<T> {
    /// An empty queue.
    pub const fn new() -> Self {
        Self { heap: Vec::new(), next_sequence: 0 }
    }

    /// Schedules `payload`. Costs O(log n).
    pub fn push(&mut self, time: SimTime, class: Class, payload: T) {
        assert!(self.next_sequence < 1 << 56, "fewer than 2^56 events in an episode");
        let order = u64::from(class) << 56 | self.next_sequence;
        self.next_sequence += 1;
        self.heap.push(Entry { time, order, payload });
        self.sift_up(self.heap.len() - 1);
    }

    /// The time and class of the earliest event.
    pub fn peek(&self) -> Option<(SimTime, Class)> {
        self.heap.first().map(|entry| (entry.time, (entry.order >> 56) as Class))
    }

    /// Takes the earliest event. Costs O(log n).
    pub fn pop(&mut self) -> Option<(SimTime, T)> {
        let first = *self.heap.first()?;
        let last = self.heap.pop()?;
        if !self.heap.is_empty() {
            self.sift_down(last);
        }
        Some((first.time, first.payload))
    }

    /// How many events are scheduled.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// True when nothing is scheduled.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    fn sift_up(&mut self, mut at: usize) {
        let entry = self.heap[at];
        while at > 0 {
            let parent = (at - 1) / CHILDREN;
            if self.heap[parent].key() <= entry.key() {
                break;
            }
            self.heap[at] = self.heap[parent];
            at = parent;
        }
        self.heap[at] = entry;
    }

    /// Fills the hole at the root with `entry`.
    fn sift_down(&mut self, entry: Entry<T>) {
        let mut hole = 0;
        loop {
            let first = hole * CHILDREN + 1;
            if first >= self.heap.len() {
                break;
            }
            let end = (first + CHILDREN).min(self.heap.len());
            let mut least = first;
            for child in first + 1..end {
                if self.heap[child].key() < self.heap[least].key() {
                    least = child;
                }
            }
            if entry.key() <= self.heap[least].key() {
                break;
            }
            self.heap[hole] = self.heap[least];
            hole = least;
        }
        self.heap[hole] = entry;
    }
}

impl<T: Copy> Default for EventQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::Seed;
    use std::collections::BTreeSet;

    #[test]
    fn equals_leave_in_the_order_they_came() {
        let mut queue = EventQueue::new();
        for payload in 0..100 {
            queue.push(SimTime(5), 1, payload);
        }
        queue.push(SimTime(5), 0, 100);
        assert_eq!(queue.pop(), Some((SimTime(5), 100)));
        assert!((0..100).all(|payload| queue.pop() == Some((SimTime(5), payload))));
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn agrees_with_an_ordered_set_under_random_operations() {
        let mut random = Seed(11).stream("queue");
        let mut queue = EventQueue::new();
        let mut oracle = BTreeSet::new();
        for sequence in 0..20_000_u32 {
            if random.unit() < 0.55 {
                let (time, class) = (SimTime(random.below(50) as u64), random.below(3) as Class);
                queue.push(time, class, sequence);
                oracle.insert((time, class, sequence));
            } else {
                let expected = oracle.pop_first().map(|(time, _, payload)| (time, payload));
                assert_eq!(queue.pop(), expected);
            }
            assert_eq!(queue.len(), oracle.len());
            assert_eq!(queue.peek(), oracle.first().map(|&(time, class, _)| (time, class)));
        }
    }
}

//! The event queue: the earliest first, and first come first served among equals.
//!
//! A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan, JACM 37(2), 1990): nothing is ever scheduled before what was
//! popped last, so an entry need only be put roughly in its place. Times are read as sixteen digits of four bits;
//! an entry lies in the bucket of the highest digit in which its time differs from that of the last pop, and of
//! its value there. Those of the same instant lie apart. When none of them is left, the lowest bucket with entries
//! is spread over the buckets of lower digits. An entry moves down at most sixteen times, through memory that lies
//! in a row, which is why a million pending events cost hardly more each than a thousand; `benches/engine.rs`
//! compares with the binary heap of the standard library.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::time::SimTime;

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

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

/// Entries of later instants, and the earliest of them.
#[derive(Clone, Debug)]
struct Bucket<T> {
    entries: Vec<Entry<T>>,
    /// Meaningless while there are no entries.
    earliest: (SimTime, u64),
}

const BITS: usize = 4;
const VALUES: usize = 1 << BITS;
const DIGITS: usize = 64 / BITS;

/// Buckets of so many entries are announced when they are spread: enough to reach for at once, few enough to
/// follow soon.
const NEAR: std::ops::RangeInclusive<usize> = 4..=64;

/// Scheduled events in the order `(time, class, sequence)`.
#[derive(Clone, Debug)]
pub struct EventQueue<T> {
    /// The time of the last pop.
    last: SimTime,
    /// The entries of that very instant.
    present: BinaryHeap<Reverse<Entry<T>>>,
    /// By digit, the lowest first, then by its value.
    later: Vec<Bucket<T>>,
    /// For each digit, the values whose bucket has entries, by bit.
    occupied: [u16; DIGITS],
    /// The digits that have such values, by bit.
    occupied_digits: u16,
    count: usize,
    next_sequence: u64,
}

impl<T: Copy> EventQueue<T> {
    /// An empty queue.
    pub fn new() -> Self {
        let bucket = Bucket { entries: Vec::new(), earliest: (SimTime::MAX, u64::MAX) };
        Self {
            last: SimTime::ZERO,
            present: BinaryHeap::new(),
            later: vec![bucket; DIGITS * VALUES],
            occupied: [0; DIGITS],
            occupied_digits: 0,
            count: 0,
            next_sequence: 0,
        }
    }

    /// Schedules `payload`, no earlier than what was popped last.
    pub fn push(&mut self, time: SimTime, class: Class, payload: T) {
        assert!(time >= self.last, "nothing is scheduled in the past");
        assert!(self.next_sequence < 1 << 56, "fewer than 2^56 events in an episode");
        let order = u64::from(class) << 56 | self.next_sequence;
        self.next_sequence += 1;
        self.count += 1;
        self.put(Entry { time, order, payload });
    }

    /// The time and class of the earliest event. Costs O(1).
    pub fn peek(&self) -> Option<(SimTime, Class)> {
        let (time, order) = match self.present.peek() {
            Some(Reverse(entry)) => entry.key(),
            None => self.later[self.lowest()?].earliest,
        };
        Some((time, (order >> 56) as Class))
    }

    /// Takes the earliest event.
    pub fn pop(&mut self) -> Option<(SimTime, T)> {
        self.pop_announcing(|_| {})
    }

    /// Takes the earliest event, and announces others that are near, when it comes by them: some of them not at
    /// all, others several times. Whoever needs far memory for an event can reach for that of several at once.
    pub fn pop_announcing(&mut self, announce: impl FnMut(T)) -> Option<(SimTime, T)> {
        if self.present.is_empty() {
            self.spread(announce);
        }
        let Reverse(entry) = self.present.pop()?;
        self.count -= 1;
        Some((entry.time, entry.payload))
    }

    /// How many events are scheduled.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True when nothing is scheduled.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The number of the lowest bucket with entries.
    fn lowest(&self) -> Option<usize> {
        let digit = self.occupied_digits.trailing_zeros() as usize;
        let values = self.occupied.get(digit)?;
        Some(digit * VALUES + values.trailing_zeros() as usize)
    }

    fn put(&mut self, entry: Entry<T>) {
        let differs = entry.time.0 ^ self.last.0;
        if differs == 0 {
            self.present.push(Reverse(entry));
            return;
        }
        let digit = (63 - differs.leading_zeros()) as usize / BITS;
        let value = (entry.time.0 >> (digit * BITS)) as usize % VALUES;
        let bucket = &mut self.later[digit * VALUES + value];
        if bucket.entries.is_empty() || entry.key() < bucket.earliest {
            bucket.earliest = entry.key();
        }
        bucket.entries.push(entry);
        self.occupied[digit] |= 1 << value;
        self.occupied_digits |= 1 << digit;
    }

    /// Moves on to the earliest event, and the entries of its bucket to where they belong seen from there.
    fn spread(&mut self, announce: impl FnMut(T)) {
        let Some(number) = self.lowest() else { return };
        let digit = number / VALUES;
        self.occupied[digit] &= self.occupied[digit] - 1;
        self.occupied_digits &= !(u16::from(self.occupied[digit] == 0) << digit);
        self.last = self.later[number].earliest.0;
        let mut entries = std::mem::take(&mut self.later[number].entries);
        if NEAR.contains(&entries.len()) {
            entries.iter().map(|entry| entry.payload).for_each(announce);
        }
        entries.drain(..).for_each(|entry| self.put(entry));
        // All of them went to lower digits; the memory stays where it will be needed again.
        self.later[number].entries = entries;
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
        // Near and far, with many ties and across many powers of two.
        for spread in [1, 50, 100_000, 1 << 40] {
            let mut queue = EventQueue::new();
            let mut oracle = BTreeSet::new();
            let mut now = SimTime::ZERO;
            for sequence in 0..20_000_u32 {
                if random.unit() < 0.52 {
                    let time = SimTime(now.0 + random.below(spread) as u64);
                    let class = random.below(3) as Class;
                    queue.push(time, class, sequence);
                    oracle.insert((time, class, sequence));
                } else {
                    let expected = oracle.pop_first().map(|(time, _, payload)| (time, payload));
                    assert_eq!(queue.pop(), expected);
                    now = expected.map_or(now, |(time, _)| time);
                }
                assert_eq!(queue.len(), oracle.len());
                assert_eq!(queue.peek(), oracle.first().map(|&(time, class, _)| (time, class)));
            }
        }
    }

    #[test]
    #[should_panic(expected = "nothing is scheduled in the past")]
    fn the_past_is_refused() {
        let mut queue = EventQueue::new();
        queue.push(SimTime(5), 0, ());
        queue.pop();
        queue.push(SimTime(4), 0, ());
    }
}

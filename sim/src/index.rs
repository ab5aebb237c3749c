//! Search structures over free capacity, so that first, best and worst fit never scan all hosts.
//!
//! A structure belongs to whoever asks (a policy): it reads which hosts changed since it was last asked and
//! brings only those up to date. It follows one engine: whoever clones an engine to look ahead clones its
//! structures with it. With `n` hosts, [`FirstFit`] costs O(log n) per change and per question;
//! [`Ordered`] costs O(log n) per change and, per question, O(log n) plus one comparison for each block of
//! hosts that is passed over. The answers are exactly those of a scan (`tests/differential.rs`).

use crate::kernel::ids::{HostId, Id};
use crate::resources::{Resources, TaskShape, WHOLE_DEVICE};
use crate::view::ClusterView;

/// What must be there, at least, for a shape to fit; of a group of hosts, the maximum of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Room {
    free: Resources,
    /// Kinds of devices of which something is free.
    kinds: u32,
    largest_part: u16,
    whole_devices: u16,
}

impl Room {
    #[inline]
    fn of(view: ClusterView<'_>, host: HostId) -> Self {
        let mut room = Self { free: view.free()[host.index()], ..Self::default() };
        for (&free, &kind) in view.devices_free(host).iter().zip(view.device_kinds(host)) {
            room.kinds |= u32::from(free > 0) << kind;
            room.largest_part = room.largest_part.max(free);
            room.whole_devices += u16::from(free == WHOLE_DEVICE);
        }
        room
    }

    #[inline]
    fn max(self, other: Self) -> Self {
        Self {
            free: Resources {
                cpu_milli: self.free.cpu_milli.max(other.free.cpu_milli),
                memory_mib: self.free.memory_mib.max(other.free.memory_mib),
            },
            kinds: self.kinds | other.kinds,
            largest_part: self.largest_part.max(other.largest_part),
            whole_devices: self.whole_devices.max(other.whole_devices),
        }
    }

    /// False when the shape certainly does not fit.
    #[inline]
    fn may_hold(&self, shape: &TaskShape) -> bool {
        self.free.covers(shape.resources) && (shape.devices.count == 0 || self.may_hold_devices(shape))
    }

    #[inline]
    fn may_hold_devices(&self, shape: &TaskShape) -> bool {
        let request = shape.devices;
        let whole = if request.milli_each == WHOLE_DEVICE { u16::from(request.count) } else { 0 };
        self.kinds & request.kinds.0 != 0
            && self.largest_part >= request.milli_each
            && self.whole_devices >= whole
    }
}

/// So many children has a node of the tree, and so many levels reach 2^32 hosts.
const FAN_OUT: usize = 8;
const MOST_LEVELS: usize = 11;

/// The rooms of a node's children, field by field, so that all of them are compared at once.
#[derive(Clone, Copy, Debug, Default)]
struct Children {
    cpu_milli: [u32; FAN_OUT],
    memory_mib: [u32; FAN_OUT],
    kinds: [u32; FAN_OUT],
    largest_part: [u16; FAN_OUT],
    whole_devices: [u16; FAN_OUT],
}

impl Children {
    fn room(&self, child: usize) -> Room {
        Room {
            free: Resources { cpu_milli: self.cpu_milli[child], memory_mib: self.memory_mib[child] },
            kinds: self.kinds[child],
            largest_part: self.largest_part[child],
            whole_devices: self.whole_devices[child],
        }
    }

    fn set(&mut self, child: usize, room: Room) {
        self.cpu_milli[child] = room.free.cpu_milli;
        self.memory_mib[child] = room.free.memory_mib;
        self.kinds[child] = room.kinds;
        self.largest_part[child] = room.largest_part;
        self.whole_devices[child] = room.whole_devices;
    }

    fn maximum(&self) -> Room {
        let largest = |values: &[u32; FAN_OUT]| values.iter().fold(0, |most, &value| most.max(value));
        let most = |values: &[u16; FAN_OUT]| values.iter().fold(0, |most, &value| most.max(value));
        Room {
            free: Resources { cpu_milli: largest(&self.cpu_milli), memory_mib: largest(&self.memory_mib) },
            kinds: self.kinds.iter().fold(0, |all, &kinds| all | kinds),
            largest_part: most(&self.largest_part),
            whole_devices: most(&self.whole_devices),
        }
    }

    /// Which children may hold the shape, by bit.
    #[inline]
    fn that_may_hold(&self, shape: &TaskShape) -> u32 {
        let need = shape.resources;
        let has_room = |child: usize| {
            self.cpu_milli[child] >= need.cpu_milli && self.memory_mib[child] >= need.memory_mib
        };
        let mut some = (0..FAN_OUT).fold(0, |some, child| some | u32::from(has_room(child)) << child);
        if shape.devices.count > 0 {
            for child in 0..FAN_OUT {
                some &= !(u32::from(!self.room(child).may_hold_devices(shape)) << child);
            }
        }
        some
    }
}

/// Finds the lowest host on which a shape fits: a tree of maxima, eight children to a node.
///
/// What grows is known all the way up at once. What shrinks is not: a node may promise more than is below it
/// until a search that believed it comes back with nothing and corrects it. Every such detour was paid for by
/// a change.
#[derive(Clone, Debug, Default)]
pub struct FirstFit {
    /// The hosts, then each level above, by families: child `c` of node `n` is node `8 n + c` of the level below,
    /// and the room of a node is at least the maximum over its children.
    levels: Vec<Vec<Children>>,
    cursor: u64,
}

impl FirstFit {
    /// The lowest host on which the shape fits.
    pub fn find(&mut self, view: ClusterView<'_>, shape: &TaskShape) -> Option<HostId> {
        self.synchronise(view);
        let top = self.levels.len() - 1;
        let (mut level, mut node) = (top, 0);
        // By level: which children of the present node have not been looked at yet.
        let mut left = [0; MOST_LEVELS];
        left[top] = self.levels[top][0].that_may_hold(shape);
        loop {
            if left[level] == 0 {
                if level == top {
                    return None;
                }
                let largest = self.levels[level][node].maximum();
                level += 1;
                self.levels[level][node / FAN_OUT].set(node % FAN_OUT, largest);
                node /= FAN_OUT;
                continue;
            }
            let child = node * FAN_OUT + left[level].trailing_zeros() as usize;
            left[level] &= left[level] - 1;
            if level > 0 {
                (level, node) = (level - 1, child);
                left[level] = self.levels[level][node].that_may_hold(shape);
            } else if child < view.free().len() && view.fits(shape, HostId::from_index(child)) {
                return Some(HostId::from_index(child));
            }
        }
    }

    fn synchronise(&mut self, view: ClusterView<'_>) {
        let (next, changed) = view.changes_since(self.cursor);
        self.cursor = next;
        match changed.filter(|_| !self.levels.is_empty()) {
            Some(hosts) => hosts.iter().for_each(|&host| self.update(host.index(), Room::of(view, host))),
            None => self.build(view),
        }
    }

    fn build(&mut self, view: ClusterView<'_>) {
        let mut rooms: Vec<Room> = view.topology().hosts().map(|host| Room::of(view, host)).collect();
        self.levels.clear();
        while self.levels.is_empty() || rooms.len() > 1 {
            let mut families = vec![Children::default(); rooms.len().div_ceil(FAN_OUT)];
            for (index, &room) in rooms.iter().enumerate() {
                families[index / FAN_OUT].set(index % FAN_OUT, room);
            }
            rooms = families.iter().map(Children::maximum).collect();
            self.levels.push(families);
        }
        // Where a level is not full, its last node has children of no room, which exist all the same.
        for level in (1..self.levels.len()).rev() {
            let count = self.levels[level].len() * FAN_OUT;
            self.levels[level - 1].resize(count, Children::default());
        }
    }

    fn update(&mut self, mut index: usize, mut room: Room) {
        for (level, families) in self.levels.iter_mut().enumerate() {
            let (family, child) = (&mut families[index / FAN_OUT], index % FAN_OUT);
            if level > 0 {
                let known = family.room(child);
                room = known.max(room);
                if room == known {
                    return;
                }
            }
            family.set(child, room);
            index /= FAN_OUT;
        }
    }
}

/// Which host of those that fit is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The one with the least left: by cpu, then memory, then devices, then the lowest id.
    Tightest,
    /// The one with the most left: by cpu, then memory, then devices, then the lowest id.
    Roomiest,
}

/// Finds the tightest or the roomiest host on which a shape fits: all hosts sorted by what they have free, in
/// blocks that know the maxima of their hosts. Like a node of [`FirstFit`], a block may promise more than it has
/// until a search that believed it corrects it.
#[derive(Clone, Debug)]
pub struct Ordered {
    preference: Preference,
    blocks: Vec<Vec<Entry>>,
    /// No key of a block is larger than this, and every key of the next one is.
    last_keys: Vec<u128>,
    /// At least the maxima over each block.
    maxima: Vec<Room>,
    keys: Vec<u128>,
    cursor: u64,
}

/// Blocks are split when they grow beyond this, and joined when two have less than half of it.
const BLOCK: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Free cpu, memory and devices and the id, 32 bits each, so that keys sort as the preference says.
    key: u128,
    room: Room,
}

impl Ordered {
    /// An index that is built when it is first asked.
    pub fn new(preference: Preference) -> Self {
        let (blocks, last_keys, maxima, keys) = Default::default();
        Self { preference, blocks, last_keys, maxima, keys, cursor: 0 }
    }

    /// The preferred host on which the shape fits.
    pub fn find(&mut self, view: ClusterView<'_>, shape: &TaskShape) -> Option<HostId> {
        self.synchronise(view);
        let least = u128::from(shape.resources.cpu_milli) << 96;
        let start = self.last_keys.partition_point(|&last| last < least);
        let end = self.blocks.len();
        let found = match self.preference {
            Preference::Tightest => (start..end).find_map(|block| self.find_in(block, view, shape)),
            Preference::Roomiest => (start..end).rev().find_map(|block| self.find_in(block, view, shape)),
        };
        found.map(|key| self.host(key))
    }

    /// The key of the preferred host of a block on which the shape fits.
    fn find_in(&mut self, block: usize, view: ClusterView<'_>, shape: &TaskShape) -> Option<u128> {
        if !self.maxima[block].may_hold(shape) {
            return None;
        }
        let entries = &self.blocks[block];
        let fits = |entry: &&Entry| entry.room.may_hold(shape) && view.fits(shape, self.host(entry.key));
        let found = match self.preference {
            Preference::Tightest => entries.iter().find(fits),
            Preference::Roomiest => entries.iter().rev().find(fits),
        };
        let key = found.map(|entry| entry.key);
        if key.is_none() {
            self.maxima[block] = block_maximum(entries);
        }
        key
    }

    fn key(&self, view: ClusterView<'_>, host: HostId, room: &Room) -> u128 {
        let devices: u32 = view.devices_free(host).iter().map(|&free| u32::from(free)).sum();
        // Read from the back, the lowest id must come first among equals.
        let id = if self.preference == Preference::Tightest { host.0 } else { !host.0 };
        let Resources { cpu_milli, memory_mib } = room.free;
        [cpu_milli, memory_mib, devices, id].iter().fold(0, |key, &part| key << 32 | u128::from(part))
    }

    fn host(&self, key: u128) -> HostId {
        let id = key as u32;
        HostId(if self.preference == Preference::Tightest { id } else { !id })
    }

    fn synchronise(&mut self, view: ClusterView<'_>) {
        let (next, changed) = view.changes_since(self.cursor);
        self.cursor = next;
        match changed.filter(|_| !self.keys.is_empty()) {
            Some(hosts) => hosts.iter().for_each(|&host| self.update(view, host)),
            None => self.build(view),
        }
    }

    fn build(&mut self, view: ClusterView<'_>) {
        let entry = |host| {
            let room = Room::of(view, host);
            Entry { key: self.key(view, host, &room), room }
        };
        let mut entries: Vec<Entry> = view.topology().hosts().map(entry).collect();
        self.keys = entries.iter().map(|entry| entry.key).collect();
        entries.sort_unstable_by_key(|entry| entry.key);
        self.blocks = entries.chunks(BLOCK / 2).map(<[Entry]>::to_vec).collect();
        self.last_keys = self.blocks.iter().map(|block| last_key(block)).collect();
        self.maxima = self.blocks.iter().map(|block| block_maximum(block)).collect();
    }

    fn update(&mut self, view: ClusterView<'_>, host: HostId) {
        let room = Room::of(view, host);
        let entry = Entry { key: self.key(view, host, &room), room };
        let before = std::mem::replace(&mut self.keys[host.index()], entry.key);
        if before == entry.key {
            // The same amounts may be free on other devices.
            let block = self.block_of(before);
            let at = self.blocks[block].partition_point(|entry| entry.key < before);
            self.blocks[block][at] = entry;
            self.maxima[block] = self.maxima[block].max(room);
            return;
        }
        self.remove(before);
        self.insert(entry);
    }

    /// The block that holds this key, or into which it belongs.
    fn block_of(&self, key: u128) -> usize {
        self.last_keys.partition_point(|&last| last < key).min(self.blocks.len() - 1)
    }

    fn remove(&mut self, key: u128) {
        let block = self.block_of(key);
        let at = self.blocks[block].partition_point(|entry| entry.key < key);
        assert_eq!(self.blocks[block][at].key, key, "a host lies where its key says");
        self.blocks[block].remove(at);
        let neighbour = if block + 1 < self.blocks.len() { block + 1 } else { block.saturating_sub(1) };
        if neighbour != block && self.blocks[block].len() + self.blocks[neighbour].len() < BLOCK / 2 {
            self.join(block.min(neighbour));
        }
    }

    /// Joins a block with the next one.
    fn join(&mut self, block: usize) {
        let next = self.blocks.remove(block + 1);
        self.blocks[block].extend(next);
        self.last_keys.remove(block);
        let maximum = self.maxima.remove(block);
        self.maxima[block] = self.maxima[block].max(maximum);
    }

    fn insert(&mut self, entry: Entry) {
        let block = self.block_of(entry.key);
        let entries = &mut self.blocks[block];
        let at = entries.partition_point(|other| other.key < entry.key);
        entries.insert(at, entry);
        self.last_keys[block] = self.last_keys[block].max(entry.key);
        self.maxima[block] = self.maxima[block].max(entry.room);
        if entries.len() > BLOCK {
            let upper = entries.split_off(BLOCK / 2);
            self.last_keys.insert(block, last_key(entries));
            self.maxima.insert(block, block_maximum(entries));
            self.maxima[block + 1] = block_maximum(&upper);
            self.blocks.insert(block + 1, upper);
        }
    }
}

fn last_key(entries: &[Entry]) -> u128 {
    entries.last().expect("a block is built and split with entries").key
}

fn block_maximum(entries: &[Entry]) -> Room {
    entries.iter().fold(Room::default(), |maximum, entry| maximum.max(entry.room))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Decision, Placement, Request};
    use crate::engine::{Engine, Step};
    use crate::kernel::ids::TaskId;
    use crate::resources::DeviceSet;
    use crate::testing;

    /// Places a task on a host and these of its devices.
    fn place(engine: &mut Engine, task: u32, host: u32, devices: u32) {
        let task = TaskId(task);
        while let Step::Happened(_) = engine.step() {}
        engine.apply(Request::Order, Decision::Select(task)).expect("it waits");
        let placement = testing::placement_on(engine.view(), task, HostId(host));
        let placement = Placement { devices: DeviceSet(devices), ..placement };
        engine.apply(Request::Place { task }, Decision::Place(placement)).expect("it fits");
    }

    /// What first fit, tightest and roomiest say about the shape of a task.
    fn answers(engine: &Engine, task: u32) -> [Option<u32>; 3] {
        let view = engine.view();
        let shape = view.shape(TaskId(task));
        [
            FirstFit::default().find(view, shape),
            Ordered::new(Preference::Tightest).find(view, shape),
            Ordered::new(Preference::Roomiest).find(view, shape),
        ]
        .map(|host| host.map(|host| host.0))
    }

    #[test]
    fn the_first_the_tightest_and_the_roomiest_host() {
        let hosts = "cpu 2 | cpu 5 | cpu 9 | cpu 4 memory 8 | cpu 4 memory 4 | cpu 9";
        let engine = testing::engine(hosts, "cpu 3 work 1 | cpu 2 work 1 | cpu 10 work 1");
        assert_eq!(answers(&engine, 0), [Some(1), Some(4), Some(2)], "equal cpu goes by memory, then by id");
        assert_eq!(answers(&engine, 1), [Some(0), Some(0), Some(2)]);
        assert_eq!(answers(&engine, 2), [None; 3]);
    }

    #[test]
    fn devices_decide_where_cpu_does_not() {
        let hosts = "cpu 4 | cpu 4 gpus 1 kind t4 | cpu 4 gpus 2 kind a100 | cpu 8 gpus 1 kind a100";
        let work = "cpu 1 gpus 1 kind a100 work 9 | cpu 1 gpus 2 work 9 | cpu 1 share 500 work 9";
        let mut engine = testing::engine(hosts, work);
        while let Step::Happened(_) = engine.step() {}
        assert_eq!(answers(&engine, 0), [Some(2), Some(2), Some(3)]);
        assert_eq!(answers(&engine, 1), [Some(2), Some(2), Some(2)]);
        assert_eq!(answers(&engine, 2), [Some(1), Some(1), Some(3)]);
        place(&mut engine, 2, 2, 0b01);
        assert_eq!(answers(&engine, 1), [None; 3], "one and a half devices are not two");
    }

    /// The host keeps its place in the order while two broken devices become one whole and one full.
    #[test]
    fn a_host_with_the_same_amounts_on_other_devices_is_seen_anew() {
        let work = "share 600 work 9 | share 400 work 1 | share 400 work 9 | gpus 1 work 9";
        let mut engine = testing::engine("gpus 2", work);
        let mut indexes = [Preference::Tightest, Preference::Roomiest].map(Ordered::new);
        let mut first = FirstFit::default();
        let mut finds_a_whole_device = |engine: &Engine| {
            let (view, shape) = (engine.view(), engine.view().shape(TaskId(3)));
            let [tightest, roomiest] = indexes.each_mut().map(|index| index.find(view, shape).is_some());
            [first.find(view, shape).is_some(), tightest, roomiest]
        };
        place(&mut engine, 0, 0, 0b01);
        place(&mut engine, 1, 0, 0b10);
        assert_eq!(engine.view().devices_free(HostId(0)), [400, 600]);
        assert_eq!(finds_a_whole_device(&engine), [false; 3]);
        // Until task 1 ends.
        while engine.view().now().0 == 0 {
            if let Step::Decide(request) = engine.step() {
                engine.apply(request, Decision::Defer).expect("nobody need be next");
            }
        }
        place(&mut engine, 2, 0, 0b01);
        assert_eq!(engine.view().devices_free(HostId(0)), [0, 1000]);
        assert_eq!(finds_a_whole_device(&engine), [true; 3]);
    }
}

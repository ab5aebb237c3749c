//! Scores: how much a policy likes a host for a task. Most heuristics are one, and [`Greedy`] turns it into a
//! policy that looks only at what changed since it was last asked.

use std::hash::BuildHasherDefault;

use rustc_hash::FxHasher;
use sim::decision::{Decision, NumaShare, Placement, Request};
use sim::kernel::ids::{HostId, Id, IdVec, ShapeId, TaskId};
use sim::kernel::rng::Seed;
use sim::models::fragmentation::TypicalTasks;
use sim::resources::{DeviceSet, Resources, TaskShape};
use sim::view::{ClusterView, HostState};

use crate::policy::Policy;

/// What a score knows beside the task and the host; it stays the same for a whole episode.
#[derive(Clone, Debug)]
pub struct Context {
    /// The largest cpu and memory that a host has.
    pub largest_host: Resources,
    /// The most devices that a host has, in thousandths.
    pub largest_devices_milli: u32,
    /// The usual tasks of the workload, known from history.
    pub typical: TypicalTasks,
}

impl Context {
    /// The context of an episode.
    pub fn new(view: ClusterView<'_>) -> Self {
        let topology = view.topology();
        let mut largest_host = Resources::ZERO;
        for model in topology.models().iter() {
            let capacity = model.capacity();
            largest_host.cpu_milli = largest_host.cpu_milli.max(capacity.cpu_milli);
            largest_host.memory_mib = largest_host.memory_mib.max(capacity.memory_mib);
        }
        let most_devices = topology.models().iter().map(|model| model.devices.len()).max();
        Self {
            largest_host,
            largest_devices_milli: 1000 * most_devices.unwrap_or(0) as u32,
            typical: TypicalTasks::new(view.mix(), topology),
        }
    }

    /// An amount of cpu, memory (of the largest host) and devices (of the most on a host) as fractions.
    pub fn fractions(&self, resources: Resources, devices_milli: u32) -> [f64; 3] {
        let of = |part: u32, whole: u32| if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) };
        [
            of(resources.cpu_milli, self.largest_host.cpu_milli),
            of(resources.memory_mib, self.largest_host.memory_mib),
            of(devices_milli, self.largest_devices_milli),
        ]
    }
}

/// How much a policy likes a host for a task. The highest feasible wins; ties go to the lowest id.
///
/// It sees only these three, so that a score is remembered until the host changes.
pub trait Score {
    /// The score; called only for hosts on which the task fits.
    fn score(&self, task: &TaskShape, host: &HostState, context: &Context) -> f64;

    /// Which devices of the chosen host: by default the tightest that will do.
    fn devices(&self, task: &TaskShape, host: &HostState, context: &Context) -> DeviceSet {
        let _ = context;
        tightest_devices(task, host)
    }
}

/// A part of a device: the fullest one that has room. Whole devices: the first free ones.
pub fn tightest_devices(task: &TaskShape, host: &HostState) -> DeviceSet {
    let usable = (0..host.devices_free().len()).filter(|&position| host.is_usable(position, task.devices));
    if task.devices.is_share() {
        let tightest = usable.min_by_key(|&position| host.devices_free()[position]);
        return tightest.map_or(DeviceSet::EMPTY, |position| DeviceSet::EMPTY.with(position));
    }
    usable.take(usize::from(task.devices.count)).fold(DeviceSet::EMPTY, DeviceSet::with)
}

/// Which NUMA nodes give cpu and memory: the single node with the least cpu to spare, else as few as do, the
/// emptiest first.
pub fn tightest_numa(view: ClusterView<'_>, task: &TaskShape, host: HostId) -> NumaShare {
    let nodes = view.numa_free(host);
    if nodes.len() == 1 {
        return NumaShare::node(0);
    }
    let fitting = (0..nodes.len()).filter(|&node| nodes[node].covers(task.resources));
    if let Some(node) = fitting.min_by_key(|&node| nodes[node].cpu_milli) {
        return NumaShare::node(node);
    }
    let mut emptiest: Vec<usize> = (0..nodes.len()).collect();
    emptiest.sort_by_key(|&node| std::cmp::Reverse(nodes[node].cpu_milli));
    let (mut share, mut sum) = (NumaShare(0), Resources::ZERO);
    for node in emptiest {
        if sum.covers(task.resources) {
            break;
        }
        share = NumaShare(share.0 | NumaShare::node(node).0);
        sum = sum.plus(nodes[node]);
    }
    share
}

/// A placement on a host with the devices that were chosen.
pub fn placement(view: ClusterView<'_>, task: TaskId, host: HostId, devices: DeviceSet) -> Decision {
    let numa = tightest_numa(view, view.shape(task), host);
    Decision::Place(Placement { task, host, numa, devices })
}

/// Places on the feasible host with the highest score.
///
/// For each shape that was asked about it keeps the scores of all hosts in a tree of maxima; when the shape is
/// asked about again, only the hosts that changed meanwhile are scored. Hosts in equal states are scored once.
pub struct Greedy<S> {
    score: S,
    context: Option<Context>,
    remembered: IdVec<ShapeId, Option<Box<Remembered>>>,
    live: usize,
    asked: u64,
    /// The number of the question for which a host was last scored.
    scored_at: Vec<u64>,
}

#[derive(Debug)]
struct Remembered {
    cursor: u64,
    last_asked: u64,
    scores: MaximumTree,
}

type Memo = std::collections::HashMap<HostState, f64, BuildHasherDefault<FxHasher>>;

/// What all remembered scores together may take.
const MEMORY_BYTES: usize = 256 << 20;

impl<S: Score> Greedy<S> {
    /// A policy that follows this score.
    pub fn new(score: S) -> Self {
        Self { score, context: None, remembered: IdVec::new(), live: 0, asked: 0, scored_at: Vec::new() }
    }

    /// The feasible host with the highest score.
    fn best(&mut self, view: ClusterView<'_>, shape: ShapeId) -> Option<HostId> {
        if self.remembered.len() != view.shapes().len() {
            self.remembered = view.shapes().iter().map(|_| None).collect();
            self.scored_at = vec![0; view.topology().host_count()];
        }
        self.asked += 1;
        self.make_room(view, shape);
        let mut kept = match self.remembered[shape].take() {
            Some(kept) => kept,
            None => {
                self.live += 1;
                let scores = MaximumTree::new(view.topology().host_count());
                Box::new(Remembered { cursor: u64::MAX, last_asked: 0, scores })
            }
        };
        kept.last_asked = self.asked;
        self.bring_up_to_date(view, shape, &mut kept);
        let best = kept.scores.best().map(HostId::from_index);
        self.remembered[shape] = Some(kept);
        best
    }

    fn bring_up_to_date(&mut self, view: ClusterView<'_>, shape: ShapeId, kept: &mut Remembered) {
        let context = self.context.as_ref().expect("made before the first question");
        let shape = &view.shapes()[shape];
        let host_count = view.topology().host_count();
        let is_new = kept.cursor == u64::MAX;
        let (next, changed) = if is_new { (view.changes_since(0).0, None) } else { view.changes_since(kept.cursor) };
        kept.cursor = next;
        if let Some(hosts) = changed.filter(|hosts| hosts.len() < host_count) {
            for &host in hosts {
                // A host that changed repeatedly is scored once, as it is now.
                if std::mem::replace(&mut self.scored_at[host.index()], self.asked) == self.asked {
                    continue;
                }
                let score = match view.fits(shape, host) {
                    true => self.score.score(shape, &view.host_state(host), context),
                    false => f64::NEG_INFINITY,
                };
                kept.scores.set(host.index(), score);
            }
            return;
        }
        let mut memo = Memo::default();
        let scores = view.topology().hosts().map(|host| {
            if !view.fits(shape, host) {
                return f64::NEG_INFINITY;
            }
            let state = view.host_state(host);
            *memo.entry(state).or_insert_with(|| self.score.score(shape, &state, context))
        });
        kept.scores.fill(scores);
    }

    /// Forgets the shape that was not asked about for longest, when another one would be too many.
    fn make_room(&mut self, view: ClusterView<'_>, shape: ShapeId) {
        let bytes_each = view.topology().host_count() * std::mem::size_of::<f64>() * 17 / 16;
        if self.remembered[shape].is_some() || self.live < (MEMORY_BYTES / bytes_each.max(1)).max(8) {
            return;
        }
        let known = self.remembered.ids().filter_map(|id| Some((self.remembered[id].as_ref()?.last_asked, id)));
        if let Some((_, oldest)) = known.min() {
            self.remembered[oldest] = None;
            self.live -= 1;
        }
    }
}

impl<S: Score> Policy for Greedy<S> {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Place { task } = request else { return Decision::Defer };
        if self.context.is_none() {
            self.context = Some(Context::new(view));
        }
        let Some(host) = self.best(view, view.shape_id(task)) else { return Decision::Defer };
        let context = self.context.as_ref().expect("made above");
        let shape = view.shape(task);
        let devices = match shape.devices.count {
            0 => DeviceSet::EMPTY,
            _ => self.score.devices(shape, &view.host_state(host), context),
        };
        placement(view, task, host, devices)
    }

    fn reset(&mut self, _: Seed) {
        self.context = None;
        self.remembered = IdVec::new();
        self.live = 0;
        self.asked = 0;
    }
}

/// Numbers by index, and the index of the largest: sixteen children to a node.
#[derive(Clone, Debug)]
struct MaximumTree {
    levels: Vec<Vec<f64>>,
}

const FAN_OUT: usize = 16;

impl MaximumTree {
    fn new(count: usize) -> Self {
        let mut levels = vec![vec![f64::NEG_INFINITY; count]];
        while let Some(below) = levels.last().filter(|level| level.len() > FAN_OUT) {
            levels.push(vec![f64::NEG_INFINITY; below.len().div_ceil(FAN_OUT)]);
        }
        Self { levels }
    }

    fn fill(&mut self, values: impl Iterator<Item = f64>) {
        self.levels[0].clear();
        self.levels[0].extend(values);
        for level in 1..self.levels.len() {
            let (below, above) = self.levels.split_at_mut(level);
            for (maximum, group) in above[0].iter_mut().zip(below[level - 1].chunks(FAN_OUT)) {
                *maximum = maximum_of(group);
            }
        }
    }

    fn set(&mut self, mut index: usize, mut value: f64) {
        for level in 0..self.levels.len() {
            let entries = &mut self.levels[level];
            if entries[index] == value {
                return;
            }
            entries[index] = value;
            index /= FAN_OUT;
            let first = index * FAN_OUT;
            value = maximum_of(&entries[first..entries.len().min(first + FAN_OUT)]);
        }
    }

    /// The lowest index of the largest value; `None` when all are minus infinity.
    fn best(&self) -> Option<usize> {
        let largest = maximum_of(self.levels.last()?);
        if largest == f64::NEG_INFINITY {
            return None;
        }
        let mut first = 0;
        let mut found = 0;
        for entries in self.levels.iter().rev() {
            let group = &entries[first..entries.len().min(first + FAN_OUT)];
            found = first + group.iter().position(|&value| value == largest)?;
            first = found * FAN_OUT;
        }
        Some(found)
    }
}

fn maximum_of(values: &[f64]) -> f64 {
    values.iter().fold(f64::NEG_INFINITY, |maximum, &value| if value > maximum { value } else { maximum })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::kernel::rng::Seed;

    #[test]
    fn the_tree_finds_what_a_scan_finds() {
        for count in [1, 15, 16, 17, 300, 5000] {
            let mut random = Seed(count as u64).stream("tree");
            let mut tree = MaximumTree::new(count);
            let mut plain = vec![f64::NEG_INFINITY; count];
            assert_eq!(tree.best(), None);
            for _ in 0..400 {
                let (index, value) = (random.below(count), random.below(20) as f64 - 10.0);
                let value = if value < -5.0 { f64::NEG_INFINITY } else { value };
                tree.set(index, value);
                plain[index] = value;
                let largest = maximum_of(&plain);
                let expected = plain.iter().position(|&value| value == largest && value > f64::NEG_INFINITY);
                assert_eq!(tree.best(), expected);
            }
        }
    }
}

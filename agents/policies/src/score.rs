//! Scores: how much a policy likes a host for a task. Most heuristics are one, and [`Greedy`] turns it into a
//! policy that looks only at what changed since it was last asked.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;

use rustc_hash::FxHasher;
use sim::decision::{Decision, NumaShare, Placement, Request};
use sim::kernel::ids::{HostId, Id, IdVec, ShapeId, TaskId};
use sim::kernel::rng::Seed;
use sim::models::fragmentation::{TypicalTasks, cpu_per_device};
use sim::resources::{DeviceSet, Resources, TaskShape, WHOLE_DEVICE};
use sim::view::{ClusterView, HostState};

use crate::policy::Policy;
use crate::power_models::PowerModels;

/// What a score knows beside the task and the host; it stays the same for a whole episode.
#[derive(Clone, Debug)]
pub struct Context {
    /// The largest cpu and memory that a host has.
    pub largest_host: Resources,
    /// The most devices that a host has, in thousandths.
    pub largest_devices_milli: u32,
    /// The usual tasks of the workload, known from history.
    pub typical: TypicalTasks,
    /// What hosts draw.
    pub power: PowerModels,
    /// Cores that the usual work takes for each device that it takes; 0 when it takes no devices.
    pub cpu_per_device: f64,
}

/// The share of the cluster that is given out: of its cpu or of its devices, whichever is larger.
pub fn load(view: ClusterView<'_>) -> f64 {
    let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let (totals, topology) = (view.totals(), view.topology());
    let devices = share(totals.device_milli, u64::from(WHOLE_DEVICE) * topology.device_count() as u64);
    devices.max(share(totals.cpu_milli, topology.total_capacity().0))
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
            power: PowerModels::of(topology),
            cpu_per_device: cpu_per_device(view.mix()),
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
/// It sees only these three, so that a score is remembered for the task's shape and the host's state.
pub trait Score<V = f64> {
    /// The score; called only for hosts on which the task fits.
    fn score(&self, task: &TaskShape, host: &HostState, context: &Context) -> V;

    /// What of a host the score depends on, with everything else set to zero: hosts that are alike in this are
    /// one candidate, and `score` is given this. The model stays, and what is free on the devices, in any order. By
    /// default everything but who is on it.
    fn essence(&self, mut host: HostState) -> HostState {
        host.residents = Default::default();
        host
    }

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
    if view.rules().numa_split.is_some_and(|split| split.splits(task.resources)) {
        return NumaShare::first(nodes.len());
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

/// What a score is: a number, or several that are weighed against each other once all candidates are known.
pub trait Value: Copy + PartialEq {
    /// Stands for what was not computed yet.
    const UNKNOWN: Self;
    /// Stands for what cannot be: the task does not fit there.
    const IMPOSSIBLE: Self;

    /// True of [`Value::UNKNOWN`] alone.
    fn is_unknown(self) -> bool;
}

impl Value for f64 {
    const UNKNOWN: Self = f64::NAN;
    const IMPOSSIBLE: Self = f64::NEG_INFINITY;

    fn is_unknown(self) -> bool {
        self.is_nan()
    }
}

/// The scores of all hosts for one kind of task, and who is best.
pub trait Ranking {
    /// What a host is ranked by.
    type Value: Value;

    /// A ranking of so many hosts, all of them impossible, under the same options.
    fn blank(&self, count: usize) -> Self;

    /// Sets all values anew.
    fn fill(&mut self, values: impl Iterator<Item = Self::Value>);

    /// Sets the value of one host.
    fn set(&mut self, index: usize, value: Self::Value);

    /// The lowest index of the best at this load of the cluster ([`load`]); nothing when all are impossible.
    fn best(&self, load: f64) -> Option<usize>;
}

/// Places on the feasible host with the highest score.
///
/// ```text
///   host --- state, as far as the score depends on it --- class (equal states are one)
///   shape -- scores by class, each computed once
///         `- scores by host in a tree of maxima: when the shape is asked about again, only the hosts that
///            changed meanwhile are looked at
/// ```
pub struct Greedy<S, R: Ranking = MaximumTree> {
    score: S,
    /// The ranking from which others are made.
    ranking: R,
    episode: Option<Episode<R>>,
}

/// What is remembered during one episode.
struct Episode<R: Ranking> {
    context: Context,
    classes: Classes,
    /// Shapes that differ only in priority are one here.
    kinds_of_task: IdVec<ShapeId, usize>,
    remembered: Vec<Option<Box<Remembered<R>>>>,
    asked: u64,
    /// The number of the question for which a host was last looked at.
    looked_at: Vec<u64>,
}

/// What is remembered of one kind of task.
struct Remembered<R: Ranking> {
    cursor: Option<u64>,
    last_asked: u64,
    /// Which numbering of classes `by_class` belongs to.
    generation: u64,
    /// By class, as far as cpu and memory suffice; unknown when it was never computed.
    by_class: Vec<R::Value>,
    by_host: R,
}

/// Numbers the states of hosts: equal states have equal numbers.
#[derive(Default)]
struct Classes {
    numbers: HashMap<HostState, u32, BuildHasherDefault<FxHasher>>,
    states: Vec<HostState>,
    of_host: Vec<u32>,
    cursor: u64,
    /// Counts how often the numbering began anew.
    generation: u64,
}

/// So many states are numbered before the numbering begins anew.
const MOST_CLASSES: usize = 1 << 16;

/// What all remembered scores together may take.
const MEMORY_BYTES: usize = 256 << 20;

impl Classes {
    /// Brings the classes of all hosts that changed up to date.
    fn follow(&mut self, view: ClusterView<'_>, essence: impl Fn(HostState) -> HostState) {
        let (next, changed) = view.changes_since(self.cursor);
        self.cursor = next;
        let changed = changed
            .filter(|hosts| !self.of_host.is_empty() && self.states.len() + hosts.len() < MOST_CLASSES);
        match changed {
            Some(hosts) => {
                for &host in hosts {
                    self.of_host[host.index()] = self.number(essence(view.host_state(host)));
                }
            }
            None => {
                let (numbers, states, of_host) = Default::default();
                *self = Self { numbers, states, of_host, cursor: next, generation: self.generation + 1 };
                for host in view.topology().hosts() {
                    let number = self.number(essence(view.host_state(host)));
                    self.of_host.push(number);
                }
            }
        }
    }

    fn number(&mut self, state: HostState) -> u32 {
        let states = &mut self.states;
        *self.numbers.entry(state).or_insert_with(|| {
            states.push(state);
            (states.len() - 1) as u32
        })
    }
}

impl<S: Score> Greedy<S> {
    /// A policy that follows this score.
    pub fn new(score: S) -> Self {
        Self::ranked(score, MaximumTree::new(0))
    }
}

impl<R: Ranking, S: Score<R::Value>> Greedy<S, R> {
    /// A policy that follows what rankings like this one make of this score.
    pub fn ranked(score: S, ranking: R) -> Self {
        Self { score, ranking, episode: None }
    }

    /// The feasible host with the highest score.
    fn best(&mut self, view: ClusterView<'_>, shape: ShapeId) -> Option<HostId> {
        let Self { score, ranking, episode } = self;
        let episode = episode.get_or_insert_with(|| Episode::new(view));
        episode.asked += 1;
        episode.classes.follow(view, |state| score.essence(state));
        let kind = episode.kinds_of_task[shape];
        let mut kept = episode.recall(view, kind, ranking);
        episode.bring_up_to_date(view, &mut kept, score, &view.shapes()[shape]);
        let best = kept.by_host.best(load(view)).map(HostId::from_index);
        episode.remembered[kind] = Some(kept);
        best
    }
}

impl<R: Ranking> Episode<R> {
    fn new(view: ClusterView<'_>) -> Self {
        let mut known = BTreeMap::new();
        let kind_of = |shape: &TaskShape| {
            let next = known.len();
            *known.entry(TaskShape { priority: 0, ..*shape }).or_insert(next)
        };
        let kinds_of_task: IdVec<ShapeId, usize> = view.shapes().iter().map(kind_of).collect();
        Self {
            context: Context::new(view),
            classes: Classes::default(),
            kinds_of_task,
            remembered: known.iter().map(|_| None).collect(),
            asked: 0,
            looked_at: vec![0; view.topology().host_count()],
        }
    }

    /// What is remembered of a kind of task, or a blank. When another kind would be too many, the one that was
    /// not asked about for longest is forgotten.
    fn recall(&mut self, view: ClusterView<'_>, kind: usize, ranking: &R) -> Box<Remembered<R>> {
        let host_count = view.topology().host_count();
        let mut kept = self.remembered[kind].take().unwrap_or_else(|| {
            let bytes_each =
                (host_count + MOST_CLASSES.min(2 * host_count)) * std::mem::size_of::<R::Value>();
            let live = self.remembered.iter().enumerate();
            let live = live.filter_map(|(kind, kept)| Some((kept.as_ref()?.last_asked, kind)));
            if live.clone().count() >= (MEMORY_BYTES / bytes_each).max(8)
                && let Some((_, oldest)) = live.min()
            {
                self.remembered[oldest] = None;
            }
            let by_host = ranking.blank(host_count);
            Box::new(Remembered { cursor: None, last_asked: 0, generation: 0, by_class: Vec::new(), by_host })
        });
        kept.last_asked = self.asked;
        kept
    }

    fn bring_up_to_date(
        &mut self,
        view: ClusterView<'_>,
        kept: &mut Remembered<R>,
        score: &impl Score<R::Value>,
        shape: &TaskShape,
    ) {
        let Self { context, classes, asked, looked_at, .. } = self;
        let host_count = view.topology().host_count();
        if kept.generation != classes.generation {
            kept.by_class.clear();
            kept.generation = classes.generation;
        }
        kept.by_class.resize(classes.states.len(), R::Value::UNKNOWN);
        let by_class = &mut kept.by_class;
        let mut score_on = |host: HostId| {
            if !view.free()[host.index()].covers(shape.resources) {
                return R::Value::IMPOSSIBLE;
            }
            // What else decides whether the shape fits, its model and its devices, hosts of one class share.
            let class = classes.of_host[host.index()] as usize;
            if by_class[class].is_unknown() {
                by_class[class] = match view.fits(shape, host) {
                    true => score.score(shape, &classes.states[class], context),
                    false => R::Value::IMPOSSIBLE,
                };
            }
            by_class[class]
        };
        let (next, changed) = view.changes_since(kept.cursor.unwrap_or_default());
        let changed = changed.filter(|hosts| kept.cursor.is_some() && hosts.len() < host_count);
        kept.cursor = Some(next);
        let Some(hosts) = changed else {
            kept.by_host.fill(view.topology().hosts().map(score_on));
            return;
        };
        for &host in hosts {
            // A host that changed repeatedly is looked at once.
            if std::mem::replace(&mut looked_at[host.index()], *asked) != *asked {
                kept.by_host.set(host.index(), score_on(host));
            }
        }
    }
}

impl<R: Ranking, S: Score<R::Value>> Policy for Greedy<S, R> {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Place { task } = request else { return Decision::Defer };
        let Some(host) = self.best(view, view.shape_id(task)) else { return Decision::Defer };
        let shape = view.shape(task);
        let devices = match (shape.devices.count, &self.episode) {
            (0, _) | (_, None) => DeviceSet::EMPTY,
            (_, Some(episode)) => self.score.devices(shape, &view.host_state(host), &episode.context),
        };
        placement(view, task, host, devices)
    }

    fn reset(&mut self, _: Seed) {
        self.episode = None;
    }
}

/// Numbers by index, and the index of the largest: sixteen children to a node.
#[derive(Clone, Debug)]
pub struct MaximumTree {
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
}

impl Ranking for MaximumTree {
    type Value = f64;

    fn blank(&self, count: usize) -> Self {
        Self::new(count)
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
    fn best(&self, _: f64) -> Option<usize> {
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
            assert_eq!(tree.best(0.0), None);
            for _ in 0..400 {
                let (index, value) = (random.below(count), random.below(20) as f64 - 10.0);
                let value = if value < -5.0 { f64::NEG_INFINITY } else { value };
                tree.set(index, value);
                plain[index] = value;
                let largest = maximum_of(&plain);
                let expected = plain.iter().position(|&value| value == largest && value > f64::NEG_INFINITY);
                assert_eq!(tree.best(0.0), expected);
            }
        }
    }
}

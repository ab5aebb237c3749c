//! The search structures and a naive scan obey the same random operations, and always agree.
//!
//! The structures ask as they would in a run: some at every question, some so rarely that what changed meanwhile is
//! forgotten and they must look at everything anew.

mod worlds;

use std::cmp::Reverse;
use std::sync::Arc;

use sim::decision::{Decision, Request};
use sim::engine::Engine;
use sim::index::{FirstFit, Ordered, Preference};
use sim::kernel::ids::{HostId, HostModelId, Id, RackId, TaskId};
use sim::kernel::rng::{Seed, Stream};
use sim::kernel::time::{SimDuration, SimTime};
use sim::resources::TaskShape;
use sim::rules::Rules;
use sim::testing;
use sim::topology::Topology;
use sim::view::ClusterView;
use sim::workload::{Demand, JobSpec, TaskSpec, Workload, WorkloadBuilder};
use worlds::{Taste, is_likely};

fn first_fit(view: ClusterView<'_>, shape: &TaskShape) -> Option<HostId> {
    view.topology().hosts().find(|&host| view.fits(shape, host))
}

/// Free cpu, memory and devices: what both preferences compare, in this order.
fn left(view: ClusterView<'_>, host: HostId) -> (u32, u32, u32) {
    let free = view.free()[host.index()];
    let devices = view.devices_free(host).iter().map(|&free| u32::from(free)).sum();
    (free.cpu_milli, free.memory_mib, devices)
}

fn ordered(view: ClusterView<'_>, shape: &TaskShape, preference: Preference) -> Option<HostId> {
    let fitting = view.topology().hosts().filter(|&host| view.fits(shape, host));
    match preference {
        Preference::Tightest => fitting.min_by_key(|&host| (left(view, host), host)),
        Preference::Roomiest => fitting.min_by_key(|&host| (Reverse(left(view, host)), host)),
    }
}

/// One structure of each kind, and how many of their answers were compared.
struct Indexes {
    first: FirstFit,
    tightest: Ordered,
    roomiest: Ordered,
    found: u64,
    missed: u64,
}

impl Indexes {
    fn new() -> Self {
        let (tightest, roomiest) = (Ordered::new(Preference::Tightest), Ordered::new(Preference::Roomiest));
        Self { first: FirstFit::default(), tightest, roomiest, found: 0, missed: 0 }
    }

    /// Asks all three, compares each with its scan, and gives their answers.
    fn ask(&mut self, view: ClusterView<'_>, shape: &TaskShape) -> [Option<HostId>; 3] {
        let found =
            [self.first.find(view, shape), self.tightest.find(view, shape), self.roomiest.find(view, shape)];
        let expected = [
            first_fit(view, shape),
            ordered(view, shape, Preference::Tightest),
            ordered(view, shape, Preference::Roomiest),
        ];
        assert_eq!(found, expected, "first, tightest, roomiest at {} for {shape:?}", view.now());
        *(if found[0].is_some() { &mut self.found } else { &mut self.missed }) += 1;
        found
    }
}

/// Plays a world to its end, placing by any of the three preferences or anywhere.
fn compare(topology: Topology, workload: Workload, random: &mut Stream) {
    let mut engine = Engine::new(Arc::new(topology), Arc::new(workload), Rules::default());
    let (mut eager, mut lazy, mut rare) = (Indexes::new(), Indexes::new(), Indexes::new());
    // Longer ago than the engine remembers: see `ClusterView::changes_since`.
    let forgotten = 2 * engine.view().topology().host_count().max(512) as u64;
    let (mut asked_at, mut rebuilds, mut evictions_left) = (0, 0, 2000);
    let decide = |view: ClusterView<'_>, request| {
        let Request::Place { task } = request else { return testing::first_fit(view, request) };
        let shape = view.shape(task);
        let found = eager.ask(view, shape);
        let other = view.shape(TaskId(random.below(view.submitted_count()) as u32));
        eager.ask(view, other);
        if is_likely(random, 0.02) {
            lazy.ask(view, other);
        }
        let (change, kept) = view.changes_since(asked_at);
        if change > asked_at + forgotten {
            rebuilds += u32::from(kept.is_none());
            asked_at = change;
            rare.ask(view, other);
        }
        let any = HostId(random.below(view.topology().host_count()) as u32);
        let may_evict = evictions_left > 0 && view.gang(task).next() == Some(task);
        if may_evict
            && is_likely(random, 0.1)
            && let Some(victim) = view.hosted(any).next()
        {
            evictions_left -= 1;
            return Decision::Evict { victim };
        }
        let any = Some(any).filter(|&host| view.fits(shape, host));
        let host = [found[0], found[1], found[2], any.or(found[0])][random.below(4)];
        host.map_or(Decision::Defer, |host| Decision::Place(testing::placement_on(view, task, host)))
    };
    testing::play(&mut engine, decide, &mut ());
    engine.assert_consistent();
    assert!(eager.found > 1000 && eager.missed > 100, "{} found, {} not", eager.found, eager.missed);
    assert!(lazy.found > 20 && rebuilds > 1, "{} asked, {rebuilds} built anew", lazy.found);
}

/// Several models, resources and kinds of devices, parts of them, NUMA nodes, gangs.
#[test]
fn in_a_cluster_of_everything() {
    for (seed, hosts) in [(1, 5), (2, 17), (3, 200), (4, 300)] {
        let mut random = Seed(seed).stream("everything");
        let taste = Taste { rate: 0.25 * hosts as f64, has_mixed_gangs: true };
        let topology = worlds::topology(&mut random, hosts);
        let workload = worlds::workload(&mut random, 4000, taste);
        compare(topology, workload, &mut random);
    }
}

/// Equal hosts, all free at first and full later: every answer is a tie, and the order is turned over as the
/// cluster fills and empties, so that its blocks are split and joined.
#[test]
fn in_a_cluster_of_equal_hosts() {
    for (seed, hosts) in [(5, 1), (6, 16), (7, 257), (8, 500)] {
        let mut random = Seed(seed).stream("equals");
        let model = testing::topology("cpu 8 memory 8 numa 2").models()[HostModelId(0)].clone();
        let host = |_| (HostModelId(0), RackId(0), None);
        let topology =
            Topology::new(Vec::new(), Vec::new(), vec![model].into(), (0..hosts).map(host).collect());
        let workload = waves(&mut random, hosts);
        compare(topology.expect("the parts are valid"), workload, &mut random);
    }
}

/// Work in waves that the cluster cannot hold, with hours of rest between.
fn waves(random: &mut Stream, hosts: usize) -> Workload {
    let mut builder = WorkloadBuilder::new();
    let (wave_count, wave) = (4, (6 * hosts).max(600));
    for index in 0..wave_count * wave {
        let submit = SimTime(3_600_000_000 * (index / wave) as u64 + random.below(60_000_000) as u64);
        let demand = Demand {
            cpu_milli: 1000 * random.below(5) as u32,
            memory_mib: random.below(4) as u32,
            ..Demand::default()
        };
        let work = SimDuration(1_000_000 * (1 + random.below(100)) as u64);
        let task = TaskSpec { demand, work, ..TaskSpec::default() };
        builder.add_task(JobSpec { submit, ..JobSpec::default() }, task).expect("the parts are valid");
    }
    builder.finish()
}

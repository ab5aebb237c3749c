//! What the event queue and the search structures cost, beside the plain ways of doing the same.
//!
//! `cargo bench -p rackwright-sim` runs all; a word after `--` runs what contains it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion};
use sim::decision::{Decision, Request};
use sim::engine::{Engine, Step};
use sim::index::{FirstFit, Ordered, Preference};
use sim::kernel::ids::{HostId, HostModelId, Id, RackId, TaskId};
use sim::kernel::queue::EventQueue;
use sim::kernel::rng::{Seed, Stream};
use sim::kernel::time::SimTime;
use sim::resources::TaskShape;
use sim::rules::Rules;
use sim::testing;
use sim::topology::Topology;
use sim::view::ClusterView;
use sim::workload::{Demand, JobSpec, TaskSpec, WorkloadBuilder};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    hold(&mut criterion);
    find(&mut criterion);
    criterion.final_summary();
}

/// The hold model (Jones, CACM 1986): the earliest event is taken and another one scheduled after it, so that the
/// number of pending events stays what it is.
fn hold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hold");
    for pending in [1_000_usize, 100_000] {
        let mut random = Seed(1).stream("hold");
        let ahead: Vec<u64> = (0..1 << 16).map(|_| 1 + random.exponential(1e9) as u64).collect();
        let mut draws = ahead.iter().cycle();
        let mut ahead = || *draws.next().expect("a cycle has no end");

        let mut ours = EventQueue::new();
        (0..pending).for_each(|payload| ours.push(SimTime(ahead()), 1, payload as u64));
        group.bench_function(BenchmarkId::new("event_queue", pending), |bencher| {
            bencher.iter(|| {
                let (time, payload) = ours.pop().expect("as many are scheduled as are taken");
                ours.push(SimTime(time.0 + ahead()), 1, black_box(payload));
            });
        });

        let mut theirs = BinaryHeap::new();
        let mut sequence = 0_u64;
        let mut entry = |time, payload: u64| {
            sequence += 1;
            Reverse((time, 1_u64 << 56 | sequence, payload))
        };
        (0..pending).for_each(|payload| theirs.push(entry(ahead(), payload as u64)));
        group.bench_function(BenchmarkId::new("binary_heap", pending), |bencher| {
            bencher.iter(|| {
                let Reverse((time, _, payload)) = theirs.pop().expect("as many are scheduled as are taken");
                theirs.push(entry(time + ahead(), black_box(payload)));
            });
        });
    }
    group.finish();
}

type Find = Box<dyn FnMut(ClusterView<'_>, &TaskShape) -> Option<HostId>>;

/// In a cluster that is nearly full: one task is thrown out, and a host is found for another and given to it. All
/// ways share the cost of these two changes.
fn find(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("find");
    group.sample_size(20);
    for host_count in [1_000, 10_000, 100_000] {
        let full = full(host_count);
        let mut first = FirstFit::default();
        let mut tightest = Ordered::new(Preference::Tightest);
        let mut roomiest = Ordered::new(Preference::Roomiest);
        let ways: [(&str, Find); 5] = [
            ("first_fit_index", Box::new(move |view, shape| first.find(view, shape))),
            ("first_fit_scan", Box::new(|view, shape| fitting(view, shape).next())),
            ("tightest_index", Box::new(move |view, shape| tightest.find(view, shape))),
            (
                "tightest_scan",
                Box::new(|view, shape| {
                    fitting(view, shape).min_by_key(|&host| (view.free()[host.index()], host))
                }),
            ),
            ("roomiest_index", Box::new(move |view, shape| roomiest.find(view, shape))),
        ];
        for (name, mut find) in ways {
            let (mut engine, mut random) = (full.clone(), Seed(2).stream("victims"));
            group.bench_function(BenchmarkId::new(name, host_count), |bencher| {
                bencher.iter(|| exchange(&mut engine, &mut random, &mut find));
            });
        }
    }
    group.finish();
}

fn fitting<'a>(view: ClusterView<'a>, shape: &'a TaskShape) -> impl Iterator<Item = HostId> + use<'a> {
    view.topology().hosts().filter(move |&host| view.fits(shape, host))
}

/// Throws out random tasks until the one that is asked about has a place, and places it; then the next is asked about.
fn exchange(engine: &mut Engine, random: &mut Stream, find: &mut Find) {
    let request = question(engine);
    let Request::Place { task } = request else {
        unreachable!("the question before was answered with a task")
    };
    let view = engine.view();
    let decision = match find(view, view.shape(task)) {
        Some(host) => Decision::Place(testing::placement_on(view, task, host)),
        None => Decision::Evict { victim: victim(view, random) },
    };
    engine.apply(request, decision).expect("what is found is feasible");
    if let Request::Order = question(engine) {
        let next = engine.view().waiting().next().expect("more work waits than there is room for");
        engine.apply(Request::Order, Decision::Select(next)).expect("it waits");
        let victim = victim(engine.view(), random);
        let request = question(engine);
        engine.apply(request, Decision::Evict { victim }).expect("it runs");
    }
}

fn victim(view: ClusterView<'_>, random: &mut Stream) -> TaskId {
    loop {
        let host = HostId(random.below(view.topology().host_count()) as u32);
        if let Some(task) = view.hosted(host).next() {
            return task;
        }
    }
}

fn question(engine: &mut Engine) -> Request {
    loop {
        match engine.step() {
            Step::Happened(_) => {}
            Step::Decide(request) => return request,
            Step::Ended => unreachable!("somebody waits who is worth asking about"),
        }
    }
}

/// Hosts of 64 cores and 256 GiB with work that never ends, placed by first fit until some found no room; the next
/// one is asked about.
fn full(host_count: usize) -> Engine {
    let mut random = Seed(3).stream("work");
    let model = testing::topology("cpu 64 memory 262144").models()[HostModelId(0)].clone();
    let hosts = vec![(HostModelId(0), RackId(0), None); host_count];
    let topology =
        Topology::new(Vec::new(), Vec::new(), vec![model].into(), hosts).expect("the parts are valid");
    let mut builder = WorkloadBuilder::new();
    // Ten tasks of 6.5 cores on average fill a host; half a task more for each host waits.
    for _ in 0..host_count * 21 / 2 {
        let cpu_milli = 500 * (1 + random.below(25) as u32);
        let memory_mib = 1024 * (1 + random.below(40) as u32);
        let demand = Demand { cpu_milli, memory_mib, ..Demand::default() };
        let task = TaskSpec { demand, is_censored: true, ..TaskSpec::default() };
        builder.add_task(JobSpec::default(), task).expect("the parts are valid");
    }
    let mut engine = Engine::new(Arc::new(topology), Arc::new(builder.finish()), Rules::default());
    let mut index = FirstFit::default();
    loop {
        let request = question(&mut engine);
        let view = engine.view();
        let decision = match request {
            Request::Order => Decision::Select(view.waiting().next().expect("there is more work than room")),
            Request::Place { task } => match index.find(view, view.shape(task)) {
                Some(host) => Decision::Place(testing::placement_on(view, task, host)),
                None => return engine,
            },
            Request::Rebalance { .. } => Decision::Defer,
        };
        engine.apply(request, decision).expect("what is found is feasible");
    }
}

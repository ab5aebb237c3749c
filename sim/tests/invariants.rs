//! Random worlds under a policy that does anything that is allowed, and tries what is not: whatever happens, the
//! books balance. A failure prints the smallest world that still fails; `PROPTEST_RNG_SEED=n` draws the same
//! worlds again.

mod worlds;

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use sim::cluster::{Integrals, Status};
use sim::decision::{Decision, NumaShare, Placement, Request};
use sim::engine::{Engine, Step};
use sim::event::{Cause, Event, EventKind};
use sim::kernel::ids::{HostId, Id, TaskId};
use sim::kernel::rng::{Seed, Stream};
use sim::kernel::time::{SimDuration, SimTime};
use sim::observe::{EventDigest, Observer};
use sim::resources::{DeviceAffinity, DeviceSet, Resources};
use sim::rules::{AfterEviction, DecideAfter, EventOrder, Rules, WhenNoPlace};
use sim::testing;
use sim::topology::Topology;
use sim::view::ClusterView;
use sim::workload::{JobSpec, TaskSpec, Workload, WorkloadBuilder};
use worlds::{Taste, is_likely};

/// All that determines a world; shrinking makes it smaller.
#[derive(Clone, Copy, Debug)]
struct Size {
    seed: Seed,
    hosts: usize,
    jobs: usize,
}

fn sizes() -> impl Strategy<Value = Size> {
    (any::<u64>(), 1..=12_usize, 1..=60_usize).prop_map(|(seed, hosts, jobs)| Size {
        seed: Seed(seed),
        hosts,
        jobs,
    })
}

struct World {
    topology: Arc<Topology>,
    workload: Arc<Workload>,
    rules: Rules,
}

impl World {
    fn new(size: Size, has_mixed_gangs: bool) -> Self {
        let mut random = size.seed.stream("world");
        let taste = Taste { rate: 0.1 * size.hosts as f64 * (1.0 + 4.0 * random.unit()), has_mixed_gangs };
        Self {
            topology: Arc::new(worlds::topology(&mut random, size.hosts)),
            workload: Arc::new(worlds::workload(&mut random, size.jobs, taste)),
            rules: rules(&mut random),
        }
    }

    fn engine(&self) -> Engine {
        Engine::new(Arc::clone(&self.topology), Arc::clone(&self.workload), self.rules)
    }
}

fn rules(random: &mut Stream) -> Rules {
    let mut either = || is_likely(random, 0.5);
    Rules {
        event_order: if either() { EventOrder::ReleasesFirst } else { EventOrder::ArrivalsFirst },
        decide_after: if either() { DecideAfter::EachInstant } else { DecideAfter::EachEvent },
        when_no_place: if either() || either() { WhenNoPlace::Wait } else { WhenNoPlace::Reject },
        after_eviction: if either() { AfterEviction::Restart } else { AfterEviction::Resume },
        horizon: (either() && either()).then(|| SimTime(random.below(60_000_000) as u64)),
        ..Rules::default()
    }
}

/// Answers at random, always feasibly.
struct Chance {
    random: Stream,
    evictions_left: u32,
}

impl Chance {
    fn new(seed: Seed) -> Self {
        Self { random: seed.stream("policy"), evictions_left: 60 }
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        (!items.is_empty()).then(|| items[self.random.below(items.len())])
    }

    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        match request {
            Request::Order => self.order(view),
            Request::Place { task } => self.place(view, task),
            Request::Rebalance { .. } => unreachable!("these rules do not ask what to change"),
        }
    }

    fn order(&mut self, view: ClusterView<'_>) -> Decision {
        // Now and then one that has just failed: nothing forbids it.
        let takes_all = is_likely(&mut self.random, 0.05);
        let waiting: Vec<TaskId> =
            view.waiting().filter(|&task| takes_all || !view.has_failed(task)).collect();
        if is_likely(&mut self.random, 0.08) {
            let wait = 1 + 250_000 * self.random.below(40) as u64;
            return Decision::DeferUntil(view.now() + SimDuration(wait));
        }
        let defers = is_likely(&mut self.random, 0.05);
        self.pick(&waiting).filter(|_| !defers).map_or(Decision::Defer, Decision::Select)
    }

    fn place(&mut self, view: ClusterView<'_>, task: TaskId) -> Decision {
        let is_first = view.gang(task).next() == Some(task);
        if is_first && self.evictions_left > 0 && is_likely(&mut self.random, 0.1) {
            let running: Vec<TaskId> = view.topology().hosts().flat_map(|host| view.hosted(host)).collect();
            if let Some(victim) = self.pick(&running) {
                self.evictions_left -= 1;
                return Decision::Evict { victim };
            }
        }
        if is_likely(&mut self.random, 0.03) {
            return Decision::Reject;
        }
        let shape = view.shape(task);
        let hosts: Vec<HostId> = view.topology().hosts().filter(|&host| view.fits(shape, host)).collect();
        let defers = is_likely(&mut self.random, 0.05);
        match self.pick(&hosts).filter(|_| !defers) {
            Some(host) => Decision::Place(self.placement(view, task, host)),
            None => Decision::Defer,
        }
    }

    /// Any devices that will do, and any NUMA nodes that have room.
    fn placement(&mut self, view: ClusterView<'_>, task: TaskId, host: HostId) -> Placement {
        let shape = view.shape(task);
        let (free, kinds) = (view.devices_free(host), view.device_kinds(host));
        let mut usable: Vec<usize> = (0..free.len())
            .filter(|&at| {
                let need = view.taken_of(kinds[at], shape.devices);
                shape.devices.kinds.has(kinds[at]) && free[at] >= need
            })
            .collect();
        self.random.shuffle(&mut usable);
        let devices = usable.iter().take(usize::from(shape.devices.count));
        let devices = devices.fold(DeviceSet::EMPTY, |set, &at| set.with(at));
        let nodes = view.numa_free(host);
        let has_room = |share: &NumaShare| {
            let free = share.iter().fold(Resources::ZERO, |sum, node| sum.plus(nodes[node]));
            free.covers(shape.resources)
        };
        let shares: Vec<NumaShare> = (1..1_u8 << nodes.len()).map(NumaShare).filter(has_room).collect();
        let numa = self.pick(&shares).expect("what fits has room on all nodes together");
        Placement { task, host, numa, devices }
    }

    /// Any answer at all.
    fn nonsense(&mut self, view: ClusterView<'_>, request: Request) -> (Request, Decision) {
        let random = &mut self.random;
        let mut task = || TaskId(random.below(view.submitted_count() + 3) as u32);
        let (asked, other) = (if let Request::Place { task } = request { task } else { task() }, task());
        let request = match random.below(10) {
            0 => Request::Order,
            1 => Request::Place { task: other },
            _ => request,
        };
        let decision = match random.below(12) {
            0 => Decision::Select(other),
            1 => Decision::Evict { victim: other },
            2 => Decision::Reject,
            11 => Decision::DeferUntil(SimTime(random.below(view.now().0 as usize + 1) as u64)),
            bits => Decision::Place(Placement {
                task: if bits == 3 { other } else { asked },
                host: HostId(random.below(view.topology().host_count() + 1) as u32),
                numa: NumaShare(random.below(20) as u8),
                devices: DeviceSet(if bits < 8 { random.below(1 << 5) as u32 } else { 0 }),
            }),
        };
        (request, decision)
    }
}

/// Keeps books of its own from the events alone.
struct Ledger {
    world: Arc<Workload>,
    topology: Arc<Topology>,
    after_eviction: AfterEviction,
    now: SimTime,
    status: Vec<Status>,
    since: Vec<SimTime>,
    lived: Vec<SimDuration>,
    placements: Vec<Option<Placement>>,
    /// Which of its points of use is in force.
    use_index: Vec<usize>,
    sums: Integrals,
    power_watts: f64,
    energy_joules: f64,
    /// For when the last answer to *which next?* asked, if it did.
    wake_up: Option<SimTime>,
    /// Somebody waits who is worth asking about.
    is_askable: bool,
}

impl Ledger {
    fn new(world: &World, view: ClusterView<'_>) -> Self {
        let tasks = world.workload.task_count();
        Self {
            world: Arc::clone(&world.workload),
            topology: Arc::clone(&world.topology),
            after_eviction: world.rules.after_eviction,
            now: SimTime::ZERO,
            status: vec![Status::Coming; tasks],
            since: vec![SimTime::ZERO; tasks],
            lived: vec![SimDuration::ZERO; tasks],
            placements: vec![None; tasks],
            use_index: vec![0; tasks],
            sums: Integrals::default(),
            power_watts: total_power_watts(view),
            energy_joules: 0.0,
            wake_up: None,
            is_askable: false,
        }
    }

    /// A question is asked: in the instant in which something happened, or when it was asked for.
    fn asked(&mut self, request: Request, view: ClusterView<'_>) {
        if view.now() > self.now {
            assert_eq!((request, Some(view.now())), (Request::Order, self.wake_up), "time moves to wake up");
            self.advance(view.now());
        }
        self.is_askable = view.waiting().any(|task| !view.has_failed(task));
    }

    /// An answer was accepted: the last one to *which next?* says when to wake up.
    fn answered(&mut self, request: Request, decision: Decision) {
        if request == Request::Order {
            self.wake_up = if let Decision::DeferUntil(time) = decision { Some(time) } else { None };
        }
    }

    fn advance(&mut self, to: SimTime) {
        let passed = u128::from(to.since(self.now).0);
        self.energy_joules += self.power_watts * to.since(self.now).seconds();
        self.now = to;
        let mut occupied = BTreeSet::new();
        let mut wanted = vec![0_u64; self.topology.host_count()];
        for task in self.world.tasks().filter(|_| passed > 0) {
            let status = self.status[task.index()];
            self.sums.waiting += if status == Status::Waiting { passed } else { 0 };
            if status == Status::Running {
                let placement = self.placements[task.index()].expect("a running task was placed");
                occupied.insert(placement.host);
                self.sums.running += passed;
                self.sums.cpu_milli += passed * u128::from(self.world.demand(task).cpu_milli);
                self.sums.memory_mib += passed * u128::from(self.world.demand(task).memory_mib);
                self.sums.device_milli += passed * u128::from(self.device_milli(placement));
                wanted[placement.host.index()] += self.cpu_wanted_milli(task);
            }
        }
        for host in self.topology.hosts() {
            let (wanted, there) = (wanted[host.index()], u64::from(self.topology.physical(host).cpu_milli));
            self.sums.cpu_wanted_milli += passed * u128::from(wanted);
            self.sums.cpu_granted_milli += passed * u128::from(wanted.min(there));
        }
        self.sums.occupied_hosts += passed * occupied.len() as u128;
        self.sums.hosts_on += passed * self.topology.host_count() as u128;
        self.sums.cpu_milli_on += passed * u128::from(self.topology.total_capacity().0);
    }

    fn cpu_wanted_milli(&self, task: TaskId) -> u64 {
        let point = self.world.usage(task).get(self.use_index[task.index()]);
        let fraction = point.map_or(1.0, |point| f64::from(point.cpu));
        (f64::from(self.world.demand(task).cpu_milli) * fraction).round() as u64
    }

    fn device_milli(&self, placement: Placement) -> u32 {
        let each = self.world.demand(placement.task).devices.as_ref().map_or(0, |devices| devices.milli_each);
        let (first, count) = self.topology.devices(placement.host);
        let kinds = self.topology.device_kinds(first, count);
        let sharing = |at: usize| self.topology.kinds()[usize::from(kinds[at])].sharing;
        placement.devices.iter().map(|at| u32::from(sharing(at).taken(each))).sum()
    }

    /// A task goes from one status to another, and how long it was in the first.
    fn moves(&mut self, task: TaskId, from: Status, to: Status) -> SimDuration {
        assert_eq!(self.status[task.index()], from, "task {task} becomes {to:?}");
        self.status[task.index()] = to;
        let stayed = self.now.since(self.since[task.index()]);
        self.since[task.index()] = self.now;
        if let (Status::Waiting, Some(patience)) = (from, self.world.patience(task)) {
            assert!(stayed <= patience, "task {task} waits no longer than it will");
        }
        stayed
    }

    /// At a question or the end, when every effect has come out: the view says what the events said.
    fn compare(&self, view: ClusterView<'_>) {
        let mut occupied = BTreeSet::new();
        for task in self.world.tasks() {
            let status = self.status[task.index()];
            assert_eq!(status, view.status(task), "task {task}");
            if matches!(status, Status::Waiting | Status::Running) {
                assert_eq!(self.since[task.index()], view.started(task), "task {task} is {status:?}");
            }
            if status == Status::Running {
                assert_eq!(self.placements[task.index()], Some(view.placement(task)));
                occupied.insert(view.placement(task).host);
            }
        }
        let count = |wanted| self.status.iter().filter(|&&status| status == wanted).count() as u64;
        let totals = view.totals();
        assert_eq!((totals.waiting, totals.running), (count(Status::Waiting), count(Status::Running)));
        assert_eq!(totals.occupied_hosts, occupied.len() as u64);
        assert_eq!(
            self.status.iter().filter(|&&status| status != Status::Coming).count(),
            view.submitted_count()
        );
        view.topology().hosts().for_each(|host| self.compare_use(view, host));
        self.compare_gangs();
    }

    /// What the tasks on a host use, and what the host draws for it.
    fn compare_use(&self, view: ClusterView<'_>, host: HostId) {
        let (mut cpu_milli, mut memory_mib) = (0, 0);
        let mut devices = vec![0; view.device_use(host).len()];
        for task in view.hosted(host) {
            let (demand, point) =
                (self.world.demand(task), self.world.usage(task).get(self.use_index[task.index()]));
            let part = |amount: u32, fraction: Option<f32>| {
                (f64::from(amount) * f64::from(fraction.unwrap_or(1.0))).round() as u64
            };
            cpu_milli += part(demand.cpu_milli, point.map(|point| point.cpu));
            memory_mib += part(demand.memory_mib, point.map(|point| point.memory));
            let milli_each = demand.devices.as_ref().map_or(0, |devices| devices.milli_each);
            let device_milli = part(milli_each.into(), point.map(|point| point.devices)) as u32;
            view.placement(task).devices.iter().for_each(|at| devices[at] += device_milli);
        }
        assert_eq!(
            (view.cpu_use_milli(host), view.memory_use_mib(host)),
            (cpu_milli, memory_mib),
            "host {host}"
        );
        assert_eq!(view.device_use(host), devices, "host {host}");
        let capacity_milli = view.topology().capacity(host).cpu_milli;
        let own = view.topology().model(host).power.watts(cpu_milli as u32, capacity_milli);
        let of_devices = devices.iter().zip(view.device_kinds(host)).map(|(&used, &kind)| {
            view.topology().kinds()[usize::from(kind)].power.watts(used.min(1000) as u16)
        });
        assert_close(view.power_watts(host), own + of_devices.sum::<f64>(), 1e-12);
    }

    fn compare_gangs(&self) {
        for job in self.world.jobs().filter(|&job| self.world.is_gang(job)) {
            let left = self.world.job_tasks(job).filter(|task| self.status[task.index()] != Status::Finished);
            let states: BTreeSet<String> = left
                .map(|task| match self.status[task.index()] {
                    Status::Running => format!("running since {}", self.since[task.index()]),
                    other => format!("{other:?}"),
                })
                .collect();
            assert!(states.len() <= 1, "gang {job} is in one state: {states:?}");
        }
    }

    fn compare_at_the_end(&mut self, view: ClusterView<'_>) {
        let end = view.rules().horizon.unwrap_or(self.now);
        assert_eq!(view.now(), end, "it ends at its horizon, or with the last thing that happened");
        self.advance(end);
        self.compare(view);
        assert_eq!(self.sums, *view.integrals());
        assert_close(view.it_energy_joules(), self.energy_joules, 1e-9);
    }
}

impl Observer for Ledger {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        assert!(event.time >= self.now && event.time == view.now(), "time never decreases");
        // A wake-up before the last thing that happened helped nobody when its time came, and was dropped: whoever came
        // since (the other members of a gang, in the same instant) had nothing to ask for then.
        let is_due = |time: SimTime| self.now <= time && time < event.time;
        let has_overslept = self.is_askable && self.wake_up.is_some_and(is_due);
        assert!(!has_overslept, "it was to be asked at {:?}, and {event:?} came first", self.wake_up);
        self.is_askable = view.waiting().any(|task| !view.has_failed(task));
        self.advance(event.time);
        match event.kind {
            EventKind::TaskSubmitted { task } => {
                self.moves(task, Status::Coming, Status::Waiting);
                assert_eq!(event.time, self.world.submit(task));
            }
            EventKind::TaskStarted { placement } => {
                self.moves(placement.task, Status::Waiting, Status::Running);
                let index = placement.task.index();
                self.placements[index] = Some(placement);
                let usage = self.world.usage(placement.task);
                self.use_index[index] =
                    usage.iter().rposition(|point| point.start <= self.lived[index]).unwrap_or(0);
            }
            EventKind::TaskFinished { task, host } => {
                let ran = self.moves(task, Status::Running, Status::Finished);
                assert_eq!(
                    self.lived[task.index()] + ran,
                    self.world.work(task),
                    "task {task} did all its work"
                );
                assert!(!self.world.is_censored(task));
                assert_eq!(self.placements[task.index()].map(|placement| placement.host), Some(host));
            }
            EventKind::TaskEvicted { task, host, cause } => {
                let ran = self.moves(task, Status::Running, Status::Waiting);
                if self.after_eviction == AfterEviction::Resume {
                    self.lived[task.index()] = self.lived[task.index()] + ran;
                }
                assert_eq!(self.placements[task.index()].map(|placement| placement.host), Some(host));
                assert_eq!(cause, Cause::Policy);
            }
            EventKind::TaskRejected { task, cause } => {
                let waited = self.moves(task, Status::Waiting, Status::Rejected);
                let is_gang = self.world.is_gang(self.world.job(task));
                if cause == Cause::Patience && !is_gang {
                    assert_eq!(Some(waited), self.world.patience(task));
                }
            }
            EventKind::UseChanged { task, .. } => {
                assert_eq!(self.status[task.index()], Status::Running);
                self.use_index[task.index()] += 1;
                let age = self.lived[task.index()] + self.now.since(self.since[task.index()]);
                assert_eq!(self.world.usage(task)[self.use_index[task.index()]].start, age);
            }
            other => unreachable!("these rules do not ask what to change: {other:?}"),
        }
        self.power_watts = total_power_watts(view);
    }
}

fn total_power_watts(view: ClusterView<'_>) -> f64 {
    view.topology().hosts().map(|host| view.power_watts(host)).sum()
}

fn assert_close(value: f64, expected: f64, relative: f64) {
    let difference = (value - expected).abs();
    assert!(difference <= relative * expected.abs(), "{value} is not {expected} within {relative}");
}

/// A gang on its way holds room that no task on a host accounts for: what counts is what is left when it fails.
fn assert_consistent(engine: &Engine, request: Option<Request>) {
    match request {
        Some(Request::Place { task }) if engine.view().gang(task).count() > 1 => {
            let mut without = engine.clone();
            without.apply(Request::Place { task }, Decision::Defer).expect("nobody need be placed");
            assert_settled(&without);
        }
        _ => assert_settled(engine),
    }
}

fn assert_settled(engine: &Engine) {
    engine.assert_consistent();
    let view = engine.view();
    for host in view.topology().hosts() {
        let mut residents = [0; DeviceAffinity::COUNT];
        view.hosted(host)
            .for_each(|task| residents[DeviceAffinity::of(view.shape(task).devices) as usize] += 1);
        assert_eq!(view.host_state(host).residents, residents, "host {host}");
    }
}

/// `fits` says of every host what `apply` says of a placement there.
fn assert_fits_is_feasible(engine: &Engine, request: Request) {
    let (Request::Place { task }, view) = (request, engine.view()) else { return };
    for host in view.topology().hosts() {
        let placement = testing::placement_on(view, task, host);
        let result = engine.clone().apply(request, Decision::Place(placement));
        assert_eq!(result.is_ok(), view.fits(view.shape(task), host), "host {host}: {result:?}");
    }
}

/// Tries an answer that is probably no answer; it is given back when it was one after all.
fn try_nonsense(engine: &mut Engine, chance: &mut Chance, request: Request) -> Option<Decision> {
    let (request, decision) = chance.nonsense(engine.view(), request);
    let before = format!("{engine:?}");
    let is_accepted = engine.apply(request, decision).is_ok();
    assert!(is_accepted || format!("{engine:?}") == before, "a refused {decision:?} changes nothing");
    is_accepted.then_some(decision)
}

/// Plays a world to its end under all eyes.
fn play(world: &World, seed: Seed) {
    let mut engine = world.engine();
    let mut ledger = Ledger::new(world, engine.view());
    let mut chance = Chance::new(seed);
    loop {
        match engine.step() {
            Step::Happened(event) => ledger.on_event(&event, engine.view()),
            Step::Decide(request) => {
                assert_consistent(&engine, Some(request));
                ledger.asked(request, engine.view());
                ledger.compare(engine.view());
                if is_likely(&mut chance.random, 0.05) {
                    assert_fits_is_feasible(&engine, request);
                }
                if is_likely(&mut chance.random, 0.3)
                    && let Some(accepted) = try_nonsense(&mut engine, &mut chance, request)
                {
                    ledger.answered(request, accepted);
                    continue;
                }
                assert_eq!(engine.step(), Step::Decide(request), "a question stays open");
                let decision = chance.decide(engine.view(), request);
                if let Err(error) = engine.apply(request, decision) {
                    panic!("{decision:?} is feasible, but: {error}");
                }
                ledger.answered(request, decision);
            }
            Step::Ended => break,
        }
    }
    assert_consistent(&engine, None);
    ledger.compare_at_the_end(engine.view());
}

/// The workload with tasks in between that ask for nothing and do nothing.
fn with_nothing_in_between(workload: &Workload, random: &mut Stream, end: SimTime) -> Workload {
    let mut builder = WorkloadBuilder::new();
    for job in workload.jobs() {
        let tasks = workload.job_tasks(job).map(|task| workload.task_spec(task));
        builder.add_job(workload.job_spec(job), tasks).expect("it was accepted before");
    }
    for _ in 0..200 {
        let submit = SimTime(random.below(end.0 as usize + 1) as u64);
        builder
            .add_task(JobSpec { submit, ..JobSpec::default() }, TaskSpec::default())
            .expect("nothing is allowed");
    }
    builder.finish()
}

/// Energy of every host, and the sums over time, under first fit.
fn first_fit_books(engine: &mut Engine) -> (Vec<f64>, Integrals) {
    testing::run_first_fit(engine, &mut ());
    let view = engine.view();
    (view.topology().hosts().map(|host| view.energy_joules(host)).collect(), *view.integrals())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_books_balance_whatever_a_policy_does(size in sizes()) {
        let world = World::new(size, true);
        play(&world, size.seed);
    }

    /// In whatever surroundings: their borders are no events.
    #[test]
    fn equal_seeds_go_the_same_way(size in sizes()) {
        let digest = |around: Option<&str>| {
            let (mut engine, mut chance) = (World::new(size, true).engine(), Chance::new(size.seed));
            if let Some(around) = around {
                engine = engine.with_surroundings(Arc::new(testing::surroundings(around)));
            }
            let mut digest = EventDigest::new();
            testing::play(&mut engine, |view, request| chance.decide(view, request), &mut digest);
            digest.hex()
        };
        prop_assert_eq!(digest(None), digest(None));
        let around = "celsius 0:10,3:30,20:-5 | carbon 0:100,7:500 | price 0:40,11:-10";
        prop_assert_eq!(digest(None), digest(Some(around)));
    }

    /// Equal members only: with different ones, first fit may pack a gang in a fuller cluster that it could not
    /// pack in an emptier one, and a release of nothing makes it try again.
    #[test]
    fn stopping_in_between_changes_no_integral(size in sizes()) {
        let world = World::new(size, false);
        let mut engine = world.engine();
        let (joules, sums) = first_fit_books(&mut engine);
        let mut random = size.seed.stream("nothing");
        let split = with_nothing_in_between(&world.workload, &mut random, engine.view().now());
        let mut split = Engine::new(Arc::clone(&world.topology), Arc::new(split), world.rules);
        let (split_joules, split_sums) = first_fit_books(&mut split);
        prop_assert_eq!(engine.view().now(), split.view().now());
        prop_assert_eq!(sums, split_sums);
        for (whole, parts) in joules.iter().zip(split_joules) {
            assert_close(parts, *whole, 1e-12);
        }
    }
}

/// The random worlds contain what they are meant to contain.
#[test]
fn the_worlds_are_not_dull() {
    #[derive(Default)]
    struct Seen([u32; 8]);
    impl Observer for Seen {
        fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
            let kind = match event.kind {
                EventKind::TaskSubmitted { .. } => 0,
                EventKind::TaskStarted { placement } => {
                    self.0[7] += u32::from(view.gang(placement.task).next().is_none());
                    1
                }
                EventKind::TaskFinished { .. } => 2,
                EventKind::TaskEvicted { .. } => 3,
                EventKind::UseChanged { .. } => 4,
                EventKind::TaskRejected { cause: Cause::Patience, .. } => 5,
                EventKind::TaskRejected { .. } => 6,
                other => unreachable!("these rules do not ask what to change: {other:?}"),
            };
            self.0[kind] += 1;
        }
    }
    let mut seen = Seen::default();
    let mut digests = BTreeSet::new();
    for seed in 0..20 {
        let size = Size { seed: Seed(seed), hosts: 6, jobs: 60 };
        let mut chance = Chance::new(size.seed);
        let mut digest = EventDigest::new();
        let mut engine = World::new(size, true).engine();
        let mut watch = (&mut seen, &mut digest);
        testing::play(&mut engine, |view, request| chance.decide(view, request), &mut watch);
        digests.insert(digest.hex());
    }
    assert!(seen.0.iter().all(|&count| count >= 50), "{:?}", seen.0);
    assert_eq!(digests.len(), 20);
}

//! Random worlds in which running tasks are moved and resized, hosts sleep and wake and run at other frequencies, tasks are
//! evicted meanwhile: whatever happens, energy and work balance and nobody is lost. `PROPTEST_RNG_SEED=n` draws the same
//! worlds again.

mod worlds;

use std::sync::Arc;

use proptest::prelude::*;
use sim::cluster::Status;
use sim::control::{Governor, Phase};
use sim::decision::{Decision, Infeasible, Request};
use sim::effects::Behaviours;
use sim::engine::{Engine, Step};
use sim::event::EventKind;
use sim::kernel::ids::{HostId, Id, TaskId, TenantId};
use sim::kernel::rng::{Seed, Stream};
use sim::kernel::time::{SimDuration, SimTime};
use sim::metrics::Window;
use sim::metrics::attribution::{Attributed, EnergyByTenant, Payer};
use sim::metrics::fairness::{DominantShare, DominantShares};
use sim::models::behaviour::Behaviour;
use sim::models::cooling::{Cooling, Outside};
use sim::models::dirtying::Dirtying;
use sim::models::facility::{Converter, Delivery, Electrical, Facility, UpsCurve};
use sim::models::migration::course::Leg;
use sim::models::migration::pre_copy::{OnStall, PreCopy};
use sim::models::migration::{Migration, Mode};
use sim::models::power::slowdown_at_frequency;
use sim::models::topology_manager::TopologyManager;
use sim::observe::Observer;
use sim::resources::{DeviceClass, Resources};
use sim::rules::{AfterEviction, CpuBound, Rebalancing, Rules, TurnedAway};
use sim::surroundings::{Footprint, Known, Steps, Surroundings};
use sim::testing;
use sim::view::ClusterView;
use worlds::{Taste, is_likely};

/// Answers at random, always feasibly.
struct Chance {
    random: Stream,
    /// It changes nothing that matters: hosts are told to run as they do.
    is_idle: bool,
    answers_left: u32,
    evictions_left: u32,
}

impl Chance {
    fn pick<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        (!items.is_empty()).then(|| items[self.random.below(items.len())])
    }

    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        if let Request::Rebalance { .. } = request {
            return self.change(view);
        }
        if matches!(request, Request::Place { .. })
            && self.evictions_left > 0
            && is_likely(&mut self.random, 0.1)
        {
            let running: Vec<TaskId> = running(view).collect();
            if let (Request::Place { task }, Some(victim)) = (request, self.pick(&running))
                && view.gang(task).next() == Some(task)
            {
                self.evictions_left -= 1;
                return Decision::Evict { victim };
            }
        }
        testing::first_fit(view, request)
    }

    fn change(&mut self, view: ClusterView<'_>) -> Decision {
        let hosts: Vec<HostId> = view.topology().hosts().collect();
        let host = self.pick(&hosts).expect("there are hosts");
        if self.answers_left == 0 || is_likely(&mut self.random, 0.3) {
            return Decision::Defer;
        }
        self.answers_left -= 1;
        if self.is_idle {
            return Decision::Govern { host, governor: Governor::OnDemand };
        }
        let tasks: Vec<TaskId> = running(view).collect();
        let task = self.pick(&tasks);
        let kind = self.random.below(8);
        match (kind, task) {
            (0..=2, Some(task)) if view.move_of(task).is_none() => {
                let shape = sim::resources::TaskShape { resources: view.held(task), ..*view.shape(task) };
                let is_target = |&&to: &&HostId| to != view.placement(task).host && view.fits(&shape, to);
                let targets: Vec<HostId> = hosts.iter().filter(is_target).copied().collect();
                self.pick(&targets)
                    .map_or(Decision::Defer, |to| Decision::Migrate(testing::placement_on(view, task, to)))
            }
            (3, Some(task)) if view.leg_of(task).is_some_and(|leg| leg != Leg::Following) => {
                Decision::CancelMigration { task }
            }
            (4, _) if view.phase(host) == Phase::On && view.is_vacant(host) && sleeps(view, host) => {
                Decision::Sleep { host }
            }
            (5, _) if view.phase(host) == Phase::Asleep => Decision::Wake { host },
            (6, _) => {
                let governors = [Governor::OnDemand, Governor::Full, Governor::Step(0), Governor::Step(1)];
                Decision::Govern { host, governor: governors[self.random.below(4)] }
            }
            (7, Some(task))
                if view.move_of(task).is_none() && view.numa_free(view.placement(task).host).len() == 1 =>
            {
                let held = view.held(task);
                let resources = Resources { cpu_milli: held.cpu_milli / 2, memory_mib: held.memory_mib };
                Decision::Resize { task, resources }
            }
            _ => Decision::Defer,
        }
    }
}

fn running(view: ClusterView<'_>) -> impl Iterator<Item = TaskId> {
    view.topology().hosts().flat_map(move |host| view.hosted(host))
}

fn sleeps(view: ClusterView<'_>, host: HostId) -> bool {
    view.topology().model(host).operation.sleep.is_some()
}

const CLASSES: [DeviceClass; 3] = [DeviceClass::Gpu, DeviceClass::Fpga, DeviceClass::Dpu];

/// Milli-cores, mebibytes and thousandths of devices.
type Held = [f64; 2 + CLASSES.len()];

/// Energy of each host and work of each task, from what was true between events.
struct Books {
    time: SimTime,
    watts: Vec<f64>,
    joules: Vec<f64>,
    /// Of migrations alone.
    move_watts: f64,
    move_joules: f64,
    around: Around,
    /// Of the facility.
    taken: Taken,
    speeds: Vec<f64>,
    done_seconds: Vec<f64>,
    /// Of each tenant: milli-cores, mebibytes and thousandths of the devices of each class, now and over seconds.
    held: [Held; worlds::TENANTS as usize],
    held_seconds: [Held; worlds::TENANTS as usize],
    /// How often the speed of a task changed: each time rounds to a microsecond.
    changes: Vec<u32>,
}

impl Books {
    fn new(view: ClusterView<'_>, tasks: usize, around: Around) -> Self {
        let hosts = view.topology().host_count();
        let mut books = Self {
            time: SimTime::ZERO,
            watts: vec![0.0; hosts],
            joules: vec![0.0; hosts],
            move_watts: 0.0,
            move_joules: 0.0,
            around,
            taken: Taken::default(),
            speeds: vec![0.0; tasks],
            done_seconds: vec![0.0; tasks],
            held: Default::default(),
            held_seconds: Default::default(),
            changes: vec![0; tasks],
        };
        books.look(view);
        books
    }

    fn pass(&mut self, to: SimTime) {
        let seconds = to.since(self.time).seconds();
        let it_watts = self.watts.iter().sum();
        self.around.pass((self.time, to), it_watts, &mut self.taken);
        self.time = to;
        self.move_joules += self.move_watts * seconds;
        for (sums, held) in self.held_seconds.iter_mut().zip(&self.held) {
            sums.iter_mut().zip(held).for_each(|(sum, held)| *sum += held * seconds);
        }
        self.joules.iter_mut().zip(&self.watts).for_each(|(sum, watts)| *sum += watts * seconds);
        self.done_seconds.iter_mut().zip(&self.speeds).for_each(|(sum, speed)| *sum += speed * seconds);
    }

    fn look(&mut self, view: ClusterView<'_>) {
        for host in view.topology().hosts() {
            self.watts[host.index()] = view.power_watts(host);
        }
        self.move_watts = view
            .moves()
            .filter(|&(task, _)| view.leg_of(task) != Some(Leg::Waiting))
            .map(|(task, one)| {
                let both = [view.placement(task).host, one.to.host];
                both.map(|host| {
                    let (power, cpu_milli) =
                        (&view.topology().model(host).power, view.topology().physical(host).cpu_milli);
                    view.rules().migration.power_share
                        * (power.max_watts(cpu_milli) - power.idle_watts(cpu_milli))
                })
                .iter()
                .sum::<f64>()
            })
            .sum();
        self.held = Default::default();
        for task in running(view) {
            let held = &mut self.held[view.tenant(task).index()];
            held[0] += f64::from(view.held(task).cpu_milli);
            held[1] += f64::from(view.held(task).memory_mib);
            let placement = view.placement(task);
            for (position, &kind) in view.device_kinds(placement.host).iter().enumerate() {
                let class = view.topology().kinds()[usize::from(kind)].class;
                let place = CLASSES.iter().position(|one| *one == class).expect("a class");
                if placement.devices.has(position) {
                    held[2 + place] += f64::from(view.taken_of(kind, view.shape(task).devices));
                }
            }
        }
        for index in 0..self.speeds.len() {
            let task = TaskId::from_index(index);
            let speed = if view.status(task) == Status::Running { speed(view, task) } else { 0.0 };
            self.changes[index] += u32::from(speed != self.speeds[index]);
            self.speeds[index] = speed;
        }
    }
}

fn speed(view: ClusterView<'_>, task: TaskId) -> f64 {
    let host = view.placement(task).host;
    let slowdown = match view.governor(host) {
        Governor::OnDemand | Governor::Full => 1.0,
        Governor::Step(step) => {
            let frequency = view.topology().model(host).operation.frequencies[usize::from(step)];
            slowdown_at_frequency(view.rules().cpu_bound.0, frequency)
        }
    };
    let expected = view.pace_on_the_way(task) / slowdown;
    // What the host does to its work is worked out anew by `assert_consistent`.
    match view.rules().cpu_quota.is_some() || view.topology().slows(host) {
        true => {
            let speed = view.speed(task);
            let generation = view.topology().model(host).effects.speed.unwrap_or(1.0);
            assert!(
                speed <= expected * generation * (1.0 + 1e-12),
                "{speed} is more than {expected} times {generation}: nothing else makes anybody faster"
            );
            speed
        }
        false => expected,
    }
}

/// Memory that is sent once, or any other way to move a task, over links that are soon crowded.
fn migration(random: &mut Stream) -> Migration {
    let mode =
        [Mode::SendOnce, Mode::PreCopy, Mode::PostCopy, Mode::Hybrid, Mode::Checkpoint][random.below(5)];
    let on_stall = [OnStall::Abort, OnStall::Stop, OnStall::PostCopy, OnStall::Throttle][random.below(4)];
    let bandwidth_mib_per_second = [5.0, 50.0, 500.0][random.below(3)];
    let mut migration = Migration { bandwidth_mib_per_second, mode, ..Migration::default() };
    migration.dirtying = Dirtying {
        mib_per_second: 1.5 * bandwidth_mib_per_second * random.unit(),
        working_set_share: random.unit(),
    };
    migration.at_once = [None, Some(1), Some(2)][random.below(3)];
    migration.pre_copy = PreCopy { on_stall, ..PreCopy::default() };
    migration.checkpoint.device_memory_mib = 20.0 * bandwidth_mib_per_second;
    migration
}

/// What is around the datacenter, as a list that is looked through from its beginning each time.
#[derive(Clone)]
struct Around {
    facility: Facility,
    /// When each temperature, intensity and price begins to hold.
    steps: [Vec<(SimTime, f64)>; 3],
}

/// Joules, litres, grams and money, from the list.
#[derive(Clone, Copy, Default)]
struct Taken {
    losses: f64,
    cooling: f64,
    litres: f64,
    grams: f64,
    cost: f64,
    free_seconds: f64,
}

impl Around {
    fn random(random: &mut Stream, facility: Facility) -> Self {
        let mut list = |least: f64, most: f64| {
            let mut steps = vec![(SimTime::ZERO, least + (most - least) * random.unit())];
            for _ in 0..random.below(40) {
                let last = steps[steps.len() - 1].0;
                let next = last + SimDuration(1 + 500_000 * random.below(10) as u64);
                steps.push((next, least + (most - least) * random.unit()));
            }
            steps
        };
        Self { facility, steps: [list(-20.0, 45.0), list(0.0, 900.0), list(-50.0, 300.0)] }
    }

    fn surroundings(&self) -> Surroundings {
        let [celsius, grams, price] =
            self.steps.clone().map(|steps| Some(Steps::new(steps).expect("steps rise")));
        Surroundings::new(Known {
            dry_bulb_celsius: celsius,
            carbon_grams_per_kwh: grams,
            price_per_mwh: price,
            ..Known::default()
        })
    }

    fn pass(&self, (from, to): (SimTime, SimTime), it_watts: f64, taken: &mut Taken) {
        let mut cuts: Vec<SimTime> = self.steps.iter().flatten().map(|step| step.0).collect();
        cuts.retain(|cut| from < *cut && *cut < to);
        cuts.extend([from, to]);
        cuts.sort();
        for pair in cuts.windows(2) {
            let seconds = pair[1].since(pair[0]).seconds();
            let [celsius, grams_per_kwh, price_per_mwh] = [0, 1, 2].map(|quantity| {
                let steps: &Vec<(SimTime, f64)> = &self.steps[quantity];
                steps.iter().rev().find(|step| step.0 <= pair[0]).expect("the first is at 0").1
            });
            let draw = self.facility.draw(it_watts, Outside::of_dry_bulb(celsius));
            let joules = (it_watts + draw.overhead.losses + draw.overhead.cooling) * seconds;
            taken.losses += draw.overhead.losses * seconds;
            taken.cooling += draw.overhead.cooling * seconds;
            taken.litres += draw.litres_per_second * seconds;
            taken.grams += joules / 3.6e6 * grams_per_kwh;
            taken.cost += joules / 3.6e9 * price_per_mwh;
            taken.free_seconds += if draw.is_free { seconds } else { 0.0 };
        }
    }
}

/// A static PUE, or one of the kinds of losses.
fn facility(random: &mut Stream, hosts: usize) -> Facility {
    let delivery = match random.below(3) {
        0 => return Facility::default(),
        1 => {
            let (_, curve, _) = UpsCurve::PRESETS[random.below(UpsCurve::PRESETS.len())];
            Delivery::Ups { curve, count: 1 + random.below(2) as u8 }
        }
        _ => Delivery::Converters {
            count: hosts as u32,
            rectifier: Converter::RECTIFIER,
            board: Converter::BOARD,
        },
    };
    let rated_watts = 1000.0 * hosts as f64;
    let way = random.below(Cooling::PRESETS.len() + 1);
    let name = Cooling::PRESETS.get(way).map(|preset| preset.0);
    let cooling = name.map_or(Cooling::constant(0.3), |name| {
        Cooling::preset(name, 1.1 * rated_watts).expect("it is on the list")
    });
    Facility::Electrical(Electrical { delivery, rated_watts, distribution: 0.02, other: 0.01, cooling })
}

fn behaviours(seed: Seed, random: &mut Stream) -> Behaviours {
    let (_, one, _) = Behaviour::PRESETS[random.below(Behaviour::PRESETS.len())];
    let (_, other, _) = Behaviour::PRESETS[random.below(Behaviour::PRESETS.len())];
    let mut behaviours = Behaviours::of_one(one);
    behaviours.kinds[0].0 = 0.5;
    behaviours.kinds[1] = (0.5, other);
    Behaviours { seed, ..behaviours }
}

/// How a random episode is played.
#[derive(Clone, Copy)]
struct Play {
    hosts: usize,
    jobs: usize,
    /// Nothing that matters is changed.
    is_idle: bool,
    has_question: bool,
    /// Hosts and devices slow the work on them.
    slows: bool,
}

/// Plays a random episode; gives the energy of each host.
fn play(seed: Seed, Play { hosts, jobs, is_idle, has_question, slows }: Play) -> Vec<f64> {
    let mut random = seed.stream("world");
    let taste = Taste { rate: 0.05 * hosts as f64, has_mixed_gangs: false };
    let topology = match slows {
        true => worlds::slow_topology(&mut random, hosts),
        false => worlds::topology(&mut random, hosts),
    };
    let topology = Arc::new(topology);
    let workload = Arc::new(worlds::workload(&mut random, jobs, taste));
    let horizon = is_likely(&mut random, 0.3).then(|| SimTime(random.below(60_000_000) as u64));
    // Periods may pass while somebody waits for ever: both ways of playing end at the same time.
    let horizon = horizon.or(is_idle.then_some(SimTime(300_000_000)));
    let rebalancing = Rebalancing {
        period: SimDuration(1 + random.below(4_000_000) as u64),
        first: SimTime(random.below(4_000_000) as u64),
        overload: Some(0.7),
        underload: Some(0.2),
        no_place: true,
    };
    let after_eviction =
        if is_likely(&mut random, 0.5) { AfterEviction::Restart } else { AfterEviction::Resume };
    let rules = Rules {
        horizon,
        after_eviction,
        rebalancing: has_question.then_some(rebalancing),
        migration: migration(&mut random),
        cpu_bound: CpuBound(0.6),
        facility: facility(&mut random, hosts),
        topology_manager: slows.then(|| TopologyManager::NAMES[random.below(4)].1),
        turned_away: if is_likely(&mut random, 0.5) { TurnedAway::Waits } else { TurnedAway::Leaves },
        behaviours: if slows { behaviours(seed, &mut random) } else { Behaviours::default() },
        cpu_quota: (slows && is_likely(&mut random, 0.3)).then_some(0.7),
        ..Rules::default()
    };
    let mut chance = Chance {
        random: seed.stream("policy"),
        is_idle,
        answers_left: 400,
        evictions_left: if is_idle { 0 } else { 20 },
    };
    let around = Around::random(&mut seed.stream("around"), rules.facility);
    let mut engine = Engine::new(topology, Arc::clone(&workload), rules)
        .with_surroundings(Arc::new(around.surroundings()));
    let mut books = Books::new(engine.view(), workload.task_count(), around);
    let mut payers = EnergyByTenant::new(Window::default(), engine.view());
    let mut shares = DominantShares::new(Window::default());
    let mut ends = vec![0_u32; workload.task_count()];
    loop {
        match engine.step() {
            Step::Happened(event) => {
                books.pass(event.time);
                (&mut payers, &mut shares).on_event(&event, engine.view());
                if let EventKind::TaskFinished { task, .. } = event.kind {
                    let (done, work) = (books.done_seconds[task.index()], workload.work(task).seconds());
                    let rounding = 2e-6 * f64::from(books.changes[task.index()] + 1);
                    assert!((done - work).abs() <= rounding, "task {task} did {done} s of {work} s");
                    ends[task.index()] += 1;
                }
                if let EventKind::TaskEvicted { task, .. } = event.kind
                    && after_eviction == AfterEviction::Restart
                {
                    books.done_seconds[task.index()] = 0.0;
                }
                if let EventKind::TaskRejected { task, .. } = event.kind {
                    ends[task.index()] += 1;
                }
                books.look(engine.view());
                engine.assert_consistent();
            }
            Step::Decide(request) => {
                books.pass(engine.view().now());
                let decision = chance.decide(engine.view(), request);
                engine.apply(request, decision).expect("what chance answers is feasible");
                books.look(engine.view());
                // While a gang is being placed, those who have a place hold it and do not run yet.
                if !matches!(request, Request::Place { .. }) {
                    engine.assert_consistent();
                }
            }
            Step::Ended => break,
        }
    }
    let view = engine.view();
    books.pass(view.now());
    for host in view.topology().hosts() {
        let (own, theirs) = (books.joules[host.index()], view.energy_joules(host));
        assert!((own - theirs).abs() <= 1e-9 * own.max(1.0), "host {host}: {theirs} J, not {own} J");
    }
    let (own, theirs) = (books.move_joules, view.move_joules());
    assert!((own - theirs).abs() <= 1e-9 * own.max(1.0), "moves drew {theirs} J, not {own} J");
    close_ledgers(view, payers.finish(view), &books);
    for (task, ends) in workload.tasks().zip(ends) {
        let has_ended = matches!(view.status(task), Status::Finished | Status::Rejected);
        assert_eq!(ends, u32::from(has_ended), "task {task} ends once or is still there");
    }
    for (task, one) in view.moves() {
        assert_eq!(view.status(task), Status::Running, "who is on the way still runs where it was");
        assert_ne!(view.placement(task).host, one.to.host);
    }
    check_shares(view, shares.finish(view), &books);
    let Footprint { overhead, water_litres, carbon_grams, cost, .. } = view.footprint();
    let hosts = view.topology().hosts().map(|host| view.energy_joules(host));
    hosts.chain([overhead.losses, overhead.cooling, water_litres, carbon_grams, cost]).collect()
}

/// Tenants, idle hosts and boots add up to the meters, and hosts, losses and cooling to the facility.
fn close_ledgers(view: ClusterView<'_>, payers: Vec<(Payer, Attributed)>, books: &Books) {
    let close = |own: f64, theirs: f64| (own - theirs).abs() <= 1e-9 * own.abs().max(1.0);
    let it: f64 = payers.iter().map(|(_, energy)| energy.it_joules).sum();
    let facility: f64 = payers.iter().map(|(_, energy)| energy.facility_joules).sum();
    let carbon: f64 = payers.iter().map(|(_, energy)| energy.carbon_grams).sum();
    let (it_meter, overhead) = (view.it_energy_joules(), view.facility_overhead_joules());
    assert!(close(it, it_meter), "tenants have {it} J, meters {it_meter} J");
    assert!(
        close(facility, it_meter + overhead.sum()),
        "tenants have {facility} J, the facility more or less"
    );
    for (payer, energy) in payers {
        assert!(
            energy.it_joules >= -1e-6 && energy.facility_joules >= energy.it_joules - 1e-6,
            "{payer:?}: {energy:?}"
        );
    }
    let (own, theirs) = (books.taken, view.footprint());
    for (what, own, theirs) in [
        ("lost", own.losses, theirs.overhead.losses),
        ("cooled", own.cooling, theirs.overhead.cooling),
        ("evaporated", own.litres, theirs.water_litres),
        ("emitted", own.grams, theirs.carbon_grams),
        ("emitted by tenants", carbon, theirs.carbon_grams),
        ("free", own.free_seconds, theirs.free_cooling_seconds),
    ] {
        assert!(close(own, theirs), "{what}: {theirs}, not {own}");
    }
    // Money may come back, so that little of much is left.
    assert!((own.cost - theirs.cost).abs() <= 1e-9, "{} was paid, not {}", theirs.cost, own.cost);
}

/// Each tenant has the largest of its shares of cpu, memory and devices, as they were between events.
fn check_shares(view: ClusterView<'_>, shares: Vec<DominantShare>, books: &Books) {
    let topology = view.topology();
    let (cpu_milli, memory_mib) = topology.total_capacity();
    let devices = CLASSES.map(|class| topology.device_milli_capacity(class));
    let capacity = [&[cpu_milli, memory_mib], &devices[..]].concat();
    let seconds = view.now().seconds();
    for (tenant, held) in books.held_seconds.iter().enumerate() {
        let share = |resource: usize| match capacity[resource] as f64 * seconds {
            0.0 => 0.0,
            whole => held[resource] / whole,
        };
        let own = (0..capacity.len()).map(share).fold(0.0, f64::max);
        let theirs =
            shares.iter().find(|one| one.tenant == TenantId(tenant as u32)).map_or(0.0, |one| one.share);
        assert!((own - theirs).abs() <= 1e-9, "tenant {tenant} holds {own}, not {theirs}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn energy_and_work_balance_whatever_is_changed(seed in any::<u64>(), hosts in 1..=10_usize, jobs in 1..=40_usize) {
        play(Seed(seed), Play { hosts, jobs, is_idle: false, has_question: true, slows: false });
    }

    /// With guests, shared cpus, distant and short memory, quotas, admission and every way to share a device.
    #[test]
    fn energy_and_work_balance_where_everything_slows(seed in any::<u64>(), hosts in 1..=10_usize, jobs in 1..=40_usize) {
        play(Seed(seed), Play { hosts, jobs, is_idle: false, has_question: true, slows: true });
    }

    /// Asking, and telling hosts to run as they do, cuts the time between two events into pieces.
    #[test]
    fn cutting_an_interval_changes_no_integral(seed in any::<u64>(), hosts in 1..=10_usize, jobs in 1..=40_usize) {
        let one = Play { hosts, jobs, is_idle: true, has_question: false, slows: seed % 2 == 0 };
        let whole = play(Seed(seed), one);
        let cut = play(Seed(seed), Play { has_question: true, ..one });
        for (whole, cut) in whole.into_iter().zip(cut) {
            prop_assert!((whole - cut).abs() <= 1e-12 * whole.abs().max(1.0), "{cut} J, not {whole} J");
        }
    }
}

/// What cannot be is refused with its reason, and changes nothing.
#[test]
fn what_cannot_be_changed_is_refused() {
    let rebalancing = Rebalancing {
        period: SimDuration(10_000_000),
        first: SimTime(10_000_000),
        overload: None,
        underload: None,
        no_place: false,
    };
    let rules = Rules { rebalancing: Some(rebalancing), ..Rules::default() };
    let hosts = "cpu 4 sleep off frequencies 0.5 | cpu 4 sleep free | cpu 2";
    let mut engine = testing::engine_with(hosts, "at 0 cpu 3 work 100", rules);
    let request = loop {
        match engine.step() {
            Step::Decide(request @ Request::Rebalance { .. }) => break request,
            Step::Decide(request) => {
                engine.apply(request, testing::first_fit(engine.view(), request)).expect("feasible");
            }
            Step::Happened(_) => {}
            Step::Ended => panic!("the question comes at the start"),
        }
    };
    let (task, nobody) = (TaskId(0), TaskId(7));
    let to = |host| testing::placement_on(engine.view(), task, HostId(host));
    let (to_same, to_small, to_other) = (to(0), to(2), to(1));
    let room = Infeasible::Room { host: HostId(2), numa: to_small.numa };
    let refusals = [
        (Decision::Migrate(to_same), Infeasible::SameHost { task, host: HostId(0) }),
        (Decision::Migrate(to_small), room),
        (Decision::CancelMigration { task }, Infeasible::NotOnItsWay(task)),
        (Decision::CancelMigration { task: nobody }, Infeasible::NotRunning(nobody)),
        (Decision::Sleep { host: HostId(0) }, Infeasible::NotEmpty(HostId(0))),
        (Decision::Sleep { host: HostId(2) }, Infeasible::NeverSleeps(HostId(2))),
        (Decision::Sleep { host: HostId(9) }, Infeasible::NoSuchHost(HostId(9))),
        (Decision::Wake { host: HostId(0) }, Infeasible::NotAsleep(HostId(0))),
        (
            Decision::Govern { host: HostId(1), governor: Governor::Step(0) },
            Infeasible::NoFrequency(HostId(1)),
        ),
        (Decision::Cap { host: HostId(0), watts: 50 }, Infeasible::NoFrequency(HostId(0))),
        (Decision::Reject, Infeasible::WrongAnswer),
    ];
    for (decision, reason) in refusals {
        assert_eq!(engine.apply(request, decision), Err(reason), "{decision:?}");
        engine.assert_consistent();
    }
    let mut answer = |decision| {
        engine.apply(request, decision).expect("feasible");
        while let Step::Happened(_) = engine.step() {}
        engine.view().power_watts(HostId(1))
    };
    // Free sleep takes no time: the host sleeps and draws nothing, and is there again at once.
    assert_eq!(answer(Decision::Sleep { host: HostId(1) }), 0.0);
    assert_eq!(answer(Decision::Wake { host: HostId(1) }), 100.0);
    // On its way a task costs either host a tenth of 100 W.
    assert_eq!(answer(Decision::Migrate(to_other)), 110.0);
    // At half of its frequency the host of 100 to 200 W draws no more than 112.5 W.
    answer(Decision::Cap { host: HostId(0), watts: 113 });
    assert_eq!(engine.view().governor(HostId(0)), Governor::Step(0));
    assert_eq!(engine.apply(request, Decision::Migrate(to_other)), Err(Infeasible::OnItsWay(task)));
    assert_eq!(
        engine.apply(request, Decision::Sleep { host: HostId(1) }),
        Err(Infeasible::NotEmpty(HostId(1)))
    );
}

/// A frequency of one half makes work that waits for the cpu twice as long, a migration a tenth longer while it lasts.
#[test]
fn what_slows_a_task_down_delays_its_end() {
    let rebalancing = Rebalancing {
        period: SimDuration(100_000_000),
        first: SimTime(100_000_000),
        overload: None,
        underload: None,
        no_place: false,
    };
    let end_of = |memory: u32, answers: &[fn(ClusterView<'_>) -> Decision]| {
        let migration = Migration {
            bandwidth_mib_per_second: 10.0,
            slowdown: 0.1,
            power_share: 0.0,
            ..Migration::default()
        };
        let rules = Rules { rebalancing: Some(rebalancing), migration, ..Rules::default() };
        let work = format!("at 0 cpu 1 memory {memory} work 100");
        let mut engine = testing::engine_with("cpu 1 frequencies 0.5 | cpu 1", &work, rules);
        let mut answers = answers.iter();
        let decide = |view: ClusterView<'_>, request| match request {
            Request::Rebalance { .. } => answers.next().map_or(Decision::Defer, |answer| answer(view)),
            other => testing::first_fit(view, other),
        };
        testing::play(&mut engine, decide, &mut ());
        engine.view().now().seconds()
    };
    let slow: fn(ClusterView<'_>) -> Decision =
        |_| Decision::Govern { host: HostId(0), governor: Governor::Step(0) };
    let leave: fn(ClusterView<'_>) -> Decision =
        |view| Decision::Migrate(testing::placement_on(view, TaskId(0), HostId(1)));
    let stay: fn(ClusterView<'_>) -> Decision = |_| Decision::CancelMigration { task: TaskId(0) };
    assert_eq!(end_of(500, &[]), 100.0);
    assert_eq!(end_of(500, &[slow]), 200.0);
    // 50 s on its way, in which it does 45 s of its work.
    assert_eq!(end_of(500, &[leave]), 105.0);
    assert_eq!(end_of(500, &[leave, stay]), 100.0, "who stays loses nothing");
    // It ends before it would have arrived: 100 s of work at nine tenths.
    assert!((end_of(2000, &[leave]) - 100.0 / 0.9).abs() < 1e-5);
}

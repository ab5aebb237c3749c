//! Migrations that go through stages, played by the engine: against the recurrence written down again, against what is
//! worked out by hand, and at random.

use proptest::prelude::*;
use sim::cluster::{Moved, Outcome, Status};
use sim::decision::{Decision, Infeasible, Request};
use sim::engine::{Engine, Step};
use sim::kernel::ids::{HostId, Id, TaskId};
use sim::kernel::rng::Seed;
use sim::kernel::time::{SimDuration, SimTime};
use sim::metrics::{MetricSet, Window};
use sim::models::dirtying::Dirtying;
use sim::models::migration::course::Leg;
use sim::models::migration::pre_copy::{OnStall, PreCopy};
use sim::models::migration::{Migration, Mode};
use sim::observe::Observer;
use sim::rules::{Rebalancing, Rules};
use sim::testing::{self, Story};
use sim::view::ClusterView;

/// At this many periods, this task sets out to this host.
type Plan = [(u64, u32, u32)];

fn rules(period: SimDuration, migration: Migration) -> Rules {
    let first = SimTime(period.0);
    let rebalancing = Rebalancing { period, first, overload: None, underload: None, no_place: false };
    Rules { rebalancing: Some(rebalancing), migration, ..Rules::default() }
}

fn writes(mib_per_second: f64) -> Dirtying {
    Dirtying { mib_per_second, working_set_share: 1.0 }
}

/// 100 MiB/s, and guests that write 20 MiB/s.
fn slow() -> Migration {
    Migration {
        bandwidth_mib_per_second: 100.0,
        mode: Mode::PreCopy,
        dirtying: writes(20.0),
        resume_seconds: 0.1,
        ..Migration::default()
    }
}

/// Plays an episode in which task `i` begins on the first host with room and moves are as planned.
fn play(engine: &mut Engine, plan: &Plan, observer: &mut impl Observer) {
    let period = engine.view().rules().rebalancing.expect("moves are asked for").period;
    let mut left: Vec<(u64, u32, u32)> = plan.to_vec();
    let decide = |view: ClusterView<'_>, request: Request| match request {
        Request::Rebalance { .. } => {
            let is_due = |&(when, task, _): &(u64, u32, u32)| {
                SimTime(when * period.0) == view.now() && view.status(TaskId(task)) == Status::Running
            };
            let Some(place) = left.iter().position(is_due) else { return Decision::Defer };
            let (_, task, host) = left.remove(place);
            Decision::Migrate(testing::placement_on(view, TaskId(task), HostId(host)))
        }
        other => testing::first_fit(view, other),
    };
    testing::play(engine, decide, observer);
    engine.assert_consistent();
}

const SECOND: SimDuration = SimDuration(1_000_000);

fn moved(engine: &Engine, task: u32) -> Moved {
    engine.view().last_move(TaskId(task)).expect("it was moved")
}

#[track_caller]
fn near(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
}

/// Downtime, total and traffic as models 5.1 writes them.
fn recurrence(migration: &Migration, memory: f64) -> Option<(f64, f64, f64)> {
    let (rate, terms) = (migration.bandwidth_mib_per_second, migration.pre_copy);
    let working_set = migration.dirtying.working_set_share * memory;
    let threshold = (rate * (terms.downtime_target_seconds - migration.resume_seconds)).max(0.0);
    let (mut volume, mut sent, mut seconds) = (memory, 0.0, 0.0);
    for round in 1.. {
        let time = volume / rate;
        (sent, seconds) = (sent + volume, seconds + time);
        let next = (migration.dirtying.mib_per_second * time).min(working_set);
        let is_limited =
            round == terms.rounds || terms.traffic_limit.is_some_and(|limit| sent > limit * memory);
        if next <= threshold || is_limited || next >= volume * (1.0 - 1e-9) {
            if next > threshold && terms.on_stall == OnStall::Abort {
                return None;
            }
            let downtime = next / rate + migration.resume_seconds;
            return Some((downtime, seconds + downtime, sent + next));
        }
        volume = next;
    }
    unreachable!("rounds end")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A lone migration takes what its recurrence says: to a microsecond, and its downtime and traffic to 1e-9.
    #[test]
    fn a_lone_migration_follows_its_recurrence(
        memory in 1_u32..20_000,
        rate in 10.0_f64..5000.0,
        ratio in 0.0_f64..1.5,
        working_set_share in 0.0_f64..=1.0,
        target in 0.0_f64..0.5,
        rounds in 1_u32..60,
        is_limited in any::<bool>(),
        aborts in any::<bool>(),
    ) {
        let migration = Migration {
            bandwidth_mib_per_second: rate,
            dirtying: Dirtying { mib_per_second: ratio * rate, working_set_share },
            resume_seconds: 0.03,
            pre_copy: PreCopy {
                downtime_target_seconds: target,
                rounds,
                traffic_limit: is_limited.then_some(3.0),
                on_stall: if aborts { OnStall::Abort } else { OnStall::Stop },
                ..PreCopy::default()
            },
            ..slow()
        };
        let work = format!("at 0 cpu 1 memory {memory} work 1000000");
        let mut engine = testing::engine_with("cpu 1 memory 20000 | cpu 1 memory 20000", &work, rules(SECOND, migration));
        play(&mut engine, &[(1, 0, 1)], &mut ());
        let one = moved(&engine, 0);
        let took = one.ended.since(one.since).seconds();
        match recurrence(&migration, f64::from(memory)) {
            None => prop_assert_eq!(one.outcome, Outcome::Failed),
            Some((downtime, total, traffic)) => {
                prop_assert_eq!(one.outcome, Outcome::Arrived);
                prop_assert!((took - total).abs() <= 1e-6 * (1.0 + 1e-6), "{} is not {}", took, total);
                prop_assert!((one.downtime_seconds - downtime).abs() <= 1e-9 * downtime.max(1.0));
                prop_assert!((one.sent_mib - traffic).abs() <= 1e-9 * traffic.max(1.0));
                let forecast = migration.forecast(sim::models::migration::course::Load::memory(memory));
                prop_assert!((forecast.total_seconds - total).abs() <= 1e-9 * total.max(1.0));
            }
        }
    }
}

/// models 5.1 by hand: 1000 MiB at 100 MiB/s are 10 s, then 200, 40 and, within 0.3 s less the 0.1 s of stopping, the 20 MiB/s
/// of 8 MiB are stopped for: 0.08 s and 0.1 s.
const LONE_SECONDS: f64 = 10.0 + 2.0 + 0.4 + 0.08 + 0.1;

/// Two migrations from one host share what leaves it: each is sent at half of the rate. With D / R held the same, both take
/// exactly twice as long as one, but for what stopping costs and what is stopped for.
#[test]
fn two_migrations_over_one_nic_take_twice_as_long() {
    // Nothing is written, so that only sending counts: 10 s alone, 20 s together.
    let migration = Migration { dirtying: writes(0.0), resume_seconds: 0.0, ..slow() };
    let hosts = "cpu 2 memory 2000 | cpu 1 memory 1000 | cpu 1 memory 1000";
    let work = "at 0 cpu 1 memory 1000 work 100 | at 0 cpu 1 memory 1000 work 100";
    let took = |plan: &Plan, task: u32| {
        let mut engine = testing::engine_with(hosts, work, rules(SECOND, migration));
        play(&mut engine, plan, &mut ());
        let one = moved(&engine, task);
        one.ended.since(one.since)
    };
    let alone = took(&[(1, 0, 1)], 0);
    assert_eq!(alone, SimDuration(10_000_000));
    for task in [0, 1] {
        assert_eq!(took(&[(1, 0, 1), (1, 1, 2)], task), alone + alone);
    }
    // One that sets out 4 s later: 4 s alone (400 MiB), then half: 600 MiB in 12 s; the other has sent 600 by then, and 400 alone.
    let staggered: &Plan = &[(1, 0, 1), (5, 1, 2)];
    assert_eq!([0, 1].map(|task| took(staggered, task)), [SimDuration(16_000_000); 2]);
}

/// One at a time: the second waits for 10 s, runs meanwhile and costs no power, and takes as long as the first.
#[test]
fn who_waits_for_its_turn_runs_meanwhile() {
    let migration = Migration { at_once: Some(1), dirtying: writes(0.0), resume_seconds: 0.0, ..slow() };
    let hosts = "cpu 2 memory 2000 | cpu 1 memory 1000 | cpu 1 memory 1000";
    let work = "at 0 cpu 1 memory 1000 work 100 | at 0 cpu 1 memory 1000 work 100";
    let mut engine = testing::engine_with(hosts, work, rules(SECOND, migration));
    let mut metrics = MetricSet::over(Window::default(), engine.view());
    let mut story = Story::default();
    play(&mut engine, &[(1, 0, 1), (1, 1, 2)], &mut (&mut metrics, &mut story));
    for task in [0, 1] {
        let one = moved(&engine, task);
        assert_eq!(
            (one.since.0, one.ended.since(one.since).0),
            (1_000_000 + 10_000_000 * u64::from(task), 10_000_000)
        );
    }
    let told: Vec<&str> =
        story.0.iter().map(String::as_str).filter(|line| line.contains("task 1 is ")).collect();
    assert_eq!(
        told,
        [
            "1: task 1 is on its way to host 2",
            "1: task 1 is Waiting",
            "11: task 1 is Copying",
            "21: task 1 is Standing"
        ]
    );
    // Both lose a tenth of ten seconds; both ends of both draw 10 W more for that long.
    assert_eq!(engine.view().now(), SimTime(101_000_000));
    near(value(&metrics.values(engine.view()), "migration_energy"), 400.0 / 3.6e6, 1e-12);
}

/// models 9.2 with hosts in the place of links: what leaves host 0 is split by two, what comes to host 3 by three.
#[test]
fn the_fuller_end_decides() {
    let migration = Migration { dirtying: writes(0.0), resume_seconds: 0.0, ..slow() };
    let hosts =
        "cpu 2 memory 2000 | cpu 1 memory 1000 | cpu 1 memory 1000 | cpu 3 memory 3000 | cpu 1 memory 1000";
    let work = "at 0 cpu 1 memory 300 work 100 | at 0 cpu 1 memory 300 work 100 | at 0 cpu 1 memory 300 work 100 | at 0 cpu 1 memory 300 work 100";
    let mut engine = testing::engine_with(hosts, work, rules(SECOND, migration));
    // Tasks 0 and 1 on host 0, 2 on 1, 3 on 2. Three come to host 3: a third each; task 0 is left two thirds of host 0.
    play(&mut engine, &[(1, 0, 4), (1, 1, 3), (1, 2, 3), (1, 3, 3)], &mut ());
    let took = |task| moved(&engine, task).ended.since(moved(&engine, task).since).0;
    assert_eq!([took(0), took(1), took(2), took(3)], [4_500_000, 9_000_000, 9_000_000, 9_000_000]);
}

/// A task loses a tenth of its speed while it is copied, and all of it while it stands still.
#[test]
fn a_task_stands_still_and_goes_on() {
    let mut story = Story::default();
    let work = "at 0 cpu 1 memory 1000 work 100";
    let mut engine =
        testing::engine_with("cpu 1 memory 1000 | cpu 1 memory 1000", work, rules(SECOND, slow()));
    play(&mut engine, &[(1, 0, 1)], &mut story);
    let one = moved(&engine, 0);
    near(one.ended.since(one.since).seconds(), LONE_SECONDS, 1e-6);
    near(one.downtime_seconds, 0.18, 1e-12);
    near(one.sent_mib, 1248.0, 1e-9);
    // It loses a tenth of 12.4 s and all of 0.18 s.
    near(engine.view().now().seconds(), 100.0 + 1.24 + 0.18, 3e-6);
    let told: Vec<&str> = story
        .0
        .iter()
        .map(String::as_str)
        .filter(|line| line.contains("way") || line.contains("is ") || line.contains("from"))
        .collect();
    assert_eq!(
        told,
        [
            "1: task 0 is on its way to host 1",
            "13.4: task 0 is Standing",
            "13.58: task 0 came from host 0 to host 1",
        ]
    );
}

/// Who stands still when it would have ended ends when it goes on, and no later.
#[test]
fn an_end_waits_for_a_stop() {
    let end = |work: u64| {
        let work = format!("at 0 cpu 1 memory 1000 work {work}");
        let migration = Migration { resume_seconds: 5.0, slowdown: 0.0, ..slow() };
        let pre_copy = PreCopy { rounds: 1, ..migration.pre_copy };
        let migration = Migration { pre_copy, ..migration };
        let mut engine =
            testing::engine_with("cpu 1 memory 1000 | cpu 1 memory 1000", &work, rules(SECOND, migration));
        play(&mut engine, &[(1, 0, 1)], &mut ());
        engine.view().now().seconds()
    };
    // From 1 s to 11 s it is copied, until 18 s it stands still.
    assert_eq!([end(9), end(11), end(12), end(100)], [9.0, 11.0, 19.0, 107.0]);
}

/// What stalls is given up: the task stays, its room at the other host is free again.
#[test]
fn who_dirties_too_fast_stays() {
    let pre_copy = PreCopy { on_stall: OnStall::Abort, ..PreCopy::default() };
    let migration = Migration { dirtying: writes(120.0), pre_copy, ..slow() };
    let mut story = Story::default();
    let work = "at 0 cpu 1 memory 1000 work 100";
    let mut engine =
        testing::engine_with("cpu 1 memory 1000 | cpu 1 memory 1000", work, rules(SECOND, migration));
    let mut metrics = MetricSet::over(Window::default(), engine.view());
    play(&mut engine, &[(1, 0, 1)], &mut (&mut metrics, &mut story));
    assert!(story.0.contains(&"11: task 0 does not go to host 1".to_owned()), "{story:?}");
    assert_eq!(story.0.last().map(String::as_str), Some("101: task 0 finished on host 0"));
    assert_eq!(moved(&engine, 0).outcome, Outcome::Failed);
    let values = metrics.values(engine.view());
    assert_eq!(value(&values, "migrations_failed"), 1.0);
    near(value(&values, "migration_traffic"), 1000.0 / 1024.0, 1e-12);
    assert_eq!(value(&values, "migration_time_mean"), 0.0);
}

fn value(values: &[f64], name: &str) -> f64 {
    values[MetricSet::INFOS.iter().position(|info| info.name == name).expect(name)]
}

/// The metrics of the lone migration, whole and in windows: 110 W and 10 W of 100 to 200 W on either end for 12.58 s.
#[test]
fn what_a_migration_costs_is_counted() {
    let values = |window| {
        let work = "at 0 cpu 1 memory 1000 work 100";
        let mut engine =
            testing::engine_with("cpu 1 memory 1000 | cpu 1 memory 1000", work, rules(SECOND, slow()));
        let mut metrics = MetricSet::over(window, engine.view());
        play(&mut engine, &[(1, 0, 1)], &mut metrics);
        metrics.values(engine.view())
    };
    let whole = values(Window::default());
    let joules = 20.0 * LONE_SECONDS;
    for (name, expected) in [
        ("migrations", 1.0),
        ("migrations_failed", 0.0),
        ("migration_time_mean", LONE_SECONDS),
        ("migration_downtime_mean", 180.0),
        ("migration_downtime_p99", 180.0),
        ("migration_traffic", 1248.0 / 1024.0),
        ("migration_energy", joules / 3.6e6),
    ] {
        near(value(&whole, name), expected, 1e-6);
    }
    let first = values(Window { begin: SimTime::ZERO, end: Some(SimTime(5_500_000)) });
    let second = values(Window { begin: SimTime(5_500_000), end: None });
    near(value(&first, "migration_energy"), 20.0 * 4.5 / 3.6e6, 1e-12);
    near(value(&second, "migration_energy"), (joules - 90.0) / 3.6e6, 1e-11);
    assert_eq!([value(&first, "migration_traffic"), value(&first, "migration_time_mean")], [0.0; 2]);
    assert_eq!(value(&second, "migration_downtime_mean"), value(&whole, "migration_downtime_mean"));
}

/// Post-copy: 12.5 MiB of state and 0.1 s, then 10 s in which a tenth of the memory faults: 1000 MiB have a working set of
/// 100, 5376 faults of 50 + 39.0625 + 20 us, 0.58632 s of stalls.
#[test]
fn memory_that_follows_stalls_its_task() {
    let mut migration = slow();
    migration.mode = Mode::PostCopy;
    migration.dirtying.working_set_share = 0.1;
    migration.post_copy.state_mib = 12.5;
    let work = "at 0 cpu 1 memory 1000 work 100";
    let mut engine =
        testing::engine_with("cpu 1 memory 1000 | cpu 1 memory 1000", work, rules(SECOND, migration));
    play(&mut engine, &[(1, 0, 1)], &mut ());
    let one = moved(&engine, 0);
    near(one.downtime_seconds, 0.225, 1e-12);
    near(one.ended.since(one.since).seconds(), 10.225, 1e-6);
    near(one.sent_mib, 1012.5, 1e-9);
    near(engine.view().now().seconds(), 100.0 + 0.225 + 0.586_32, 5e-6);
}

/// Who has gone on at the other host is not called back; who has not is.
#[test]
fn nobody_is_called_back_who_has_gone_on() {
    let mut migration = slow();
    migration.mode = Mode::PostCopy;
    let mut engine = testing::engine_with(
        "cpu 1 memory 1000 | cpu 1 memory 1000",
        "at 0 cpu 1 memory 1000 work 100",
        rules(SimDuration(100_000), migration),
    );
    let task = TaskId(0);
    let mut refused = 0;
    loop {
        match engine.step() {
            Step::Happened(_) => {}
            Step::Ended => break,
            Step::Decide(request @ Request::Rebalance { .. }) => {
                let view = engine.view();
                let runs = view.status(task) == Status::Running;
                let decision = match view.leg_of(task) {
                    None if runs && view.placement(task).host == HostId(0) => {
                        Decision::Migrate(testing::placement_on(view, task, HostId(1)))
                    }
                    Some(Leg::Following) => Decision::CancelMigration { task },
                    _ => Decision::Defer,
                };
                if let Err(error) = engine.apply(request, decision) {
                    assert_eq!(error, Infeasible::HasGoneOn(task));
                    refused += 1;
                    engine.apply(request, Decision::Defer).expect("nothing is always feasible");
                }
            }
            Step::Decide(request) => {
                engine.apply(request, testing::first_fit(engine.view(), request)).expect("feasible");
            }
        }
    }
    assert!(refused > 90, "{refused}");
    assert_eq!(moved(&engine, 0).outcome, Outcome::Arrived);
}

/// A task with a device is saved, sent and loaded: 1 s, 2 s, (1000 + 40,000) MiB at 1000 MiB/s, 2 s, 5 s.
#[test]
fn a_task_with_a_device_is_checkpointed() {
    let mut migration = Migration { bandwidth_mib_per_second: 1000.0, ..slow() };
    migration.checkpoint.device_memory_mib = 40_000.0;
    migration.checkpoint.device_mib_per_second = 20_000.0;
    let hosts = "cpu 1 memory 1000 gpus 1 | cpu 1 memory 1000 gpus 1";
    let mut engine =
        testing::engine_with(hosts, "at 0 cpu 1 memory 1000 gpus 1 work 100", rules(SECOND, migration));
    play(&mut engine, &[(1, 0, 1)], &mut ());
    near(moved(&engine, 0).downtime_seconds, 51.0, 1e-9);
    near(engine.view().now().seconds(), 151.0, 1e-6);
}

/// A guest that is slowed down so that it can be moved does less meanwhile, and is moved in the end.
#[test]
fn a_throttled_task_does_less() {
    let pre_copy = PreCopy { on_stall: OnStall::Throttle, traffic_limit: None, ..PreCopy::default() };
    let migration = Migration { dirtying: writes(120.0), pre_copy, slowdown: 0.0, ..slow() };
    let work = "at 0 cpu 1 memory 1000 work 1000";
    let mut engine =
        testing::engine_with("cpu 1 memory 1000 | cpu 1 memory 1000", work, rules(SECOND, migration));
    play(&mut engine, &[(1, 0, 1)], &mut ());
    // Rounds of 10 s, 10 s at 0.8, 9.6 s at 0.7, 8.064 s at 0.6, 5.80608 s at 0.5, 3.483648 s at 0.4, 1.672... at 0.4 and so on.
    let (mut lost, mut seconds, mut rounds) = (0.0, 10.0, 0);
    for throttle in [0.0, 0.2, 0.3, 0.4, 0.5, 0.6].into_iter().chain(std::iter::repeat(0.6)) {
        lost += throttle * seconds;
        seconds = f64::min(1.2 * (1.0 - throttle) * seconds, 10.0);
        rounds += 1;
        if 100.0 * seconds <= 20.0 {
            break;
        }
    }
    near(moved(&engine, 0).downtime_seconds, seconds + 0.1, 1e-9);
    near(engine.view().now().seconds(), 1000.0 + lost + seconds + 0.1, 2e-6 * f64::from(rounds));
}

/// A random world of random moves; the energy of hosts and of moves, and how each migration went.
fn random_moves(
    seed: Seed,
    migration: Migration,
    period: SimDuration,
    cuts: u64,
) -> (Vec<f64>, Vec<Option<Moved>>) {
    let mut random = seed.stream("moves");
    let hosts = 3 + random.below(4);
    let host = "cpu 8 memory 8000 gpus 2";
    let drawn: Vec<String> = (0..3 * hosts)
        .map(|_| {
            let gpus = if random.below(5) == 0 { "gpus 1" } else { "gpus 0" };
            format!("at 0 cpu 1 memory {} work {} {gpus}", 1 + random.below(1500), 20 + random.below(200))
        })
        .collect();
    // Several set out at once, and others while those are on their way; some while they are on their way themselves.
    let plan: Vec<(u64, u32, u32)> = (0..40)
        .map(|_| {
            let (when, task, to) = (1 + random.below(60), random.below(3 * hosts), random.below(hosts));
            (when as u64, task as u32, to as u32)
        })
        .collect();
    let rules = rules(SimDuration(period.0 / cuts), migration);
    let mut engine = testing::engine_with(&vec![host; hosts].join(" | "), &drawn.join(" | "), rules);
    let mut left = plan;
    let decide = |view: ClusterView<'_>, request: Request| {
        let Request::Rebalance { .. } = request else { return testing::first_fit(view, request) };
        while let Some(place) = left.iter().position(|&(when, ..)| SimTime(when * period.0) == view.now()) {
            let (_, task, host) = left.remove(place);
            let (task, host) = (TaskId(task), HostId(host));
            if view.status(task) == Status::Running
                && view.move_of(task).is_none()
                && view.placement(task).host != host
                && view.fits(view.shape(task), host)
            {
                return Decision::Migrate(testing::placement_on(view, task, host));
            }
        }
        Decision::Defer
    };
    testing::play(&mut engine, decide, &mut ());
    engine.assert_consistent();
    let view = engine.view();
    let joules = view.topology().hosts().map(|host| view.energy_joules(host)).chain([view.move_joules()]);
    let moves = (0..3 * hosts).map(|task| view.last_move(TaskId::from_index(task)));
    (joules.collect(), moves.collect())
}

fn any_migration() -> impl Strategy<Value = Migration> {
    let mode = prop::sample::select(vec![
        Mode::SendOnce,
        Mode::PreCopy,
        Mode::PostCopy,
        Mode::Hybrid,
        Mode::Checkpoint,
    ]);
    let stall =
        prop::sample::select(vec![OnStall::Abort, OnStall::Stop, OnStall::PostCopy, OnStall::Throttle]);
    (mode, stall, 0.0_f64..1.5, 0.0_f64..=1.0).prop_map(|(mode, on_stall, ratio, working_set_share)| {
        let pre_copy = PreCopy { on_stall, ..PreCopy::default() };
        let dirtying = Dirtying { mib_per_second: 100.0 * ratio, working_set_share };
        let at_once = (ratio > 0.75).then_some(1);
        let mut migration = Migration { mode, at_once, dirtying, pre_copy, ..slow() };
        migration.checkpoint.device_memory_mib = 500.0;
        migration
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Asking ten times as often, and changing nothing, changes no energy by more than 1e-12 and no migration at all.
    #[test]
    fn cutting_an_interval_changes_no_migration(seed in any::<u64>(), migration in any_migration()) {
        let (whole, moves) = random_moves(Seed(seed), migration, SECOND, 1);
        let (cut, moves_cut) = random_moves(Seed(seed), migration, SECOND, 10);
        prop_assert_eq!(moves, moves_cut);
        for (whole, cut) in whole.into_iter().zip(cut) {
            prop_assert!((whole - cut).abs() <= 1e-12 * whole.max(1.0), "{} J, not {} J", cut, whole);
        }
    }
}

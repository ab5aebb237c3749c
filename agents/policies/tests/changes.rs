//! Schedulers that change what runs: who sleeps and wakes, and who is moved where.

use policies::episode::run_episode;
use policies::scheduler::{Backfilling, Scheduler, SchedulerConfig};
use policies::{Policy, power, rebalance};
use sim::kernel::rng::Seed;
use sim::kernel::time::{SimDuration, SimTime};
use sim::metrics::{MetricSet, Window};
use sim::models::migration::Migration;
use sim::rules::{Rebalancing, Rules};
use sim::testing::{Story, engine_with};

const SECOND: u64 = 1_000_000;

/// What happened, and the metrics, under a scheduler that is asked every ten seconds and when a task finds no place.
fn played(scheduler: &str, hosts: &str, work: &str) -> (Vec<String>, impl Fn(&str) -> f64) {
    played_in(Window::default(), scheduler, hosts, work)
}

/// The same, of which a window is measured.
fn played_in(
    window: Window,
    scheduler: &str,
    hosts: &str,
    work: &str,
) -> (Vec<String>, impl Fn(&str) -> f64) {
    played_with(window, Migration::default(), scheduler, [hosts, work])
}

/// The same with other migrations.
fn played_with(
    window: Window,
    migration: Migration,
    scheduler: &str,
    [hosts, work]: [&str; 2],
) -> (Vec<String>, impl Fn(&str) -> f64 + use<>) {
    let rebalancing = Rebalancing {
        period: SimDuration(10 * SECOND),
        first: SimTime(10 * SECOND),
        overload: None,
        underload: None,
        no_place: true,
    };
    let horizon = Some(SimTime(2000 * SECOND));
    let rules = Rules { rebalancing: Some(rebalancing), horizon, migration, ..Rules::default() };
    let config: SchedulerConfig = toml::from_str(scheduler).expect("a scheduler");
    let mut scheduler = Scheduler::new(&config, Backfilling::Skip).expect("valid");
    scheduler.reset(Seed(1));
    let mut engine = engine_with(hosts, work, rules);
    let mut metrics = MetricSet::over(window, engine.view());
    let mut story = Story::default();
    run_episode(&mut engine, &mut scheduler, &mut (&mut story, &mut metrics)).expect("feasible");
    engine.assert_consistent();
    let values = metrics.values(engine.view());
    let value = move |name: &str| {
        values[MetricSet::INFOS.iter().position(|info| info.name == name).unwrap_or_else(|| panic!("{name}"))]
    };
    let lines =
        story.0.into_iter().filter(|line| !line.contains("period") && !line.contains("changed its use"));
    (lines.collect(), value)
}

#[test]
fn every_name_is_a_policy() {
    for &(name, _) in rebalance::NAMES {
        rebalance::rebalance(&name.into()).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    for &(name, _) in power::NAMES {
        power::power(&name.into()).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let unknown = rebalance::rebalance(&"consolidat".into()).err().expect("no such policy").to_string();
    assert!(unknown.contains("did you mean \"consolidate\""), "{unknown}");
}

/// 100 W idle; "off" takes 10 s down and 200 s up at 240 W: worth it after (48000 + 2400 - 1050) / 95 = 519.5 s.
#[test]
fn an_empty_host_sleeps_when_sleep_is_worth_it_and_wakes_for_whoever_finds_no_place() {
    let (story, value) = played(
        "power = 'idle_timeout'",
        "cpu 1 | cpu 1 sleep off",
        "at 0 cpu 1 work 1500 | at 800 cpu 1 work 100",
    );
    let expected = [
        "0: task 0 came",
        "0: task 0 started on host 0",
        "520: host 1 is GoingDown",
        "530: host 1 is Asleep",
        "800: task 1 came",
        "800: host 1 is Booting",
        "1000: host 1 is On",
        "1000: task 1 started on host 1",
        "1100: task 1 finished on host 1",
        "1500: task 0 finished on host 0",
    ];
    assert_eq!(story[..expected.len()], expected);
    // On for all but what lies between 520 and 1000 s, and what follows 1100 + 520 s, when it goes down again.
    assert!(value("hosts_on_mean") < 2.0 && value("hosts_on_mean") > 1.5, "{}", value("hosts_on_mean"));
}

/// A task that fits on no sleeping host wakes none, and does not keep an empty host from going to sleep.
#[test]
fn nobody_is_woken_in_vain() {
    let hosts = "cpu 1 gpus 1 | cpu 1 sleep free | cpu 1 sleep off";
    let work = "at 0 cpu 1 gpus 1 work 1900 | at 100 cpu 1 gpus 1 work 1";
    let (story, _) = played("power = 'idle_timeout'", hosts, work);
    assert!(story.contains(&"0: host 1 is Asleep".to_owned()), "{story:?}");
    assert!(story.contains(&"530: host 2 is Asleep".to_owned()), "{story:?}");
    assert!(!story.iter().any(|line| line.contains("Booting")), "{story:?}");
}

/// Hosts of 100 to 200 W: at 0.9 of the frequency a full one draws 100 + 100 * 0.729 = 172.9 W, at 0.8 of it 151.2 W. Under a cap of
/// 160 W ten seconds of work take 12.5; a host that needs no cap and one that can do nothing about it run as before.
#[test]
fn a_capped_host_runs_as_fast_as_its_cap_allows() {
    let power = "power = { policy = 'power_cap', watts = 160.0 }";
    let work = "at 0 cpu 1 work 10";
    for (hosts, seconds, watts) in [
        ("cpu 1 frequencies 0.9,0.8,0.5", 12.5, 151.2),
        ("cpu 1 frequencies 0.95,0.9", 10.0 / 0.9, 172.9),
        ("cpu 1", 10.0, 200.0),
    ] {
        let (_, value) = played(power, hosts, work);
        let (turnaround, joules) = (value("turnaround_mean"), 3.6e6 * value("energy_it"));
        assert!((turnaround - seconds).abs() < 1e-5, "{hosts}: {turnaround} s");
        // On to the horizon at 2000 s.
        let expected = 100.0 * 2000.0 + (watts - 100.0) * seconds;
        assert!((joules - expected).abs() < 0.01, "{hosts}: {joules} J, not {expected} J");
    }
    let (_, value) = played("power = { policy = 'power_cap', share = 1.0 }", "cpu 1 frequencies 0.5", work);
    assert_eq!(value("turnaround_mean"), 10.0);
}

#[test]
fn a_reserve_stays_on() {
    let hosts = "cpu 1 sleep free | cpu 1 sleep free | cpu 1 sleep free";
    let (story, _) = played("power = { policy = 'idle_timeout', reserve = 2 }", hosts, "at 9 cpu 1 work 1");
    let asleep: Vec<&String> = story.iter().filter(|line| line.contains("Asleep")).collect();
    assert_eq!(asleep, ["0: host 2 is Asleep"], "of three that are empty two stay");
}

/// Of two hosts of either model one is kept ready; when it is filled, the other wakes at the next period, before anyone waits.
#[test]
fn a_host_of_each_model_is_kept_ready() {
    let hosts = "cpu 1 sleep free | cpu 1 sleep free | cpu 2 sleep free | cpu 2 sleep free";
    let scheduler = "power = { policy = 'idle_timeout', seconds = 5.0, ready = 1 }";
    let (story, _) = played(scheduler, hosts, "at 25 cpu 1 work 12 | at 55 cpu 2 work 100");
    let changes = story.iter().filter(|line| line.contains("Asleep") || line.contains("Booting"));
    let changes: Vec<&str> = changes.map(String::as_str).collect();
    let expected = [
        "10: host 3 is Asleep",
        "10: host 1 is Asleep",
        // The first task came to host 0.
        "30: host 1 is Booting",
        // It has gone, and two are empty.
        "50: host 1 is Asleep",
        // The second came to host 2, for the others are too small.
        "60: host 3 is Booting",
    ];
    assert_eq!(changes, expected);
}

/// One of four cores is in use on each of two hosts: the first is emptied onto the second, and sleeps.
#[test]
fn what_fits_on_one_host_is_moved_there_and_the_other_sleeps() {
    let scheduler = "
        place = 'worst_fit'
        rebalance = { policy = 'consolidate' }
        power = { policy = 'idle_timeout', seconds = 0.0 }";
    let work = "at 0 cpu 1 memory 100 work 500 | at 0 cpu 1 memory 100 work 500";
    let (story, value) = played(scheduler, "cpu 4 sleep free | cpu 4 sleep free", work);
    assert!(story.contains(&"10: task 0 is on its way to host 1".to_owned()), "{story:?}");
    assert!(story.contains(&"20: host 0 is Asleep".to_owned()), "{story:?}");
    assert_eq!((value("migrations"), value("tasks_finished")), (1.0, 2.0));
    // 100 MiB at 954 MiB/s, slowed by a tenth for that long.
    assert!(value("pdm_percent") > 0.0 && value("pdm_percent") < 0.01);
}

/// Two tasks of two cores on a host of four, of which only two are really there: when both use all of it, the smaller is moved.
#[test]
fn an_overloaded_host_is_relieved() {
    let scheduler = "
        order = 'fcfs'
        rebalance = { policy = 'consolidate', evacuate = false }";
    let work =
        "at 0 cpu 2 memory 200 work 100 use 0:10,5:100 | at 0 cpu 2 memory 100 work 100 use 0:10,5:100";
    let (story, value) = played(scheduler, "cpu 4 physical 2 | cpu 4 physical 4", work);
    assert!(story.contains(&"10: task 1 is on its way to host 1".to_owned()), "{story:?}");
    // From 5 to 10 s four cores are asked of two; what both ask for in all is 2 (5 * 0.2 + 95 * 2) core seconds.
    assert!(
        (value("cpu_shortage_percent") - 100.0 * 10.0 / 382.0).abs() < 0.1,
        "{}",
        value("cpu_shortage_percent")
    );
    // Of the 372 that were given: two cores for 100 s, and from the move on four more for 90 s.
    assert!(
        (value("cpu_use_occupied_percent") - 100.0 * 372.0 / 560.0).abs() < 0.5,
        "{}",
        value("cpu_use_occupied_percent")
    );
    assert!(value("slatah_percent") > 2.0 && value("slatah_paper_percent") > 2.0);
    assert!(value("esv") > 0.0 && value("host_shutdowns") <= 2.0);
}

/// Two tasks of two cores on a host with two: they ask for 0.4 cores until 20 s and for 4 from then on, of which 2 are lacking.
#[test]
fn shortage_and_use_are_those_of_the_window() {
    let work = "at 0 cpu 2 work 100 use 0:10,20:100 | at 0 cpu 2 work 100 use 0:10,20:100";
    let of = |begin: u64, end: u64| {
        let window = Window { begin: SimTime(begin * SECOND), end: Some(SimTime(end * SECOND)) };
        let (_, value) = played_in(window, "order = 'fcfs'", "cpu 4 physical 2", work);
        [value("cpu_shortage_percent"), value("cpu_use_occupied_percent")]
    };
    let cases = [((0, 20), [0.0, 20.0]), ((10, 20), [0.0, 20.0]), ((20, 60), [50.0, 100.0])];
    // From 15 to 25 s they ask for 5 * 0.4 + 5 * 4 = 22 core seconds and get 12 of the 20 that the host has.
    for ((begin, end), expected) in cases.into_iter().chain([((15, 25), [100.0 * 10.0 / 22.0, 60.0])]) {
        let found = of(begin, end);
        let is_near = |(found, expected): (f64, f64)| (found - expected).abs() < 1e-6;
        assert!(found.into_iter().zip(expected).all(is_near), "{begin} to {end} s: {found:?}");
    }
}

/// Emptied onto others only up to half of their cpu: three hosts of four cores with one core in use become two.
#[test]
fn a_cap_limits_what_a_host_takes_in() {
    let work = "at 0 cpu 1 work 500 | at 0 cpu 1 work 500 | at 0 cpu 1 work 500";
    let moves = |theta: f64| {
        let scheduler =
            format!("place = 'worst_fit'\nrebalance = {{ policy = 'cap_no_relief', theta = {theta} }}");
        played(&scheduler, "cpu 4 | cpu 4 | cpu 4", work).1("migrations")
    };
    assert_eq!([moves(0.4), moves(0.5), moves(0.8)], [0.0, 1.0, 2.0]);
}

/// Seven tasks whose use goes up and down, on six hosts: some are relieved, some filled, some emptied.
const BUSY: &str = "at 0 cpu 2 memory 300 work 700 use 0:20,95:100,305:10,505:80 \
    | at 0 cpu 1 memory 100 work 700 use 0:90,155:20,255:100 \
    | at 0 cpu 2 memory 200 work 700 use 0:10,55:90,205:40 \
    | at 0 cpu 1 memory 400 work 700 use 0:30,125:70,355:5 \
    | at 0 cpu 2 memory 100 work 700 use 0:50,225:100,425:15 \
    | at 0 cpu 1 memory 200 work 700 use 0:5,75:60,325:95 \
    | at 0 cpu 1 memory 100 work 700 use 0:70,185:10,385:55";
const BUSY_HOSTS: &str = "cpu 60 physical 3 | cpu 40 physical 3 | cpu 40 physical 4 | cpu 30 physical 3 | cpu 60 physical 4 | cpu 20 physical 2";

/// With its defaults, and with other thresholds alike for both, `linear` is `consolidate` with three of its options.
#[test]
fn linear_begins_as_consolidation() {
    for safety in [0.6, 0.8, 0.95] {
        let published = format!(
            "place = 'worst_fit'\nrebalance = {{ policy = 'consolidate', safety = {safety}, protect_targets = true, \
             charge_switch_on = true, count_arrivals = true }}"
        );
        let linear = format!(
            "place = 'worst_fit'\nrebalance = {{ policy = 'linear', relieve_above = {safety}, \
             relieve_down_to = {safety}, fill_up_to = {safety} }}"
        );
        let (expected, value) = played(&published, BUSY_HOSTS, BUSY);
        assert_eq!(played(&linear, BUSY_HOSTS, BUSY).0, expected, "{safety}");
        assert!(value("migrations") >= 4.0, "{}", value("migrations"));
    }
    // Equal where nothing is said of thresholds.
    let begins =
        |policy: &str| played(&format!("place = 'worst_fit'\nrebalance = {policy}"), BUSY_HOSTS, BUSY).0;
    let options = "protect_targets = true, charge_switch_on = true, count_arrivals = true";
    assert_eq!(begins("{ policy = 'linear' }"), begins(&format!("{{ policy = 'consolidate', {options} }}")));
}

/// However tasks are moved, over links so slow that periods pass meanwhile, one at a time or all at once: what is planned is
/// feasible, and everyone ends.
#[test]
fn planned_moves_are_feasible_however_tasks_are_moved() {
    for policy in [
        "'consolidate'",
        "{ policy = 'linear', full_take_in = true }",
        "{ policy = 'cap_no_relief', theta = 0.95 }",
    ] {
        for &(name, preset, _) in Migration::PRESETS {
            for at_once in [None, Some(1)] {
                let migration = Migration { bandwidth_mib_per_second: 12.0, at_once, ..preset };
                let scheduler = format!("place = 'worst_fit'\nrebalance = {policy}");
                let (_, value) = played_with(Window::default(), migration, &scheduler, [BUSY_HOSTS, BUSY]);
                assert_eq!(value("tasks_finished"), 7.0, "{policy}, {name}");
                assert!(value("migrations") > 0.0 && value("migration_energy") > 0.0, "{policy}, {name}");
            }
        }
    }
}

/// Two hosts of four cores with a task of one core each, and a third on which two run: who is emptied, and where to, is up to the
/// weights, and how full a host may get is up to what is expected.
#[test]
fn weights_and_outlooks_decide() {
    let work =
        "at 0 cpu 1 memory 100 work 500 | at 0 cpu 1 memory 100 work 500 | at 0 cpu 1 memory 100 work 500";
    let story = |options: &str| {
        let scheduler = format!("place = 'worst_fit'\nrebalance = {{ policy = 'linear', {options} }}");
        let lines = played(&scheduler, "cpu 4 | cpu 4 | cpu 4", work).0;
        lines.into_iter().filter(|line| line.contains("on its way")).collect::<Vec<_>>()
    };
    // All alike: the lowest is emptied first, onto the lowest of the others; then that is a target, and the last has nobody left.
    assert_eq!(
        story("fill_up_to = 0.8"),
        ["10: task 0 is on its way to host 1", "10: task 2 is on its way to host 1"]
    );
    // Nothing may be emptied whose score is above what was asked for.
    assert!(story("empty_up_to = 0.2").is_empty());
    // Up to half of a host: one of the three may go to one other.
    assert_eq!(story("fill_up_to = 0.5"), ["10: task 0 is on its way to host 1"]);
}

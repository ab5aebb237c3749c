//! Episodes on a pool are those of the engine: every job starts at the same microsecond.

use std::sync::Arc;

use environment::pool::{Jobs, NetworkScores, Passing, PoolPlayer, Standing};
use policies::episode::run_episode;
use policies::neural::{Dense, Scorer};
use policies::order::queue_features::{FEATURES, Weights};
use policies::scheduler::{Backfilling, Scheduler, SchedulerConfig};
use proptest::prelude::*;
use sim::engine::Engine;
use sim::kernel::time::{SimDuration, SimTime};
use sim::rules::{DecideAfter, EventOrder, Rules};
use sim::testing;
use sim::workload::{Demand, JobSpec, TaskSpec, Workload, WorkloadBuilder};

const PROCESSORS: u32 = 16;

/// Jobs of (seconds after the one before, run time, declared beyond that, processors).
fn workload(jobs: &[(u64, u64, u64, u32)]) -> Workload {
    let mut builder = WorkloadBuilder::new();
    let mut submit = 0;
    for &(after, run, beyond, processors) in jobs {
        submit += after;
        let task = TaskSpec {
            demand: Demand {
                cpu_milli: 1000 * processors,
                memory_mib: 0,
                devices: None,
                features: Vec::new(),
                priority: 0,
            },
            work: SimDuration(1_000_000 * run),
            estimate: Some(SimDuration(1_000_000 * (run + beyond))),
            patience: None,
            is_censored: false,
            usage: Vec::new(),
            name: None,
            recorded: None,
        };
        let job = JobSpec { submit: SimTime(1_000_000 * submit), tenant: 0, is_gang: false };
        builder.add_task(job, task).expect("valid");
    }
    builder.finish()
}

/// When the engine starts each job, and the mean bounded slowdown.
fn by_engine(workload: &Workload, weights: &Weights, backfilling: Backfilling) -> Vec<u64> {
    let named: Vec<String> =
        FEATURES.iter().zip(weights).map(|((name, _), weight)| format!("{name} = {weight:?}")).collect();
    let order = format!("policy = 'linear'\nweights = {{ {} }}", named.join(", "));
    by_engine_with(workload, toml::from_str(&order).expect("an order"), backfilling)
}

fn by_engine_with(workload: &Workload, order: toml::Table, backfilling: Backfilling) -> Vec<u64> {
    let config: SchedulerConfig =
        toml::Table::from_iter([("order".to_owned(), order.into())]).try_into().expect("a scheduler");
    let mut scheduler = Scheduler::new(&config, backfilling).expect("valid");
    let rules = Rules {
        event_order: EventOrder::ArrivalsFirst,
        decide_after: DecideAfter::EachEvent,
        ..Rules::default()
    };
    let topology = testing::topology(&format!("cpu {PROCESSORS} memory 1"));
    let mut engine = Engine::new(Arc::new(topology), Arc::new(workload.clone()), rules);
    run_episode(&mut engine, &mut scheduler, &mut ()).expect("feasible");
    workload.tasks().map(|task| engine.view().started(task).0).collect()
}

/// A network of one hidden layer that sees the state too, beside a heuristic.
fn network(random: &mut impl FnMut() -> f32) -> Scorer {
    let mut dense = |rows: usize, columns: usize| {
        let mut draw = |count: usize| (0..count).map(|_| random()).collect();
        Dense::new(rows, columns, draw(rows * columns), draw(columns))
    };
    let score = vec![dense(FEATURES.len() + 3, 5), dense(5, 1)];
    let embed = dense(FEATURES.len(), 3);
    let value = vec![dense(3, 3), dense(3, 1)];
    let heuristic = Some((0..FEATURES.len()).map(|_| random()).collect());
    Scorer { score, embed, value, has_context: true, heuristic }
}

fn by_player(workload: &Workload, weights: &Weights, passing: Passing) -> Vec<u64> {
    let jobs = Jobs::of(workload, 1000 * PROCESSORS).expect("batch jobs");
    let mut player = PoolPlayer::default();
    player.play(&jobs, 1000 * PROCESSORS, passing, &mut weights.clone());
    player.starts().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Many are submitted together, end together, and declare the same.
    #[test]
    fn every_job_starts_when_the_engine_starts_it(
        jobs in prop::collection::vec((0_u64..4, 1_u64..12, 0_u64..6, 1_u32..=PROCESSORS), 1..60),
        weights in prop::array::uniform18(-2.0_f32..2.0),
    ) {
        let workload = workload(&jobs);
        for (passing, backfilling) in [
            (Passing::None, Backfilling::None),
            (Passing::EasyPublished, Backfilling::EasyPublished),
            (Passing::Easy, Backfilling::Easy),
        ] {
            let engine = by_engine(&workload, &weights, backfilling);
            let player = by_player(&workload, &weights, passing);
            prop_assert_eq!(engine, player, "{:?}", passing);
        }
    }

    /// The first job has the whole pool until it ends, so that whoever comes second is picked and held; played on from some moment
    /// in between, everybody starts as before. What is asked of running jobs that end later is asked by the first job alone.
    #[test]
    fn an_episode_goes_on_from_its_middle(
        jobs in prop::collection::vec((1_u64..4, 1_u64..12, 0_u64..6, 1_u32..=PROCESSORS), 2..40),
        long in 20_u64..60,
        cut in 1_usize..20,
        weights in prop::array::uniform18(-2.0_f32..2.0),
    ) {
        let all: Vec<_> = std::iter::once((0, long, 0, PROCESSORS)).chain(jobs).collect();
        let workload = workload(&all);
        let whole = Jobs::of(&workload, 1000 * PROCESSORS).expect("batch jobs");
        let came = (1..whole.len()).filter(|&job| whole.facts(job)[2] < long as f64).count().min(cut).max(1);
        let now = 1_000_000 * whole.facts(came)[2] as u64;
        prop_assume!(now < 1_000_000 * long);
        // The clock of a window is that of its first job.
        let begin = 1_000_000 * whole.facts(1)[2] as u64;
        let rest = whole.window(1, whole.len() - 1);
        let end = 1_000_000 * long - begin;
        let standing = Standing { now: now - begin, running: vec![(end, end, 1000 * PROCESSORS)] };
        let pool = 1000 * PROCESSORS;
        for passing in [Passing::None, Passing::EasyPublished] {
            let mut player = PoolPlayer::default();
            player.play(&whole, pool, passing, &mut weights.clone());
            let expected: Vec<u64> = player.starts()[1..].iter().map(|start| start - begin).collect();
            player.play_on(&rest, [came, 0], &standing, (pool, passing), &mut weights.clone());
            prop_assert_eq!(player.starts(), &expected[..], "{:?}", passing);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    /// The order `neural` in the engine starts everybody when the same network does that is asked as learners ask it; the queue is longer than
    /// what it sees. Nobody is submitted with another: who is beyond what is seen is decided by submission alone.
    #[test]
    fn a_network_plays_in_the_engine_as_it_learned(
        jobs in prop::collection::vec((1_u64..3, 1_u64..60, 0_u64..6, 1_u32..=PROCESSORS), 1..300),
        numbers in prop::collection::vec(-1.0_f32..1.0, 200),
    ) {
        let workload = workload(&jobs);
        let mut numbers = numbers.into_iter().cycle();
        let network = network(&mut || numbers.next().expect("a cycle"));
        let order = toml::Table::from_iter([
            ("policy".to_owned(), "neural".into()),
            ("network".to_owned(), toml::Value::try_from(&network).expect("numbers")),
        ]);
        for (passing, backfilling) in [
            (Passing::None, Backfilling::None),
            (Passing::EasyPublished, Backfilling::EasyPublished),
            (Passing::Easy, Backfilling::Easy),
        ] {
            let engine = by_engine_with(&workload, order.clone(), backfilling);
            let jobs = Jobs::of(&workload, 1000 * PROCESSORS).expect("batch jobs");
            let mut player = PoolPlayer::default();
            player.play(&jobs, 1000 * PROCESSORS, passing, &mut NetworkScores::new(&network));
            prop_assert_eq!(&engine[..], player.starts(), "{:?}", passing);
        }
    }
}

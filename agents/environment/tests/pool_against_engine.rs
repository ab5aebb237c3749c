//! Episodes on a pool are those of the engine: every job starts at the same microsecond.

use std::sync::Arc;

use environment::pool::{Jobs, Passing, PoolPlayer};
use policies::episode::run_episode;
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
    let config = format!("order = {{ policy = 'linear', weights = {{ {} }} }}", named.join(", "));
    let config: SchedulerConfig = toml::from_str(&config).expect("a scheduler");
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
}

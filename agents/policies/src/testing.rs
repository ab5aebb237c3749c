//! The contract that every placement policy must keep, and one-line worlds to try one in.

use std::sync::Arc;

use sim::decision::{Decision, Placement, Request};
use sim::engine::{Engine, Step};
use sim::event::EventKind;
use sim::kernel::ids::{HostId, TaskId};
use sim::kernel::rng::Seed;
use sim::observe::EventDigest;
use sim::rules::{Rules, WhenNoPlace};
use sim::testing::{Story, placement_on, topology, workload};
use sim::workload::{Workload, WorkloadBuilder};

use crate::episode::run_episode;
use crate::policy::{Choice, Policy};
use crate::scheduler::{Backfilling, Scheduler, SchedulerConfig};
use crate::score::{Context, Score};

/// A workload that begins with tasks to be put somewhere, and goes on with the drawn one.
fn prepared(running: &[(&str, u32)], task: &str) -> Workload {
    let mut builder = WorkloadBuilder::new();
    for text in running.iter().map(|&(text, _)| text).chain([task]) {
        let part = workload(text);
        for job in part.jobs() {
            let tasks = part.job_tasks(job).map(|task| part.task_spec(task));
            builder.add_job(part.job_spec(job), tasks).expect("it was valid before");
        }
    }
    // The mix is that of the drawn tasks, so that what runs already does not count as usual.
    builder.set_mix(workload(task).mix().to_vec());
    builder.finish()
}

/// An engine that has put `running` tasks on their hosts and asks where the first task of `task` goes.
pub(crate) fn engine_at(hosts: &str, running: &[(&str, u32)], task: &str) -> (Engine, TaskId) {
    let mut engine =
        Engine::new(Arc::new(topology(hosts)), Arc::new(prepared(running, task)), Rules::default());
    loop {
        match engine.step() {
            Step::Happened(_) => {}
            Step::Decide(Request::Order) => {
                let next = engine.view().waiting().next().expect("somebody waits");
                engine.apply(Request::Order, Decision::Select(next)).expect("it waits");
            }
            Step::Decide(request @ Request::Place { task }) => {
                let Some(&(_, host)) = running.get(task.0 as usize) else { return (engine, task) };
                let placement = placement_on(engine.view(), task, HostId(host));
                engine.apply(request, Decision::Place(placement)).expect("the drawing has room");
            }
            Step::Decide(Request::Rebalance { .. }) => panic!("these rules do not ask what to change"),
            Step::Ended => panic!("the drawing has a task to ask about"),
        }
    }
}

/// Where a policy puts a task in an empty cluster.
pub fn choose(policy: impl Policy, hosts: &str, task: &str) -> Option<HostId> {
    choose_after(policy, hosts, &[], task).map(|placement| placement.host)
}

/// Where a policy puts a task in a cluster where others run.
pub fn choose_after(
    mut policy: impl Policy,
    hosts: &str,
    running: &[(&str, u32)],
    task: &str,
) -> Option<Placement> {
    let (engine, task) = engine_at(hosts, running, task);
    policy.reset(Seed(1));
    match policy.decide(engine.view(), Request::Place { task }) {
        Decision::Place(placement) => Some(placement),
        _ => None,
    }
}

/// Whom a policy throws out for a task, in order.
pub fn evictions_for(
    mut policy: impl Policy,
    hosts: &str,
    running: &[(&str, u32)],
    task: &str,
) -> Vec<TaskId> {
    let (mut engine, task) = engine_at(hosts, running, task);
    let request = Request::Place { task };
    let mut victims = Vec::new();
    loop {
        match engine.step() {
            Step::Happened(_) => {}
            Step::Decide(_) => {
                let decision = policy.decide(engine.view(), request);
                let Decision::Evict { victim } = decision else { return victims };
                victims.push(victim);
                engine.apply(request, decision).expect("the victim runs");
            }
            Step::Ended => panic!("the question is open"),
        }
    }
}

/// The scores of all hosts for a task in an empty cluster.
pub fn score(score: impl Score, hosts: &str, task: &str) -> Vec<f64> {
    score_after(score, hosts, &[], task)
}

/// The scores of all hosts for a task in a cluster where others run.
pub fn score_after(score: impl Score, hosts: &str, running: &[(&str, u32)], task: &str) -> Vec<f64> {
    let (engine, task) = engine_at(hosts, running, task);
    let view = engine.view();
    let context = Context::new(view);
    let hosts = view.topology().hosts();
    hosts.map(|host| score.score(view.shape(task), &view.host_state(host), &context)).collect()
}

/// The hosts on which tasks started, in order.
pub fn hosts_used(policy: impl Policy + 'static, hosts: &str, work: &str) -> Vec<HostId> {
    let mut engine = Engine::new(Arc::new(topology(hosts)), Arc::new(workload(work)), Rules::default());
    let mut scheduler = FirstCome(policy);
    let mut started = Started::default();
    run_episode(&mut engine, &mut scheduler, &mut started).expect("the policy is feasible");
    started.0
}

#[derive(Default)]
struct Started(Vec<HostId>);

impl sim::observe::Observer for Started {
    fn on_event(&mut self, event: &sim::event::Event, _: sim::view::ClusterView<'_>) {
        if let EventKind::TaskStarted { placement } = event.kind {
            self.0.push(placement.host);
        }
    }
}

/// First come, first served, and a placement policy.
struct FirstCome<P>(P);

impl<P: Policy> Policy for FirstCome<P> {
    fn decide(&mut self, view: sim::view::ClusterView<'_>, request: Request) -> Decision {
        match request {
            Request::Order => {
                let next = view.waiting().find(|&task| !view.has_failed(task));
                next.map_or(Decision::Defer, Decision::Select)
            }
            Request::Place { .. } | Request::Rebalance { .. } => self.0.decide(view, request),
        }
    }

    fn reset(&mut self, seed: Seed) {
        self.0.reset(seed);
    }
}

/// A random cluster and workload with everything a policy may meet.
pub(crate) fn random_world(seed: Seed) -> (String, String) {
    let mut random = seed.stream("testing.world");
    let mut pick = |below: usize| random.below(below);
    let hosts: Vec<String> = (0..1 + pick(12))
        .map(|_| {
            let (cpu, memory, numa) = (4 * (1 + pick(8)), 16 * (1 + pick(8)), 1 + pick(2));
            let kind = ["a100", "t4"][pick(2)];
            format!("cpu {cpu} memory {memory} numa {numa} gpus {} kind {kind}", [0, 0, 1, 2, 8][pick(5)])
        })
        .collect();
    let tasks: Vec<String> = (0..1 + pick(120))
        .map(|_| {
            let (at, cpu, memory, work) = (pick(200), pick(20), pick(60), pick(80));
            let devices = ["", "", " gpus 1", " gpus 2", " share 300", " share 500 kind t4", " gpus 8 kind a100"];
            let gang = if pick(10) == 0 { format!(" gang {}", 2 + pick(3)) } else { String::new() };
            let (devices, priority) = (devices[pick(devices.len())], pick(3));
            format!("at {at} cpu {cpu} memory {memory} work {work} estimate {work} priority {priority}{devices}{gang}")
        })
        .collect();
    (hosts.join(" | "), tasks.join(" | "))
}

/// The tasks of a drawing, most of them with a recorded start some time after their submission.
fn with_records(tasks: &str, seed: Seed) -> String {
    let mut random = seed.stream("testing.records");
    let recorded = |task: &str| {
        let submit: usize =
            task.split_whitespace().nth(1).and_then(|at| at.parse().ok()).expect("a time comes first");
        if random.below(5) == 0 {
            task.to_owned()
        } else {
            format!("{task} started {}", submit + random.below(60))
        }
    };
    // One always, so that there is something to replay.
    tasks.split('|').map(recorded).collect::<Vec<_>>().join(" | ")
        + " | at 0 cpu 0 work 1 estimate 1 started 1"
}

/// Every placement policy is feasible, places whenever there is room, is deterministic, forgets on reset, and
/// survives empty, full and useless clusters.
///
/// # Panics
/// When it does not.
pub fn check_policy(make: impl Fn() -> Box<dyn Policy>, name: &str) {
    for seed in (0..40).map(Seed) {
        let (hosts, tasks) = random_world(seed);
        for when_no_place in [WhenNoPlace::Wait, WhenNoPlace::Reject] {
            let rules = Rules { when_no_place, ..Rules::default() };
            let run = |policy: &mut FirstCome<Checked>| {
                let mut engine = Engine::new(Arc::new(topology(&hosts)), Arc::new(workload(&tasks)), rules);
                let mut digest = EventDigest::new();
                policy.reset(seed);
                run_episode(&mut engine, policy, &mut digest)
                    .unwrap_or_else(|error| panic!("{name} on {hosts:?} with {tasks:?}: {error}"));
                engine.assert_consistent();
                digest.hex()
            };
            let mut policy = FirstCome(Checked { inner: make(), name: name.into() });
            let first = run(&mut policy);
            assert_eq!(first, run(&mut policy), "{name} forgets on reset");
            assert_eq!(
                first,
                run(&mut FirstCome(Checked { inner: make(), name: name.into() })),
                "{name} is repeatable"
            );
        }
    }
}

/// Looks whether a policy places exactly when some host has room.
struct Checked {
    inner: Box<dyn Policy>,
    name: String,
}

impl Policy for Checked {
    fn decide(&mut self, view: sim::view::ClusterView<'_>, request: Request) -> Decision {
        let decision = self.inner.decide(view, request);
        if let Request::Place { task } = request {
            let has_room = view.topology().hosts().any(|host| view.fits(view.shape(task), host));
            assert_eq!(
                matches!(decision, Decision::Place(_)),
                has_room,
                "{}: places when there is room",
                self.name
            );
        }
        decision
    }

    fn reset(&mut self, seed: Seed) {
        self.inner.reset(seed);
    }
}

/// Every discipline ends every random episode without an infeasible decision, and starts whoever can run.
///
/// # Panics
/// When it does not.
pub fn check_discipline(order: &str, backfilling: Backfilling) {
    for seed in (0..30).map(Seed) {
        let (hosts, tasks) = random_world(seed);
        let tasks = with_records(&tasks, seed);
        let pool = "cpu 64 memory 4096 gpus 16 kind a100".to_owned();
        let needs_pool = matches!(backfilling, Backfilling::EasyPublished | Backfilling::Conservative);
        let hosts = if needs_pool { pool } else { hosts };
        let config =
            SchedulerConfig { order: order.into(), place: "first_fit".into(), ..SchedulerConfig::default() };
        let (topology, workload) = (Arc::new(topology(&hosts)), Arc::new(workload(&tasks)));
        let run = || {
            let mut scheduler = Scheduler::new(&config, backfilling).expect("valid");
            scheduler.check(&workload, &topology).expect("estimates are given");
            let mut engine = Engine::new(topology.clone(), workload.clone(), Rules::default());
            let mut digest = EventDigest::new();
            run_episode(&mut engine, &mut scheduler, &mut digest)
                .unwrap_or_else(|error| panic!("{order} {backfilling:?} on {hosts:?}: {error}"));
            engine.assert_consistent();
            // Whoever waits at the end cannot run on an empty cluster, or waits behind someone who cannot.
            let running = engine.view().totals().running;
            assert_eq!(running, 0, "{order} {backfilling:?}: everything that started ended");
            let first_stuck = engine.view().waiting().find(|&task| {
                let view = engine.view();
                let fits = view.topology().hosts().any(|host| view.fits(view.shape(task), host));
                fits && view.gang(task).nth(1).is_none()
            });
            if !matches!(backfilling, Backfilling::None | Backfilling::EasyPublished) {
                assert_eq!(first_stuck, None, "{order} {backfilling:?}: nobody who fits is left waiting");
            }
            digest.hex()
        };
        assert_eq!(run(), run(), "{order} {backfilling:?} is repeatable");
    }
}

/// When each task starts, in whole seconds, under first come, first served and a discipline.
pub fn starts(work: &str, hosts: &str, backfilling: Backfilling) -> Vec<u64> {
    starts_in_order("fcfs", work, hosts, backfilling)
}

/// What happens under an order, with first fit.
pub fn story_in_order(order: Choice, work: &str, hosts: &str) -> Vec<String> {
    let config = SchedulerConfig { order, place: "first_fit".into(), ..SchedulerConfig::default() };
    let mut scheduler = Scheduler::new(&config, Backfilling::Skip).expect("valid");
    let mut engine = Engine::new(Arc::new(topology(hosts)), Arc::new(workload(work)), Rules::default());
    let mut story = Story::default();
    run_episode(&mut engine, &mut scheduler, &mut story).expect("the scheduler is feasible");
    story.0
}

/// When each task starts, in whole seconds, under an order and a discipline.
pub fn starts_in_order(order: &str, work: &str, hosts: &str, backfilling: Backfilling) -> Vec<u64> {
    let config =
        SchedulerConfig { order: order.into(), place: "first_fit".into(), ..SchedulerConfig::default() };
    let mut scheduler = Scheduler::new(&config, backfilling).expect("valid");
    let mut engine = Engine::new(Arc::new(topology(hosts)), Arc::new(workload(work)), Rules::default());
    run_episode(&mut engine, &mut scheduler, &mut ()).expect("the scheduler is feasible");
    let view = engine.view();
    (0..view.submitted_count()).map(|task| view.started(TaskId(task as u32)).0 / 1_000_000).collect()
}

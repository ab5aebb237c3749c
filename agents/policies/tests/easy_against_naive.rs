//! EASY on a pool against a program that knows nothing of engines: jobs in a list, one instant after another.

use std::sync::Arc;

use policies::Policy;
use policies::episode::run_episode;
use policies::scheduler::{Backfilling, Scheduler, SchedulerConfig};
use sim::engine::Engine;
use sim::kernel::ids::TaskId;
use sim::kernel::rng::{Seed, Stream};
use sim::rules::Rules;
use sim::testing::{topology, workload};

const PROCESSORS: u64 = 16;

/// Times in seconds.
#[derive(Clone, Copy)]
struct Job {
    submit: u64,
    processors: u64,
    run: u64,
    estimate: u64,
    start: Option<u64>,
}

/// Everyone's start: at each instant at which somebody ends or comes, ends first, then arrivals, then EASY until
/// nobody more may start. Between such instants nothing is looked at again, as the rule has it: a task that
/// outlives its declared end would otherwise move the shadow time by merely going on.
fn naive(mut jobs: Vec<Job>, key: impl Fn(&Job) -> u64) -> Vec<u64> {
    let mut now = 0;
    while jobs.iter().any(|job| job.start.is_none()) {
        let ends_now = |job: &Job| job.start.is_some_and(|start| start + job.run == now);
        if jobs.iter().any(|job| job.submit == now || ends_now(job)) {
            while let Some(next) = next_start(&jobs, now, &key) {
                jobs[next].start = Some(now);
            }
        }
        now += 1;
    }
    jobs.iter().map(|job| job.start.expect("everyone started")).collect()
}

fn next_start(jobs: &[Job], now: u64, key: impl Fn(&Job) -> u64) -> Option<usize> {
    let runs = |job: &&Job| job.start.is_some_and(|start| start + job.run > now);
    let mut ends: Vec<(u64, u64)> = jobs
        .iter()
        .filter(runs)
        .map(|job| ((job.start.expect("it runs") + job.estimate).max(now), job.processors))
        .collect();
    let free = PROCESSORS - ends.iter().map(|end| end.1).sum::<u64>();
    let waits = |&index: &usize| jobs[index].start.is_none() && jobs[index].submit <= now;
    let mut queue: Vec<usize> = (0..jobs.len()).filter(waits).collect();
    queue.sort_by_key(|&index| (key(&jobs[index]), jobs[index].submit, index));
    let (&head, others) = queue.split_first()?;
    if jobs[head].processors <= free {
        return Some(head);
    }
    ends.sort_unstable();
    let freed_by = |time: u64| free + ends.iter().filter(|end| end.0 <= time).map(|end| end.1).sum::<u64>();
    let shadow = ends.iter().map(|end| end.0).find(|&time| freed_by(time) >= jobs[head].processors)?;
    let extra = freed_by(shadow) - jobs[head].processors;
    let may_pass = |&&index: &&usize| {
        let job = &jobs[index];
        job.processors <= free && (now + job.estimate <= shadow || job.processors <= extra)
    };
    others.iter().find(may_pass).copied()
}

fn random_jobs(random: &mut Stream) -> Vec<Job> {
    let mut submit = 0;
    let mut job = || {
        submit += random.below(5) as u64;
        let run = 1 + random.below(40) as u64;
        // Some outlive what they declared.
        let estimate = (run + random.below(30) as u64).saturating_sub(random.below(2) as u64 * 8).max(1);
        Job { submit, processors: 1 + random.below(PROCESSORS as usize) as u64, run, estimate, start: None }
    };
    (0..80).map(|_| job()).collect()
}

fn simulated(jobs: &[Job], order: &str) -> Vec<u64> {
    let drawn = |job: &Job| {
        let Job { submit, processors, run, estimate, .. } = job;
        format!("at {submit} cpu {processors} work {run} estimate {estimate}")
    };
    let work: Vec<String> = jobs.iter().map(drawn).collect();
    let config =
        SchedulerConfig { order: order.into(), place: "first_fit".into(), ..SchedulerConfig::default() };
    let mut scheduler = Scheduler::new(&config, Backfilling::Easy).expect("valid");
    scheduler.reset(Seed(0));
    let pool = Arc::new(topology(&format!("cpu {PROCESSORS}")));
    let mut engine = Engine::new(pool, Arc::new(workload(&work.join(" | "))), Rules::default());
    run_episode(&mut engine, &mut scheduler, &mut ()).expect("EASY is feasible");
    (0..jobs.len()).map(|task| engine.view().started(TaskId(task as u32)).0 / 1_000_000).collect()
}

#[test]
fn easy_starts_everyone_when_the_naive_program_does() {
    let mut waited = 0;
    for seed in (0..400).map(Seed) {
        let jobs = random_jobs(&mut seed.stream("easy"));
        let fcfs = simulated(&jobs, "fcfs");
        assert_eq!(fcfs, naive(jobs.clone(), |job| job.submit), "fcfs, {seed:?}");
        assert_eq!(simulated(&jobs, "sjf"), naive(jobs.clone(), |job| job.estimate), "sjf, {seed:?}");
        waited += fcfs.iter().zip(&jobs).filter(|(start, job)| **start > job.submit).count();
    }
    assert!(waited > 1000, "the queue is long enough to matter: {waited}");
}

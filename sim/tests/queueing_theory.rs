//! Does the engine tell the truth? Queues whose answer is known, against the textbook:
//! Gross, Shortle, Thompson and Harris, *Fundamentals of Queueing Theory*, 4th edition (2008), chapter 2.
//!
//! Work arrives in a Poisson stream and lasts exponentially long; one host has one core per server. Each run is one
//! batch: independent of the others, its first tenth left out because it begins empty.

use std::sync::Arc;

use sim::cluster::Integrals;
use sim::engine::Engine;
use sim::event::{Event, EventKind};
use sim::kernel::ids::{Id, TaskId};
use sim::kernel::rng::Seed;
use sim::kernel::time::{SimDuration, SimTime};
use sim::observe::Observer;
use sim::rules::{Rules, WhenNoPlace};
use sim::testing;
use sim::view::ClusterView;
use sim::workload::{Demand, JobSpec, TaskSpec, Workload, WorkloadBuilder};

const TASKS: usize = 60_000;
const BATCHES: u64 = 16;
const MEAN_WORK_SECONDS: f64 = 10.0;
/// The 99.9 % two-sided quantile of Student's t with 15 degrees of freedom.
const T_999: f64 = 4.073;

/// The probability that a task has to wait in M/M/c, with `load` servers busy on average (Erlang C, 1917).
fn erlang_c(servers: u32, load: f64) -> f64 {
    let blocked = erlang_b(servers, load);
    let utilisation = load / f64::from(servers);
    blocked / (1.0 - utilisation * (1.0 - blocked))
}

/// The probability that a task is turned away in M/M/c/c (Erlang B, by its recursion in the number of servers).
fn erlang_b(servers: u32, load: f64) -> f64 {
    (1..=servers).fold(1.0, |blocked, server| load * blocked / (f64::from(server) + load * blocked))
}

/// The mean wait in M/M/c, in seconds: C / (c mu - lambda).
fn mean_wait_seconds(servers: u32, load: f64) -> f64 {
    MEAN_WORK_SECONDS * erlang_c(servers, load) / (f64::from(servers) - load)
}

/// In M/M/1 a task waits with the probability that the server is busy; the others are worked by hand.
#[test]
fn the_formulas_give_the_numbers_of_the_books() {
    let is = |got: f64, expected: f64| assert!((got - expected).abs() < 5e-5, "{got} is not {expected}");
    is(erlang_c(1, 0.8), 0.8);
    is(erlang_c(2, 1.0), 1.0 / 3.0);
    is(erlang_b(2, 1.0), 1.0 / 5.0);
    // By hand: a = 3.2, c = 4. Sum of a^k/k! for k < 4 is 1 + 3.2 + 5.12 + 5.46133 = 14.78133;
    // a^4/4! = 4.36907, times c / (c - a) = 5 is 21.84533; 21.84533 / 36.62667 = 0.59643.
    is(erlang_c(4, 3.2), 0.59643);
    is(erlang_b(4, 3.2), 4.36907 / (14.78133 + 4.36907));
    is(mean_wait_seconds(1, 0.8), 40.0);
    is(mean_wait_seconds(4, 3.2), 10.0 * 0.59643 / 0.8);
}

fn poisson(seed: Seed, load: f64) -> Workload {
    let (mut arrivals, mut works) = (seed.stream("arrivals"), seed.stream("works"));
    let mut builder = WorkloadBuilder::new();
    let demand = Demand { cpu_milli: 1000, ..Demand::default() };
    let mut seconds = 0.0;
    for _ in 0..TASKS {
        seconds += arrivals.exponential(MEAN_WORK_SECONDS / load);
        let submit = SimTime::from_seconds(seconds).expect("a few weeks");
        let work = SimDuration::from_seconds(works.exponential(MEAN_WORK_SECONDS)).expect("a few hours");
        let task = TaskSpec { demand: demand.clone(), work, ..TaskSpec::default() };
        builder.add_task(JobSpec { submit, ..JobSpec::default() }, task).expect("a valid task");
    }
    builder.finish()
}

/// What one run shows between the first tenth of its arrivals and the last arrival, and exact sums over all of it.
#[derive(Default)]
struct Watch {
    waits: u128,
    counted_waits: u128,
    counted: u32,
    turned_away: u32,
    begin: (SimTime, Integrals),
    end: (SimTime, Integrals),
}

impl Watch {
    const FIRST: usize = TASKS / 10;

    fn mean_wait_seconds(&self) -> f64 {
        self.counted_waits as f64 / f64::from(self.counted) / 1e6
    }

    /// The mean of what was integrated, over the time that counts.
    fn mean_of(&self, sum: impl Fn(&Integrals) -> u128) -> f64 {
        (sum(&self.end.1) - sum(&self.begin.1)) as f64 / self.end.0.since(self.begin.0).0 as f64
    }

    fn share_turned_away(&self) -> f64 {
        f64::from(self.turned_away) / (TASKS - Self::FIRST) as f64
    }
}

impl Observer for Watch {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        match event.kind {
            EventKind::TaskSubmitted { task: TaskId(task) } => {
                let now = (event.time, *view.integrals());
                if task as usize == Self::FIRST {
                    self.begin = now;
                }
                self.end = now;
            }
            EventKind::TaskStarted { placement } => {
                let wait = u128::from(event.time.since(view.submit(placement.task)).0);
                self.waits += wait;
                if placement.task.index() >= Self::FIRST {
                    self.counted_waits += wait;
                    self.counted += 1;
                }
            }
            EventKind::TaskRejected { task, .. } => {
                self.turned_away += u32::from(task.index() >= Self::FIRST)
            }
            _ => {}
        }
    }
}

/// One batch per seed: what it shows under first come, first served.
fn batches(servers: u32, load: f64, when_no_place: WhenNoPlace) -> Vec<Watch> {
    let topology = Arc::new(testing::topology(&format!("cpu {servers}")));
    let batch = |seed| {
        let workload = Arc::new(poisson(Seed(seed), load));
        let rules = Rules { when_no_place, ..Rules::default() };
        let mut engine = Engine::new(Arc::clone(&topology), Arc::clone(&workload), rules);
        let mut watch = Watch::default();
        testing::run_first_fit(&mut engine, &mut watch);
        assert_little(&watch, &workload, engine.view());
        watch
    };
    (0..BATCHES).map(batch).collect()
}

/// Little's law, in whole microseconds and without any error: what is integrated over time is what is summed over
/// tasks.
fn assert_little(watch: &Watch, workload: &Workload, view: ClusterView<'_>) {
    assert_eq!(view.integrals().waiting, watch.waits);
    let ran = workload.tasks().filter(|&task| view.status(task) == sim::cluster::Status::Finished);
    let work: u128 = ran.map(|task| u128::from(workload.work(task).0)).sum();
    assert_eq!(view.integrals().running, work);
    assert_eq!(view.integrals().cpu_milli, 1000 * work);
}

/// The mean of the batches is the expected value within its interval, which is narrow enough to mean something.
#[track_caller]
fn assert_mean(what: &str, values: impl Iterator<Item = f64>, expected: f64) {
    let values: Vec<f64> = values.collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let half_width = T_999 * (variance / count).sqrt();
    assert!((mean - expected).abs() <= half_width, "{what}: {mean} ± {half_width}, expected {expected}");
    assert!(half_width < 0.07 * expected, "{what}: {mean} ± {half_width} says too little");
}

fn assert_waits_as_in_the_book(servers: u32, load: f64) {
    let batches = batches(servers, load, WhenNoPlace::Wait);
    let wait_seconds = mean_wait_seconds(servers, load);
    assert_mean("wait", batches.iter().map(Watch::mean_wait_seconds), wait_seconds);
    let queue_length = wait_seconds * load / MEAN_WORK_SECONDS;
    assert_mean("queue", batches.iter().map(|watch| watch.mean_of(|sums| sums.waiting)), queue_length);
    assert_mean("busy", batches.iter().map(|watch| watch.mean_of(|sums| sums.running)), load);
}

#[test]
fn one_server_with_a_queue() {
    assert_waits_as_in_the_book(1, 0.7);
}

#[test]
fn four_servers_with_one_queue() {
    assert_waits_as_in_the_book(4, 3.2);
}

#[test]
fn four_servers_where_nobody_may_wait() {
    let batches = batches(4, 3.2, WhenNoPlace::Reject);
    let blocked = erlang_b(4, 3.2);
    assert_mean("turned away", batches.iter().map(Watch::share_turned_away), blocked);
    assert_mean(
        "busy",
        batches.iter().map(|watch| watch.mean_of(|sums| sums.running)),
        3.2 * (1.0 - blocked),
    );
    assert!(batches.iter().all(|watch| watch.waits == 0));
}

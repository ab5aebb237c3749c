//! Which task next: the keys by which a queue is sorted, the smallest first. One key, one file; to add one, write
//! the file and put its name into the list below.
//!
//! An order that needs to know more than a job's facts, such as when to wake up, is a policy of its own (`recorded`).
//!
//! A key is a pair, compared in turn; equal keys go to whoever joined the queue first. Times are in seconds of
//! the source's own clock, sizes in cores (of a batch pool: processors).

use sim::kernel::ids::TaskId;
use sim::kernel::rng::Seed;
use sim::kernel::time::SimTime;
use sim::view::ClusterView;

use crate::policy::{Choice, Policy, PolicyError};

pub mod aware;
pub mod backfilling;
pub(crate) mod conservative;
pub(crate) mod easy;
pub(crate) mod easy_published;
mod pool;
pub(crate) mod queue;
pub mod queue_features;

pub use formula::{Factor, Facts, Formula, Function, Quantity, Term};
pub use linear::Linear;

/// A task as the classical formulas know it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JobFacts {
    /// Submission in the source's own clock, in seconds.
    pub submit: f64,
    /// Declared run time in seconds; 0 when none was declared.
    pub estimate: f64,
    /// Requested cores.
    pub cores: f64,
    /// Time since submission, in seconds.
    pub waited: f64,
}

impl JobFacts {
    /// What is known of a task now.
    pub fn of(view: ClusterView<'_>, task: TaskId) -> Self {
        let shape = view.shape(task);
        Self {
            submit: view.origin().seconds() + view.submit(task).seconds(),
            estimate: view.estimate(task).map_or(0.0, |estimate| estimate.seconds()),
            cores: f64::from(shape.resources.cpu_milli) / 1000.0,
            waited: view.now().since(view.submit(task)).seconds(),
        }
    }
}

/// A key of the queue: the smallest is next.
pub trait OrderKey {
    /// The key of a waiting task.
    fn key(&self, job: &JobFacts) -> [f64; 2];

    /// The keys of everyone who waits, where they hang on the queue as a whole; nothing where each can be had alone.
    fn keys(&self, _view: ClusterView<'_>, _tasks: &[TaskId]) -> Option<Vec<[f64; 2]>> {
        None
    }

    /// True when keys change while tasks wait, so that the queue is looked through at each question.
    fn moves_with_time(&self) -> bool {
        false
    }

    /// Until when a task that waits is held back, though it might be next; nothing for who is not, as nobody is under most orders.
    /// It is asked when a task has joined the queue.
    fn held_until(&self, _view: ClusterView<'_>, _task: TaskId) -> Option<SimTime> {
        None
    }

    /// True when every task must have a declared run time.
    fn needs_estimates(&self) -> bool {
        true
    }

    /// Forgets the last episode; what is drawn in the new one hangs on this seed.
    fn reset(&mut self, _seed: Seed) {}
}

/// What has no logarithm counts as 0.1 (RLScheduler).
fn positive(value: f64) -> f64 {
    if value > 0.0 { value } else { 0.1 }
}

/// An order: a key under the discipline of the scenario, or a policy that answers *which next?* by itself, under any.
pub enum Order {
    /// The smallest is next.
    Key(Box<dyn OrderKey>),
    /// It answers *which next?*; to *where?* it says `Reject`, or `Defer` to leave it to the placement policy.
    Whole(Box<dyn Policy>),
}

macro_rules! orders {
    (keys { $($name:ident)* } whole { $($whole:ident)* }) => {
        $(mod $name;)*
        $(mod $whole;)*

        /// Name and one line of help of every order.
        pub const NAMES: &[(&str, &str)] =
            &[$((stringify!($name), $name::HELP),)* $((stringify!($whole), $whole::HELP)),*];

        /// The order that a config names.
        ///
        /// # Errors
        /// When there is none of this name, or its options are wrong.
        pub fn order(choice: &Choice) -> Result<Order, PolicyError> {
            match choice.policy.as_str() {
                $(stringify!($name) => Ok(Order::Key(Box::new($name::key(choice.typed()?)))),)*
                $(stringify!($whole) => Ok(Order::Whole(Box::new($whole::policy(choice.typed()?)))),)*
                name => Err(unknown(name)),
            }
        }
    };
}

orders! {
    keys {
        fcfs
        sjf
        ljf
        smallest
        wfp3
        wfp3_published
        unicep
        unicep_published
        f1
        f2
        f3
        f4
        linear
        formula
        neural
        carbon_aware
        price_aware
    }
    whole {
        recorded
    }
}

/// Name and one line of help of the orders that look beyond what a policy sees, and are made where the workload is known
/// (`environment::orders`).
pub const BEYOND: &[(&str, &str)] = &[
    ("lookahead", "plays sampled futures for the first few of a linear order, and takes whom they favour"),
    (
        "clairvoyant",
        "KNOWS THE FUTURE: any order of keys, with true run times in the place of the declared ones",
    ),
    (
        "clairvoyant_lookahead",
        "KNOWS THE FUTURE: plays what really comes for the first few of a linear order",
    ),
];

/// Every order that a config may name, with one line of help.
pub(crate) fn names() -> Vec<(&'static str, &'static str)> {
    [NAMES, BEYOND].concat()
}

fn unknown(name: &str) -> PolicyError {
    match BEYOND.iter().any(|known| known.0 == name) {
        true => PolicyError::Options {
            policy: name.to_owned(),
            reason: "it is made from a workload, and here is none".to_owned(),
        },
        false => PolicyError::unknown("order", name, &names()),
    }
}

/// What a file of an order needs.
mod prelude {
    pub(super) use super::{JobFacts, OrderKey};
    pub(super) use crate::policy::NoOptions;
}

#[cfg(test)]
mod tests_of_waiting {
    use std::sync::Arc;

    use super::*;
    use crate::episode::run_episode;
    use crate::scheduler::{Backfilling, Scheduler, SchedulerConfig};
    use sim::surroundings::Footprint;

    /// What an episode took from its surroundings, and when each task started, in whole seconds.
    fn played(order: &str, backfilling: Backfilling, engine: sim::engine::Engine) -> (Footprint, Vec<u64>) {
        let text =
            if order.starts_with('{') { format!("order = {order}") } else { format!("order = '{order}'") };
        let config: SchedulerConfig = toml::from_str(&text).expect("a scheduler");
        let mut scheduler = Scheduler::new(&config, backfilling).expect("valid");
        scheduler.reset(Seed(0));
        let mut engine = engine;
        run_episode(&mut engine, &mut scheduler, &mut ()).expect("the scheduler is feasible");
        let view = engine.view();
        let started = |task| view.started(TaskId(task as u32)).0 / 1_000_000;
        (view.footprint(), (0..view.submitted_count()).map(started).collect())
    }

    fn engine(work: &str, hosts: &str, around: &str) -> sim::engine::Engine {
        let around = sim::testing::surroundings(around);
        sim::testing::engine(hosts, work).with_surroundings(Arc::new(around))
    }

    pub(super) fn episode(order: &str, work: &str, hosts: &str, around: &str) -> (Footprint, Vec<u64>) {
        played(order, Backfilling::Skip, engine(work, hosts, around))
    }

    pub(super) fn starts(
        order: &str,
        backfilling: Backfilling,
        work: &str,
        hosts: &str,
        around: &str,
    ) -> Vec<u64> {
        played(order, backfilling, engine(work, hosts, around)).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Submitted at 1000 s, waited 100 s, declared 400 s, four cores.
    const JOB: JobFacts = JobFacts { submit: 1000.0, estimate: 400.0, cores: 4.0, waited: 100.0 };

    fn keys() -> impl Iterator<Item = (&'static str, Box<dyn OrderKey>)> {
        NAMES.iter().filter_map(|&(name, _)| match order(&name.into()).expect(name) {
            Order::Key(key) => Some((name, key)),
            Order::Whole(_) => None,
        })
    }

    /// tables 1.4 with s = 1000, n = 4, r = 400, w = 100 (and w = -1001 as published).
    #[test]
    fn every_key_by_hand() {
        let expected = [
            ("fcfs", 1000.0),
            ("sjf", 400.0),
            ("ljf", -400.0),
            ("smallest", 4.0),
            ("wfp3", -0.0625),
            ("wfp3_published", 62.687_687_562_5),
            ("unicep", -0.125),
            ("unicep_published", 1.25125),
            ("f1", 2.602_059_991_3 * 4.0 + 2610.0),
            ("f2", 80.0 + 76_800.0),
            ("f3", 1600.0 + 20_580_000.0),
            ("f4", 800.0 + 1_590_000.0),
            // Single precision: 2 ln 400 + ln 4.
            ("linear", 13.369_223_594_665_527),
            ("formula", 640_000.0),
            ("neural", 13.369_223_594_665_527),
            // Of those who are not held, first come, first served.
            ("carbon_aware", 1000.0),
            ("price_aware", 1000.0),
        ];
        assert_eq!(expected.len(), keys().count());
        for (name, key) in expected {
            let got = keys().find(|(known, _)| *known == name).expect(name).1.key(&JOB)[0];
            assert!((got - key).abs() <= 1e-8 * key.abs().max(1.0), "{name}: {got} is not {key}");
        }
    }

    #[test]
    fn only_keys_with_waiting_time_move() {
        let later = JobFacts { waited: 5000.0, ..JOB };
        for (name, key) in keys() {
            // Weights decide whether what is weighed matters.
            let moves = key.key(&JOB) != key.key(&later) || ["linear", "neural"].contains(&name);
            assert_eq!(key.moves_with_time(), moves, "{name}");
            let unknown = JobFacts { estimate: 1.0, ..JOB };
            assert_eq!(key.needs_estimates(), key.key(&JOB) != key.key(&unknown), "{name}");
        }
    }
}

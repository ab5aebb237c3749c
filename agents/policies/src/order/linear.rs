//! A weighted sum of what is known of each waiting task and of the queue around it (`queue_features`); the smallest is next.
//! Weights are tuned, or trained, elsewhere.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use sim::kernel::ids::TaskId;
use sim::kernel::time::SimDuration;
use sim::view::ClusterView;

use super::pool;
use super::prelude::*;
use super::queue_features::{FEATURES, Fixed, Queue, Releases, Weights};
use crate::policy::{Choice, PolicyError};

pub(super) const HELP: &str = "a weighted sum of run time, cores, wait, delay and the state of the queue";

/// The options: weights by name; what is not named weighs nothing.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    #[serde(deserialize_with = "weights")]
    weights: Weights,
}

impl Default for Options {
    /// Smith's rule for slowdowns of equal weight: `r^2 n`.
    fn default() -> Self {
        let mut weights = Weights::default();
        (weights[0], weights[1]) = (2.0, 1.0);
        Self { weights }
    }
}

fn weights<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Weights, D::Error> {
    let named = BTreeMap::<String, f32>::deserialize(deserializer)?;
    let mut weights = Weights::default();
    for (name, weight) in named {
        let names: Vec<&str> = FEATURES.iter().map(|feature| feature.0).collect();
        let Some(place) = names.iter().position(|known| *known == name) else {
            return Err(D::Error::custom(format!("{name:?} is no feature; allowed are {}", names.join(", "))));
        };
        if !weight.is_finite() {
            return Err(D::Error::custom(format!("{name} = {weight}; allowed are finite numbers")));
        }
        weights[place] = weight;
    }
    Ok(weights)
}

/// The order, for whoever builds on it.
pub struct Linear {
    weights: Weights,
    room: RefCell<(Sight, Vec<f32>)>,
}

/// What is seen of everybody who waits; memory that is used again at each question.
#[derive(Default)]
pub(super) struct Sight {
    pub(super) queue: Queue,
    releases: Releases,
    ends: Vec<(u64, u32)>,
}

impl Sight {
    /// Looks at waiting tasks, when everybody, waiting or running, takes as long as is said here; gives the cores that are free, and all.
    pub(super) fn see(
        &mut self,
        view: ClusterView<'_>,
        tasks: &[TaskId],
        run_time: impl Fn(TaskId) -> SimDuration,
    ) -> [f32; 2] {
        let Self { queue, releases, ends } = self;
        let all_milli = view.topology().total_capacity().0;
        let free = (all_milli.saturating_sub(view.totals().cpu_milli)) as f32 / 1000.0;
        ends.clear();
        for host in view.topology().hosts() {
            ends.extend(view.hosted(host).map(|task| {
                let end = view.started(task) + run_time(task);
                (end.0.saturating_sub(view.now().0), view.held(task).cpu_milli)
            }));
        }
        ends.sort_unstable();
        releases.fill(free, ends.iter().map(|&(after, milli)| (after as f32 / 1e6, milli as f32 / 1000.0)));
        queue.clear();
        for (place, &task) in tasks.iter().enumerate() {
            queue.push(Fixed::of(run_time(task).seconds() as f32, cores(view, task)));
            queue.waited[place] = view.now().since(view.submit(task)).0 as f32 / 1e6;
            queue.delay[place] = releases.delay(queue.cores[place]);
        }
        [free, all_milli as f32 / 1000.0]
    }
}

/// Cores of a task, or of all members of its gang that wait.
fn cores(view: ClusterView<'_>, task: TaskId) -> f32 {
    pool::need(view, task).cpu_milli as f32 / 1000.0
}

impl Linear {
    /// The order that a config names.
    ///
    /// # Errors
    /// When it names another one, or the options are wrong.
    pub fn of(choice: &Choice) -> Result<Self, PolicyError> {
        if choice.policy != "linear" {
            let reason = format!("{:?} stands where only \"linear\" is allowed", choice.policy);
            return Err(PolicyError::Options { policy: choice.policy.clone(), reason });
        }
        Ok(linear(choice.typed()?))
    }

    /// The weights, in the order of [`FEATURES`].
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The scores of waiting tasks, when everybody, waiting or running, takes as long as is said here.
    pub fn scores(
        &self,
        view: ClusterView<'_>,
        tasks: &[TaskId],
        run_time: impl Fn(TaskId) -> SimDuration,
    ) -> Vec<f32> {
        let (sight, scores) = &mut *self.room.borrow_mut();
        let [free, all] = sight.see(view, tasks, run_time);
        sight.queue.score(&self.weights, free, all, scores);
        scores.clone()
    }
}

impl OrderKey for Linear {
    /// Alone, and where nobody runs.
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        let mut queue = Queue::default();
        queue.push(Fixed::of(job.estimate as f32, job.cores as f32));
        queue.waited[0] = job.waited as f32;
        let mut scores = Vec::new();
        queue.score(&self.weights, job.cores as f32, job.cores as f32, &mut scores);
        [f64::from(scores[0]), job.submit]
    }

    fn keys(&self, view: ClusterView<'_>, tasks: &[TaskId]) -> Option<Vec<[f64; 2]>> {
        let scores = self.scores(view, tasks, |task| view.estimate(task).unwrap_or_default());
        let keys = scores.iter().zip(tasks);
        Some(keys.map(|(&score, &task)| [f64::from(score), view.submit(task).seconds()]).collect())
    }

    fn moves_with_time(&self) -> bool {
        true
    }
}

fn linear(options: Options) -> Linear {
    Linear { weights: options.weights, room: RefCell::default() }
}

pub(super) fn key(options: Options) -> impl OrderKey {
    linear(options)
}

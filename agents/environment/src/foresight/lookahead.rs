//! Look-ahead: before somebody is picked, futures are played for the first few of a linear order, and whom they favour is next.
//!
//! ```text
//!   the first k of the base order:   a      b      c
//!                                    |      |      |        each is picked first, and the base order goes on from there
//!   a future, played for each:     4.1    3.2    3.9        mean bounded slowdown of all who wait and of all who come
//!   another one:                   2.0    2.2    2.1
//!   ...                            ----   ----   ----
//!   the smallest mean is next      3.05   2.70   3.00       b
//! ```
//!
//! `lookahead` knows what any policy knows. Whoever waits or runs takes as long as declared, and who is overdue ends now; who will
//! come is imagined: blocks of 8 to 63 of the jobs that have come so far, in random order, each with its own gaps. All candidates
//! play the same futures, and one is taken only when it is better than the first of the base order by more than chance (common
//! random numbers: Glasserman and Yao, Management Science 38(6), 1992). The rollout of a base policy
//! is that of Bertsekas, Tsitsiklis and Wu (Journal of Heuristics 3, 1997).
//!
//! `clairvoyant_lookahead` knows how long everybody will run and who will come, and plays that, once.
//!
//! On several hosts it plays as if all cores were one pool.

use std::cell::RefCell;
use std::sync::Arc;

use policies::order::{JobFacts, Linear, OrderKey};
use policies::policy::{Choice, PolicyError};
use policies::scheduler::Backfilling;
use serde::Deserialize;
use sim::kernel::ids::TaskId;
use sim::kernel::rng::{Seed, Stream};
use sim::kernel::time::SimDuration;
use sim::view::ClusterView;
use sim::workload::Workload;

use crate::jobs::Jobs;
use crate::pool::{Passing, PoolPlayer, Standing};

/// The shortest and the longest block of jobs that futures are made of.
const BLOCK_JOBS: [usize; 2] = [8, 63];

/// The options.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// The order that proposes candidates, and by which futures go on: a linear one.
    base: Choice,
    /// How many are looked at.
    candidates: usize,
    /// Futures that each of them plays.
    samples: usize,
    /// Jobs that come in a future.
    jobs: usize,
    /// By how many standard errors of the difference between the two a candidate must be better than the first of the base order.
    confidence: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { base: "linear".into(), candidates: 6, samples: 24, jobs: 160, confidence: 2.0 }
    }
}

struct Lookahead {
    base: Linear,
    options: Options,
    passing: Passing,
    /// What really comes; imagined without it.
    truth: Option<Arc<Workload>>,
    room: RefCell<Room>,
}

/// What changes from question to question, and memory that is used again.
struct Room {
    futures: Stream,
    player: PoolPlayer,
    jobs: Jobs,
    standing: Standing,
}

fn futures(seed: Seed) -> Stream {
    seed.stream("futures of look-ahead")
}

pub(super) fn key(
    choice: &Choice,
    backfilling: Backfilling,
    truth: Option<&Arc<Workload>>,
) -> Result<impl OrderKey + use<>, PolicyError> {
    let options: Options = choice.typed()?;
    let refuse = |reason: String| Err(PolicyError::Options { policy: choice.policy.clone(), reason });
    let counts = [("candidates", options.candidates), ("samples", options.samples), ("jobs", options.jobs)];
    if let Some((name, _)) = counts.iter().find(|(_, count)| *count == 0) {
        return refuse(format!("{name} = 0; allowed is 1 or more"));
    }
    if !(options.confidence.is_finite() && options.confidence >= 0.0) {
        return refuse(format!("confidence = {}; allowed is 0 or more", options.confidence));
    }
    let passing = match backfilling {
        Backfilling::None => Passing::None,
        Backfilling::EasyPublished => Passing::EasyPublished,
        Backfilling::Easy => Passing::Easy,
        Backfilling::Skip | Backfilling::Conservative => {
            let known = "\"none\", \"easy\" and \"easy_published\"";
            return refuse(format!(
                "futures are played with backfilling {known}, and the rules have another"
            ));
        }
    };
    let room = Room {
        futures: futures(Seed(0)),
        player: PoolPlayer::default(),
        jobs: Jobs::default(),
        standing: Standing::default(),
    };
    let base = Linear::of(&options.base)?;
    Ok(Lookahead { base, options, passing, truth: truth.cloned(), room: RefCell::new(room) })
}

impl Lookahead {
    /// How long somebody takes, as far as is known.
    fn run_time(&self, view: ClusterView<'_>, task: TaskId) -> SimDuration {
        match &self.truth {
            Some(workload) => workload.work(task),
            None => declared(view, task),
        }
    }

    /// Whom the futures favour, by its place among the waiting tasks, which are in order of submission; `candidates` are places,
    /// the first of the base order first.
    fn favourite(&self, view: ClusterView<'_>, waiting: &[TaskId], candidates: &[usize]) -> usize {
        let mut room = self.room.borrow_mut();
        let Room { futures, player, jobs, standing } = &mut *room;
        self.describe(view, waiting, jobs, standing);
        let pool = (view.topology().total_capacity().0 as u32, self.passing);
        let samples = if self.truth.is_some() { 1 } else { self.options.samples };
        let mut found = vec![Vec::with_capacity(samples); candidates.len()];
        for _ in 0..samples {
            jobs.truncate(waiting.len());
            match &self.truth {
                Some(workload) => what_comes(workload, view, self.options.jobs, jobs),
                None => imagine(view, self.options.jobs, futures, jobs),
            }
            for (found, &candidate) in found.iter_mut().zip(candidates) {
                let from = [waiting.len(), candidate];
                found.push(player.play_on(jobs, from, standing, pool, &mut self.base.weights().clone()));
            }
        }
        candidates[favourite(&found, self.options.confidence)]
    }

    /// Who waits and who runs.
    fn describe(&self, view: ClusterView<'_>, waiting: &[TaskId], jobs: &mut Jobs, standing: &mut Standing) {
        jobs.truncate(0);
        for &task in waiting {
            let [run, estimate] = [self.run_time(view, task), declared(view, task)];
            let milli = view.gang(task).map(|member| view.shape(member).resources.cpu_milli).sum();
            jobs.push([view.submit(task).0, run.0, estimate.0], milli);
        }
        standing.now = view.now().0;
        standing.running.clear();
        for host in view.topology().hosts() {
            standing.running.extend(view.hosted(host).map(|task| {
                let end = |run_time| (view.started(task) + run_time).0;
                let [run, estimate] = [self.run_time(view, task), declared(view, task)];
                (end(run).max(view.now().0), end(estimate), view.held(task).cpu_milli)
            }));
        }
    }
}

/// Which row of values has the smallest mean, of those that are smaller than the first row by so many standard errors of the mean
/// difference; the first one when there is none. One value alone has no error.
fn favourite(rows: &[Vec<f64>], confidence: f64) -> usize {
    let count = rows[0].len() as f64;
    let mut best = (0.0, 0);
    for (place, row) in rows.iter().enumerate().skip(1) {
        let differences = || row.iter().zip(&rows[0]).map(|(one, first)| one - first);
        let mean = differences().sum::<f64>() / count;
        let squares: f64 = differences().map(|difference| (difference - mean) * (difference - mean)).sum();
        let error = (squares / (count - 1.0).max(1.0) / count).sqrt();
        if mean < best.0 && mean + confidence * error < 0.0 {
            best = (mean, place);
        }
    }
    best.1
}

fn declared(view: ClusterView<'_>, task: TaskId) -> SimDuration {
    view.estimate(task).unwrap_or_default()
}

/// Adds who comes next in truth.
fn what_comes(workload: &Workload, view: ClusterView<'_>, count: usize, jobs: &mut Jobs) {
    let seen = view.submitted_count();
    for task in workload.tasks().skip(seen).take(count) {
        let times = [workload.submit(task).0, workload.work(task).0, declared(view, task).0];
        jobs.push(times, workload.demand(task).cpu_milli);
    }
}

/// Adds who may come: blocks of those who came, the first of them one gap from now. Before two have come, nobody.
fn imagine(view: ClusterView<'_>, count: usize, stream: &mut Stream, jobs: &mut Jobs) {
    let seen = view.submitted_count();
    if seen < 2 {
        return;
    }
    let mut at = view.now().0;
    let mut made = 0;
    while made < count {
        let [shortest, longest] = BLOCK_JOBS;
        let length = (shortest + stream.below(longest - shortest + 1)).min(seen - 1);
        let first = 1 + stream.below(seen - length);
        for number in (first..first + length).take(count - made) {
            let [before, task] = [number - 1, number].map(|number| TaskId(number as u32));
            at += view.submit(task).since(view.submit(before)).0;
            let estimate = declared(view, task).0;
            jobs.push([at, estimate, estimate], view.shape(task).resources.cpu_milli);
        }
        made += length;
    }
}

impl OrderKey for Lookahead {
    /// That of the base order; [`OrderKey::keys`] looks ahead before anybody is picked.
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        self.base.key(job)
    }

    fn keys(&self, view: ClusterView<'_>, tasks: &[TaskId]) -> Option<Vec<[f64; 2]>> {
        let scores = self.base.scores(view, tasks, |task| declared(view, task));
        let key = |place: usize| [f64::from(scores[place]), view.submit(tasks[place]).seconds()];
        let mut keys: Vec<[f64; 2]> = (0..tasks.len()).map(key).collect();
        // Places in the order of submission, as the player has them.
        let mut places: Vec<usize> = (0..tasks.len()).collect();
        places.sort_unstable_by_key(|&place| (view.submit(tasks[place]), tasks[place]));
        let waiting: Vec<TaskId> = places.iter().map(|&place| tasks[place]).collect();
        let mut candidates: Vec<usize> = (0..tasks.len()).collect();
        candidates.sort_by(|&one, &other| scores[places[one]].total_cmp(&scores[places[other]]));
        candidates.truncate(self.options.candidates);
        if candidates.len() > 1 {
            let favourite = self.favourite(view, &waiting, &candidates);
            keys[places[favourite]][0] = f64::NEG_INFINITY;
        }
        Some(keys)
    }

    fn moves_with_time(&self) -> bool {
        true
    }

    fn reset(&mut self, seed: Seed) {
        self.room.get_mut().futures = futures(seed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::starts;
    use super::*;

    /// First come, first served, as a linear order.
    const FCFS: &str = "base = { policy = 'linear', weights = { ln_waited = -1 } }";

    /// When A ends at 10, B has waited longest, and takes 100 s. If it goes first, the slowdowns are 109 / 100 and 109 / 10; if C
    /// does, 1 and 110 / 100.
    const WORK: &str =
        "at 0 cpu 4 work 10 estimate 10 | at 1 cpu 4 work 100 estimate 100 | at 2 cpu 4 work 1 estimate 1";

    #[test]
    fn futures_decide() {
        for name in ["lookahead", "clairvoyant_lookahead"] {
            let order = |candidates: usize| {
                format!("{{ policy = '{name}', candidates = {candidates}, samples = 4, jobs = 8, {FCFS} }}")
            };
            // Under EASY as without backfilling: B is not held yet when C comes, and nothing is free before 10.
            let found = starts(&order(2), Backfilling::Easy, WORK, 0);
            assert_eq!(found, [0, 11, 10], "{name}");
            assert_eq!(starts(&order(1), Backfilling::Easy, WORK, 0), [0, 10, 110], "{name}: the base order");
        }
    }

    /// C declares 200 s and takes one: only who knows that lets it go first.
    #[test]
    fn only_the_clairvoyant_knows_what_is_true() {
        let work = WORK.replace("work 1 estimate 1", "work 1 estimate 200");
        let order =
            |name: &str| format!("{{ policy = '{name}', candidates = 2, samples = 4, jobs = 8, {FCFS} }}");
        assert_eq!(starts(&order("lookahead"), Backfilling::Easy, &work, 0), [0, 10, 110]);
        assert_eq!(starts(&order("clairvoyant_lookahead"), Backfilling::Easy, &work, 0), [0, 11, 10]);
    }

    /// Against the first row, the second is better by -2 and 4 (mean 1, standard error 3), the third by 1 and 0.5 (mean 0.75, error
    /// 0.25).
    #[test]
    fn a_favourite_is_better_by_more_than_chance() {
        let rows = [vec![5.0, 5.0], vec![7.0, 1.0], vec![4.0, 4.5]];
        assert_eq!(favourite(&rows, 0.0), 1);
        assert_eq!(favourite(&rows, 1.0), 2);
        assert_eq!(favourite(&rows, 4.0), 0);
        assert_eq!(favourite(&[vec![2.0], vec![1.0]], 5.0), 1, "one value has no error");
    }

    #[test]
    fn what_cannot_be_played_is_refused() {
        let made = |options: &str, backfilling| {
            let choice: Choice =
                toml::from_str(&format!("policy = 'lookahead'\n{options}")).expect("a choice");
            key(&choice, backfilling, None).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(made("", Backfilling::None), Ok(()));
        let refused = |options, backfilling| made(options, backfilling).expect_err("wrong");
        assert!(refused("", Backfilling::Conservative).contains("the rules have another"));
        assert!(refused("samples = 0", Backfilling::None).contains("samples = 0"));
        assert!(refused("base = 'sjf'", Backfilling::None).contains("only \"linear\""));
        assert!(refused("depth = 3", Backfilling::None).contains("depth"));
    }
}

//! The order question on a pool of processors, for learners: the same decisions as the engine makes under
//! `event_order = "arrivals_first"` and `decide_after = "each_event"`, and nothing else.
//!
//! A task is picked and held until it fits (`none`); under `easy_published` those who end before its shadow time may pass it
//! meanwhile, in order of submission. Under `easy` nobody is held: at each question the first of the order is promised its
//! shadow time anew, and the first of the others that does not delay it may pass. All three are described where the engine's
//! disciplines are (`policies::order::backfilling`, `policies::order::easy_published`, `policies::order::easy`).

use policies::neural::{Buffers, Scorer};
use policies::order::queue_features::{CANDIDATES, FEATURES, Queue, Weights};

pub use crate::jobs::{Jobs, PoolError, PoolSource};
use crate::pool_episode::{PoolEpisode, Question, Table};

/// Who may pass a task that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// Nobody.
    None,
    /// Whoever ends before its shadow time, as RLScheduler has it.
    EasyPublished,
    /// Whoever does not delay it: who ends by its shadow time, or needs no more than is to spare then.
    Easy,
}

/// Gives everyone who waits a score; the smallest is next.
pub trait PoolScorer {
    /// False when scores hang on nothing but which jobs wait: nothing else is worked out then.
    const SEES_QUEUE: bool = true;

    /// Scores of all, in the order of the queue.
    fn score(&mut self, queue: &Queue, jobs: &[u32], free: f32, all: f32, scores: &mut Vec<f32>);
}

impl PoolScorer for Weights {
    fn score(&mut self, queue: &Queue, _: &[u32], free: f32, all: f32, scores: &mut Vec<f32>) {
        queue.score(self, free, all, scores);
    }
}

/// A score for each job, the same at all times.
#[derive(Clone, Debug)]
pub struct FixedScores(pub Vec<f32>);

impl PoolScorer for FixedScores {
    const SEES_QUEUE: bool = false;

    fn score(&mut self, _: &Queue, jobs: &[u32], _: f32, _: f32, scores: &mut Vec<f32>) {
        scores.clear();
        scores.extend(jobs.iter().map(|&job| self.0[job as usize]));
    }
}

/// Scores by a network, as the order `neural` has them: of the first [`CANDIDATES`]; whoever waits behind those comes after them, in
/// order of submission.
#[derive(Debug)]
pub struct NetworkScores<'a> {
    network: &'a Scorer,
    rows: Vec<f32>,
    buffers: Buffers,
}

impl<'a> NetworkScores<'a> {
    /// Of this network, which takes the features of the queue.
    pub fn new(network: &'a Scorer) -> Self {
        Self { network, rows: Vec::new(), buffers: Buffers::default() }
    }
}

impl PoolScorer for NetworkScores<'_> {
    fn score(&mut self, queue: &Queue, jobs: &[u32], free: f32, all: f32, scores: &mut Vec<f32>) {
        let Self { network, rows, buffers } = self;
        let count = jobs.len().min(CANDIDATES);
        rows.resize(count * FEATURES.len(), 0.0);
        queue.encode(free, all, rows);
        network.score(rows, &[true; CANDIDATES][..count], buffers);
        scores.clear();
        scores.extend(buffers.scores().iter().map(|score| -score));
        scores.resize(jobs.len(), f32::INFINITY);
    }
}

/// Plays episodes; what it needs of memory it keeps.
#[derive(Clone, Debug, Default)]
pub struct PoolPlayer {
    episode: PoolEpisode,
    scores: Vec<f32>,
}

/// Who runs on a pool in the middle of an episode, and when it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Microseconds since the episode began.
    pub now: u64,
    /// Of each that runs: when it ends and when it ends as declared, in microseconds, and its thousandths of a processor.
    pub running: Vec<(u64, u64, u32)>,
}

impl PoolPlayer {
    /// Plays an episode on a pool of so many thousandths of a processor; gives the mean bounded slowdown.
    pub fn play(
        &mut self,
        jobs: &Jobs,
        pool_milli: u32,
        passing: Passing,
        scorer: &mut impl PoolScorer,
    ) -> f64 {
        let table = Table { jobs, pool_milli, passing };
        self.episode.begin(table);
        self.play_out(table, scorer)
    }

    /// Plays on from the middle of an episode, in which the first `waiting` jobs wait and the others are still to come; `next`, one
    /// of those who wait, is picked first, and held until it starts. Gives the mean bounded slowdown of these jobs.
    ///
    /// # Panics
    /// When whoever runs has more than the pool.
    pub fn play_on(
        &mut self,
        jobs: &Jobs,
        from: [usize; 2],
        standing: &Standing,
        (pool_milli, passing): (u32, Passing),
        scorer: &mut impl PoolScorer,
    ) -> f64 {
        let table = Table { jobs, pool_milli, passing };
        self.episode.begin_amid(table, from, standing);
        self.play_out(table, scorer)
    }

    /// When each job of the last episode started, in microseconds.
    pub fn starts(&self) -> &[u64] {
        &self.episode.starts
    }

    /// Plays to the end; gives the mean of the bounded slowdowns.
    fn play_out(&mut self, table: Table<'_>, scorer: &mut impl PoolScorer) -> f64 {
        let jobs = table.jobs;
        let mut is_scored = false;
        loop {
            let question = self.episode.go_on(table);
            let all = 0..self.episode.waiting.len();
            let place = match question {
                Question::Next => {
                    self.score(table, scorer);
                    self.first(jobs, all)
                }
                Question::Pass => {
                    // Who was held when the episode was entered was promised something without a score.
                    if !is_scored {
                        self.score(table, scorer);
                    }
                    self.first(jobs, all.filter(|&place| self.episode.may_pass(jobs, place)))
                }
                Question::Nothing => break,
            };
            // What was scored holds for those who may pass, and no longer.
            is_scored = question == Question::Next;
            self.episode.choose(table, place.expect("there is somebody where somebody is asked for"));
            if table.passing != Passing::Easy {
                self.episode.settle_ties(jobs, &self.scores);
            }
        }
        self.episode.slowdowns() / jobs.len().max(1) as f64
    }

    /// Scores everyone who waits.
    fn score<S: PoolScorer>(&mut self, table: Table<'_>, scorer: &mut S) {
        if S::SEES_QUEUE {
            self.episode.refresh(table, self.episode.waiting.len());
        }
        let processors = |milli: u32| milli as f32 / 1000.0;
        let PoolEpisode { queue, waiting, .. } = &self.episode;
        let (free, all) = (processors(self.episode.free_milli()), processors(table.pool_milli));
        scorer.score(queue, waiting, free, all, &mut self.scores);
    }

    /// Of these places, that of the smallest score; of equal ones, of the first submitted.
    fn first(&self, jobs: &Jobs, places: impl Iterator<Item = usize>) -> Option<usize> {
        let key = |place: usize| (self.scores[place], jobs.submit[self.episode.waiting[place] as usize]);
        let is_before = |one: (f32, u64), other: (f32, u64)| match one.0.total_cmp(&other.0) {
            std::cmp::Ordering::Equal => one.1 < other.1,
            order => order.is_lt(),
        };
        places.reduce(|best, place| if is_before(key(place), key(best)) { place } else { best })
    }
}

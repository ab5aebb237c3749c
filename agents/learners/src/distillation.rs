//! From a trained order to a short formula that decides alike: whom the trained order picks is watched, and products of roots and
//! logarithms of what was known then are added one after the other, each time the one that explains most of the picks.
//!
//! What is fitted is told to three digits, and as such it is played and judged (`fit`).

use environment::pool::{Jobs, PoolPlayer, PoolScorer};
use policies::order::queue_features::{Queue, Weights};
use policies::order::{Facts, Formula};
use rayon::prelude::*;
use sim::kernel::rng::Seed;

use crate::order_search::{AllEasy, OrderProblem, Sequence};

mod fit;

pub use fit::fit;

/// So many of those who wait are looked at, in the order of the queue, and whoever was picked.
const CANDIDATES: usize = 64;
/// So many decisions are learned from, or judged by, at most.
const DECISIONS: usize = 4000;

/// Whom an order picked, of whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
    /// Those who waited.
    pub facts: Vec<Facts>,
    /// Which of them was picked.
    pub picked: usize,
    /// The scores by which; the smallest was.
    pub scores: Vec<f64>,
}

/// A formula with how well it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Distilled {
    /// The formula.
    pub formula: Formula,
    /// The share of held-back picks that it makes too.
    pub agreement: f64,
    /// What it is worth on the sequences that are held back ([`crate::order_search`]), smaller being better.
    pub value: f64,
}

/// Notes whom weights pick.
struct Watched<'a> {
    weights: Weights,
    jobs: &'a Jobs,
    picks: Vec<Pick>,
}

impl PoolScorer for Watched<'_> {
    fn score(&mut self, queue: &Queue, jobs: &[u32], free: f32, all: f32, scores: &mut Vec<f32>) {
        queue.score(&self.weights, free, all, scores);
        let smallest = |best: usize, place: usize| if scores[place] < scores[best] { place } else { best };
        let picked = (0..scores.len()).fold(0, smallest);
        if scores.len() < 2 {
            return;
        }
        let mut places: Vec<usize> = (0..scores.len().min(CANDIDATES)).collect();
        if picked >= places.len() {
            places.push(picked);
        }
        let facts = places.iter().map(|&place| facts(self.jobs, queue, jobs, place, [free, all])).collect();
        let picked = places.iter().position(|&place| place == picked).expect("it is among them");
        let scores = places.iter().map(|&place| scores[place].into()).collect();
        self.picks.push(Pick { facts, picked, scores });
    }
}

/// A formula that plays.
struct Played<'a> {
    formula: &'a Formula,
    jobs: &'a Jobs,
}

impl PoolScorer for Played<'_> {
    fn score(&mut self, queue: &Queue, jobs: &[u32], free: f32, all: f32, scores: &mut Vec<f32>) {
        let score = |place| self.formula.score(&facts(self.jobs, queue, jobs, place, [free, all])) as f32;
        scores.clear();
        scores.extend((0..queue.len()).map(score));
    }
}

fn facts(
    jobs: &Jobs,
    queue: &Queue,
    waiting: &[u32],
    place: usize,
    [free_cores, all_cores]: [f32; 2],
) -> Facts {
    Facts {
        estimate: jobs.facts(waiting[place] as usize)[0],
        cores: queue.cores[place].into(),
        waited: queue.waited[place].into(),
        delay: queue.delay[place].into(),
        fits: queue.cores[place] <= free_cores,
        queue: queue.len() as f64,
        free: (free_cores / all_cores).into(),
    }
}

/// Formulas of one term up to so many, fitted to what weights pick on drawn sequences, each judged by others that are held back.
///
/// # Errors
/// When nothing but easy sequences is drawn.
pub fn distil(
    problem: &OrderProblem,
    weights: &Weights,
    terms: usize,
    seed: Seed,
) -> Result<Vec<Distilled>, AllEasy> {
    let mut stream = seed.stream("sequences to watch");
    let watched = watch(problem, &problem.draw(&mut stream)?, weights);
    let held_back = watch(problem, problem.held_back(), weights);
    let judge = |formula: Formula| {
        let value = problem.value_of(|sequence, player| {
            let mut played = Played { formula: &formula, jobs: &sequence.jobs };
            player.play(&sequence.jobs, sequence.pool_milli, problem.passing(), &mut played)
        });
        Distilled { agreement: agreement(&formula, &held_back), formula, value }
    };
    Ok(fit(&watched, terms).into_iter().map(judge).collect())
}

/// What weights pick on sequences, thinned evenly.
fn watch(problem: &OrderProblem, sequences: &[Sequence], weights: &Weights) -> Vec<Pick> {
    let of = |sequence: &Sequence| {
        let mut watched = Watched { weights: *weights, jobs: &sequence.jobs, picks: Vec::new() };
        let mut player = PoolPlayer::default();
        player.play(&sequence.jobs, sequence.pool_milli, problem.passing(), &mut watched);
        watched.picks
    };
    let picks: Vec<Vec<Pick>> = sequences.par_iter().map(of).collect();
    let every = picks.iter().map(Vec::len).sum::<usize>().div_ceil(DECISIONS).max(1);
    picks.into_iter().flatten().step_by(every).collect()
}

/// The share of picks that a formula makes too; of equal scores the first counts, as in a queue.
pub fn agreement(formula: &Formula, picks: &[Pick]) -> f64 {
    let agrees = |pick: &&Pick| {
        let scores: Vec<f64> = pick.facts.iter().map(|facts| formula.score(facts)).collect();
        let smallest = |best: usize, place: usize| if scores[place] < scores[best] { place } else { best };
        (0..scores.len()).fold(0, smallest) == pick.picked
    };
    picks.iter().filter(agrees).count() as f64 / picks.len().max(1) as f64
}

//! A network for the order question of a pool, learned by proximal policy optimisation: it draws who is next on sequences of the
//! training, and is kept where it did best on those that are held back, on which it takes its first choice. It is looked at
//! there before it has learned anything, so that what is kept is never worse than what learning began with.

use std::sync::Arc;

use environment::order::{OrderEnvironment, OrderEpisodes};
use environment::pool::NetworkScores;
use policies::neural::Scorer;
use policies::order::queue_features::{SCALES, Weights};
use serde::{Deserialize, Serialize};

use crate::network::Form;
use crate::order_search::OrderProblem;
use crate::ppo::{Ppo, PpoPoint, PpoSettings};

/// Weights of the order `linear`, whose smallest score is next, as what networks that begin at its choices have beside them
/// ([`Form::heuristic`]): the largest score is next, and features come scaled. Scores are multiplied with the sharpness: the larger it is,
/// the surer the first choices are.
pub fn heuristic(weights: &Weights, sharpness: f32) -> Vec<f32> {
    weights.iter().zip(SCALES).map(|(weight, scale)| -sharpness * weight / scale).collect()
}

/// A training that can be stopped, written down and gone on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderPpo {
    ppo: Ppo,
    /// Iterations between two looks at what is held back.
    validate_every: u64,
    best: Vec<f32>,
    /// Nothing before the first look.
    best_validation: Option<f64>,
    /// Iteration and value of each look.
    looks: Vec<(u64, f64)>,
}

impl OrderPpo {
    /// At its beginning.
    pub fn new(settings: PpoSettings, form: Form, validate_every: u64) -> Self {
        let ppo = Ppo::new(settings, form);
        let best = ppo.parameters().to_vec();
        Self { ppo, validate_every, best, best_validation: None, looks: Vec::new() }
    }

    /// The network that did best on what is held back so far.
    pub fn best(&self) -> Scorer {
        self.ppo.form().scorer(&self.best)
    }

    /// Its value there; nothing before the first look.
    pub fn best_validation(&self) -> Option<f64> {
        self.best_validation
    }

    /// How many iterations have passed.
    pub fn iteration(&self) -> u64 {
        self.ppo.iteration()
    }

    /// What was seen, iteration by iteration.
    pub fn curve(&self) -> &[PpoPoint] {
        self.ppo.curve()
    }

    /// The iterations after which it was looked at, each with its value on what is held back; the first look comes before the first
    /// iteration.
    pub fn looks(&self) -> &[(u64, f64)] {
        &self.looks
    }

    /// One iteration. What it draws and finds does not depend on the number of threads.
    pub fn advance(&mut self, problem: &OrderProblem, episodes: &Arc<OrderEpisodes>) {
        if self.looks.is_empty() {
            self.look(problem);
        }
        self.ppo.advance(|| OrderEnvironment::new(episodes.clone()));
        let is_last = self.iteration() == self.ppo.settings().iterations;
        if is_last || self.iteration().is_multiple_of(self.validate_every) {
            self.look(problem);
        }
    }

    fn look(&mut self, problem: &OrderProblem) {
        let value = problem.value_of_network(&self.ppo.scorer());
        self.looks.push((self.iteration(), value));
        if self.best_validation.is_none_or(|best| value < best) {
            (self.best, self.best_validation) = (self.ppo.parameters().to_vec(), Some(value));
        }
    }
}

impl OrderProblem {
    /// What a network is worth on the sequences that are held back, when its first choice is taken; smaller is better.
    pub fn value_of_network(&self, network: &Scorer) -> f64 {
        self.value_of(|sequence, player| {
            let mut scores = NetworkScores::new(network);
            player.play(&sequence.jobs, sequence.pool_milli, self.passing(), &mut scores)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order_search::OrderTask;
    use crate::ppo::Baseline;
    use environment::environment::Environment;
    use environment::pool::{Jobs, Passing, PoolSource};
    use policies::neural::{Buffers, best, weighted};
    use policies::order::queue_features::{CANDIDATES, FEATURES};
    use sim::kernel::rng::Seed;

    /// Jobs of many kinds for 16 processors, under which there is a queue of some ten.
    fn task(passing: Passing) -> OrderTask {
        let mut random = Seed(3).stream("jobs");
        let mut jobs = Jobs::default();
        let mut submit = 0;
        for _ in 0..600 {
            submit += 1 + random.below(60_000_000) as u64;
            let run = libm::exp(9.0 * random.unit()) as u64 * 100_000;
            let beyond = random.below(20_000_000) as u64;
            jobs.push([submit, run, run + beyond], 1000 * (1 + random.below(16) as u32));
        }
        let source = PoolSource { jobs, pool_milli: 16_000, share: 1.0 };
        let (training, validation) = (vec![source.clone()], vec![source]);
        OrderTask { training, validation, passing, sequence_jobs: 100 }
    }

    fn problem(passing: Passing) -> OrderProblem {
        OrderProblem::new(task(passing), vec![0, 1], 4, 8, Seed(0)).expect("there is a queue")
    }

    fn form(weights: &Weights, sharpness: f32) -> Form {
        let heuristic = Some(heuristic(weights, sharpness));
        Form { features: FEATURES.len(), hidden: vec![8], embedding: 4, has_context: true, heuristic }
    }

    /// Wherever it is asked, whom a network prefers before it has learned is whom the order `linear` has next, but for scores that rounding
    /// makes equal.
    #[test]
    fn learning_begins_at_the_choices_of_a_linear_order() {
        let mut random = Seed(8).stream("weights");
        for passing in [Passing::None, Passing::EasyPublished, Passing::Easy] {
            let episodes = Arc::new(problem(passing).episodes().expect("there is a queue"));
            let weights: Weights = std::array::from_fn(|_| 4.0 * random.normal() as f32);
            let network = {
                let form = form(&weights, 0.25);
                form.scorer(&form.initial(Seed(1)))
            };
            let mut environment = OrderEnvironment::new(episodes);
            let width = FEATURES.len();
            let (mut rows, mut mask) = (vec![0.0; CANDIDATES * width], vec![false; CANDIDATES]);
            let (mut buffers, mut contested) = (Buffers::default(), 0);
            for seed in 0..5 {
                environment.reset(Seed(seed));
                loop {
                    environment.observe(&mut rows, &mut mask);
                    network.score(&rows, &mask, &mut buffers);
                    let choice = best(buffers.scores(), &mask).expect("somebody may be chosen");
                    let score = |place: usize| {
                        let row: Vec<f32> =
                            rows[place * width..][..width].iter().zip(SCALES).map(|(x, by)| x / by).collect();
                        weighted(&row, &weights)
                    };
                    let allowed = (0..CANDIDATES).filter(|&place| mask[place]);
                    let least = allowed.map(score).fold(f32::INFINITY, f32::min);
                    assert!(score(choice) <= least + 1e-4 * (1.0 + least.abs()));
                    contested += usize::from(mask.iter().filter(|may| **may).count() > 1);
                    if environment.step(choice).outcome.is_end() {
                        break;
                    }
                }
            }
            assert!(contested > 100, "{contested}");
        }
    }

    /// Smith's rule beside a network that has learned nothing is worth on what is held back what the order `linear` is; learning from there
    /// keeps what did best, and goes on to the same bits.
    #[test]
    fn what_did_best_is_kept() {
        let mut smith = Weights::default();
        (smith[0], smith[1]) = (2.0, 1.0);
        let problem = problem(Passing::EasyPublished);
        let episodes = Arc::new(problem.episodes().expect("there is a queue"));
        for baseline in [Baseline::Value, Baseline::SameSequence { group: 4 }] {
            let settings =
                PpoSettings { iterations: 5, environments: 8, steps: 40, baseline, ..PpoSettings::default() };
            let mut whole = OrderPpo::new(settings, form(&smith, 1.0), 2);
            let mut part = whole.clone();
            for _ in 0..5 {
                whole.advance(&problem, &episodes);
                let text = serde_json::to_string(&part).expect("numbers");
                part = serde_json::from_str(&text).expect("its own");
                part.advance(&problem, &episodes);
            }
            assert_eq!(whole, part);
            let looks = whole.looks();
            assert_eq!(looks.iter().map(|look| look.0).collect::<Vec<_>>(), [0, 2, 4, 5]);
            assert_eq!(looks[0].1, problem.value_of_weights(&smith));
            let least = looks.iter().map(|look| look.1).reduce(f64::min);
            assert_eq!(whole.best_validation(), least);
            assert_eq!(Some(problem.value_of_network(&whole.best())), least);
        }
    }
}

//! Evolution strategies as OpenAI had them (Salimans et al., arXiv:1703.03864): a gradient of the smoothed value, estimated from pairs of
//! points that lie opposite each other, all of which play the same episodes; only their order counts.
//!
//! ```text
//!   u_k = rank of the value of point k, spread over -1/2 to 1/2        the best is 1/2
//!   g   = 1 / (n s) * sum over pairs of (u_plus - u_minus) e           e standard normal, points x + s e and x - s e
//! ```

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sim::kernel::rng::Seed;

use crate::math::Adam;

/// How it searches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvolutionSettings {
    /// Of everything that is drawn.
    pub seed: u64,
    /// Pairs of points in a generation.
    pub pairs: usize,
    /// How far points lie from the middle.
    pub sigma: f32,
    /// How far the middle moves.
    pub rate: f32,
}

/// A search that can be written down and gone on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evolution {
    settings: EvolutionSettings,
    middle: Vec<f32>,
    adam: Adam,
    generation: u64,
}

/// Numbers from -1/2 for the smallest to 1/2 for the largest; equals share the mean of theirs.
pub fn ranks(values: &[f64]) -> Vec<f32> {
    let most = values.len().saturating_sub(1).max(1) as f64;
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count() as f64;
        let equal = values.iter().filter(|other| *other == value).count() as f64;
        ((below + (equal - 1.0) / 2.0) / most - 0.5) as f32
    };
    values.iter().map(rank).collect()
}

impl Evolution {
    /// A search round a point.
    pub fn new(settings: EvolutionSettings, start: Vec<f32>) -> Self {
        let adam = Adam::new(start.len());
        Self { settings, middle: start, adam, generation: 0 }
    }

    /// Where it is.
    pub fn middle(&self) -> &[f32] {
        &self.middle
    }

    /// How many generations have passed.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// One generation towards larger values, on all cores; `value` is told the seed of the generation, which is the same for all of its
    /// points. What it finds does not depend on the number of threads.
    pub fn advance(&mut self, value: impl Fn(&[f32], Seed) -> f64 + Sync) {
        let EvolutionSettings { seed, pairs, sigma, rate } = self.settings;
        let mut random = Seed(seed).stream(&format!("generation {}", self.generation));
        let of_generation = Seed(random.below(usize::MAX) as u64);
        let directions: Vec<Vec<f32>> =
            (0..pairs).map(|_| self.middle.iter().map(|_| random.normal() as f32).collect()).collect();
        let values: Vec<f64> = (0..2 * pairs)
            .into_par_iter()
            .map(|place| {
                let side = if place % 2 == 0 { sigma } else { -sigma };
                let direction = &directions[place / 2];
                let point: Vec<f32> =
                    self.middle.iter().zip(direction).map(|(middle, part)| middle + side * part).collect();
                value(&point, of_generation)
            })
            .collect();
        let ranks = ranks(&values);
        let mut slope = vec![0.0; self.middle.len()];
        for (pair, direction) in directions.iter().enumerate() {
            let difference = ranks[2 * pair] - ranks[2 * pair + 1];
            let weight = difference / (2.0 * pairs as f32 * sigma);
            slope.iter_mut().zip(direction).for_each(|(sum, part)| *sum -= weight * part);
        }
        self.adam.step(&mut self.middle, &slope, rate);
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cma_es::CmaEs;
    use crate::network::Form;
    use crate::worth::worth;
    use environment::environment::Environment;
    use environment::toys::{Bandit, Chain, Endless, Packing, WeightedCompletion, total_reward};
    use policies::neural::best;

    #[test]
    fn ranks_by_hand() {
        assert_eq!(ranks(&[3.0, -1.0, 7.0]), [0.0, -0.5, 0.5]);
        assert_eq!(ranks(&[1.0, 1.0, 2.0]), [-0.25, -0.25, 0.5]);
        assert_eq!(ranks(&[5.0]), [-0.5]);
    }

    /// A network for a toy.
    fn form<E: Environment + Default>() -> Form {
        let features = E::default().spec().features;
        Form { features, hidden: vec![8], embedding: 1, has_context: false, heuristic: None }
    }

    /// Mean of what a network is worth on so many episodes.
    fn paid<E: Environment + Default>(parameters: &[f32], seed: Seed, episodes: u64, discount: f64) -> f64 {
        let seeds = (0..episodes).map(|episode| Seed(seed.0.wrapping_add(episode)));
        worth(&mut E::default(), &form::<E>().scorer(parameters), seeds, discount)
    }

    fn by_evolution<E: Environment + Default>(seed: u64, discount: f64) -> f64 {
        let settings = EvolutionSettings { seed, pairs: 16, sigma: 0.3, rate: 0.1 };
        let mut search = Evolution::new(settings, form::<E>().initial(Seed(seed)));
        for _ in 0..60 {
            search.advance(|point, seed| paid::<E>(point, seed, 24, discount));
        }
        paid::<E>(search.middle(), Seed(1 << 40), 200, discount)
    }

    fn by_cma_es<E: Environment + Default>(seed: u64, discount: f64) -> f64 {
        let start: Vec<f64> = form::<E>().initial(Seed(seed)).into_iter().map(f64::from).collect();
        let mut search = CmaEs::new(&start, 0.5, 16, Seed(seed));
        for generation in 0..60 {
            let points = search.ask();
            let value = |point: &Vec<f64>| {
                let point: Vec<f32> = point.iter().map(|&part| part as f32).collect();
                -paid::<E>(&point, Seed(1000 * generation), 24, discount)
            };
            let values: Vec<f64> = points.iter().map(value).collect();
            search.tell(&points, &values);
        }
        let found: Vec<f32> = search.mean().iter().map(|&part| part as f32).collect();
        paid::<E>(&found, Seed(1 << 40), 200, discount)
    }

    /// Both, in this order.
    fn found<E: Environment + Default>(seed: u64, discount: f64) -> [f64; 2] {
        [by_evolution::<E>(seed, discount), by_cma_es::<E>(seed, discount)]
    }

    /// What the best rule is paid on the same 200 episodes.
    fn optimum<E: Environment + Default>(rule: impl Fn(&[f32], &[bool]) -> usize) -> f64 {
        let mut toy = E::default();
        (0..200).map(|episode| total_reward(&mut toy, Seed((1 << 40) + episode), &rule)).sum::<f64>() / 200.0
    }

    /// Mean worth of going round for ever, from where the same 200 episodes begin: `4 d^k / (1 - d^4)`, `k` steps before the payment.
    fn going_on() -> f64 {
        let (mut toy, discount) = (Endless::default(), f64::from(Endless::DISCOUNT));
        let from = |episode: u64| {
            let (mut observation, mut mask) = ([0.0; 10], [false; 2]);
            toy.reset(Seed((1 << 40) + episode));
            toy.observe(&mut observation, &mut mask);
            let place = observation[1..5].iter().position(|&is_here| is_here == 1.0).expect("a place");
            4.0 * libm::pow(discount, (3 - place) as f64) / (1.0 - libm::pow(discount, 4.0))
        };
        (0..200).map(from).sum::<f64>() / 200.0
    }

    /// Each within 60 generations (46,080 and 23,040 episodes) for seeds 0 to 4.
    #[test]
    fn toys_are_solved() {
        let arm = |observation: &[f32], mask: &[bool]| {
            let worths: Vec<f32> = observation.chunks(2).map(Bandit::worth).collect();
            best(&worths, mask).expect("an arm")
        };
        let on = |observation: &[f32], _: &[bool]| usize::from(observation[0] == 0.0);
        let bounds = [
            optimum::<Bandit>(arm) - 0.02,
            optimum::<Chain>(on),
            1.01 * optimum::<WeightedCompletion>(WeightedCompletion::smith),
            optimum::<Packing>(Packing::best_fit),
            going_on() - 0.01,
        ];
        for seed in 0..5 {
            let found = [
                found::<Bandit>(seed, 1.0),
                found::<Chain>(seed, 1.0),
                found::<WeightedCompletion>(seed, 1.0),
                found::<Packing>(seed, 1.0),
                found::<Endless>(seed, f64::from(Endless::DISCOUNT)),
            ];
            let is_reached =
                found.iter().zip(&bounds).all(|(found, bound)| found.iter().all(|found| found >= bound));
            assert!(is_reached, "seed {seed}: {found:?}, at least {bounds:?}");
        }
    }

    #[test]
    fn a_search_goes_on_where_it_stood() {
        let settings = EvolutionSettings { seed: 1, pairs: 4, sigma: 0.3, rate: 0.1 };
        let value = |point: &[f32], seed: Seed| paid::<Packing>(point, seed, 4, 1.0);
        let mut whole = Evolution::new(settings, form::<Packing>().initial(Seed(1)));
        let mut part = whole.clone();
        for _ in 0..4 {
            whole.advance(value);
            part = serde_json::from_str(&serde_json::to_string(&part).expect("numbers")).expect("its own");
            part.advance(value);
        }
        assert_eq!(whole, part);
        assert_eq!(whole.generation(), 4);
    }
}

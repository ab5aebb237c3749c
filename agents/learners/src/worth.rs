//! What a policy is worth where episodes may be cut off, for searches that judge whole policies: what it was paid, and at a cut what
//! is left to it, by least-squares temporal differences on its own steps (LSTD: Bradtke and Barto, Machine Learning 22, 1996).
//!
//! ```text
//!   V(s) = w x(s)        x: 1, and the mean of the rows of the candidates that may be chosen
//!   A = sum of x(s) (x(s) - d x(s'))'        b = sum of r x(s)        A w = b        nothing of x(s') behind an end
//!   worth = mean over episodes of  r_0 + d r_1 + ... + d^(k-1) r_(k-1) + d^k V(s_k)        no V behind an end
//! ```
//!
//! So a search sees beyond a cut that is shorter than what pays.

use environment::environment::{Environment, Outcome};
use policies::neural::{Buffers, Scorer, best};
use sim::kernel::rng::Seed;

use crate::math::solved;

/// Added to the diagonal, so that numbers which say the same thing share a weight.
const RIDGE: f64 = 1e-6;

/// A step as values see it.
struct Passed {
    state: Vec<f64>,
    reward: f64,
    /// Nothing behind an end.
    next: Option<Vec<f64>>,
}

/// An episode: what it was paid, discounted, and with how much what is left at its end counts.
struct Played {
    paid: f64,
    factor: f64,
    /// Where it was cut off.
    left: Option<Vec<f64>>,
}

/// The mean worth of episodes in which the candidate of the largest score is chosen, one for each seed. Where episodes are cut off, the
/// discount must be below 1.
pub fn worth(
    environment: &mut impl Environment,
    scorer: &Scorer,
    seeds: impl IntoIterator<Item = Seed>,
    discount: f64,
) -> f64 {
    let mut passed = Vec::new();
    let episodes: Vec<Played> =
        seeds.into_iter().map(|seed| play(environment, scorer, seed, discount, &mut passed)).collect();
    let weights = match episodes.iter().any(|episode| episode.left.is_some()) {
        true => fitted(&passed, discount),
        false => Vec::new(),
    };
    let left = |state: &Vec<f64>| state.iter().zip(&weights).map(|(x, weight)| x * weight).sum::<f64>();
    let each = episodes.iter().map(|one| one.paid + one.factor * one.left.as_ref().map_or(0.0, left));
    each.sum::<f64>() / episodes.len().max(1) as f64
}

/// One episode; its steps are added to those that passed.
fn play(
    environment: &mut impl Environment,
    scorer: &Scorer,
    seed: Seed,
    discount: f64,
    passed: &mut Vec<Passed>,
) -> Played {
    let spec = environment.spec();
    let (mut observation, mut mask) = (vec![0.0; spec.observation_len()], vec![false; spec.candidates]);
    let mut buffers = Buffers::default();
    environment.reset(seed);
    environment.observe(&mut observation, &mut mask);
    let mut state = seen(&observation, &mask, spec.features);
    let mut played = Played { paid: 0.0, factor: 1.0, left: None };
    loop {
        scorer.score(&observation, &mask, &mut buffers);
        let step = environment.step(best(buffers.scores(), &mask).expect("somebody may be chosen"));
        let reward = f64::from(step.reward);
        played.paid += played.factor * reward;
        played.factor *= discount;
        if step.outcome == Outcome::Terminated {
            passed.push(Passed { state, reward, next: None });
            return played;
        }
        environment.observe(&mut observation, &mut mask);
        let next = seen(&observation, &mask, spec.features);
        passed.push(Passed { state, reward, next: Some(next.clone()) });
        if step.outcome == Outcome::Truncated {
            played.left = Some(next);
            return played;
        }
        state = next;
    }
}

/// `x(s)`.
fn seen(observation: &[f32], mask: &[bool], features: usize) -> Vec<f64> {
    let count = mask.iter().filter(|may| **may).count().max(1) as f64;
    let mut state = vec![1.0];
    state.extend((0..features).map(|feature| {
        let rows = observation.chunks(features).zip(mask).filter(|(_, may)| **may);
        rows.map(|(row, _)| f64::from(row[feature])).sum::<f64>() / count
    }));
    state
}

/// `w`.
fn fitted(passed: &[Passed], discount: f64) -> Vec<f64> {
    let count = passed.first().map_or(0, |one| one.state.len());
    let (mut matrix, mut right) = (vec![vec![0.0; count]; count], vec![0.0; count]);
    for Passed { state, reward, next } in passed {
        for (place, x) in state.iter().enumerate() {
            right[place] += x * reward;
            for (column, value) in matrix[place].iter_mut().enumerate() {
                let after = next.as_ref().map_or(0.0, |next| next[column]);
                *value += x * (state[column] - discount * after);
            }
        }
    }
    matrix.iter_mut().enumerate().for_each(|(place, row)| row[place] += RIDGE);
    solved(matrix, right).unwrap_or_else(|| vec![0.0; count])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Form;
    use environment::toys::{Chain, Endless, total_reward};
    use policies::neural::Dense;

    /// A network that gives every candidate the first of its features, or its opposite.
    fn rule(features: usize, sign: f32) -> Scorer {
        let form = Form { features, hidden: Vec::new(), embedding: 1, has_context: false, heuristic: None };
        let mut scorer = form.scorer(&form.initial(Seed(0)));
        let mut weights = vec![0.0; features];
        weights[0] = sign;
        scorer.score = vec![Dense::new(features, 1, weights, vec![0.0])];
        scorer
    }

    /// Staying for ever pays 0.5 / (1 - 0.9) everywhere; going on for ever 4 d^k / (1 - d^4), k = 3, 2, 1, 0 by place.
    #[test]
    fn an_endless_walk_is_worth_what_it_would_pay() {
        let seeds = || (0..400).map(Seed);
        let mut toy = Endless::default();
        let staying = worth(&mut toy, &rule(5, -1.0), seeds(), 0.9);
        assert!((staying - 5.0).abs() < 1e-3, "{staying}");
        let going = worth(&mut toy, &rule(5, 1.0), seeds(), 0.9);
        let from = |seed: Seed| {
            toy.reset(seed);
            let (mut observation, mut mask) = ([0.0; 10], [false; 2]);
            toy.observe(&mut observation, &mut mask);
            let place = (0..4).find(|place| observation[1 + place] == 1.0).expect("a place");
            4.0 * 0.9_f64.powi(3 - place as i32) / (1.0 - 0.9_f64.powi(4))
        };
        let expected = seeds().map(from).sum::<f64>() / 400.0;
        assert!((going - expected).abs() < 1e-3, "{going} is not {expected}");
    }

    /// Where episodes end, it is what they pay.
    #[test]
    fn what_ends_is_worth_what_it_pays() {
        let (scorer, mut buffers, mut toy) = (rule(2, -1.0), Buffers::default(), Chain::default());
        let paid = total_reward(&mut toy, Seed(3), |observation, mask| {
            scorer.score(observation, mask, &mut buffers);
            best(buffers.scores(), mask).expect("somebody may be chosen")
        });
        assert_eq!(worth(&mut toy, &scorer, [Seed(3)], 1.0), paid);
    }
}

//! Deep Q-learning (Mnih et al., Nature 518, 2015) over candidates that may be masked: double (van Hasselt et al., arXiv:1509.06461),
//! duelling (Wang et al., arXiv:1511.06581), with returns over several steps (Sutton and Barto, Reinforcement Learning, 2018, chapter 7).
//!
//! ```text
//!   Q(s, a) = V(s) + A(s, a) - mean of A(s, .) over the candidates that may be chosen
//!   y       = r_1 + d r_2 + ... + d^(n-1) r_n + d^n Q_old(s_n, the a that Q likes best in s_n)       nothing behind an end; behind a cut, as if
//!             it went on
//!   loss    = mean of (Q(s, a) - y)^2
//! ```
//!
//! `Q_old` is the network as it was some learning steps ago. All draws hang on the training's seed and the iteration alone.

use std::collections::VecDeque;

use burn::prelude::*;
use environment::environment::{Environment, Outcome};
use policies::neural::{Buffers, Scorer, best};
use serde::{Deserialize, Serialize};
use sim::kernel::rng::{Seed, Stream};

use crate::math::{Adam, shorten};
use crate::network::{Batch, Form, Scored, Tensors, device};

/// How it learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DqnSettings {
    /// Of everything that is drawn.
    pub seed: u64,
    /// Iterations over which the share of random choices falls from 1 to `random_share`.
    pub iterations: u64,
    /// Choices of an iteration.
    pub steps: usize,
    /// Learning steps of an iteration.
    pub updates: usize,
    /// Choices of a learning step.
    pub minibatch: usize,
    /// The most choices that are remembered.
    pub memory: usize,
    /// Rewards that are summed before the network is asked.
    pub returns: usize,
    /// What the next step's worth is multiplied with.
    pub discount: f32,
    /// The share of random choices at the end.
    pub random_share: f64,
    /// Iterations after which `Q_old` becomes `Q`.
    pub renewed_every: u64,
    /// The learning rate at the start; it falls to a tenth of that.
    pub rate: f32,
    /// The most that gradients may be long.
    pub gradient_length: f32,
}

impl Default for DqnSettings {
    fn default() -> Self {
        Self {
            seed: 0,
            iterations: 60,
            steps: 128,
            updates: 16,
            minibatch: 128,
            memory: 8192,
            returns: 3,
            discount: 0.99,
            random_share: 0.05,
            renewed_every: 2,
            rate: 3e-3,
            gradient_length: 10.0,
        }
    }
}

/// A choice and what followed within a few steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Remembered {
    observation: Vec<f32>,
    mask: Vec<bool>,
    choice: usize,
    /// The discounted sum of the rewards.
    paid: f32,
    /// What is then multiplied with the worth of what is seen; 0 behind an end.
    factor: f32,
    next_observation: Vec<f32>,
    next_mask: Vec<bool>,
}

/// A choice whose return is not complete.
struct Open {
    observation: Vec<f32>,
    mask: Vec<bool>,
    choice: usize,
    rewards: Vec<f32>,
}

/// A training that can be written down and gone on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dqn {
    settings: DqnSettings,
    form: Form,
    parameters: Vec<f32>,
    old: Vec<f32>,
    adam: Adam,
    memory: VecDeque<Remembered>,
    iteration: u64,
}

/// `Q` of every candidate, from what a network says of them.
fn duel(scores: &[f32], mask: &[bool], value: f32) -> Vec<f32> {
    let allowed = || scores.iter().zip(mask).filter(|(_, may)| **may).map(|(score, _)| *score);
    let mean = allowed().sum::<f32>() / allowed().count() as f32;
    scores.iter().map(|score| value + score - mean).collect()
}

impl Dqn {
    /// At its beginning.
    pub fn new(settings: DqnSettings, form: Form) -> Self {
        let parameters = form.initial(Seed(settings.seed));
        let (old, adam) = (parameters.clone(), Adam::new(parameters.len()));
        Self { settings, form, parameters, old, adam, memory: VecDeque::new(), iteration: 0 }
    }

    /// How many iterations have passed.
    pub fn iteration(&self) -> u64 {
        self.iteration
    }

    /// What was learned: the candidate with the largest score is the best.
    pub fn scorer(&self) -> Scorer {
        self.form.scorer(&self.parameters)
    }

    /// One iteration, in a copy of the environment that begins anew.
    pub fn advance(&mut self, environment: &mut impl Environment) {
        let mut random = Seed(self.settings.seed).stream(&format!("iteration {}", self.iteration));
        self.collect(environment, &mut random);
        let device = device();
        for _ in 0..self.settings.updates {
            self.learn(&mut random, &device);
        }
        self.iteration += 1;
        if self.iteration.is_multiple_of(self.settings.renewed_every) {
            self.old.clone_from(&self.parameters);
        }
    }

    fn collect(&mut self, environment: &mut impl Environment, random: &mut Stream) {
        let (scorer, spec) = (self.scorer(), environment.spec());
        let passed = (self.iteration as f64 / self.settings.iterations.max(1) as f64).min(1.0);
        let random_share = 1.0 + (self.settings.random_share - 1.0) * passed;
        let mut buffers = Buffers::default();
        let (mut observation, mut mask) = (vec![0.0; spec.observation_len()], vec![false; spec.candidates]);
        // The oldest first.
        let mut open: VecDeque<Open> = VecDeque::new();
        environment.reset(Seed(random.below(usize::MAX) as u64));
        for step in 1..=self.settings.steps {
            environment.observe(&mut observation, &mut mask);
            let choice = if random.unit() < random_share {
                let allowed: Vec<usize> = (0..mask.len()).filter(|&candidate| mask[candidate]).collect();
                allowed[random.below(allowed.len())]
            } else {
                scorer.score(&observation, &mask, &mut buffers);
                best(buffers.scores(), &mask).expect("somebody may be chosen")
            };
            let (seen, seen_mask) = (observation.clone(), mask.clone());
            open.push_back(Open { observation: seen, mask: seen_mask, choice, rewards: Vec::new() });
            let passed = environment.step(choice);
            open.iter_mut().for_each(|one| one.rewards.push(passed.reward));
            let is_last = passed.outcome.is_end() || step == self.settings.steps;
            if passed.outcome != Outcome::Terminated {
                environment.observe(&mut observation, &mut mask);
            }
            let is_complete = |one: &Open| is_last || one.rewards.len() == self.settings.returns;
            while let Some(Open { observation: seen, mask: seen_mask, choice, rewards }) =
                open.pop_front_if(|one| is_complete(one))
            {
                let discount = self.settings.discount;
                let paid = rewards.iter().rev().fold(0.0, |sum, reward| reward + discount * sum);
                let factor = match passed.outcome {
                    Outcome::Terminated => 0.0,
                    Outcome::Continues | Outcome::Truncated => libm::powf(discount, rewards.len() as f32),
                };
                self.memory.push_back(Remembered {
                    observation: seen,
                    mask: seen_mask,
                    choice,
                    paid,
                    factor,
                    next_observation: observation.clone(),
                    next_mask: mask.clone(),
                });
                if self.memory.len() > self.settings.memory {
                    self.memory.pop_front();
                }
            }
            if passed.outcome.is_end() {
                environment.reset(Seed(random.below(usize::MAX) as u64));
            }
        }
    }

    fn learn(&mut self, random: &mut Stream, device: &Device) {
        let (now, old) = (self.scorer(), self.form.scorer(&self.old));
        let drawn: Vec<&Remembered> =
            (0..self.settings.minibatch).map(|_| &self.memory[random.below(self.memory.len())]).collect();
        let targets: Vec<f32> = drawn.iter().map(|one| target(one, &now, &old)).collect();
        let candidates = drawn[0].mask.len();
        let batch = Batch {
            shape: [drawn.len(), candidates, self.form.features],
            observations: drawn.iter().flat_map(|one| one.observation.iter().copied()).collect(),
            masks: drawn.iter().flat_map(|one| one.mask.iter().copied()).collect(),
        };
        let choices: Vec<i32> = drawn.iter().map(|one| one.choice as i32).collect();
        let tensors = Tensors::new(&self.form, &self.parameters, device);
        let loss = loss(&tensors, &self.form, &batch, choices, targets, device);
        let mut gradient = tensors.gradient(&loss);
        shorten(&mut gradient, self.settings.gradient_length);
        let passed = (self.iteration as f32 / self.settings.iterations.max(1) as f32).min(1.0);
        self.adam.step(&mut self.parameters, &gradient, self.settings.rate * (1.0 - 0.9 * passed));
    }
}

/// What a remembered choice was worth: who is best is said by the one network, how good by the other.
fn target(one: &Remembered, now: &Scorer, old: &Scorer) -> f32 {
    if one.factor == 0.0 {
        return one.paid;
    }
    let mut buffers = Buffers::default();
    now.score(&one.next_observation, &one.next_mask, &mut buffers);
    let liked = best(buffers.scores(), &one.next_mask).expect("somebody may be chosen");
    let value = old.evaluate(&one.next_observation, &one.next_mask, &mut buffers);
    one.paid + one.factor * duel(buffers.scores(), &one.next_mask, value)[liked]
}

fn loss(
    tensors: &Tensors,
    form: &Form,
    batch: &Batch,
    choices: Vec<i32>,
    targets: Vec<f32>,
    device: &Device,
) -> Tensor<1> {
    let count = choices.len();
    let Scored { scores, counted, values } = tensors.scored(form, batch, device);
    let mean = (scores.clone() * counted.clone()).sum_dim(1) / counted.sum_dim(1);
    let choices = Tensor::<2, Int>::from_data(TensorData::new(choices, [count, 1]), device);
    let targets = Tensor::<2>::from_data(TensorData::new(targets, [count, 1]), device);
    (values + scores.gather(1, choices) - mean - targets).powi_scalar(2).mean()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::numbers;
    use environment::toys::{Bandit, Chain, Endless, Packing, WeightedCompletion, total_reward};

    fn form(features: usize) -> Form {
        Form { features, hidden: vec![24], embedding: 24, has_context: true, heuristic: None }
    }

    fn trained<E: Environment + Default>(settings: DqnSettings, features: usize) -> Dqn {
        let iterations = settings.iterations;
        let mut dqn = Dqn::new(settings, form(features));
        for _ in 0..iterations {
            dqn.advance(&mut E::default());
        }
        dqn
    }

    /// Means of what was learned is paid on fifty episodes that were never seen, and of what the best rule is paid.
    fn against<E: Environment + Default>(dqn: &Dqn, rule: impl Fn(&[f32], &[bool]) -> usize) -> [f64; 2] {
        let (scorer, mut buffers) = (dqn.scorer(), Buffers::default());
        let mut toy = E::default();
        let mut sums = [0.0; 2];
        for seed in 1_000_000..1_000_050 {
            sums[0] += total_reward(&mut toy, Seed(seed), |observation, mask| {
                scorer.score(observation, mask, &mut buffers);
                best(buffers.scores(), mask).expect("somebody may be chosen")
            });
            sums[1] += total_reward(&mut toy, Seed(seed), &rule);
        }
        sums.map(|sum| sum / 50.0)
    }

    fn settings(seed: u64) -> DqnSettings {
        DqnSettings { seed, ..DqnSettings::default() }
    }

    /// Each within 60 iterations of 128 choices, 7,680 in all, for seeds 0 to 4; weighted completion times, where payments are of all sizes, within
    /// 240 and one percent.
    #[test]
    fn toys_are_solved() {
        let arm = |observation: &[f32], mask: &[bool]| {
            let worths: Vec<f32> = observation.chunks(2).map(Bandit::worth).collect();
            best(&worths, mask).expect("an arm")
        };
        let on = |observation: &[f32], _: &[bool]| usize::from(observation[0] == 0.0);
        for seed in 0..5 {
            let [found, best] = against::<Bandit>(&trained::<Bandit>(settings(seed), 2), arm);
            assert!(found >= best - 0.02, "seed {seed}, bandit: {found}, {best}");
            let [found, best] = against::<Chain>(&trained::<Chain>(settings(seed), 2), on);
            assert_eq!(found, best, "seed {seed}, chain");
            let [found, best] = against::<Packing>(&trained::<Packing>(settings(seed), 2), Packing::best_fit);
            assert_eq!(found, best, "seed {seed}, items");
            let dqn = trained::<WeightedCompletion>(DqnSettings { iterations: 240, ..settings(seed) }, 3);
            let [found, best] = against::<WeightedCompletion>(&dqn, WeightedCompletion::smith);
            assert!(found >= 1.01 * best, "seed {seed}, completion: {found}, {best}");
        }
    }

    #[test]
    fn the_endless_walk_goes_on() {
        for seed in 0..5 {
            let settings = DqnSettings { discount: Endless::DISCOUNT, ..settings(seed) };
            let scorer = trained::<Endless>(settings, 5).scorer();
            let mut buffers = Buffers::default();
            for place in 0..4 {
                let mut observation = [0.0; 10];
                (observation[5], observation[1 + place], observation[6 + place]) = (1.0, 1.0, 1.0);
                scorer.score(&observation, &[true; 2], &mut buffers);
                assert_eq!(best(buffers.scores(), &[true; 2]), Some(1), "seed {seed}, place {place}");
            }
        }
    }

    #[test]
    fn a_training_that_is_gone_on_with_ends_in_the_same_bits() {
        let settings = DqnSettings { iterations: 4, ..settings(7) };
        let whole = trained::<Packing>(settings.clone(), 2);
        let mut part = Dqn::new(settings, form(2));
        for _ in 0..4 {
            part = serde_json::from_str(&serde_json::to_string(&part).expect("numbers")).expect("its own");
            part.advance(&mut Packing::default());
        }
        assert_eq!(whole, part);
        assert_eq!(part.iteration(), 4);
    }

    /// V = 2 and A = (1, 3) of two that may be chosen: Q = 2 + 1 - 2 and 2 + 3 - 2. A third does not count.
    #[test]
    fn a_duel_by_hand() {
        assert_eq!(duel(&[1.0, 3.0, 9.0], &[true, true, false], 2.0), [1.0, 3.0, 9.0]);
    }

    /// The gradient of the loss against differences of the loss, parameter by parameter.
    #[test]
    fn gradients_agree_with_finite_differences() {
        let form = Form { features: 2, hidden: vec![4], embedding: 3, has_context: true, heuristic: None };
        let mut random = Seed(2).stream("test");
        let mut draw = |count: usize| (0..count).map(|_| 0.5 * random.normal() as f32).collect::<Vec<f32>>();
        let parameters = draw(form.parameter_count());
        let masks = vec![true, true, false, true, true, true, false, true, true];
        let batch = Batch { shape: [3, 3, 2], observations: draw(18), masks };
        let targets = draw(3);
        let device = device();
        let loss = |parameters: &[f32]| {
            let tensors = Tensors::new(&form, parameters, &device);
            let loss = loss(&tensors, &form, &batch, vec![0, 1, 2], targets.clone(), &device);
            (tensors, loss)
        };
        let (tensors, at) = loss(&parameters);
        let gradient = tensors.gradient(&at);
        for place in 0..gradient.len() {
            let moved = |by: f32| {
                let mut parameters = parameters.clone();
                parameters[place] += by;
                f64::from(numbers(loss(&parameters).1)[0])
            };
            let (slope, found) = ((moved(5e-3) - moved(-5e-3)) / 1e-2, f64::from(gradient[place]));
            assert!((slope - found).abs() < 3e-3 + 0.03 * found.abs(), "{place}: {slope} and {found}");
        }
    }
}

//! Proximal policy optimisation (Schulman et al., arXiv:1707.06347) over candidates that may be masked, with what is known to matter
//! (Huang et al., The 37 Implementation Details of PPO, 2022): generalised advantages, standardised over a minibatch, gradients
//! shortened by their common length, a learning rate that falls to 0, and an early stop where the policy has moved too far.
//!
//! ```text
//!   collect   environments x steps choices, drawn from the policy            without gradients (`policies::neural`)
//!   judge     advantages and returns                                         `math::advantages`
//!   learn     epochs x minibatches:  - min(r A, clip(r, 1 - c, 1 + c) A) + w (V - R)^2 / 2 - e H
//! ```
//!
//! Every iteration begins episodes anew, under seeds that hang on the training's seed and the iteration alone, and what is cut
//! off at its end counts with its value: so a training that is written down and gone on with ends in the same bits.

use burn::prelude::*;
use environment::environment::{Environment, Outcome};
use policies::neural::{Buffers, best};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sim::kernel::rng::{Seed, Stream};

use crate::math::{Adam, Step, advantages, divergence, explained_variance, shorten, standardise};
use crate::network::{Batch, Form, Tensors, device, numbers};

/// How it learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PpoSettings {
    /// Of everything that is drawn.
    pub seed: u64,
    /// Iterations in all; the learning rate falls to 0 over them.
    pub iterations: u64,
    /// Copies of the environment.
    pub environments: usize,
    /// Choices of each copy in an iteration.
    pub steps: usize,
    /// How often what was collected is gone through.
    pub epochs: usize,
    /// Choices of a minibatch.
    pub minibatch: usize,
    /// What the next step's worth is multiplied with.
    pub discount: f32,
    /// The `l` of generalised advantages.
    pub trace: f32,
    /// How far a probability may move, as a share, before there is nothing to be won by it.
    pub clip: f32,
    /// What spread-out probabilities weigh.
    pub entropy: f32,
    /// What the error of values weighs.
    pub value_weight: f32,
    /// The learning rate at the start.
    pub rate: f32,
    /// The most that gradients may be long.
    pub gradient_length: f32,
    /// The divergence from the collecting policy beyond which an iteration learns no further.
    pub most_divergence: f64,
}

impl Default for PpoSettings {
    fn default() -> Self {
        Self {
            seed: 0,
            iterations: 100,
            environments: 16,
            steps: 64,
            epochs: 4,
            minibatch: 256,
            discount: 0.99,
            trace: 0.95,
            clip: 0.2,
            entropy: 0.01,
            value_weight: 0.5,
            rate: 3e-3,
            gradient_length: 0.5,
            most_divergence: 0.05,
        }
    }
}

/// What an iteration saw.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PpoPoint {
    /// Which one, counted from 1.
    pub iteration: u64,
    /// Mean of what episodes paid that ended in it; nothing when none did.
    pub episode_reward: Option<f64>,
    /// How far the policy moved.
    pub divergence: f64,
    /// Mean entropy of the choices that were made, in nats.
    pub entropy: f64,
    /// How much of the returns values explain.
    pub explained_variance: f64,
}

/// A training that can be written down and gone on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ppo {
    settings: PpoSettings,
    form: Form,
    parameters: Vec<f32>,
    adam: Adam,
    curve: Vec<PpoPoint>,
}

/// What one copy of the environment went through.
#[derive(Default)]
struct Rollout {
    observations: Vec<f32>,
    masks: Vec<bool>,
    choices: Vec<i32>,
    logs: Vec<f32>,
    steps: Vec<Step>,
    entropy: f64,
    episodes: Vec<f64>,
}

impl Ppo {
    /// At its beginning.
    pub fn new(settings: PpoSettings, form: Form) -> Self {
        let parameters = form.initial(Seed(settings.seed));
        let adam = Adam::new(parameters.len());
        Self { settings, form, parameters, adam, curve: Vec::new() }
    }

    /// How many iterations have passed.
    pub fn iteration(&self) -> u64 {
        self.curve.len() as u64
    }

    /// What was seen, iteration by iteration.
    pub fn curve(&self) -> &[PpoPoint] {
        &self.curve
    }

    /// What was learned, for choosing without learning.
    pub fn scorer(&self) -> policies::neural::Scorer {
        self.form.scorer(&self.parameters)
    }

    /// One iteration. What it finds does not depend on the number of threads.
    pub fn advance<E: Environment>(&mut self, make: impl Fn() -> E + Sync) {
        let rollouts: Vec<Rollout> = (0..self.settings.environments)
            .into_par_iter()
            .map(|copy| self.collect(&mut make(), copy))
            .collect();
        let PpoSettings { discount, trace, .. } = self.settings;
        let judged: Vec<f32> =
            rollouts.iter().flat_map(|one| advantages(&one.steps, discount, trace)).collect();
        let values: Vec<f32> =
            rollouts.iter().flat_map(|one| one.steps.iter().map(|step| step.value)).collect();
        let returns: Vec<f32> =
            judged.iter().zip(&values).map(|(advantage, value)| advantage + value).collect();
        let divergence = self.learn(&rollouts, &judged, &returns);
        let episodes: Vec<f64> = rollouts.iter().flat_map(|one| one.episodes.iter().copied()).collect();
        let mean = episodes.iter().sum::<f64>() / episodes.len() as f64;
        self.curve.push(PpoPoint {
            iteration: self.iteration() + 1,
            episode_reward: (!episodes.is_empty()).then_some(mean),
            divergence,
            entropy: rollouts.iter().map(|one| one.entropy).sum::<f64>() / values.len() as f64,
            explained_variance: explained_variance(&values, &returns),
        });
    }

    fn collect(&self, environment: &mut impl Environment, copy: usize) -> Rollout {
        let seed = Seed(self.settings.seed);
        let mut random = seed.stream(&format!("choices of iteration {}, copy {copy}", self.iteration()));
        let mut next_seed = || Seed(random_seed(&mut random));
        let scorer = self.scorer();
        let spec = environment.spec();
        let (mut observation, mut mask) = (vec![0.0; spec.observation_len()], vec![false; spec.candidates]);
        let mut buffers = Buffers::default();
        let mut rollout = Rollout::default();
        environment.reset(next_seed());
        let mut paid = 0.0;
        let mut choices = seed.stream(&format!("draws of iteration {}, copy {copy}", self.iteration()));
        environment.observe(&mut observation, &mut mask);
        let mut value = scorer.evaluate(&observation, &mask, &mut buffers);
        for place in 1..=self.settings.steps {
            let (choice, log, entropy) = draw(buffers.scores(), &mask, &mut choices);
            rollout.observations.extend_from_slice(&observation);
            rollout.masks.extend_from_slice(&mask);
            rollout.choices.push(choice as i32);
            rollout.logs.push(log);
            rollout.entropy += entropy;
            let step = environment.step(choice);
            paid += f64::from(step.reward);
            let next_value = match step.outcome {
                Outcome::Terminated => 0.0,
                Outcome::Continues | Outcome::Truncated => {
                    environment.observe(&mut observation, &mut mask);
                    scorer.evaluate(&observation, &mask, &mut buffers)
                }
            };
            let is_end = step.outcome.is_end();
            let is_last = is_end || place == self.settings.steps;
            rollout.steps.push(Step { reward: step.reward, value, next_value, is_last });
            value = next_value;
            if is_end {
                rollout.episodes.push(std::mem::take(&mut paid));
                environment.reset(next_seed());
                environment.observe(&mut observation, &mut mask);
                value = scorer.evaluate(&observation, &mask, &mut buffers);
            }
        }
        rollout
    }

    /// Goes through what was collected; the divergence at the end.
    fn learn(&mut self, rollouts: &[Rollout], judged: &[f32], returns: &[f32]) -> f64 {
        let settings = self.settings.clone();
        let left = 1.0 - self.iteration() as f32 / settings.iterations.max(1) as f32;
        let device = device();
        let mut random =
            Seed(settings.seed).stream(&format!("minibatches of iteration {}", self.iteration()));
        let mut order: Vec<usize> = (0..judged.len()).collect();
        let mut moved = 0.0;
        'epochs: for _ in 0..settings.epochs {
            random.shuffle(&mut order);
            for places in order.chunks(settings.minibatch) {
                let sample = Sample::of(places, rollouts, judged, returns, &settings, self.form.features);
                let tensors = Tensors::new(&self.form, &self.parameters, &device);
                let (loss, logs) = loss(&tensors, &self.form, &sample, &settings, &device);
                moved = divergence(&sample.logs, &logs);
                if moved > settings.most_divergence {
                    break 'epochs;
                }
                let mut gradient = tensors.gradient(&loss);
                shorten(&mut gradient, settings.gradient_length);
                self.adam.step(&mut self.parameters, &gradient, settings.rate * left);
            }
        }
        moved
    }
}

fn random_seed(random: &mut Stream) -> u64 {
    random.below(usize::MAX) as u64
}

/// Draws a candidate by the softmax of the scores: who, the logarithm of its probability, and the entropy.
fn draw(scores: &[f32], mask: &[bool], random: &mut Stream) -> (usize, f32, f64) {
    let allowed = || scores.iter().zip(mask).enumerate().filter(|(_, (_, may))| **may);
    let largest = allowed().map(|(_, (score, _))| *score).fold(f32::NEG_INFINITY, f32::max);
    let weight = |score: f32| f64::from(libm::expf(score - largest));
    let sum: f64 = allowed().map(|(_, (score, _))| weight(*score)).sum();
    let mut at = random.unit() * sum;
    let drawn = allowed().find(|(_, (score, _))| {
        at -= weight(**score);
        at < 0.0
    });
    let place = drawn.map_or_else(|| best(scores, mask).unwrap_or(0), |(place, _)| place);
    let entropy = libm::log(sum)
        - allowed().map(|(_, (score, _))| weight(*score) * f64::from(score - largest)).sum::<f64>() / sum;
    (place, scores[place] - largest - libm::log(sum) as f32, entropy)
}

/// A minibatch.
struct Sample {
    batch: Batch,
    choices: Vec<i32>,
    logs: Vec<f32>,
    advantages: Vec<f32>,
    returns: Vec<f32>,
}

impl Sample {
    fn of(
        places: &[usize],
        rollouts: &[Rollout],
        judged: &[f32],
        returns: &[f32],
        settings: &PpoSettings,
        features: usize,
    ) -> Self {
        let candidates = rollouts[0].masks.len() / settings.steps;
        let (mut observations, mut masks) = (Vec::new(), Vec::new());
        let (mut choices, mut logs) = (Vec::new(), Vec::new());
        for &place in places {
            let (rollout, step) = (&rollouts[place / settings.steps], place % settings.steps);
            let width = candidates * features;
            observations.extend_from_slice(&rollout.observations[step * width..(step + 1) * width]);
            masks.extend_from_slice(&rollout.masks[step * candidates..(step + 1) * candidates]);
            choices.push(rollout.choices[step]);
            logs.push(rollout.logs[step]);
        }
        let of = |numbers: &[f32]| places.iter().map(|&place| numbers[place]).collect::<Vec<f32>>();
        let mut advantages = of(judged);
        standardise(&mut advantages);
        let batch = Batch { shape: [places.len(), candidates, features], observations, masks };
        Self { batch, choices, logs, advantages, returns: of(returns) }
    }
}

/// The loss, and the logarithms of the probabilities of what was chosen.
fn loss(
    tensors: &Tensors,
    form: &Form,
    sample: &Sample,
    settings: &PpoSettings,
    device: &Device,
) -> (Tensor<1>, Vec<f32>) {
    let count = sample.choices.len();
    let column =
        |numbers: &[f32]| Tensor::<2>::from_data(TensorData::new(numbers.to_vec(), [count, 1]), device);
    let choices = Tensor::<2, Int>::from_data(TensorData::new(sample.choices.clone(), [count, 1]), device);
    let (logs, values) = tensors.forward(form, &sample.batch, device);
    let chosen = logs.clone().gather(1, choices);
    let ratio = (chosen.clone() - column(&sample.logs)).exp();
    let advantage = column(&sample.advantages);
    let bounded = ratio.clone().clamp(1.0 - settings.clip, 1.0 + settings.clip) * advantage.clone();
    let won = (ratio * advantage).min_pair(bounded).mean();
    let error = (values - column(&sample.returns)).powi_scalar(2).mean();
    // Whoever may not be chosen has a probability of 0, and 0 times a large number must be 0.
    let spread = (logs.clone().exp() * logs.clamp_min(-50.0)).sum_dim(1).mean();
    let loss = error * (0.5 * settings.value_weight) - won + spread * settings.entropy;
    (loss, numbers(chosen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use environment::toys::{Bandit, Chain, Endless, Packing, WeightedCompletion, total_reward};

    fn form(features: usize) -> Form {
        Form { features, hidden: vec![16], embedding: 16, has_context: false, heuristic: None }
    }

    fn trained<E: Environment>(make: impl Fn() -> E + Sync, settings: PpoSettings, features: usize) -> Ppo {
        let iterations = settings.iterations;
        let mut ppo = Ppo::new(settings, form(features));
        for _ in 0..iterations {
            ppo.advance(&make);
        }
        ppo
    }

    /// What a trained policy is paid on episodes that it never saw, choosing the best, and what the best rule is paid.
    fn against(
        ppo: &Ppo,
        toy: &mut dyn Environment,
        rule: impl Fn(&[f32], &[bool]) -> usize,
    ) -> Vec<(f64, f64)> {
        let scorer = ppo.scorer();
        let mut buffers = Buffers::default();
        (1_000_000..1_000_050)
            .map(|seed| {
                let learned = total_reward(toy, Seed(seed), |observation, mask| {
                    scorer.score(observation, mask, &mut buffers);
                    best(buffers.scores(), mask).expect("somebody may be chosen")
                });
                (learned, total_reward(toy, Seed(seed), &rule))
            })
            .collect()
    }

    fn settings(seed: u64, iterations: u64) -> PpoSettings {
        PpoSettings { seed, iterations, ..PpoSettings::default() }
    }

    /// Within 41,000 choices the arm is the best on all but a few questions, whose best two arms are worth almost the same.
    #[test]
    fn the_bandit_is_solved() {
        for seed in 0..5 {
            let ppo = trained(Bandit::default, settings(seed, 40), 2);
            let rule = |observation: &[f32], mask: &[bool]| {
                let worths: Vec<f32> = observation.chunks(2).map(Bandit::worth).collect();
                best(&worths, mask).expect("an arm")
            };
            let lost: f64 =
                against(&ppo, &mut Bandit::default(), rule).iter().map(|(found, best)| best - found).sum();
            assert!(lost / 50.0 < 0.01, "seed {seed}: {lost}");
        }
    }

    #[test]
    fn the_chain_is_walked_to_its_end() {
        for seed in 0..5 {
            let ppo = trained(Chain::default, settings(seed, 40), 2);
            let pairs =
                against(&ppo, &mut Chain::default(), |observation, _| usize::from(observation[0] == 0.0));
            assert!(pairs.iter().all(|(found, best)| found == best && *best == Chain::BEST), "seed {seed}");
        }
    }

    /// Smith's rule within one percent.
    #[test]
    fn weighted_completion_is_ordered() {
        for seed in 0..5 {
            let ppo = trained(WeightedCompletion::default, settings(seed, 80), 2);
            let pairs = against(&ppo, &mut WeightedCompletion::default(), WeightedCompletion::smith);
            let (found, best) = pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
            assert!(found >= 1.01 * best, "seed {seed}: {found}, {best}");
        }
    }

    #[test]
    fn items_are_packed_as_best_fit_does() {
        for seed in 0..5 {
            let ppo = trained(Packing::default, settings(seed, 60), 2);
            let pairs = against(&ppo, &mut Packing::default(), Packing::best_fit);
            assert!(pairs.iter().all(|(found, best)| found == best), "seed {seed}: {pairs:?}");
        }
    }

    /// Going on is best in every place; that is only found by whoever values what lies beyond the cut.
    #[test]
    fn the_endless_walk_goes_on() {
        for seed in 0..5 {
            let settings = PpoSettings { discount: Endless::DISCOUNT, ..settings(seed, 60) };
            let scorer = trained(Endless::default, settings, 5).scorer();
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
        let whole = trained(Packing::default, settings(3, 6), 2);
        let mut part = Ppo::new(settings(3, 6), form(2));
        for _ in 0..6 {
            let text = serde_json::to_string(&part).expect("numbers");
            part = serde_json::from_str(&text).expect("its own");
            part.advance(Packing::default);
        }
        assert_eq!(whole, part);
    }

    /// The gradient of the loss against differences of the loss, parameter by parameter.
    #[test]
    fn gradients_agree_with_finite_differences() {
        let form =
            Form { has_context: true, heuristic: Some((0, 0.5)), hidden: vec![4], embedding: 3, features: 2 };
        let settings = PpoSettings { entropy: 0.1, steps: 8, ..PpoSettings::default() };
        let mut ppo = Ppo::new(settings.clone(), form.clone());
        let mut random = Seed(5).stream("parameters of the test");
        ppo.parameters.iter_mut().for_each(|parameter| *parameter = 0.4 * random.normal() as f32);
        let rollout = ppo.collect(&mut Packing::default(), 0);
        let judged: Vec<f32> = (0..8).map(|_| random.normal() as f32).collect();
        let returns: Vec<f32> = (0..8).map(|_| random.normal() as f32).collect();
        let places: Vec<usize> = (0..8).collect();
        let mut sample = Sample::of(&places, &[rollout], &judged, &returns, &settings, 2);
        // Moved a little, so that ratios are not all 1, and within the clip, where the loss is smooth.
        sample.logs.iter_mut().for_each(|log| *log += 0.05 * random.normal() as f32);
        let device = device();
        let value = |parameters: &[f32]| {
            let tensors = Tensors::new(&form, parameters, &device);
            f64::from(numbers(loss(&tensors, &form, &sample, &settings, &device).0)[0])
        };
        let tensors = Tensors::new(&form, &ppo.parameters, &device);
        let gradient = tensors.gradient(&loss(&tensors, &form, &sample, &settings, &device).0);
        assert_eq!(gradient.len(), form.parameter_count());
        for place in 0..gradient.len() {
            let moved = |by: f32| {
                let mut parameters = ppo.parameters.clone();
                parameters[place] += by;
                value(&parameters)
            };
            let slope = (moved(5e-3) - moved(-5e-3)) / 1e-2;
            let found = f64::from(gradient[place]);
            assert!((slope - found).abs() < 2e-3 + 0.03 * found.abs(), "{place}: {slope} and {found}");
        }
    }
}

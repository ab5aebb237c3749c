//! Proximal policy optimisation (Schulman et al., arXiv:1707.06347) over candidates that may be masked, with what is known to matter
//! (Huang et al., The 37 Implementation Details of PPO, 2022): generalised advantages, standardised over a minibatch, gradients
//! shortened by their common length, a learning rate that falls to 0, and an early stop where the policy has moved too far.
//!
//! ```text
//!   collect   environments x steps choices, drawn from the policy            without gradients (`policies::neural`)
//!   judge     advantages and returns                                         `math::advantages`
//!   learn     epochs x minibatches:  - min(r A, clip(r, 1 - c, 1 + c) A) + w (V - R)^2 / 2 - e H               `loss`
//! ```
//!
//! Only candidates that may be chosen are remembered and learned from, however many there could be.
//!
//! Every iteration begins episodes anew, under seeds that hang on the training's seed and the iteration alone, and what is cut
//! off at its end counts with its value: so a training that is written down and gone on with ends in the same bits.

use environment::environment::{Environment, Outcome};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sim::kernel::rng::{Seed, Stream};

use crate::fused::{Fused, Room, gather};
use crate::math::{Adam, Step, advantages, divergence, explained_variance, shorten};
use crate::network::Form;

mod loss;

use loss::Sample;

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
    /// Who takes gradients.
    pub gradients: Gradients,
}

/// Who takes gradients; they agree but for rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gradients {
    /// What was written for these networks: an observation at a time, on all cores.
    #[default]
    Fused,
    /// Burn, a minibatch at a time.
    Burn,
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
            gradients: Gradients::Fused,
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
    /// Mean number of candidates that could be chosen.
    pub candidates: f64,
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
    /// Rows of the candidates of each step that may be chosen, filled up.
    rows: Vec<f32>,
    /// Where the rows of a step begin, and how many candidates there are.
    places: Vec<(usize, usize)>,
    /// Who was chosen of those.
    choices: Vec<usize>,
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

    /// At its beginning, from parameters that were found elsewhere ([`crate::behaviour_cloning`]).
    ///
    /// # Panics
    /// When there are not as many as the form has.
    pub fn from_parameters(settings: PpoSettings, form: Form, parameters: Vec<f32>) -> Self {
        assert_eq!(parameters.len(), form.parameter_count());
        Self { parameters, ..Self::new(settings, form) }
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
        let candidates: usize = rollouts.iter().flat_map(|one| &one.places).map(|place| place.1).sum();
        self.curve.push(PpoPoint {
            iteration: self.iteration() + 1,
            episode_reward: (!episodes.is_empty()).then_some(mean),
            divergence,
            entropy: rollouts.iter().map(|one| one.entropy).sum::<f64>() / values.len() as f64,
            explained_variance: explained_variance(&values, &returns),
            candidates: candidates as f64 / values.len() as f64,
        });
    }

    fn collect(&self, environment: &mut impl Environment, copy: usize) -> Rollout {
        let seed = Seed(self.settings.seed);
        let mut random = seed.stream(&format!("choices of iteration {}, copy {copy}", self.iteration()));
        let mut next_seed = || Seed(random_seed(&mut random));
        let network = Fused::new(&self.form, &self.parameters);
        let spec = environment.spec();
        let (mut observation, mut mask) = (vec![0.0; spec.observation_len()], vec![false; spec.candidates]);
        let mut room = Room::default();
        let mut rollout = Rollout::default();
        // What is seen now, behind the rows of what was seen before.
        let mut see = |environment: &mut dyn Environment, rows: &mut Vec<f32>, room: &mut Room| {
            environment.observe(&mut observation, &mut mask);
            let begin = rows.len();
            let count = gather(&observation, &mask, spec.features, rows);
            let allowed: Vec<usize> = (0..mask.len()).filter(|&place| mask[place]).collect();
            (begin, count, network.forward(&rows[begin..], count, room), allowed)
        };
        environment.reset(next_seed());
        let mut paid = 0.0;
        let mut choices = seed.stream(&format!("draws of iteration {}, copy {copy}", self.iteration()));
        let (mut begin, mut count, mut value, mut allowed) = see(environment, &mut rollout.rows, &mut room);
        for place in 1..=self.settings.steps {
            let (choice, log, entropy) = draw(room.scores(), &mut choices);
            rollout.places.push((begin, count));
            rollout.choices.push(choice);
            rollout.logs.push(log);
            rollout.entropy += entropy;
            let step = environment.step(allowed[choice]);
            paid += f64::from(step.reward);
            let mut next_value = 0.0;
            if step.outcome != Outcome::Terminated {
                (begin, count, next_value, allowed) = see(environment, &mut rollout.rows, &mut room);
            }
            let is_end = step.outcome.is_end();
            let is_last = is_end || place == self.settings.steps;
            rollout.steps.push(Step { reward: step.reward, value, next_value, is_last });
            value = next_value;
            if is_end {
                rollout.episodes.push(std::mem::take(&mut paid));
                environment.reset(next_seed());
                (begin, count, value, allowed) = see(environment, &mut rollout.rows, &mut room);
            }
        }
        rollout
    }

    /// Goes through what was collected; the divergence at the end.
    fn learn(&mut self, rollouts: &[Rollout], judged: &[f32], returns: &[f32]) -> f64 {
        let settings = self.settings.clone();
        let left = 1.0 - self.iteration() as f32 / settings.iterations.max(1) as f32;
        let mut random =
            Seed(settings.seed).stream(&format!("minibatches of iteration {}", self.iteration()));
        let mut order: Vec<usize> = (0..judged.len()).collect();
        let mut moved = 0.0;
        'epochs: for _ in 0..settings.epochs {
            random.shuffle(&mut order);
            for places in order.chunks(settings.minibatch) {
                let sample = Sample::of(places, rollouts, judged, returns, &settings, self.form.features);
                let (mut gradient, logs) = sample.gradient(&self.form, &self.parameters, &settings);
                moved = divergence(&sample.logs, &logs);
                if moved > settings.most_divergence {
                    break 'epochs;
                }
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
fn draw(scores: &[f32], random: &mut Stream) -> (usize, f32, f64) {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f64> = scores.iter().map(|score| f64::from(libm::expf(score - largest))).collect();
    let sum: f64 = weights.iter().sum();
    let mut at = random.unit() * sum;
    let drawn = weights.iter().position(|weight| {
        at -= weight;
        at < 0.0
    });
    // Rounding may leave a little behind the last.
    let place = drawn.unwrap_or(scores.len() - 1);
    let spread: f64 =
        weights.iter().zip(scores).map(|(weight, score)| weight * f64::from(score - largest)).sum();
    let log_sum = libm::log(sum);
    (place, scores[place] - largest - log_sum as f32, log_sum - spread / sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use environment::toys::{Bandit, Chain, Endless, Packing, WeightedCompletion, total_reward};
    use policies::neural::{Buffers, best};

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
            let ppo = trained(WeightedCompletion::default, settings(seed, 80), 3);
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

    /// Burn's gradient against differences of its loss, parameter by parameter, and the fused one against burn's: for every kind of
    /// network, with candidates that may not be chosen, ratios inside and beyond the clip, and widths that are no multiple of anything.
    #[test]
    fn gradients_agree_with_finite_differences_and_with_each_other() {
        let plain =
            Form { has_context: false, heuristic: None, hidden: vec![11, 4], embedding: 3, features: 2 };
        let context = Form { has_context: true, heuristic: Some((0, 0.5)), ..plain.clone() };
        let wide = Form { hidden: vec![32, 16, 8], embedding: 32, ..plain.clone() };
        for form in [plain, context, wide] {
            let settings = PpoSettings { entropy: 0.1, steps: 90, minibatch: 90, ..PpoSettings::default() };
            let mut ppo = Ppo::new(settings.clone(), form.clone());
            let mut random = Seed(5).stream("parameters of the test");
            ppo.parameters.iter_mut().for_each(|parameter| *parameter = 0.4 * random.normal() as f32);
            let rollout = ppo.collect(&mut Packing::default(), 0);
            let counts: Vec<usize> = rollout.places.iter().map(|place| place.1).collect();
            assert!(counts.contains(&1) && counts.contains(&4), "{counts:?}");
            let mut draw = |count: usize| (0..count).map(|_| random.normal() as f32).collect::<Vec<f32>>();
            let (judged, returns, moves) = (draw(90), draw(90), draw(90));
            let places: Vec<usize> = (0..90).collect();
            let mut sample =
                Sample::of(&places, std::slice::from_ref(&rollout), &judged, &returns, &settings, 2);
            // Moved a little, so that ratios are not all 1, and within the clip, where the loss is smooth.
            sample.logs.iter_mut().zip(&moves).for_each(|(log, by)| *log += 0.03 * by);
            let (gradient, logs) = sample.by_burn(&form, &ppo.parameters, &settings);
            assert_eq!(gradient.len(), form.parameter_count());
            if form.hidden.len() < 3 {
                for place in 0..gradient.len() {
                    let moved = |by: f32| {
                        let mut parameters = ppo.parameters.clone();
                        parameters[place] += by;
                        sample.loss_by_burn(&form, &parameters, &settings)
                    };
                    let slope = (moved(2e-3) - moved(-2e-3)) / 4e-3;
                    let found = f64::from(gradient[place]);
                    assert!((slope - found).abs() < 3e-3 + 0.03 * found.abs(), "{place}: {slope}, {found}");
                }
            }
            // Far beyond the clip too.
            for spread in [0.0, 0.5] {
                sample.logs.iter_mut().zip(&moves).for_each(|(log, by)| *log += spread * by);
                let (by_burn, burn_logs) = sample.by_burn(&form, &ppo.parameters, &settings);
                let (fused, fused_logs) = sample.fused(&form, &ppo.parameters, &settings);
                assert!(logs.iter().zip(&fused_logs).all(|(one, other)| (one - other).abs() < 1e-5));
                assert!(burn_logs.iter().zip(&fused_logs).all(|(one, other)| (one - other).abs() < 1e-5));
                for (place, (one, other)) in by_burn.iter().zip(&fused).enumerate() {
                    assert!((one - other).abs() < 1e-5 + 1e-4 * one.abs(), "{place}: {one}, {other}");
                }
            }
        }
    }

    /// What is played while learning is what is played afterwards.
    #[test]
    fn the_fused_network_gives_the_scores_of_the_one_that_plays() {
        let form = Form {
            has_context: true,
            heuristic: Some((1, 2.0)),
            hidden: vec![32, 16, 8],
            embedding: 20,
            features: 18,
        };
        let mut random = Seed(2).stream("test");
        let parameters: Vec<f32> =
            (0..form.parameter_count()).map(|_| 0.3 * random.normal() as f32).collect();
        let (network, scorer) = (Fused::new(&form, &parameters), form.scorer(&parameters));
        let (mut room, mut buffers) = (Room::default(), Buffers::default());
        for candidates in 1..20 {
            let rows: Vec<f32> = (0..candidates * 18).map(|_| random.normal() as f32).collect();
            let mask: Vec<bool> = (0..candidates).map(|place| place == 0 || random.below(3) > 0).collect();
            let value = scorer.evaluate(&rows, &mask, &mut buffers);
            let mut gathered = Vec::new();
            let count = gather(&rows, &mask, 18, &mut gathered);
            assert!((network.forward(&gathered, count, &mut room) - value).abs() < 1e-5);
            let allowed = buffers.scores().iter().zip(&mask).filter(|(_, may)| **may).map(|(score, _)| score);
            assert_eq!(room.scores().len(), count);
            assert!(room.scores().iter().zip(allowed).all(|(one, other)| (one - other).abs() < 1e-5));
        }
    }

    #[test]
    fn both_kinds_of_gradients_learn_on_any_number_of_threads() {
        let with = |gradients: Gradients, threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let settings = PpoSettings { gradients, ..settings(1, 8) };
            pool.install(|| trained(Packing::default, settings, 2))
        };
        let fused = with(Gradients::Fused, 1);
        assert_eq!(fused, with(Gradients::Fused, 3));
        let burn = with(Gradients::Burn, 2);
        assert_ne!(fused.parameters, burn.parameters, "roundings differ");
        assert!(fused.curve.last().expect("eight").episode_reward > fused.curve[0].episode_reward);
        assert!(burn.curve.last().expect("eight").episode_reward > burn.curve[0].episode_reward);
    }
}

//! Proximal policy optimisation (Schulman et al., arXiv:1707.06347) over candidates that may be masked, with what is known to matter
//! (Huang et al., The 37 Implementation Details of PPO, 2022): generalised advantages, standardised over a minibatch, gradients
//! shortened by their common length, a learning rate that falls to 0, and an early stop where the policy has moved too far.
//!
//! ```text
//!   collect   environments x steps choices, drawn from the policy            without gradients (`policies::neural`)
//!   judge     advantages and returns                                         `math::advantages`, `math::advantages_among_copies`
//!   learn     epochs x minibatches:  - min(r A, clip(r, 1 - c, 1 + c) A) + w (V - R)^2 / 2 - e H               `loss`
//! ```
//!
//! Only candidates that may be chosen are remembered and learned from, however many there could be.
//!
//! Every iteration begins episodes anew, under seeds that hang on the training's seed and the iteration alone, and what is cut
//! off at its end counts with its value: so a training that is written down and gone on with ends in the same bits.

use environment::environment::Environment;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sim::kernel::rng::Seed;

use crate::math::{Adam, advantages, advantages_among_copies, divergence, explained_variance, shorten};
use crate::network::Form;

mod collect;
mod loss;

use collect::Rollout;
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
    /// Choices of each copy in an iteration; without effect where copies play episodes to their end.
    pub steps: usize,
    /// How often what was collected is gone through.
    pub epochs: usize,
    /// Choices of a minibatch.
    pub minibatch: usize,
    /// What the next step's worth is multiplied with.
    pub discount: f32,
    /// The `l` of generalised advantages; without effect where there are none.
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
    /// What a choice is held against.
    pub baseline: Baseline,
    /// Who takes gradients.
    pub gradients: Gradients,
}

/// What a choice is held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Baseline {
    /// The learned value of the state before it.
    #[default]
    Value,
    /// What copies of the same episode are still paid when they are as far: nothing has to be valued, and what comes from outside, such as
    /// jobs, is not taken for luck or merit. An iteration plays every copy's episode to its end, once.
    SameSequence {
        /// How many copies play the same episode; the copies in all are a multiple of it.
        group: usize,
    },
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
            baseline: Baseline::Value,
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

impl Ppo {
    /// At its beginning.
    ///
    /// # Panics
    /// When the copies cannot be dealt out to groups.
    pub fn new(settings: PpoSettings, form: Form) -> Self {
        if let Baseline::SameSequence { group } = settings.baseline {
            assert!(settings.environments.is_multiple_of(group.max(1)), "groups of {group} copies");
        }
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

    /// How it learns.
    pub fn settings(&self) -> &PpoSettings {
        &self.settings
    }

    /// How its network is built.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// What was learned, as numbers.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
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
        let judged = self.judge(&rollouts);
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

    /// How much better each choice was than what it is held against.
    fn judge(&self, rollouts: &[Rollout]) -> Vec<f32> {
        let PpoSettings { discount, trace, .. } = self.settings;
        match self.settings.baseline {
            Baseline::Value => {
                rollouts.iter().flat_map(|one| advantages(&one.steps, discount, trace)).collect()
            }
            Baseline::SameSequence { group } => rollouts
                .chunks(group)
                .flat_map(|copies| {
                    let paid: Vec<_> = copies.iter().map(Rollout::paid).collect();
                    advantages_among_copies(&paid, discount).concat()
                })
                .collect(),
        }
    }

    /// Goes through what was collected; the divergence at the end.
    fn learn(&mut self, rollouts: &[Rollout], judged: &[f32], returns: &[f32]) -> f64 {
        let mut settings = self.settings.clone();
        if settings.baseline != Baseline::Value {
            settings.value_weight = 0.0;
        }
        let all = |(copy, one): (usize, &Rollout)| (0..one.steps.len()).map(move |step| (copy, step));
        let steps: Vec<(usize, usize)> = rollouts.iter().enumerate().flat_map(all).collect();
        let left = 1.0 - self.iteration() as f32 / settings.iterations.max(1) as f32;
        let mut random =
            Seed(settings.seed).stream(&format!("minibatches of iteration {}", self.iteration()));
        let mut order: Vec<usize> = (0..judged.len()).collect();
        let mut moved = 0.0;
        'epochs: for _ in 0..settings.epochs {
            random.shuffle(&mut order);
            for places in order.chunks(settings.minibatch) {
                let of = |&place: &usize| loss::Judged {
                    of: (&rollouts[steps[place].0], steps[place].1),
                    advantage: judged[place],
                    returned: returns[place],
                };
                let sample = Sample::of(places.iter().map(of), self.form.features);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fused::{Fused, Room, gather};
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

    /// The same without a critic: groups of copies play the same jobs.
    #[test]
    fn weighted_completion_is_ordered_by_comparing_copies() {
        for seed in 0..5 {
            let baseline = Baseline::SameSequence { group: 8 };
            let settings = PpoSettings { environments: 128, baseline, discount: 1.0, ..settings(seed, 80) };
            let ppo = trained(WeightedCompletion::default, settings, 3);
            let pairs = against(&ppo, &mut WeightedCompletion::default(), WeightedCompletion::smith);
            let (found, best) = pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
            assert!(found >= 1.01 * best, "seed {seed}: {found}, {best}");
            assert!(ppo.curve().iter().all(|point| point.episode_reward.is_some()));
        }
    }

    /// Copies of a group play the same episode, and make choices of their own; another group plays another one.
    #[test]
    fn copies_of_a_group_see_the_same() {
        let baseline = Baseline::SameSequence { group: 2 };
        let settings = PpoSettings { environments: 4, baseline, ..settings(3, 1) };
        let ppo = Ppo::new(settings, form(3));
        let rollouts: Vec<Rollout> =
            (0..4).map(|copy| ppo.collect(&mut WeightedCompletion::default(), copy)).collect();
        let first = |copy: usize| &rollouts[copy].rows[..15];
        assert_eq!((first(0), first(2)), (first(1), first(3)));
        assert_ne!(first(0), first(2));
        assert!(rollouts[0].choices != rollouts[1].choices || rollouts[2].choices != rollouts[3].choices);
        assert!(rollouts.iter().all(|one| one.steps.len() == 5 && one.episodes.len() == 1));
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

    /// What is played while learning is what is played afterwards.
    #[test]
    fn the_fused_network_gives_the_scores_of_the_one_that_plays() {
        let form = Form {
            has_context: true,
            heuristic: Some((0..18).map(|place| 0.1 * place as f32 - 0.8).collect()),
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

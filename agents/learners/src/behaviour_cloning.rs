//! Behaviour cloning (Pomerleau, Neural Computation 3, 1991): a network learns to choose as a rule does, from what is seen where the rule
//! plays. Its parameters are a start for [`crate::ppo`], which otherwise begins by choosing at random.
//!
//! ```text
//!   loss = mean of  - ln p_a          p = softmax(s), a whom the rule chooses          d loss / d s_j = (p_j - [j = a]) / M
//! ```
//!
//! Of candidates that look the same the rule's choice cannot be learned; the first of them is taken by both.

use environment::environment::{Environment, Outcome};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sim::kernel::rng::Seed;

use crate::fused::{Fused, Gradient, Room, gather};
use crate::kernels::ROWS;
use crate::math::{Adam, shorten};
use crate::network::Form;

/// How it learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CloningSettings {
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
    /// The learning rate at the start.
    pub rate: f32,
    /// The most that gradients may be long.
    pub gradient_length: f32,
}

impl Default for CloningSettings {
    fn default() -> Self {
        Self {
            seed: 0,
            iterations: 40,
            environments: 16,
            steps: 64,
            epochs: 4,
            minibatch: 128,
            rate: 1e-2,
            gradient_length: 1.0,
        }
    }
}

/// A training that can be written down and gone on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cloning {
    settings: CloningSettings,
    form: Form,
    parameters: Vec<f32>,
    adam: Adam,
    /// Of each iteration, the share of the choices that were the rule's before they were learned from.
    agreement: Vec<f64>,
}

/// What a rule saw and chose.
#[derive(Default)]
struct Shown {
    rows: Vec<f32>,
    /// Where rows begin, how many candidates there are, and who of them was chosen.
    places: Vec<(usize, usize, usize)>,
}

impl Cloning {
    /// At its beginning.
    pub fn new(settings: CloningSettings, form: Form) -> Self {
        let parameters = form.initial(Seed(settings.seed));
        let adam = Adam::new(parameters.len());
        Self { settings, form, parameters, adam, agreement: Vec::new() }
    }

    /// How many iterations have passed.
    pub fn iteration(&self) -> u64 {
        self.agreement.len() as u64
    }

    /// Of each iteration, the share of the choices that were the rule's before they were learned from.
    pub fn agreement(&self) -> &[f64] {
        &self.agreement
    }

    /// What was learned, as numbers.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// What was learned, for choosing without learning.
    pub fn scorer(&self) -> policies::neural::Scorer {
        self.form.scorer(&self.parameters)
    }

    /// One iteration, in which the rule plays episodes anew. What it finds does not depend on the number of threads.
    pub fn advance<E: Environment>(
        &mut self,
        make: impl Fn() -> E + Sync,
        rule: impl Fn(&[f32], &[bool]) -> usize + Sync,
    ) {
        let CloningSettings { seed, iterations, environments, steps, epochs, minibatch, .. } = self.settings;
        let iteration = self.iteration();
        let shown: Vec<Shown> = (0..environments)
            .into_par_iter()
            .map(|copy| {
                let stream = format!("episodes of iteration {iteration}, copy {copy}");
                show(&mut make(), &rule, steps, &mut Seed(seed).stream(&stream))
            })
            .collect();
        let mut random = Seed(seed).stream(&format!("minibatches of iteration {iteration}"));
        let all = |copy: usize| (0..steps).map(move |step| (copy, step));
        let mut order: Vec<(usize, usize)> = (0..environments).flat_map(all).collect();
        let left = 1.0 - iteration as f32 / iterations.max(1) as f32;
        let (mut agreed, mut is_first) = (0, true);
        for _ in 0..epochs {
            random.shuffle(&mut order);
            for places in order.chunks(minibatch) {
                let (mut gradient, count) = self.gradient(&shown, places);
                agreed += if is_first { count } else { 0 };
                shorten(&mut gradient, self.settings.gradient_length);
                self.adam.step(&mut self.parameters, &gradient, self.settings.rate * left);
            }
            is_first = false;
        }
        self.agreement.push(agreed as f64 / order.len() as f64);
    }

    /// The gradient of a minibatch, and how often the network chooses as the rule did.
    fn gradient(&self, shown: &[Shown], places: &[(usize, usize)]) -> (Vec<f32>, usize) {
        /// Observations of a part; parts are added up in their order, so that it does not matter who takes which.
        const PART: usize = 64;
        let network = Fused::new(&self.form, &self.parameters);
        let share = 1.0 / places.len() as f32;
        let parts: Vec<(Gradient, usize)> = places
            .par_chunks(PART)
            .map_init(Room::default, |room, part| {
                let mut gradient = network.gradient();
                let mut agreed = 0;
                for &(copy, step) in part {
                    let (begin, count, choice) = shown[copy].places[step];
                    let end = begin + count.next_multiple_of(ROWS) * self.form.features;
                    let rows = &shown[copy].rows[begin..end];
                    network.forward(rows, count, room);
                    let scores = room.scores();
                    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    agreed += usize::from(scores.iter().position(|score| *score == largest) == Some(choice));
                    let mut slopes: Vec<f32> =
                        scores.iter().map(|score| libm::expf(score - largest)).collect();
                    let scale = share / slopes.iter().sum::<f32>();
                    slopes.iter_mut().for_each(|slope| *slope *= scale);
                    slopes[choice] -= share;
                    network.backward(rows, &slopes, 0.0, room, &mut gradient);
                }
                (gradient, agreed)
            })
            .collect();
        let mut sum = network.gradient();
        parts.iter().for_each(|(gradient, _)| sum.add(gradient));
        (network.flat(&sum), parts.iter().map(|(_, agreed)| agreed).sum())
    }
}

/// Lets a rule play.
fn show(
    environment: &mut impl Environment,
    rule: &impl Fn(&[f32], &[bool]) -> usize,
    steps: usize,
    seeds: &mut sim::kernel::rng::Stream,
) -> Shown {
    let spec = environment.spec();
    let (mut observation, mut mask) = (vec![0.0; spec.observation_len()], vec![false; spec.candidates]);
    let mut shown = Shown::default();
    let mut is_over = true;
    for _ in 0..steps {
        if is_over {
            environment.reset(Seed(seeds.below(usize::MAX) as u64));
        }
        environment.observe(&mut observation, &mut mask);
        let choice = rule(&observation, &mask);
        let begin = shown.rows.len();
        let count = gather(&observation, &mask, spec.features, &mut shown.rows);
        shown.places.push((begin, count, mask[..choice].iter().filter(|may| **may).count()));
        is_over = environment.step(choice).outcome != Outcome::Continues;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use environment::toys::{Packing, WeightedCompletion};
    use policies::neural::{Buffers, best};

    fn cloned<E: Environment + Default>(
        seed: u64,
        rule: impl Fn(&[f32], &[bool]) -> usize + Sync,
    ) -> Cloning {
        let features = E::default().spec().features;
        let form = Form { features, hidden: vec![16], embedding: 4, has_context: false, heuristic: None };
        let settings = CloningSettings { seed, ..CloningSettings::default() };
        let iterations = settings.iterations;
        let mut cloning = Cloning::new(settings, form);
        for _ in 0..iterations {
            cloning.advance(E::default, &rule);
        }
        cloning
    }

    /// The share of the rule's choices, on the states that it sees in a hundred episodes that were never learned from, that are the network's.
    fn agreement<E: Environment + Default>(
        cloning: &Cloning,
        rule: impl Fn(&[f32], &[bool]) -> usize,
    ) -> f64 {
        let (scorer, mut buffers, mut toy) = (cloning.scorer(), Buffers::default(), E::default());
        let [mut agreed, mut asked] = [0_usize; 2];
        for seed in 1_000_000..1_000_100 {
            environment::toys::total_reward(&mut toy, Seed(seed), |observation, mask| {
                let choice = rule(observation, mask);
                scorer.score(observation, mask, &mut buffers);
                asked += 1;
                agreed += usize::from(best(buffers.scores(), mask) == Some(choice));
                choice
            });
        }
        agreed as f64 / asked as f64
    }

    /// Best fit always, Smith's rule but for a few jobs whose ratios are almost the same, for five of five seeds.
    #[test]
    fn rules_are_learned() {
        for seed in 0..5 {
            let packing = cloned::<Packing>(seed, Packing::best_fit);
            assert_eq!(agreement::<Packing>(&packing, Packing::best_fit), 1.0, "seed {seed}");
            let smith = cloned::<WeightedCompletion>(seed, WeightedCompletion::smith);
            let found = agreement::<WeightedCompletion>(&smith, WeightedCompletion::smith);
            assert!(found >= 0.97, "seed {seed}: {found}");
            let (first, last) = (smith.agreement()[0], smith.agreement()[39]);
            assert!(last > first && last > 0.97, "seed {seed}: {first}, {last}");
        }
    }

    #[test]
    fn a_training_that_is_gone_on_with_ends_in_the_same_bits() {
        let settings = CloningSettings { iterations: 4, ..CloningSettings::default() };
        let form = Form { features: 2, hidden: vec![4], embedding: 4, has_context: true, heuristic: None };
        let mut whole = Cloning::new(settings, form);
        let mut part = whole.clone();
        for _ in 0..4 {
            whole.advance(Packing::default, Packing::best_fit);
            part = serde_json::from_str(&serde_json::to_string(&part).expect("numbers")).expect("its own");
            part.advance(Packing::default, Packing::best_fit);
        }
        assert_eq!(whole, part);
        assert_eq!(part.iteration(), 4);
    }
}

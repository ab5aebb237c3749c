//! What is learned from: copies of the environment, played by choices that are drawn from the policy. Either every copy makes so many
//! choices, however many episodes that takes, or every copy plays one episode to its end, the same for all copies of a group.

use environment::environment::{Environment, Outcome};
use sim::kernel::rng::{Seed, Stream};

use super::{Baseline, Ppo};
use crate::fused::{Fused, Room, gather};
use crate::math::{Paid, Step};

/// What one copy of the environment went through.
#[derive(Default)]
pub(super) struct Rollout {
    /// Rows of the candidates of each step that may be chosen, filled up.
    pub(super) rows: Vec<f32>,
    /// Where the rows of a step begin, and how many candidates there are.
    pub(super) places: Vec<(usize, usize)>,
    /// Who was chosen of those.
    pub(super) choices: Vec<usize>,
    pub(super) logs: Vec<f32>,
    pub(super) steps: Vec<Step>,
    /// How far the episode was at each step.
    clocks: Vec<f64>,
    pub(super) entropy: f64,
    pub(super) episodes: Vec<f64>,
}

impl Rollout {
    /// The steps, as far as copies of one episode are compared.
    pub(super) fn paid(&self) -> Vec<Paid> {
        let one = |(&clock, step): (&f64, &Step)| Paid { clock, reward: step.reward };
        self.clocks.iter().zip(&self.steps).map(one).collect()
    }
}

impl Ppo {
    /// Plays one copy.
    pub(super) fn collect(&self, environment: &mut impl Environment, copy: usize) -> Rollout {
        let (seed, iteration) = (Seed(self.settings.seed), self.iteration());
        let (episodes, most) = match self.settings.baseline {
            Baseline::Value => {
                (format!("choices of iteration {iteration}, copy {copy}"), self.settings.steps)
            }
            Baseline::SameSequence { group } => {
                (format!("sequence of iteration {iteration}, group {}", copy / group), usize::MAX)
            }
        };
        let mut random = seed.stream(&episodes);
        let mut next_seed = || Seed(random.below(usize::MAX) as u64);
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
        let mut choices = seed.stream(&format!("draws of iteration {iteration}, copy {copy}"));
        let (mut begin, mut count, mut value, mut allowed) = see(environment, &mut rollout.rows, &mut room);
        loop {
            let made = rollout.steps.len();
            let (choice, log, entropy) = draw(room.scores(), &mut choices);
            rollout.places.push((begin, count));
            rollout.choices.push(choice);
            rollout.logs.push(log);
            rollout.entropy += entropy;
            rollout.clocks.push(environment.progress().unwrap_or(made as f64));
            let step = environment.step(allowed[choice]);
            paid += f64::from(step.reward);
            let mut next_value = 0.0;
            if step.outcome != Outcome::Terminated {
                (begin, count, next_value, allowed) = see(environment, &mut rollout.rows, &mut room);
            }
            let (is_end, is_full) = (step.outcome.is_end(), made + 1 == most);
            rollout.steps.push(Step { reward: step.reward, value, next_value, is_last: is_end || is_full });
            value = next_value;
            if is_end {
                rollout.episodes.push(std::mem::take(&mut paid));
            }
            if is_full || is_end && self.settings.baseline != Baseline::Value {
                return rollout;
            }
            if is_end {
                environment.reset(next_seed());
                (begin, count, value, allowed) = see(environment, &mut rollout.rows, &mut room);
            }
        }
    }
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

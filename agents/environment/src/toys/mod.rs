//! Small questions whose best answers are known, for whoever writes a learner: one toy, one file. What is best is proved beside
//! each, and looked for by brute force in its tests.

mod bandit;
mod chain;
mod endless;
mod packing;
mod weighted_completion;

pub use bandit::Bandit;
pub use chain::Chain;
pub use endless::Endless;
pub use packing::Packing;
pub use weighted_completion::WeightedCompletion;

use crate::environment::Environment;
use sim::kernel::rng::Seed;

/// The sum of the rewards of an episode under a rule, which sees what learners see.
pub fn total_reward(
    environment: &mut dyn Environment,
    seed: Seed,
    mut rule: impl FnMut(&[f32], &[bool]) -> usize,
) -> f64 {
    let spec = environment.spec();
    let (mut observation, mut mask) = (vec![0.0; spec.observation_len()], vec![false; spec.candidates]);
    environment.reset(seed);
    let mut sum = 0.0;
    loop {
        environment.observe(&mut observation, &mut mask);
        let step = environment.step(rule(&observation, &mask));
        sum += f64::from(step.reward);
        if step.outcome.is_end() {
            return sum;
        }
    }
}

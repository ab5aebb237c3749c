//! One choice: four arms with two features each, of which at least one may not be pulled.
//!
//! The reward of an arm is `2 a - b`, `a` and `b` being its features; the best that may be pulled is therefore the one with the
//! largest `2 a - b`. The arm with the largest of all is masked half of the time, so that a learner that forgets the mask is found out.

use sim::kernel::rng::Seed;

use crate::environment::{Environment, Outcome, Spec, TimeStep};

const ARMS: usize = 4;

/// See the head of the file.
#[derive(Clone, Debug, Default)]
pub struct Bandit {
    arms: [[f32; 2]; ARMS],
    mask: [bool; ARMS],
}

impl Bandit {
    /// What an arm is worth.
    pub fn worth(arm: &[f32]) -> f32 {
        2.0 * arm[0] - arm[1]
    }
}

impl Environment for Bandit {
    fn spec(&self) -> Spec {
        Spec { candidates: ARMS, features: 2 }
    }

    fn reset(&mut self, seed: Seed) {
        let mut random = seed.stream("bandit");
        for arm in &mut self.arms {
            *arm = [random.unit() as f32, random.unit() as f32];
        }
        let worth = |arm: &usize| Self::worth(&self.arms[*arm]);
        let best = (0..ARMS).max_by(|one, other| worth(one).total_cmp(&worth(other))).unwrap_or(0);
        let masked = if random.below(2) == 0 { best } else { random.below(ARMS) };
        self.mask = std::array::from_fn(|arm| arm != masked);
    }

    fn observe(&self, observation: &mut [f32], mask: &mut [bool]) {
        observation.copy_from_slice(self.arms.as_flattened());
        mask.copy_from_slice(&self.mask);
    }

    fn step(&mut self, choice: usize) -> TimeStep {
        assert!(self.mask[choice], "arm {choice} may not be pulled");
        TimeStep { reward: Self::worth(&self.arms[choice]), outcome: Outcome::Terminated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::check_environment;

    #[test]
    fn it_keeps_the_contract_and_masks_the_best_half_of_the_time() {
        check_environment(Bandit::default, 50, 2);
        let mut masked = 0;
        for seed in 0..1000 {
            let mut bandit = Bandit::default();
            bandit.reset(Seed(seed));
            let largest = bandit.arms.iter().map(|arm| Bandit::worth(arm)).fold(f32::MIN, f32::max);
            let best =
                bandit.arms.iter().position(|arm| Bandit::worth(arm) == largest).expect("there is one");
            masked += usize::from(!bandit.mask[best]);
        }
        // Half, and a quarter of the other half.
        assert!((560..690).contains(&masked), "{masked}");
    }
}

//! Items of one or two units into four bins of two, as they come; the episode ends when an item finds no room. Candidates are the bins
//! in which the item fits, and no others are shown: their number changes.
//!
//! The reward is what was put away. Best fit, a half full bin for an item of one unit if there is one, is best whatever comes: compared with opening an
//! empty bin, it leaves an empty bin where the other leaves two half full ones, and whatever two half full bins can still take, an
//! empty one can take too, and an item of two units besides.

use sim::kernel::rng::Seed;

use crate::environment::{Environment, Outcome, Spec, TimeStep};

const BINS: usize = 4;
const ROOM: u8 = 2;

/// See the head of the file.
#[derive(Clone, Debug, Default)]
pub struct Packing {
    items: Vec<u8>,
    next: usize,
    room: [u8; BINS],
}

impl Packing {
    fn item(&self) -> u8 {
        self.items[self.next]
    }

    /// The bins in which the next item fits, in their order.
    fn candidates(&self) -> impl Iterator<Item = usize> {
        (0..BINS).filter(|&bin| self.room[bin] >= self.item())
    }

    /// The candidate that best fit takes.
    pub fn best_fit(observation: &[f32], mask: &[bool]) -> usize {
        let left = |candidate: &usize| observation[2 * candidate];
        let allowed = (0..BINS).filter(|&candidate| mask[candidate]);
        allowed.min_by(|one, other| left(one).total_cmp(&left(other))).unwrap_or(0)
    }
}

impl Environment for Packing {
    fn spec(&self) -> Spec {
        Spec { candidates: BINS, features: 2 }
    }

    /// Nine items always hold more than the bins do.
    fn reset(&mut self, seed: Seed) {
        let mut random = seed.stream("items");
        let count = BINS * usize::from(ROOM) + 1;
        self.items = (0..count).map(|_| 1 + random.below(2) as u8).collect();
        (self.next, self.room) = (0, [ROOM; BINS]);
    }

    /// What is left of the bin with the item in it, and the item's size.
    fn observe(&self, observation: &mut [f32], mask: &mut [bool]) {
        observation.fill(0.0);
        mask.fill(false);
        for ((row, mask), bin) in observation.chunks_mut(2).zip(mask).zip(self.candidates()) {
            row.copy_from_slice(&[f32::from(self.room[bin] - self.item()), f32::from(self.item())]);
            *mask = true;
        }
        // When nothing fits, the episode is over.
    }

    fn step(&mut self, choice: usize) -> TimeStep {
        let bin = self.candidates().nth(choice).expect("a candidate was chosen");
        let item = self.item();
        self.room[bin] -= item;
        self.next += 1;
        let is_over = self.candidates().next().is_none();
        let outcome = if is_over { Outcome::Terminated } else { Outcome::Continues };
        TimeStep { reward: item.into(), outcome }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::check_environment;
    use crate::toys::total_reward;

    /// The best of all ways to go on.
    fn best(toy: &Packing) -> f32 {
        let each = (0..toy.candidates().count()).map(|choice| {
            let mut after = toy.clone();
            let step = after.step(choice);
            step.reward + if step.outcome.is_end() { 0.0 } else { best(&after) }
        });
        each.fold(0.0, f32::max)
    }

    #[test]
    fn best_fit_is_best() {
        check_environment(Packing::default, 50, 10);
        let mut worse = 0;
        for seed in 0..60 {
            let mut toy = Packing::default();
            let found = total_reward(&mut toy, Seed(seed), Packing::best_fit);
            let worst_fit = |observation: &[f32], mask: &[bool]| {
                let left = |one: &usize| observation[2 * one];
                let allowed = (0..BINS).filter(|&one| mask[one]);
                allowed.max_by(|one, other| left(one).total_cmp(&left(other))).expect("somebody")
            };
            worse += usize::from(total_reward(&mut toy, Seed(seed), worst_fit) < found);
            toy.reset(Seed(seed));
            assert_eq!(found, f64::from(best(&toy)), "seed {seed}");
        }
        assert!(worse > 20, "it matters which bin: {worse}");
    }
}

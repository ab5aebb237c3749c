//! A walk round four places that never ends, shown in pieces of three steps.
//!
//! Going on pays 0, 0, 0 and 4; staying pays 0.5 and leads nowhere. With a discount `d` of 0.9, going round for ever is worth
//! `4 d^3 / (1 - d^4)` = 8.48 from the first place, and more from the others; staying for ever is worth `0.5 / (1 - d)` = 5. So going on is best
//! everywhere. A learner that takes the cut after three steps for an end stays in the first place, from which no payment is
//! reached in time.

use sim::kernel::rng::Seed;

use crate::environment::{Environment, Outcome, Spec, TimeStep};

const PLACES: usize = 4;
/// So many steps are shown at a time: fewer than one round.
const SHOWN: usize = 3;

/// See the head of the file.
#[derive(Clone, Debug, Default)]
pub struct Endless {
    place: usize,
    shown: usize,
}

impl Endless {
    /// What a step is discounted with.
    pub const DISCOUNT: f32 = 0.9;
    /// What going on pays in each place.
    pub const PAID: [f32; PLACES] = [0.0, 0.0, 0.0, 4.0];
    /// What staying pays.
    pub const STAYING: f32 = 0.5;
}

impl Environment for Endless {
    fn spec(&self) -> Spec {
        Spec { candidates: 2, features: PLACES + 1 }
    }

    fn reset(&mut self, seed: Seed) {
        *self = Self { place: seed.stream("place").below(PLACES), shown: 0 };
    }

    /// Whether it goes on, and where one is.
    fn observe(&self, observation: &mut [f32], mask: &mut [bool]) {
        observation.fill(0.0);
        for (candidate, row) in observation.chunks_mut(PLACES + 1).enumerate() {
            row[0] = candidate as f32;
            row[1 + self.place] = 1.0;
        }
        mask.fill(true);
    }

    fn step(&mut self, choice: usize) -> TimeStep {
        assert!(choice < 2 && self.shown < SHOWN, "there are two candidates, and {SHOWN} steps");
        let reward = if choice == 1 { Self::PAID[self.place] } else { Self::STAYING };
        self.place = (self.place + choice) % PLACES;
        self.shown += 1;
        let outcome = if self.shown == SHOWN { Outcome::Truncated } else { Outcome::Continues };
        TimeStep { reward, outcome }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::check_environment;

    /// What the best play is worth from each place, with so many steps to go.
    fn worth(steps: usize) -> [[f32; 2]; PLACES] {
        let mut best = [0.0_f32; PLACES];
        let mut each = [[0.0_f32; 2]; PLACES];
        for _ in 0..steps {
            for place in 0..PLACES {
                let after = |choice: usize| Endless::DISCOUNT * best[(place + choice) % PLACES];
                each[place] = [Endless::STAYING + after(0), Endless::PAID[place] + after(1)];
            }
            best = each.map(|[stay, on]| stay.max(on));
        }
        each
    }

    #[test]
    fn going_on_is_best_for_ever_and_not_within_one_piece() {
        check_environment(Endless::default, 20, SHOWN + 1);
        assert!(worth(200).iter().all(|[stay, on]| on > stay), "{:?}", worth(200));
        // d = 0.9: 4 d^3 / (1 - d^4) from the first place.
        assert!((worth(400)[0][1] - 4.0 * 0.729 / (1.0 - 0.6561)).abs() < 1e-3);
        // Who sees three steps and then nothing stays in the first place.
        assert!(worth(SHOWN)[0][0] > worth(SHOWN)[0][1]);
    }
}

//! A small reward now, or a large one at the end: six rooms in a row. In each, one goes on or leaves.
//!
//! Leaving pays 1 and ends it. Going on pays nothing, but going on from the last room pays 10. From the last room, going on is
//! worth 10 > 1; from a room before it, going on is worth what the next room is worth, which by induction is 10. So going on
//! everywhere is best, and pays 10; whoever looks one step ahead leaves at once.

use sim::kernel::rng::Seed;

use crate::environment::{Environment, Outcome, Spec, TimeStep};

const ROOMS: usize = 6;

/// See the head of the file.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    room: usize,
    /// Which candidate goes on; drawn, so that the place of a candidate says nothing.
    on: usize,
    seed: Seed,
}

impl Chain {
    /// The best there is.
    pub const BEST: f64 = 10.0;

    fn draw(&mut self) {
        self.on = self.seed.stream(&format!("room {}", self.room)).below(2);
    }
}

impl Environment for Chain {
    fn spec(&self) -> Spec {
        Spec { candidates: 2, features: 2 }
    }

    fn reset(&mut self, seed: Seed) {
        (self.room, self.seed) = (0, seed);
        self.draw();
    }

    /// Whether it goes on, and how far it is.
    fn observe(&self, observation: &mut [f32], mask: &mut [bool]) {
        let far = self.room as f32 / ROOMS as f32;
        for (candidate, row) in observation.chunks_mut(2).enumerate() {
            row.copy_from_slice(&[f32::from(u8::from(candidate == self.on)), far]);
        }
        mask.fill(true);
    }

    fn step(&mut self, choice: usize) -> TimeStep {
        assert!(choice < 2, "there are two candidates");
        if choice != self.on {
            return TimeStep { reward: 1.0, outcome: Outcome::Terminated };
        }
        self.room += 1;
        if self.room == ROOMS {
            return TimeStep { reward: 10.0, outcome: Outcome::Terminated };
        }
        self.draw();
        TimeStep { reward: 0.0, outcome: Outcome::Continues }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::check_environment;
    use crate::toys::total_reward;

    #[test]
    fn going_on_everywhere_is_best() {
        check_environment(Chain::default, 20, ROOMS + 1);
        // Whoever leaves in some room, or never.
        let best = (0..=ROOMS)
            .map(|leave| {
                let mut room = 0;
                total_reward(&mut Chain::default(), Seed(3), |observation, _| {
                    room += 1;
                    let on = usize::from(observation[0] == 0.0);
                    if room - 1 == leave { 1 - on } else { on }
                })
            })
            .fold(0.0, f64::max);
        assert_eq!(best, Chain::BEST);
    }
}

//! A question with candidates, asked again and again: what every learner sees, whatever stands behind it.
//!
//! ```text
//!   reset(seed) --> observe: candidates x features, and a mask --> step(choice) --> reward, and how it goes on --.
//!                      ^                                                                                         |
//!                      `-----------------------------------------------------------------------------------------'
//! ```

use sim::kernel::rng::Seed;

/// The shape of what is observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The most candidates that there ever are.
    pub candidates: usize,
    /// Numbers for each of them.
    pub features: usize,
}

impl Spec {
    /// Numbers of one observation.
    pub fn observation_len(&self) -> usize {
        self.candidates * self.features
    }
}

/// How an episode goes on after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Another choice follows.
    Continues,
    /// It is over, and nothing is worth anything any more.
    Terminated,
    /// It is cut off; what would have followed is still worth something.
    Truncated,
}

impl Outcome {
    /// True unless another choice follows.
    pub fn is_end(self) -> bool {
        self != Self::Continues
    }
}

/// What a choice led to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeStep {
    /// What it was worth.
    pub reward: f32,
    /// How the episode goes on.
    pub outcome: Outcome,
}

/// One copy of a question. The same seed and the same choices give the same episode, bit by bit.
pub trait Environment: Send {
    /// The shape of what is observed; always the same.
    fn spec(&self) -> Spec;

    /// Begins an episode.
    fn reset(&mut self, seed: Seed);

    /// Writes what can be chosen: a row of features for each candidate, and whether it may be chosen. Rows without a candidate are
    /// zero and may not be chosen. After the last step it shows what was left, for what that is worth.
    fn observe(&self, observation: &mut [f32], mask: &mut [bool]);

    /// How far the episode is, by a clock that never goes back and on which copies of one episode can be compared that were played under
    /// different choices; nothing where only their choices can be counted.
    fn progress(&self) -> Option<f64> {
        None
    }

    /// Chooses. A candidate that may not be chosen is a bug of whoever chose it.
    ///
    /// # Panics
    /// When there is no such candidate, or the episode is over.
    fn step(&mut self, choice: usize) -> TimeStep;
}

/// The contract that every environment keeps: plays episodes at random, twice each.
///
/// # Panics
/// When it is broken.
pub fn check_environment<E: Environment>(make: impl Fn() -> E, episodes: u64, most_steps: usize) {
    let play = |seed: u64| {
        let mut environment = make();
        let spec = environment.spec();
        let (mut observation, mut mask) =
            (vec![f32::NAN; spec.observation_len()], vec![true; spec.candidates]);
        let mut random = Seed(seed).stream("choices");
        environment.reset(Seed(seed));
        let mut seen = Vec::new();
        for step in 0.. {
            assert!(step < most_steps, "an episode ends");
            environment.observe(&mut observation, &mut mask);
            assert!(observation.iter().all(|number| number.is_finite()), "every number is written");
            let allowed: Vec<usize> = (0..spec.candidates).filter(|&one| mask[one]).collect();
            assert!(!allowed.is_empty(), "somebody can be chosen");
            for (row, &may) in observation.chunks(spec.features).zip(&mask) {
                assert!(may || row.iter().all(|number| number.is_finite()));
            }
            let choice = allowed[random.below(allowed.len())];
            let time_step = environment.step(choice);
            seen.push((observation.clone(), mask.clone(), time_step));
            if time_step.outcome.is_end() {
                assert_eq!(environment.spec(), spec);
                return seen;
            }
        }
        unreachable!("the loop ends with the episode")
    };
    for seed in 0..episodes {
        assert_eq!(play(seed), play(seed), "seed {seed}");
    }
}

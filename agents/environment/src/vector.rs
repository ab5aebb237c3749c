//! Many copies of an environment, one flat batch: all of them step on all cores, and write what is seen into buffers that they are
//! given. A copy whose episode is over begins anew on its next step, whatever is chosen for it, and is paid nothing for that.

use rayon::prelude::*;
use sim::kernel::rng::{Seed, Stream};

use crate::environment::{Environment, Outcome, Spec, TimeStep};

/// Where a vector environment writes; one entry for each copy, one after another.
#[derive(Debug)]
pub struct VectorBatch<'a> {
    /// Copies x candidates x features.
    pub observations: &'a mut [f32],
    /// Copies x candidates.
    pub masks: &'a mut [bool],
    /// Copies.
    pub steps: &'a mut [TimeStep],
}

/// One copy.
struct Copy<E> {
    environment: E,
    seeds: Stream,
    is_over: bool,
}

impl<E: Environment> Copy<E> {
    fn begin(&mut self) {
        self.environment.reset(Seed(self.seeds.below(usize::MAX) as u64));
        self.is_over = false;
    }

    fn step(&mut self, choice: usize) -> TimeStep {
        if self.is_over {
            self.begin();
            return TimeStep { reward: 0.0, outcome: Outcome::Continues };
        }
        let step = self.environment.step(choice);
        self.is_over = step.outcome.is_end();
        step
    }
}

/// See the head of the file.
pub struct VectorEnvironment<E> {
    copies: Vec<Copy<E>>,
    spec: Spec,
}

impl<E: Environment> VectorEnvironment<E> {
    /// So many copies, none of which has begun.
    ///
    /// # Panics
    /// When there is none.
    pub fn new(copies: usize, make: impl Fn() -> E) -> Self {
        let copies: Vec<Copy<E>> = (0..copies)
            .map(|_| Copy { environment: make(), seeds: Seed(0).stream("episodes"), is_over: true })
            .collect();
        let spec = copies.first().expect("one copy or more").environment.spec();
        Self { copies, spec }
    }

    /// The shape of what is observed of one copy.
    pub fn spec(&self) -> Spec {
        self.spec
    }

    /// How many copies there are.
    pub fn len(&self) -> usize {
        self.copies.len()
    }

    /// Never: there is one copy or more.
    pub fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    /// Begins an episode in every copy, each under a seed of its own, and shows what can be chosen.
    pub fn reset(&mut self, seed: Seed, batch: &mut VectorBatch<'_>) {
        for (place, copy) in self.copies.iter_mut().enumerate() {
            copy.seeds = seed.stream(&format!("episodes of copy {place}"));
            copy.is_over = true;
        }
        let choices = vec![0; self.copies.len()];
        self.step(&choices, batch);
    }

    /// Chooses in every copy, and shows what can be chosen next. What happens does not depend on the number of threads.
    ///
    /// # Panics
    /// When there are not as many choices and places in the batch as copies, or when a copy panics.
    pub fn step(&mut self, choices: &[usize], batch: &mut VectorBatch<'_>) {
        let (count, candidates, width) =
            (self.copies.len(), self.spec.candidates, self.spec.observation_len());
        let VectorBatch { observations, masks, steps } = batch;
        let found = [choices.len(), observations.len(), masks.len(), steps.len()];
        assert_eq!(found, [count, count * width, count * candidates, count], "one place for each copy");
        self.copies
            .par_iter_mut()
            .zip(choices.par_iter())
            .zip(observations.par_chunks_mut(width).zip(masks.par_chunks_mut(candidates)))
            .zip(steps.par_iter_mut())
            .for_each(|(((copy, &choice), (observation, mask)), step)| {
                *step = copy.step(choice);
                copy.environment.observe(observation, mask);
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toys::{Packing, WeightedCompletion};

    const COPIES: usize = 7;

    /// Everything that is seen within forty steps, choosing the first that may be chosen.
    fn seen<E: Environment>(
        make: impl Fn() -> E + Send,
        threads: usize,
    ) -> Vec<(Vec<f32>, Vec<bool>, Vec<TimeStep>)> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let mut vector = VectorEnvironment::new(COPIES, make);
            let Spec { candidates, features } = vector.spec();
            let (mut observations, mut masks) =
                (vec![f32::NAN; COPIES * candidates * features], vec![true; COPIES * candidates]);
            let mut steps = vec![TimeStep { reward: 0.0, outcome: Outcome::Continues }; COPIES];
            let mut batch =
                VectorBatch { observations: &mut observations, masks: &mut masks, steps: &mut steps };
            vector.reset(Seed(5), &mut batch);
            let mut all = Vec::new();
            for _ in 0..40 {
                let first = |mask: &[bool]| mask.iter().position(|&may| may).unwrap_or(0);
                let choices: Vec<usize> = batch.masks.chunks(candidates).map(first).collect();
                vector.step(&choices, &mut batch);
                all.push((batch.observations.to_vec(), batch.masks.to_vec(), batch.steps.to_vec()));
            }
            all
        })
    }

    #[test]
    fn any_number_of_threads_sees_the_same() {
        let alone = seen(Packing::default, 1);
        assert_eq!(alone, seen(Packing::default, 2));
        assert_eq!(alone, seen(Packing::default, 5));
        assert_ne!(alone[0].0[..8], alone[0].0[8..16], "copies have episodes of their own");
    }

    /// Episodes of five choices: each sixth step begins anew.
    #[test]
    fn what_is_over_begins_anew_on_the_next_step() {
        for (place, (_, masks, steps)) in seen(WeightedCompletion::default, 2).into_iter().enumerate() {
            let begins_anew = place % 6 == 5;
            for (mask, step) in masks.chunks(5).zip(steps) {
                assert_eq!(step.outcome.is_end(), place % 6 == 4, "step {place}");
                assert_eq!(step.reward == 0.0, begins_anew, "step {place}");
                assert!(!begins_anew || mask.iter().all(|&may| may), "step {place}");
            }
        }
    }
}

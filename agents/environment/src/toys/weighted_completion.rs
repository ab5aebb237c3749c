//! One machine, five jobs that are all there, one after another: the weighted sum of completion times.
//!
//! Smith's rule (Naval Research Logistics Quarterly 3, 1956) is best: jobs in order of `time / weight`, the smallest first. For two
//! neighbours `i` before `j`, exchanging them changes the sum by `w_i t_j - w_j t_i`, which is not negative exactly when
//! `t_i / w_i <= t_j / w_j`; so any other order is improved by exchanging neighbours until it is Smith's.

use sim::kernel::rng::Seed;

use crate::environment::{Environment, Outcome, Spec, TimeStep};

const JOBS: usize = 5;

/// See the head of the file.
#[derive(Clone, Debug, Default)]
pub struct WeightedCompletion {
    /// Time and weight of each job.
    jobs: [[f32; 2]; JOBS],
    is_done: [bool; JOBS],
    now: f32,
}

impl WeightedCompletion {
    /// The place of the job that Smith's rule takes.
    pub fn smith(observation: &[f32], mask: &[bool]) -> usize {
        let ratio = |job: usize| observation[2 * job] - observation[2 * job + 1];
        let waiting = (0..JOBS).filter(|&job| mask[job]);
        waiting.min_by(|&one, &other| ratio(one).total_cmp(&ratio(other))).unwrap_or(0)
    }
}

impl Environment for WeightedCompletion {
    fn spec(&self) -> Spec {
        Spec { candidates: JOBS, features: 2 }
    }

    /// Times and weights are `e^x`, `x` even between -1 and 1.
    fn reset(&mut self, seed: Seed) {
        let mut random = seed.stream("jobs");
        for job in &mut self.jobs {
            *job = std::array::from_fn(|_| libm::expf(2.0 * random.unit() as f32 - 1.0));
        }
        (self.is_done, self.now) = ([false; JOBS], 0.0);
    }

    /// The logarithms of time and weight.
    fn observe(&self, observation: &mut [f32], mask: &mut [bool]) {
        for ((row, job), done) in observation.chunks_mut(2).zip(&self.jobs).zip(&self.is_done) {
            let seen = if *done { [0.0; 2] } else { job.map(libm::logf) };
            row.copy_from_slice(&seen);
        }
        for (mask, done) in mask.iter_mut().zip(&self.is_done) {
            *mask = !done;
        }
    }

    fn step(&mut self, choice: usize) -> TimeStep {
        assert!(!self.is_done[choice], "job {choice} is done");
        self.is_done[choice] = true;
        let [time, weight] = self.jobs[choice];
        self.now += time;
        let is_last = self.is_done.iter().all(|done| *done);
        let outcome = if is_last { Outcome::Terminated } else { Outcome::Continues };
        TimeStep { reward: -weight * self.now, outcome }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::check_environment;
    use crate::toys::total_reward;

    /// All 120 orders.
    fn orders(of: &[usize]) -> Vec<Vec<usize>> {
        if of.is_empty() {
            return vec![Vec::new()];
        }
        let after = |&first: &usize| {
            let rest: Vec<usize> = of.iter().copied().filter(|&job| job != first).collect();
            orders(&rest).into_iter().map(move |order| [vec![first], order].concat())
        };
        of.iter().flat_map(after).collect()
    }

    #[test]
    fn smiths_rule_is_best() {
        check_environment(WeightedCompletion::default, 20, JOBS + 1);
        for seed in 0..20 {
            let mut toy = WeightedCompletion::default();
            let smith = total_reward(&mut toy, Seed(seed), WeightedCompletion::smith);
            let best = orders(&[0, 1, 2, 3, 4])
                .into_iter()
                .map(|order| {
                    let mut next = order.into_iter();
                    total_reward(&mut toy, Seed(seed), |_, _| next.next().expect("five jobs"))
                })
                .fold(f64::MIN, f64::max);
            assert!((smith - best).abs() < 1e-4, "seed {seed}: {smith}, {best}");
        }
    }
}

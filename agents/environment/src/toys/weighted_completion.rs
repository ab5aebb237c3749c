//! One machine, five jobs that are all there, one after another: the weighted sum of completion times.
//!
//! Smith's rule (Naval Research Logistics Quarterly 3, 1956) is best: jobs in order of `time / weight`, the smallest first. For two
//! neighbours `i` before `j`, exchanging them changes the sum by `w_i t_j - w_j t_i`, which is not negative exactly when
//! `t_i / w_i <= t_j / w_j`; so any other order is improved by exchanging neighbours until it is Smith's.
//!
//! A choice pays for the time that it takes, for everyone who is not done by then: summed over an episode that is the weighted sum of
//! completion times, and what is left to pay hangs on who is left alone, which is seen.

use sim::kernel::rng::Seed;

use crate::environment::{Environment, Outcome, Spec, TimeStep};

const JOBS: usize = 5;
/// Numbers of each.
const WIDTH: usize = 3;

/// See the head of the file.
#[derive(Clone, Debug, Default)]
pub struct WeightedCompletion {
    /// Time and weight of each job.
    jobs: [[f32; 2]; JOBS],
    is_done: [bool; JOBS],
}

impl WeightedCompletion {
    /// The place of the job that Smith's rule takes.
    pub fn smith(observation: &[f32], mask: &[bool]) -> usize {
        let ratio = |job: usize| observation[WIDTH * job] - observation[WIDTH * job + 1];
        let waiting = (0..JOBS).filter(|&job| mask[job]);
        waiting.min_by(|&one, &other| ratio(one).total_cmp(&ratio(other))).unwrap_or(0)
    }
}

impl Environment for WeightedCompletion {
    fn spec(&self) -> Spec {
        Spec { candidates: JOBS, features: WIDTH }
    }

    /// Times and weights are `e^x`, `x` even between -1 and 1.
    fn reset(&mut self, seed: Seed) {
        let mut random = seed.stream("jobs");
        for job in &mut self.jobs {
            *job = std::array::from_fn(|_| libm::expf(2.0 * random.unit() as f32 - 1.0));
        }
        self.is_done = [false; JOBS];
    }

    /// The logarithms of time and weight, and the share of jobs that are left.
    fn observe(&self, observation: &mut [f32], mask: &mut [bool]) {
        let left = self.is_done.iter().filter(|done| !**done).count() as f32 / JOBS as f32;
        for ((row, job), done) in observation.chunks_mut(WIDTH).zip(&self.jobs).zip(&self.is_done) {
            let [time, weight] = job.map(libm::logf);
            let seen = if *done { [0.0; WIDTH] } else { [time, weight, left] };
            row.copy_from_slice(&seen);
        }
        for (mask, done) in mask.iter_mut().zip(&self.is_done) {
            *mask = !done;
        }
    }

    fn step(&mut self, choice: usize) -> TimeStep {
        assert!(!self.is_done[choice], "job {choice} is done");
        let left = self.jobs.iter().zip(&self.is_done).filter(|(_, done)| !**done);
        let weight: f32 = left.map(|([_, weight], _)| weight).sum();
        let time = self.jobs[choice][0];
        self.is_done[choice] = true;
        let is_last = self.is_done.iter().all(|done| *done);
        let outcome = if is_last { Outcome::Terminated } else { Outcome::Continues };
        TimeStep { reward: -weight * time, outcome }
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

    /// Times 1 and 2 with weights 3 and 1, the others without: 1 for both and 2 for the second, 1 * 4 + 2 * 1 = 3 * 1 + 1 * 3.
    #[test]
    fn payments_sum_to_weighted_completion_times() {
        let mut toy = WeightedCompletion::default();
        (toy.jobs[0], toy.jobs[1]) = ([1.0, 3.0], [2.0, 1.0]);
        let paid: Vec<f32> = (0..JOBS).map(|job| toy.step(job).reward).collect();
        assert_eq!(paid, [-4.0, -2.0, 0.0, 0.0, 0.0]);
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

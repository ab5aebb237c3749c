//! Means and percentiles over tasks.

use crate::kernel::ids::TaskId;
use crate::kernel::time::SimDuration;
use crate::view::ClusterView;

/// The mean of what was added, in the order in which it was added; zero of nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    pub(super) fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    pub(super) fn value(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }
}

/// The smallest value that at least this share of all values does not exceed (nearest rank); zero of nothing.
/// Of the values, `zeros` are zero and the others are listed.
pub(super) fn percentile(zeros: usize, others: &[u64], share: f64) -> u64 {
    let rank = (share * (zeros + others.len()) as f64).ceil() as usize;
    match rank.checked_sub(zeros + 1) {
        None => 0,
        Some(index) => *others.to_vec().select_nth_unstable(index).1,
    }
}

/// How long a task that has just started had waited since its submission; nothing when it had started before.
#[inline]
pub(super) fn first_wait(task: TaskId, view: ClusterView<'_>) -> Option<SimDuration> {
    (view.attempt(task) == 0).then(|| view.now().since(view.submit(task)))
}

/// How far the start of a task that has just started for the first time is from the one that the source records;
/// nothing when it records none.
#[inline]
pub(super) fn start_error(task: TaskId, view: ClusterView<'_>) -> Option<SimDuration> {
    let recorded = view.recorded_start(task)?;
    (view.attempt(task) == 0).then(|| SimDuration(view.now().0.abs_diff(recorded.0)))
}

/// How many times as long a task that has just finished ran as its work takes; nothing of one that was thrown out before, or
/// that has no work.
pub(super) fn stretch(task: TaskId, view: ClusterView<'_>) -> Option<f64> {
    let work = view.ran(task).filter(|work| work.0 > 0 && view.attempt(task) == 0)?;
    Some(view.now().since(view.started(task)).0 as f64 / work.0 as f64)
}

/// The smallest value that at least this share of all values does not exceed (nearest rank); zero of nothing.
pub(super) fn rank(values: &[f64], share: f64) -> f64 {
    let place = ((share * values.len() as f64).ceil() as usize).max(1);
    match values {
        [] => 0.0,
        _ => *values.to_vec().select_nth_unstable_by(place - 1, f64::total_cmp).1,
    }
}

/// Times from submission to the first start. Most tasks of most workloads start at once, and are only counted.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstWaits {
    at_once: usize,
    later: Vec<u64>,
}

impl FirstWaits {
    pub(super) fn on_started(&mut self, task: TaskId, view: ClusterView<'_>) {
        match first_wait(task, view) {
            None => {}
            Some(SimDuration(0)) => self.at_once += 1,
            Some(SimDuration(wait)) => self.later.push(wait),
        }
    }

    /// The wait that this share of the started tasks does not exceed, in seconds.
    pub(super) fn percentile_seconds(&self, share: f64) -> f64 {
        SimDuration(percentile(self.at_once, &self.later, share)).seconds()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let values: Vec<u64> = (1..=20).rev().collect();
        assert_eq!(percentile(0, &values, 0.95), 19);
        assert_eq!(percentile(0, &values, 0.99), 20);
        assert_eq!(percentile(0, &[], 0.95), 0);
        // With eighty zeros before them, the 80th of a hundred is zero and the 81st is 1.
        assert_eq!([0.80, 0.81, 0.95].map(|share| percentile(80, &values, share)), [0, 1, 15]);
    }

    #[test]
    fn ranks_of_numbers() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|share| rank(&values, share)), [1.0, 100.0, 198.0, 200.0]);
        assert_eq!(rank(&[], 0.99), 0.0);
    }

    #[test]
    fn the_mean_of_nothing_is_zero() {
        assert_eq!(Mean::default().value(), 0.0);
    }
}

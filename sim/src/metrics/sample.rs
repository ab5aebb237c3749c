//! Means and percentiles over tasks.

use crate::event::{Event, EventKind};
use crate::kernel::time::SimDuration;
use crate::observe::Observer;
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
fn percentile(values: &[u64], share: f64) -> u64 {
    let mut values = values.to_vec();
    let rank = (share * values.len() as f64).ceil() as usize;
    match rank.checked_sub(1) {
        None => 0,
        Some(index) => *values.select_nth_unstable(index).1,
    }
}

/// Times from submission to the first start.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstWaits(Vec<u64>);

impl FirstWaits {
    /// The wait that this share of the started tasks does not exceed, in seconds.
    pub(super) fn percentile_seconds(&self, share: f64) -> f64 {
        SimDuration(percentile(&self.0, share)).seconds()
    }
}

impl Observer for FirstWaits {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        if let EventKind::TaskStarted { placement } = event.kind
            && view.attempt(placement.task) == 0
        {
            self.0.push(event.time.since(view.submit(placement.task)).0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let values: Vec<u64> = (1..=20).rev().collect();
        assert_eq!(percentile(&values, 0.95), 19);
        assert_eq!(percentile(&values, 0.99), 20);
        assert_eq!(percentile(&[], 0.95), 0);
    }

    #[test]
    fn the_mean_of_nothing_is_zero() {
        assert_eq!(Mean::default().value(), 0.0);
    }
}

//! The median of all lives that have ended so far, whoever asks and for whatever share: what knows nothing of a task.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Case, Predictor, UNKNOWN_SECONDS, outlived};
use crate::policy::NoOptions;
use sim::kernel::ids::TaskId;
use sim::kernel::time::SimTime;

pub(super) const HELP: &str = "the median of all lives that have ended, for every share";

pub(super) fn predictor(_: NoOptions) -> impl Predictor {
    Median::default()
}

/// Lives in microseconds: the lower half, its largest on top, and the upper half, its smallest on top.
#[derive(Default)]
struct Median {
    lower: BinaryHeap<u64>,
    upper: BinaryHeap<Reverse<u64>>,
}

impl Predictor for Median {
    fn began(&mut self, _: TaskId, _: &Case, _: SimTime) {}

    fn ended(&mut self, _: TaskId, _: &Case, seconds: f64) {
        self.lower.push((seconds * 1e6) as u64);
        self.upper.extend(self.lower.pop().map(Reverse));
        if self.upper.len() > self.lower.len() {
            self.lower.extend(self.upper.pop().map(|Reverse(life)| life));
        }
    }

    fn life_seconds(&mut self, _: &Case, age_seconds: f64, _: SimTime, _: f64) -> f64 {
        let median = self.lower.peek().map_or(UNKNOWN_SECONDS, |&life| life as f64 / 1e6);
        outlived(median, age_seconds)
    }
}

#[cfg(test)]
mod tests {
    use crate::predict::tests::{foretold, told};

    #[test]
    fn the_middle_of_all_whoever_they_were() {
        let mut of_three = told("policy = 'median'", &[(1, 30.0), (2, 10.0), (1, 20.0)]);
        assert_eq!([0.1, 0.9].map(|share| foretold(&mut *of_three, 9, share)), [20.0, 20.0]);
        let mut of_four = told("policy = 'median'", &[(1, 30.0), (2, 10.0), (1, 20.0), (1, 90.0)]);
        assert_eq!(foretold(&mut *of_four, 1, 0.5), 20.0, "the lower of the two in the middle");
    }
}

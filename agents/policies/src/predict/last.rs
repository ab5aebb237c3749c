//! The last life that ended among tasks that are alike.

use super::mean::Options;
use super::{Case, PerKey, Predictor, UNKNOWN_SECONDS, outlived};
use sim::kernel::ids::TaskId;
use sim::kernel::time::SimTime;

pub(super) const HELP: &str = "the last life that ended among tasks that are alike, for every share";

pub(super) fn predictor(options: Options) -> impl Predictor {
    Last(PerKey::new(options.alike))
}

struct Last(PerKey<Option<f64>>);

impl Predictor for Last {
    fn began(&mut self, _: TaskId, _: &Case, _: SimTime) {}

    fn ended(&mut self, _: TaskId, case: &Case, seconds: f64) {
        self.0.update(case, |last| *last = Some(seconds));
    }

    fn life_seconds(&mut self, case: &Case, age_seconds: f64, _: SimTime, _: f64) -> f64 {
        outlived(self.0.get(case).unwrap_or(UNKNOWN_SECONDS), age_seconds)
    }
}

#[cfg(test)]
mod tests {
    use crate::predict::tests::{foretold, told};

    #[test]
    fn what_was_last_comes_again() {
        let mut last = told("policy = 'last'", &[(1, 30.0), (2, 9.0), (1, 20.0), (2, 1.0)]);
        assert_eq!([1, 2, 3].map(|tenant| foretold(&mut *last, tenant, 0.1)), [20.0, 1.0, 1.0]);
    }
}

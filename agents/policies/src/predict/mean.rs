//! The running mean of the lives of tasks that are alike, and of all for those who are new.

use serde::Deserialize;

use super::{Case, Likeness, PerKey, Predictor, UNKNOWN_SECONDS, outlived};
use sim::kernel::ids::TaskId;
use sim::kernel::time::SimTime;

pub(super) const HELP: &str = "the mean of the lives of tasks that are alike, for every share";

/// Options of predictors that keep one number for tasks that are alike.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// In what tasks are alike.
    pub(super) alike: Vec<Likeness>,
}

impl Default for Options {
    fn default() -> Self {
        Self { alike: vec![Likeness::Tenant] }
    }
}

pub(super) fn predictor(options: Options) -> impl Predictor {
    Mean(PerKey::new(options.alike))
}

/// The sum, and of how many.
struct Mean(PerKey<(f64, f64)>);

impl Predictor for Mean {
    fn began(&mut self, _: TaskId, _: &Case, _: SimTime) {}

    fn ended(&mut self, _: TaskId, case: &Case, seconds: f64) {
        self.0.update(case, |(sum, count)| (*sum, *count) = (*sum + seconds, *count + 1.0));
    }

    fn life_seconds(&mut self, case: &Case, age_seconds: f64, _: SimTime, _: f64) -> f64 {
        let &(sum, count) = self.0.get(case);
        outlived(if count > 0.0 { sum / count } else { UNKNOWN_SECONDS }, age_seconds)
    }
}

#[cfg(test)]
mod tests {
    use crate::predict::tests::{foretold, told};

    #[test]
    fn each_has_his_own_mean_and_the_new_have_that_of_all() {
        let mut mean = told("policy = 'mean'", &[(1, 30.0), (2, 9.0), (1, 20.0), (2, 1.0)]);
        assert_eq!([1, 2, 3].map(|tenant| foretold(&mut *mean, tenant, 0.9)), [25.0, 5.0, 15.0]);
    }
}

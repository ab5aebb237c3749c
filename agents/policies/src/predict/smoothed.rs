//! Exponential smoothing of the logarithms of lives of tasks that are alike (Brown, Statistical Forecasting for Inventory Control,
//! 1959): `level = level + weight (ln(1 + life) - level)`, from the first life on.

use serde::Deserialize;

use super::{Case, Likeness, PerKey, Predictor, UNKNOWN_SECONDS, outlived};
use crate::options;
use sim::kernel::ids::TaskId;
use sim::kernel::time::SimTime;

pub(super) const HELP: &str = "smoothed logarithms of the lives of tasks that are alike, for every share";

/// Options of smoothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// In what tasks are alike.
    alike: Vec<Likeness>,
    /// How much the newest counts.
    #[serde(deserialize_with = "options::share")]
    weight: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { alike: vec![Likeness::Tenant], weight: 0.3 }
    }
}

pub(super) fn predictor(options: Options) -> impl Predictor {
    Smoothed { level: PerKey::new(options.alike), weight: options.weight }
}

struct Smoothed {
    level: PerKey<Option<f64>>,
    weight: f64,
}

impl Predictor for Smoothed {
    fn began(&mut self, _: TaskId, _: &Case, _: SimTime) {}

    fn ended(&mut self, _: TaskId, case: &Case, seconds: f64) {
        let (value, weight) = (libm::log1p(seconds), self.weight);
        self.level.update(case, |level| {
            *level = Some(level.map_or(value, |level| level + weight * (value - level)));
        });
    }

    fn life_seconds(&mut self, case: &Case, age_seconds: f64, _: SimTime, _: f64) -> f64 {
        outlived(self.level.get(case).map_or(UNKNOWN_SECONDS, libm::expm1), age_seconds)
    }
}

#[cfg(test)]
mod tests {
    use crate::predict::tests::{foretold, told};

    /// 3 and then 15 s: from ln 4 half of the way to ln 16, which is ln 8: 7 s.
    #[test]
    fn smoothing_by_hand() {
        let mut smoothed = told("policy = 'smoothed'\nweight = 0.5", &[(1, 3.0), (1, 15.0), (2, 1.0)]);
        assert!((foretold(&mut *smoothed, 1, 0.5) - 7.0).abs() < 1e-9);
        assert!((foretold(&mut *smoothed, 2, 0.5) - 1.0).abs() < 1e-9);
    }
}

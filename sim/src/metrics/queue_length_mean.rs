//! Waiting tasks, averaged over the episode.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "tasks";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "waiting tasks, averaged over the episode";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let passed = measured.microseconds() as f64;
        if passed == 0.0 { 0.0 } else { measured.integrals().waiting as f64 / passed }
    }
}

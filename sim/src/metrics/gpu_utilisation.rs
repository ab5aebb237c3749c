//! Allocated share of all devices, averaged over the episode.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Higher;
    const HELP: &'static str = "allocated share of all devices, averaged over the episode";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let capacity = (1000 * measured.topology().device_count() as u64) as f64 * measured.microseconds() as f64;
        if capacity == 0.0 { 0.0 } else { measured.integrals().device_milli as f64 / capacity }
    }
}

//! Allocated share of the cpu of hosts that are on.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Higher;
    const HELP: &'static str = "allocated share of the cpu of hosts that were on, averaged over the episode";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let sums = measured.integrals();
        if sums.cpu_milli_on == 0 { 0.0 } else { sums.cpu_milli as f64 / sums.cpu_milli_on as f64 }
    }
}

//! Share of the cpu of hosts that are on which tasks are given to use.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Higher;
    const HELP: &'static str = "share of the cpu of hosts that were on which tasks used, as far as it was there";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let sums = measured.integrals();
        if sums.cpu_milli_on == 0 { 0.0 } else { sums.cpu_granted_milli as f64 / sums.cpu_milli_on as f64 }
    }
}

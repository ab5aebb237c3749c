//! Share of the memory of devices that tasks have touched: less than is given out where work allocates more than it needs.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Higher;
    const HELP: &'static str = "share of the memory of devices that tasks had touched, averaged over the episode";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let capacity = measured.topology().device_memory_mib() as f64 * measured.microseconds() as f64;
        if capacity == 0.0 { 0.0 } else { measured.integrals().device_memory_touched_mib as f64 / capacity }
    }
}

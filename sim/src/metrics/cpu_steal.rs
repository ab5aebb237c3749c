//! What tasks lack of the cpu that they want: steal, in the words of a guest.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "share of the cpu that running tasks wanted to use and that their hosts did not have";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let sums = measured.integrals();
        match sums.cpu_wanted_milli {
            0 => 0.0,
            wanted => 1.0 - sums.cpu_granted_milli as f64 / wanted as f64,
        }
    }
}

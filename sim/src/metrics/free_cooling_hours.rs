//! How long the economiser carried all heat that no liquid did, and the chiller stood still.

use super::{Better, Measured, Metric};

const SECONDS_PER_HOUR: f64 = 3600.0;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "h";
    const BETTER: Better = Better::Neither;
    const HELP: &'static str = "time in which the chiller stood still; 0 without an economiser";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        measured.footprint().free_cooling_seconds / SECONDS_PER_HOUR
    }
}

//! Water that evaporates where the heat gets out.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "L";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "water that towers evaporate; 0 where cooling is a constant PUE or a constant factor, which say nothing of it";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        measured.footprint().water_litres
    }
}

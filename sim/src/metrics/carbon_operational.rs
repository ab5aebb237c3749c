//! Carbon of the energy of the whole facility, at the intensity of each moment.

use super::{Better, Measured, Metric};
use crate::metrics::GRAMS_PER_KILOGRAM;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "kg";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "CO2 equivalents of the energy of the whole facility; 0 without a carbon intensity";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        measured.footprint().carbon_grams / GRAMS_PER_KILOGRAM
    }
}

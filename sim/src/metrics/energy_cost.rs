//! What the energy of the whole facility cost, at the price of each moment.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "currency";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "cost of the energy of the whole facility, in the money of the price; 0 without a price";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        measured.footprint().cost
    }
}

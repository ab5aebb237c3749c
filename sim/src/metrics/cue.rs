//! Carbon usage effectiveness (ISO/IEC 30134-8): operational carbon over the energy of hosts.

use super::{Better, Measured, Metric};
use crate::metrics::{GRAMS_PER_KILOGRAM, JOULES_PER_KWH};
use crate::models::carbon::carbon_usage_effectiveness;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "kg/kWh";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "operational carbon over energy of hosts; 0 without a carbon intensity";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let it_kwh = measured.it_energy_joules() / JOULES_PER_KWH;
        carbon_usage_effectiveness(measured.footprint().carbon_grams / GRAMS_PER_KILOGRAM, it_kwh)
    }
}

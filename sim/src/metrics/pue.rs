//! Power usage effectiveness (ISO/IEC 30134-2): energy over energy, never a mean of ratios.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Neither;
    const HELP: &'static str = "energy of the facility over energy of its hosts";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let it = measured.it_energy_joules();
        if it == 0.0 { 0.0 } else { measured.facility_energy_joules() / it }
    }
}

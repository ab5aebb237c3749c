//! Water usage effectiveness (ISO/IEC 30134-9): water over the energy of hosts, never times the PUE.

use super::{Better, Measured, Metric};
use crate::metrics::JOULES_PER_KWH;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "L/kWh";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "water over energy of hosts";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let it_kwh = measured.it_energy_joules() / JOULES_PER_KWH;
        if it_kwh == 0.0 { 0.0 } else { measured.footprint().water_litres / it_kwh }
    }
}

//! Energy of the whole facility: hosts, losses and cooling.

use super::{Better, Measured, Metric};
use crate::metrics::JOULES_PER_KWH;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "kWh";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "energy of the whole facility: hosts, losses and cooling";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        measured.facility_energy_joules() / JOULES_PER_KWH
    }
}

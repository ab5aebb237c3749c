//! What hosts drew because tasks were on their way from or to them; a part of the energy of hosts.

use super::{Better, JOULES_PER_KWH, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "kWh";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "what both ends of migrations drew because of them, a part of the energy of hosts";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        measured.move_joules() / JOULES_PER_KWH
    }
}

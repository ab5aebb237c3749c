//! Power of all hosts, averaged over the episode.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "kW";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "power of all hosts, averaged over the episode";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let seconds = measured.seconds();
        if seconds == 0.0 { 0.0 } else { measured.it_energy_joules() / seconds / 1000.0 }
    }
}

//! Hosts that were on, averaged over the episode.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "hosts";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "hosts that were on, averaged over the episode";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        match measured.microseconds() {
            0 => 0.0,
            microseconds => measured.integrals().hosts_on as f64 / microseconds as f64,
        }
    }
}

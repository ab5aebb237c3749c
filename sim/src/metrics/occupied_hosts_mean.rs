//! Hosts with at least one task, averaged over the episode.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "hosts";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "hosts with at least one task, averaged over the episode";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let passed = measured.microseconds() as f64;
        if passed == 0.0 { 0.0 } else { measured.integrals().occupied_hosts as f64 / passed }
    }
}

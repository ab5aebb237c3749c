//! Time in which hosts had no task on them, summed over hosts.

use super::{Better, Measured, Metric};

const MICROSECONDS_PER_HOUR: f64 = 3.6e9;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "host-hours";
    const BETTER: Better = Better::Higher;
    const HELP: &'static str = "time in which hosts had no task on them, summed over hosts";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let all = u128::from(measured.microseconds()) * measured.topology().host_count() as u128;
        all.saturating_sub(measured.integrals().occupied_hosts) as f64 / MICROSECONDS_PER_HOUR
    }
}

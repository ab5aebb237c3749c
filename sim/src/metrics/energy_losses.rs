//! Energy that the facility loses before it reaches a host, and lights and the like.

use super::{Better, Measured, Metric};
use crate::metrics::JOULES_PER_KWH;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "kWh";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "energy that reaches no host and does not cool; with a static PUE, all beyond the hosts";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        measured.overhead_joules().losses / JOULES_PER_KWH
    }
}

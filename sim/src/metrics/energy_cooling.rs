//! Energy of cooling.

use super::{Better, Measured, Metric};
use crate::metrics::JOULES_PER_KWH;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "kWh";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "energy of cooling; with a static PUE, which does not tell it from losses, 0";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        measured.overhead_joules().cooling / JOULES_PER_KWH
    }
}

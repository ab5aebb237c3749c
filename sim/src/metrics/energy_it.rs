//! Energy of all hosts with their devices.

use super::{Better, Metric};
use crate::metrics::JOULES_PER_KWH;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "kWh";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "energy of all hosts with their devices";

    fn value(&self, view: ClusterView<'_>) -> f64 {
        view.it_energy_joules() / JOULES_PER_KWH
    }
}

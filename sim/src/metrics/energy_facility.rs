//! Energy of the whole facility: hosts, losses and cooling.

use super::{Better, Metric};
use crate::metrics::JOULES_PER_KWH;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "kWh";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "energy of the whole facility";

    fn value(&self, view: ClusterView<'_>) -> f64 {
        view.rules().facility.energy_joules(view.it_energy_joules()) / JOULES_PER_KWH
    }
}

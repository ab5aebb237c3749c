//! Allocated share of all cpu, averaged over the episode.

use super::{Better, Metric};
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Higher;
    const HELP: &'static str = "allocated share of all cpu, averaged over the episode";

    fn value(&self, view: ClusterView<'_>) -> f64 {
        let capacity = view.topology().total_capacity().0 as f64 * view.now().0 as f64;
        if capacity == 0.0 { 0.0 } else { view.integrals().cpu_milli as f64 / capacity }
    }
}

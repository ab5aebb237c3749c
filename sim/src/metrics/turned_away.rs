//! How often the agent on a host turned a task away that was placed there.

use super::{Better, Measured, Metric};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(u64);

impl Metric for Watch {
    const UNIT: &'static str = "tasks";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "how often a placed task was turned away by the agent on the host (topology manager)";

    fn on_turned_away(&mut self, _: TaskId, _: ClusterView<'_>) {
        self.0 += 1;
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0 as f64
    }
}

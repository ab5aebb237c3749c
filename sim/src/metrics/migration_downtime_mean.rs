//! For how long tasks stood still on their way, averaged over the migrations that arrived.

use super::sample::Mean;
use super::{Better, Measured, Metric};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(Mean);

impl Metric for Watch {
    const UNIT: &'static str = "ms";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "how long tasks stood still on their way, mean over migrations that arrived";

    fn on_migrated(&mut self, task: TaskId, view: ClusterView<'_>) {
        if let Some(moved) = view.last_move(task) {
            self.0.add(1000.0 * moved.downtime_seconds);
        }
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0.value()
    }
}

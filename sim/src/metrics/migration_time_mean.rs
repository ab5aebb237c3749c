//! From the decision to move a task until it is there, averaged over the migrations that arrived.

use super::sample::Mean;
use super::{Better, Measured, Metric};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(Mean);

impl Metric for Watch {
    const UNIT: &'static str = "s";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "how long migrations took, mean over those that arrived";

    fn on_migrated(&mut self, task: TaskId, view: ClusterView<'_>) {
        if let Some(moved) = view.last_move(task) {
            self.0.add(moved.ended.since(moved.since).seconds());
        }
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0.value()
    }
}

//! What migrations sent over the network: of each all, when it is over, whether its task arrived or not.

use super::{Better, Measured, Metric};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

const MIB_PER_GIB: f64 = 1024.0;

#[derive(Default)]
pub(super) struct Watch(f64);

impl Watch {
    fn add(&mut self, task: TaskId, view: ClusterView<'_>) {
        self.0 += view.last_move(task).map_or(0.0, |moved| moved.sent_mib);
    }
}

impl Metric for Watch {
    const UNIT: &'static str = "GiB";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "what migrations sent over the network until they were over";

    fn on_migrated(&mut self, task: TaskId, view: ClusterView<'_>) {
        self.add(task, view);
    }

    fn on_migration_cancelled(&mut self, task: TaskId, view: ClusterView<'_>) {
        self.add(task, view);
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0 / MIB_PER_GIB
    }
}

//! How often a migration was given up because it stalled: its task stayed where it was.

use super::{Better, Measured, Metric};
use crate::cluster::Outcome;
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(u64);

impl Metric for Watch {
    const UNIT: &'static str = "times";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "how often a migration was given up because memory changed faster than it was sent";

    fn on_migration_cancelled(&mut self, task: TaskId, view: ClusterView<'_>) {
        self.0 += u64::from(view.last_move(task).is_some_and(|moved| moved.outcome == Outcome::Failed));
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0 as f64
    }
}

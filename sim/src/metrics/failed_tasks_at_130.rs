//! Tasks turned away until 130 % of the GPUs have been asked for (FGD, ATC 2023).

use super::filling::FailedTasks;
use super::{Better, Measured, Metric};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(FailedTasks<130>);

impl Metric for Watch {
    const UNIT: &'static str = "tasks";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "tasks turned away until 130 % of the GPUs have been asked for";

    fn on_started(&mut self, _: TaskId, view: ClusterView<'_>) {
        self.0.on_started(view);
    }

    fn on_rejected(&mut self, _: TaskId, view: ClusterView<'_>) {
        self.0.on_rejected(view);
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0.value()
    }
}

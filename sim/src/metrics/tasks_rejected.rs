//! Tasks that left without having finished.

use super::{Better, Measured, Metric};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(u64);

impl Metric for Watch {
    const UNIT: &'static str = "tasks";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "tasks that left without having finished";

    fn on_rejected(&mut self, _: TaskId, _: ClusterView<'_>) {
        self.0 += 1;
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0 as f64
    }
}

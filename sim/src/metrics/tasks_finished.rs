//! Tasks that did their work.

use super::{Better, Measured, Metric};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(u64);

impl Metric for Watch {
    const UNIT: &'static str = "tasks";
    const BETTER: Better = Better::Higher;
    const HELP: &'static str = "tasks that did their work";

    fn on_finished(&mut self, _: TaskId, _: ClusterView<'_>) {
        self.0 += 1;
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0 as f64
    }
}

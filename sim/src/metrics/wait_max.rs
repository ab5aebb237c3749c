//! The longest time from submission to the first start.

use super::sample::first_wait;
use super::{Better, Measured, Metric, Subject};
use crate::kernel::ids::TaskId;
use crate::kernel::time::SimDuration;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(SimDuration);

impl Metric for Watch {
    const UNIT: &'static str = "s";
    const BETTER: Better = Better::Lower;
    const SUBJECT: Subject = Subject::Tasks;
    const HELP: &'static str = "longest time from submission to the first start";

    fn on_started(&mut self, task: TaskId, view: ClusterView<'_>) {
        if let Some(wait) = first_wait(task, view) {
            self.0 = self.0.max(wait);
        }
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0.seconds()
    }
}

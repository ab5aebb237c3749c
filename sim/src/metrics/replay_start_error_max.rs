//! How far a first start is from the one that the source records, at most.

use super::sample::start_error;
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
    const HELP: &'static str = "largest difference between a first start and the recorded one; 0 where none is recorded";

    fn on_started(&mut self, task: TaskId, view: ClusterView<'_>) {
        if let Some(error) = start_error(task, view) {
            self.0 = self.0.max(error);
        }
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0.seconds()
    }
}

//! From submission to the first start, averaged over the tasks that started.

use super::sample::{Mean, first_wait};
use super::{Better, Measured, Metric, Subject};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(Mean);

impl Metric for Watch {
    const UNIT: &'static str = "s";
    const BETTER: Better = Better::Lower;
    const SUBJECT: Subject = Subject::Tasks;
    const HELP: &'static str = "time from submission to the first start, mean over started tasks";

    fn on_started(&mut self, task: TaskId, view: ClusterView<'_>) {
        if let Some(wait) = first_wait(task, view) {
            self.0.add(wait.seconds());
        }
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0.value()
    }
}

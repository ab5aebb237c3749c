//! From submission to the end, averaged over the tasks that finished.

use super::sample::Mean;
use super::{Better, Measured, Metric, Subject};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(Mean);

impl Metric for Watch {
    const UNIT: &'static str = "s";
    const BETTER: Better = Better::Lower;
    const SUBJECT: Subject = Subject::Tasks;
    const HELP: &'static str = "time from submission to the end, mean over finished tasks";

    fn on_finished(&mut self, task: TaskId, view: ClusterView<'_>) {
        self.0.add(view.now().since(view.submit(task)).seconds());
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0.value()
    }
}

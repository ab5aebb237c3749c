//! How far first starts are from those that the source records, on average.

use super::sample::{Mean, start_error};
use super::{Better, Measured, Metric, Subject};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(Mean);

impl Metric for Watch {
    const UNIT: &'static str = "s";
    const BETTER: Better = Better::Lower;
    const SUBJECT: Subject = Subject::Tasks;
    const HELP: &'static str = "mean difference between the first start and the recorded one; 0 where none is recorded";

    fn on_started(&mut self, task: TaskId, view: ClusterView<'_>) {
        if let Some(error) = start_error(task, view) {
            self.0.add(error.seconds());
        }
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0.value()
    }
}

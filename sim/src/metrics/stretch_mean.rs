//! How many times as long finished tasks ran as their work takes where nothing slows it.

use super::sample::{Mean, stretch};
use super::{Better, Measured, Metric, Subject};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(Mean);

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Lower;
    const SUBJECT: Subject = Subject::Tasks;
    const HELP: &'static str = "run time over work, mean over finished tasks that were never thrown out";

    fn on_finished(&mut self, task: TaskId, view: ClusterView<'_>) {
        stretch(task, view).into_iter().for_each(|stretch| self.0.add(stretch));
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0.value()
    }
}

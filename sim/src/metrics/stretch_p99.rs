//! How many times as long finished tasks ran as their work takes: what 99 % of them do not exceed.

use super::sample::{rank, stretch};
use super::{Better, Measured, Metric, Subject};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(Vec<f64>);

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Lower;
    const SUBJECT: Subject = Subject::Tasks;
    const HELP: &'static str = "run time over work that 99 % of finished tasks do not exceed, of those that were never thrown out";

    fn on_finished(&mut self, task: TaskId, view: ClusterView<'_>) {
        self.0.extend(stretch(task, view));
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        rank(&self.0, 0.99)
    }
}

//! From submission to the first start: the time that 99 % of the started tasks do not exceed.

use super::sample::FirstWaits;
use super::{Better, Measured, Metric, Subject};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(FirstWaits);

impl Metric for Watch {
    const UNIT: &'static str = "s";
    const BETTER: Better = Better::Lower;
    const SUBJECT: Subject = Subject::Tasks;
    const HELP: &'static str = "time from submission to the first start that 99 % of started tasks do not exceed";

    fn on_started(&mut self, task: TaskId, view: ClusterView<'_>) {
        self.0.on_started(task, view);
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0.percentile_seconds(0.99)
    }
}

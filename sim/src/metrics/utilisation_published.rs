//! Utilisation as RLScheduler (SC 2020) computes it: the work of all finished tasks over the capacity from the
//! first submission to the *start* of the last task, which is more than the true share.

use super::{Better, Measured, Metric, Subject};
use crate::kernel::ids::TaskId;
use crate::kernel::time::SimTime;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch {
    first_submit: Option<SimTime>,
    last_start: SimTime,
    /// Milli-cores times microseconds.
    work: u128,
}

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Higher;
    const SUBJECT: Subject = Subject::Tasks;
    const HELP: &'static str = "work of finished tasks over capacity until the last start (RLScheduler's definition)";

    fn on_submitted(&mut self, _: TaskId, view: ClusterView<'_>) {
        self.first_submit = self.first_submit.or(Some(view.now()));
    }

    fn on_started(&mut self, _: TaskId, view: ClusterView<'_>) {
        self.last_start = view.now();
    }

    fn on_finished(&mut self, task: TaskId, view: ClusterView<'_>) {
        let run = view.now().since(view.started(task));
        self.work += u128::from(run.0) * u128::from(view.shape(task).resources.cpu_milli);
    }

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let span = self.last_start.0 - self.first_submit.unwrap_or_default().0.min(self.last_start.0);
        let capacity = u128::from(span) * u128::from(measured.topology().total_capacity().0);
        if capacity == 0 { 0.0 } else { self.work as f64 / capacity as f64 }
    }
}

//! From submission to the first start, averaged over the tasks that started.

use super::sample::Mean;
use super::{Better, Metric};
use crate::event::{Event, EventKind};
use crate::observe::Observer;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(Mean);

impl Observer for Watch {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        if let EventKind::TaskStarted { placement } = event.kind
            && view.attempt(placement.task) == 0
        {
            self.0.add(event.time.since(view.submit(placement.task)).seconds());
        }
    }
}

impl Metric for Watch {
    const UNIT: &'static str = "s";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "time from submission to the first start, mean over started tasks";

    fn value(&self, _: ClusterView<'_>) -> f64 {
        self.0.value()
    }
}

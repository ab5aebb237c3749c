//! The longest time from submission to the first start.

use super::{Better, Metric};
use crate::event::{Event, EventKind};
use crate::kernel::time::SimDuration;
use crate::observe::Observer;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(SimDuration);

impl Observer for Watch {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        if let EventKind::TaskStarted { placement } = event.kind
            && view.attempt(placement.task) == 0
        {
            self.0 = self.0.max(event.time.since(view.submit(placement.task)));
        }
    }
}

impl Metric for Watch {
    const UNIT: &'static str = "s";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "longest time from submission to the first start";

    fn value(&self, _: ClusterView<'_>) -> f64 {
        self.0.seconds()
    }
}

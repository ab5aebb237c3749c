//! From submission to the end, averaged over the tasks that finished.

use super::sample::Mean;
use super::{Better, Metric};
use crate::event::{Event, EventKind};
use crate::observe::Observer;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(Mean);

impl Observer for Watch {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        if let EventKind::TaskFinished { task, .. } = event.kind {
            self.0.add(event.time.since(view.submit(task)).seconds());
        }
    }
}

impl Metric for Watch {
    const UNIT: &'static str = "s";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "time from submission to the end, mean over finished tasks";

    fn value(&self, _: ClusterView<'_>) -> f64 {
        self.0.value()
    }
}

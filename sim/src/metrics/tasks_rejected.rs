//! Tasks that left without having finished.

use super::{Better, Metric};
use crate::event::{Event, EventKind};
use crate::observe::Observer;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(u64);

impl Observer for Watch {
    fn on_event(&mut self, event: &Event, _: ClusterView<'_>) {
        self.0 += u64::from(matches!(event.kind, EventKind::TaskRejected { .. }));
    }
}

impl Metric for Watch {
    const UNIT: &'static str = "tasks";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "tasks that left without having finished";

    fn value(&self, _: ClusterView<'_>) -> f64 {
        self.0 as f64
    }
}

//! How often a running task was thrown out.

use super::{Better, Metric};
use crate::event::{Event, EventKind};
use crate::observe::Observer;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(u64);

impl Observer for Watch {
    fn on_event(&mut self, event: &Event, _: ClusterView<'_>) {
        self.0 += u64::from(matches!(event.kind, EventKind::TaskEvicted { .. }));
    }
}

impl Metric for Watch {
    const UNIT: &'static str = "tasks";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "how often a running task was thrown out";

    fn value(&self, _: ClusterView<'_>) -> f64 {
        self.0 as f64
    }
}

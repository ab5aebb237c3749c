//! From submission to the first start: the time that 99 % of the started tasks do not exceed.

use super::sample::percentile;
use super::{Better, Metric};
use crate::event::{Event, EventKind};
use crate::kernel::time::SimDuration;
use crate::observe::Observer;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(Vec<u64>);

impl Observer for Watch {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        if let EventKind::TaskStarted { placement } = event.kind
            && view.attempt(placement.task) == 0
        {
            self.0.push(event.time.since(view.submit(placement.task)).0);
        }
    }
}

impl Metric for Watch {
    const UNIT: &'static str = "s";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "time from submission to the first start that 99 % of started tasks do not exceed";

    fn value(&self, _: ClusterView<'_>) -> f64 {
        SimDuration(percentile(&self.0, 0.99)).seconds()
    }
}

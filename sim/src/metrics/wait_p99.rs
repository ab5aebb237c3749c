//! From submission to the first start: the time that 99 % of the started tasks do not exceed.

use super::sample::FirstWaits;
use super::{Better, Metric};
use crate::event::Event;
use crate::observe::Observer;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(FirstWaits);

impl Observer for Watch {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        self.0.on_event(event, view);
    }
}

impl Metric for Watch {
    const UNIT: &'static str = "s";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "time from submission to the first start that 99 % of started tasks do not exceed";

    fn value(&self, _: ClusterView<'_>) -> f64 {
        self.0.percentile_seconds(0.99)
    }
}

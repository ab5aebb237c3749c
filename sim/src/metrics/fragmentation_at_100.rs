//! Expected GPU fragments when 100 % of the GPUs have been asked for (FGD, ATC 2023).

use super::filling::Fragmentation;
use super::{Better, Metric};
use crate::event::Event;
use crate::observe::Observer;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(Fragmentation<100>);

impl Observer for Watch {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        self.0.on_event(event, view);
    }
}

impl Metric for Watch {
    const UNIT: &'static str = "%";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "GPU capacity that usual tasks could not use, when 100 % of the GPUs have been asked for";

    fn value(&self, _: ClusterView<'_>) -> f64 {
        self.0.value()
    }
}

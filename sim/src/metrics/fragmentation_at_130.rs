//! Expected GPU fragments when 130 % of the GPUs have been asked for (FGD, ATC 2023).

use super::filling::Fragmentation;
use super::{Better, Measured, Metric};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(Fragmentation<130>);

impl Metric for Watch {
    const UNIT: &'static str = "%";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "GPU capacity that usual tasks could not use, when 130 % of the GPUs have been asked for";

    fn on_started(&mut self, _: TaskId, view: ClusterView<'_>) {
        self.0.on_decided(view);
    }

    fn on_rejected(&mut self, _: TaskId, view: ClusterView<'_>) {
        self.0.on_decided(view);
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0.value()
    }
}

//! Allocated share of all GPUs when 100 % of them have been asked for (FGD, ATC 2023).

use super::filling::AllocationRatio;
use super::{Better, Measured, Metric};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(AllocationRatio<100>);

impl Metric for Watch {
    const UNIT: &'static str = "%";
    const BETTER: Better = Better::Higher;
    const HELP: &'static str = "allocated share of all GPUs when 100 % of them have been asked for";

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

//! How often a placed task wanted to touch more memory of its devices than was left of it.

use super::{Better, Measured, Metric};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(u64);

impl Metric for Watch {
    const UNIT: &'static str = "tasks";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "how often a placed task ran out of the memory of its devices, which was given out more than once";

    fn on_out_of_memory(&mut self, _: TaskId, _: ClusterView<'_>) {
        self.0 += 1;
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0 as f64
    }
}

//! The downtime that 99 % of the migrations that arrived do not exceed, to the nanosecond (nearest rank).

use super::sample::percentile;
use super::{Better, Measured, Metric};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

const NANOSECONDS: f64 = 1e9;

/// Downtimes in nanoseconds.
#[derive(Default)]
pub(super) struct Watch(Vec<u64>);

impl Metric for Watch {
    const UNIT: &'static str = "ms";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "how long tasks stood still on their way; 99 % of migrations that arrived do not exceed it";

    fn on_migrated(&mut self, task: TaskId, view: ClusterView<'_>) {
        if let Some(moved) = view.last_move(task) {
            self.0.push((NANOSECONDS * moved.downtime_seconds).round() as u64);
        }
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        percentile(0, &self.0, 0.99) as f64 * 1000.0 / NANOSECONDS
    }
}

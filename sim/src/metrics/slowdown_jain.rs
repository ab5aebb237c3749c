//! Jain's index over tenants of their mean bounded slowdown: how evenly they are made to wait.

use std::collections::BTreeMap;

use super::bounded_slowdown_mean::bounded_slowdown;
use super::fairness::jain_index;
use super::sample::Mean;
use super::{Better, Measured, Metric, Subject};
use crate::kernel::ids::{TaskId, TenantId};
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch(BTreeMap<TenantId, Mean>);

impl Metric for Watch {
    const UNIT: &'static str = "1";
    const BETTER: Better = Better::Higher;
    const SUBJECT: Subject = Subject::Tasks;
    const HELP: &'static str =
        "how evenly tenants wait: Jain's index of their mean bounded slowdowns, 1 where all wait alike";

    fn on_finished(&mut self, task: TaskId, view: ClusterView<'_>) {
        self.0.entry(view.tenant(task)).or_default().add(bounded_slowdown(task, view));
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        if self.0.is_empty() { 0.0 } else { jain_index(self.0.values().map(|mean| mean.value())) }
    }
}

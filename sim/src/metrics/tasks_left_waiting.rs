//! Tasks that still wait when the episode ends.

use super::{Better, Metric};
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "tasks";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "tasks that still wait when the episode ends";

    fn value(&self, view: ClusterView<'_>) -> f64 {
        view.totals().waiting as f64
    }
}

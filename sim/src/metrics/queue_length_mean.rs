//! Waiting tasks, averaged over the episode.

use super::{Better, Metric};
use crate::view::ClusterView;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "tasks";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "waiting tasks, averaged over the episode";

    fn value(&self, view: ClusterView<'_>) -> f64 {
        let passed = view.now().0 as f64;
        if passed == 0.0 { 0.0 } else { view.integrals().waiting as f64 / passed }
    }
}

//! Tasks that still wait when the episode ends.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "tasks";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "tasks that still wait when the episode ends";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        measured.totals().waiting as f64
    }
}

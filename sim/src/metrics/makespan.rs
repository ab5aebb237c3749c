//! From the beginning to the end of the episode.

use super::{Better, Measured, Metric};

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "s";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "time from the beginning to the end of the episode";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        measured.seconds()
    }
}

//! Shortest job first, by declared run time; the earlier one among equals.

use super::prelude::*;

pub(super) const HELP: &str = "shortest declared run time first";

struct Key;

impl OrderKey for Key {
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        [job.estimate, job.submit]
    }
}

pub(super) fn key(_: NoOptions) -> impl OrderKey {
    Key
}

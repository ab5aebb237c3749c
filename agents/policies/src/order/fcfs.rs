//! First come, first served.

use super::prelude::*;

pub(super) const HELP: &str = "first come, first served";

struct Key;

impl OrderKey for Key {
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        [job.submit, 0.0]
    }

    fn needs_estimates(&self) -> bool {
        false
    }
}

pub(super) fn key(_: NoOptions) -> impl OrderKey {
    Key
}

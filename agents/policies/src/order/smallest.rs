//! Smallest job first, by cores; the earlier one among equals.

use super::prelude::*;

pub(super) const HELP: &str = "fewest cores first";

struct Key;

impl OrderKey for Key {
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        [job.cores, job.submit]
    }

    fn needs_estimates(&self) -> bool {
        false
    }
}

pub(super) fn key(_: NoOptions) -> impl OrderKey {
    Key
}

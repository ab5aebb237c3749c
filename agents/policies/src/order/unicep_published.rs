//! UNICEP as RLScheduler (SC 2020) computes it: with a waiting time of `-(1 + s)`, as in `wfp3_published`; one core,
//! whose logarithm is all but zero, goes last.

use super::prelude::*;

pub(super) const HELP: &str = "RLScheduler's UNICEP, whose waiting time is -(1 + submit)";

struct Key;

impl OrderKey for Key {
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        [(1.0 + job.submit) / (libm::log2(job.cores + TINY) * job.estimate), 0.0]
    }
}

pub(super) fn key(_: NoOptions) -> impl OrderKey {
    Key
}

/// As the published program has it.
const TINY: f64 = 1e-15;

//! WFP3 as RLScheduler (SC 2020) computes it: a job that has not started has a start time of -1 there, so that `w` is
//! `-(1 + s)` with the absolute submission `s`, and long jobs run first.

use super::prelude::*;

pub(super) const HELP: &str = "RLScheduler's WFP3, whose waiting time is -(1 + submit)";

struct Key;

impl OrderKey for Key {
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        let ratio = (1.0 + job.submit) / job.estimate;
        [ratio * ratio * ratio * job.cores, 0.0]
    }
}

pub(super) fn key(_: NoOptions) -> impl OrderKey {
    Key
}

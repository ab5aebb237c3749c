//! UNICEP (Tang et al., Cluster 2009): `-w / (log2(n) r)`, so that small, short jobs that waited are next.

use super::prelude::*;

pub(super) const HELP: &str = "-waited / (log2(cores) declared): small and short jobs that waited first";

struct Key;

impl OrderKey for Key {
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        let size = libm::log2(job.cores + TINY);
        [-(job.waited + TINY) / (size * job.estimate.max(1.0)), job.submit]
    }

    fn moves_with_time(&self) -> bool {
        true
    }
}

pub(super) fn key(_: NoOptions) -> impl OrderKey {
    Key
}

/// Keeps one core, whose logarithm is 0, from dividing by zero (RLScheduler).
const TINY: f64 = 1e-15;

//! WFP3 (Tang et al., Cluster 2009): `-(w / r)^3 n`, so that who waited long for a short run with many cores is next.

use super::prelude::*;

pub(super) const HELP: &str = "-(waited / declared)^3 cores: long waits, short runs, large jobs first";

struct Key;

impl OrderKey for Key {
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        let ratio = job.waited / job.estimate.max(1.0);
        [-(ratio * ratio * ratio) * job.cores, job.submit]
    }

    fn moves_with_time(&self) -> bool {
        true
    }
}

pub(super) fn key(_: NoOptions) -> impl OrderKey {
    Key
}

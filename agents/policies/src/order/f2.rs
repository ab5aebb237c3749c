//! F2 (Carastan-Santos and de Camargo, SC 2017): `sqrt(r) n + 25600 log10(s)` with the absolute submission `s`.

use super::positive;
use super::prelude::*;

pub(super) const HELP: &str = "sqrt(r) n + 25600 log10(s)";

struct Key;

impl OrderKey for Key {
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        [job.estimate.sqrt() * job.cores + 25_600.0 * libm::log10(positive(job.submit)), 0.0]
    }
}

pub(super) fn key(_: NoOptions) -> impl OrderKey {
    Key
}

//! FGD less what a placement strands: `fgd - weight * (stranded devices + stranded cpu)`, both as in `host_features`. It is not
//! trained; two points of FGD's score for each device that is stranded were found by hand (docs/learning.md).

use serde::Deserialize;

use super::host_features::feature;
use super::linear_scorer::{self, Table};
use crate::prelude::*;

pub(super) const HELP: &str = "fgd, less what a placement strands of devices without cpu and of cpu without devices";

/// Options of the rule.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// Points of FGD's score for each device that is stranded.
    weight: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { weight: 2.0 }
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    let mut table = Table::default();
    table.0[0][feature("stranded_devices")] = -options.weight;
    table.0[0][feature("stranded_cpu")] = -options.weight;
    linear_scorer::policy(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// The usual work takes 8 cores for a GPU. With 12 cores and a GPU less, 24 cores and four GPUs become 12 cores and three:
    /// one GPU was stranded, and one and a half are; of 48 cores and two GPUs, four GPUs' worth of cpu was stranded, and three
    /// and a half are. Both usual tasks still fit on either, and FGD sees no difference.
    #[test]
    fn a_host_is_chosen_on_which_less_is_stranded() {
        let hosts = "cpu 24 gpus 4 | cpu 48 gpus 2";
        let task = "at 0 cpu 12 gpus 1 | at 1 cpu 4 gpus 1";
        let chosen = |weight| testing::choose(policy(Options { weight }), hosts, task);
        assert_eq!([0.0, 0.1].map(chosen), [Some(HostId(0)), Some(HostId(1))]);
    }
}

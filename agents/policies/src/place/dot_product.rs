//! Dot product (Panigrahy et al., 2011; Tetris, SIGCOMM 2014): the host whose free capacity is most like the
//! demand, `sum_i w_i d_i f_i` highest, with demand and free capacity as fractions of the largest host.

use serde::Deserialize;

use crate::options;
use crate::prelude::*;

pub(super) const HELP: &str = "the largest dot product of demand and free capacity";

/// Weights of the resources.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    #[serde(deserialize_with = "options::finite")]
    pub(super) cpu_weight: f64,
    #[serde(deserialize_with = "options::finite")]
    pub(super) memory_weight: f64,
    #[serde(deserialize_with = "options::finite")]
    pub(super) devices_weight: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { cpu_weight: 1.0, memory_weight: 1.0, devices_weight: 1.0 }
    }
}

impl Options {
    /// `sum_i w_i term(d_i, f_i)` over cpu, memory and devices.
    pub(super) fn weighted(
        &self,
        task: &TaskShape,
        host: &HostState,
        context: &Context,
        term: impl Fn(f64, f64) -> f64,
    ) -> f64 {
        let demand = context.fractions(task.resources, task.devices.milli_total());
        let free = context.fractions(host.free, host.devices_free_total());
        let weights = [self.cpu_weight, self.memory_weight, self.devices_weight];
        (0..3).map(|i| weights[i] * term(demand[i], free[i])).sum()
    }
}

struct DotProduct(Options);

impl Score for DotProduct {
    fn score(&self, task: &TaskShape, host: &HostState, context: &Context) -> f64 {
        self.0.weighted(task, host, context, |demand, free| demand * free)
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    Greedy::new(DotProduct(options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn prefers_the_host_that_is_free_where_the_task_asks() {
        // Fractions of the largest host (8 cores, 32 MiB): free (0.5, 1) and (1, 0.5).
        let choose = |task| testing::choose(policy(Options::default()), "cpu 4 memory 32 | cpu 8 memory 16", task);
        assert_eq!(choose("at 0 cpu 1 memory 16"), Some(HostId(0)));
        assert_eq!(choose("at 0 cpu 4 memory 1"), Some(HostId(1)));
    }
}

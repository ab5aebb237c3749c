//! Dot product as the program of FGD (ATC 2023) has it: over cpu and devices alone, as fractions of 128 cores
//! and 8 devices, and the *smallest* product wins, in whole hundredths.

use crate::prelude::*;

pub(super) const HELP: &str = "the smallest dot product of cpu and devices, as FGD's program computes it";

struct DotProduct;

impl Score for DotProduct {
    fn score(&self, task: &TaskShape, host: &HostState, _: &Context) -> f64 {
        let cpu = f64::from(host.free.cpu_milli) / 128_000.0 * f64::from(task.resources.cpu_milli) / 128_000.0;
        let free_milli = f64::from(host.devices_free_total());
        let devices = free_milli / 8000.0 * f64::from(task.devices.milli_total()) / 8000.0;
        (100.0 * (1.0 - (cpu + devices) / 2.0)).trunc()
    }

    fn essence(&self, mut host: HostState) -> HostState {
        host.free.memory_mib = 0;
        host.residents = Default::default();
        host
    }
}

pub(super) fn policy(_: NoOptions) -> impl Policy {
    Greedy::new(DotProduct)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// 64 of 128 cores asked: free cpu of 1 gives 100 (1 - 0.25) = 75, of one half 87 (truncated from 87.5).
    #[test]
    fn the_smallest_product_wins() {
        let hosts = "cpu 128 | cpu 64";
        assert_eq!(testing::score(DotProduct, hosts, "at 0 cpu 64"), [75.0, 87.0]);
        assert_eq!(testing::choose(policy(NoOptions {}), hosts, "at 0 cpu 64"), Some(HostId(1)));
    }
}

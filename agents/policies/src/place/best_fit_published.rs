//! Best fit as the program of FGD (ATC 2023) has it: cpu and devices that would be left, as fractions of 128
//! cores and 8 devices, each weighing one half, in whole hundredths.
//!
//! The program then spreads the scores of the candidates over 0 to 100, which changes neither order nor ties.

use crate::prelude::*;

pub(super) const HELP: &str = "the least cpu and devices left, as FGD's program computes it";

struct BestFit;

impl Score for BestFit {
    fn score(&self, task: &TaskShape, host: &HostState, _: &Context) -> f64 {
        let cpu_left = f64::from(host.free.cpu_milli - task.resources.cpu_milli) / 128_000.0;
        let devices_left = f64::from(host.devices_free_total() - task.devices.milli_total()) / 8000.0;
        ((1.0 - 0.5 * cpu_left - 0.5 * devices_left) * 100.0).trunc()
    }

    fn essence(&self, mut host: HostState) -> HostState {
        host.free.memory_mib = 0;
        host.residents = Default::default();
        host
    }
}

pub(super) fn policy(_: NoOptions) -> impl Policy {
    Greedy::new(BestFit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// 32 cores asked of 96 with 8 devices: 100 (1 - 0.25 - 0.5) = 25; of 64 with 2: 100 (1 - 0.125 - 0.125) = 75.
    #[test]
    fn the_fuller_host_wins() {
        let hosts = "cpu 96 gpus 8 | cpu 64 gpus 2";
        assert_eq!(testing::score(BestFit, hosts, "at 0 cpu 32"), [25.0, 75.0]);
    }
}

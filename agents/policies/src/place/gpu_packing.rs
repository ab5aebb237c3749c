//! GPU packing as the program of FGD (ATC 2023) has it: rather a GPU that is shared already than a free one on a
//! busy host, rather that than a host whose GPUs are all free.
//!
//! With the devices that the task would take, in order of what is free on them: only shared ones score
//! `max(100 - floor(sum(free * 100 / 1000) / 10), 50)`; `k` free ones among them `max(50 - k, 33)`; on a host
//! whose `n` devices are all free `max(33 - n, n)`. A task without devices scores 0 everywhere.

use crate::prelude::*;

pub(super) const HELP: &str = "shared GPUs first, then busy hosts, then free hosts";

struct GpuPacking;

impl Score for GpuPacking {
    fn score(&self, task: &TaskShape, host: &HostState, _: &Context) -> f64 {
        if task.devices.count == 0 {
            return 0.0;
        }
        let free = host.devices_free();
        if free.iter().all(|&part| part == WHOLE_DEVICE) {
            let count = free.len() as i64;
            return (33 - count).max(count) as f64;
        }
        let usable = (0..free.len()).filter(|&position| host.is_usable(position, task.devices));
        let mut parts: Vec<i64> = usable.map(|position| i64::from(free[position])).collect();
        parts.sort_unstable();
        parts.truncate(usize::from(task.devices.count));
        let whole = parts.iter().filter(|&&part| part == i64::from(WHOLE_DEVICE)).count() as i64;
        if whole > 0 {
            return (50 - whole).max(33) as f64;
        }
        let hundredths: i64 = parts.iter().map(|part| part * 100 / 1000).sum();
        (100 - hundredths / 10).max(50) as f64
    }

    fn essence(&self, mut host: HostState) -> HostState {
        host.free = Resources::ZERO;
        host.residents = Default::default();
        host
    }
}

pub(super) fn policy(_: NoOptions) -> impl Policy {
    Greedy::new(GpuPacking)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_three_cases() {
        // Host 0 all free (8 GPUs): max(25, 8). Host 1, one GPU taken: a free one, 50 - 1.
        let hosts = "cpu 96 gpus 8 | cpu 96 gpus 8";
        let running = "at 0 gpus 1 work 9";
        assert_eq!(testing::score_after(GpuPacking, hosts, &[(running, 1)], "at 0 gpus 1"), [25.0, 49.0]);
        // A GPU with 400 free: 100 - floor(40 / 10).
        let shared = "at 0 share 600 work 9";
        assert_eq!(testing::score_after(GpuPacking, hosts, &[(shared, 1)], "at 0 share 300"), [25.0, 96.0]);
        assert_eq!(testing::score(GpuPacking, hosts, "at 0 cpu 1"), [0.0, 0.0]);
    }
}

//! GPU clustering as the program of FGD (ATC 2023) has it: tasks that hold their GPUs alike go together.
//!
//! Tasks are told apart as holding no GPU, a part of one, one, two, four or eight. A host with only tasks of the
//! same class scores 75, with others besides 50, with none at all 25, with only others 0; to that comes
//! `25 * (8000 - free) / 8000`, whole, with the free thousandths before the placement. A task without GPUs
//! scores 0 everywhere.

use crate::prelude::*;

pub(super) const HELP: &str = "hosts with tasks that hold their GPUs alike";

struct GpuClustering;

impl Score for GpuClustering {
    fn score(&self, task: &TaskShape, host: &HostState, _: &Context) -> f64 {
        if task.devices.count == 0 {
            return 0.0;
        }
        let own = DeviceAffinity::of(task.devices) as usize;
        let others = host.residents.iter().enumerate().any(|(class, &count)| class != own && count > 0);
        let base = match (host.residents[own] > 0, others) {
            (true, false) => 75,
            (true, true) => 50,
            (false, false) => 25,
            (false, true) => 0,
        };
        let taken = 8000 - i64::from(host.devices_free_total());
        (base + 25 * taken / 8000) as f64
    }

    fn essence(&self, mut host: HostState) -> HostState {
        host.free = Resources::ZERO;
        host
    }
}

pub(super) fn policy(_: NoOptions) -> impl Policy {
    Greedy::new(GpuClustering)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// Host 0 with a GPU of eight taken whole: 25 * 1000 / 8000 = 3 on top; host 1 empty: 25 + 0; host 2 has a
    /// part of one taken beside a whole one.
    #[test]
    fn likes_its_like() {
        let hosts = "cpu 96 gpus 8 | cpu 96 gpus 8 | cpu 96 gpus 8";
        let (whole, part) = ("at 0 gpus 1 work 9", "at 0 share 500 work 9");
        let running = [(whole, 0), (whole, 2), (part, 2)];
        assert_eq!(testing::score_after(GpuClustering, hosts, &running, "at 0 gpus 1"), [78.0, 25.0, 54.0]);
        assert_eq!(testing::score_after(GpuClustering, hosts, &running, "at 0 gpus 2"), [3.0, 25.0, 4.0]);
    }
}

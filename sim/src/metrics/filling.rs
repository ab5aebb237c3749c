//! What the filling of a GPU cluster is judged by (Weng et al., USENIX ATC 2023; power: the PWR plugin, CCGrid 2025):
//! values in the bucket in which a given percentage of the cluster's GPU capacity has been asked for, whether it was
//! given or not. One family for each, by that percentage.

use crate::kernel::ids::{HostId, TaskId};
use crate::models::fragmentation::TypicalTasks;
use crate::resources::DeviceClass;
use crate::view::ClusterView;

use super::sample::Mean;
use super::{Better, Measured, Metric};

/// Knows when the episode is in a bucket: `round(100 * asked / capacity)`, halves rounded up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket<const PERCENT: u64> {
    capacity_milli: u64,
    /// The bucket begins here and ends before the other; both 0 before the first event.
    begin_milli: u64,
    end_milli: u64,
}

impl<const PERCENT: u64> Bucket<PERCENT> {
    /// True when the bucket is the wanted one, now that a task was decided about.
    #[inline]
    fn is_now(&mut self, view: ClusterView<'_>) -> bool {
        if self.end_milli == 0 {
            self.measure(view);
        }
        (self.begin_milli..self.end_milli).contains(&view.totals().device_milli_asked)
    }

    fn measure(&mut self, view: ClusterView<'_>) {
        self.capacity_milli = view.topology().device_milli_capacity(DeviceClass::Gpu);
        // round(x) >= n for x >= n - 1/2, that is for 200 asked >= (2 n - 1) capacity.
        self.end_milli = ((2 * PERCENT + 1) * self.capacity_milli).div_ceil(200).max(1);
        self.begin_milli = match self.capacity_milli {
            0 => self.end_milli,
            capacity => ((2 * PERCENT - 1) * capacity).div_ceil(200),
        };
    }
}

/// Allocated GPU capacity in percent, each value rounded to two decimals, averaged over the bucket.
#[derive(Clone, Debug, Default)]
pub(super) struct AllocationRatio<const PERCENT: u64> {
    bucket: Bucket<PERCENT>,
    mean: Mean,
}

impl<const PERCENT: u64> AllocationRatio<PERCENT> {
    /// A task was started or turned away.
    fn on_decided(&mut self, view: ClusterView<'_>) {
        if self.bucket.is_now(view) {
            let percent = 100.0 * view.totals().device_milli as f64 / self.bucket.capacity_milli as f64;
            self.mean.add((percent * 100.0).round() / 100.0);
        }
    }
}

/// Power of all hosts, averaged over the bucket.
#[derive(Clone, Debug, Default)]
pub(super) struct Power<const PERCENT: u64> {
    bucket: Bucket<PERCENT>,
    mean: Mean,
}

impl<const PERCENT: u64> Power<PERCENT> {
    /// A task was started or turned away.
    fn on_decided(&mut self, view: ClusterView<'_>) {
        if self.bucket.is_now(view) {
            self.mean.add(view.totals().power_watts / 1000.0);
        }
    }
}

/// Expected fragments in percent of the GPU capacity, averaged over the bucket. The cluster is measured when the
/// bucket begins; from then on only the hosts that changed are.
#[derive(Clone, Debug, Default)]
pub(super) struct Fragmentation<const PERCENT: u64> {
    bucket: Bucket<PERCENT>,
    mean: Mean,
    typical: TypicalTasks,
    by_host: Vec<f64>,
    cursor: u64,
}

impl<const PERCENT: u64> Fragmentation<PERCENT> {
    fn measure(&mut self, view: ClusterView<'_>) -> f64 {
        let (next, changed) = view.changes_since(self.cursor);
        match changed.filter(|_| !self.by_host.is_empty()) {
            Some(hosts) => hosts.iter().for_each(|&HostId(host)| {
                self.by_host[host as usize] = self.typical.fragment_of_host(view, HostId(host));
            }),
            None => {
                self.typical = TypicalTasks::new(view.mix(), view.topology());
                let measure = |host| self.typical.fragment_of_host(view, host);
                self.by_host = view.topology().hosts().map(measure).collect();
            }
        }
        self.cursor = next;
        self.by_host.iter().sum()
    }

    /// A task was started or turned away.
    fn on_decided(&mut self, view: ClusterView<'_>) {
        if self.bucket.is_now(view) {
            let fragment = self.measure(view);
            self.mean.add(100.0 * fragment / self.bucket.capacity_milli as f64);
        }
    }
}

/// Metrics that look whenever a task was started or turned away, and average what they see.
macro_rules! averages {
    ($($name:ident, $unit:literal, $better:ident, $help:literal;)*) => {$(
        impl<const PERCENT: u64> Metric for $name<PERCENT> {
            const UNIT: &'static str = $unit;
            const BETTER: Better = Better::$better;
            const HELP: &'static str = $help;

            fn on_started(&mut self, _: TaskId, view: ClusterView<'_>) {
                self.on_decided(view);
            }

            fn on_rejected(&mut self, _: TaskId, view: ClusterView<'_>) {
                self.on_decided(view);
            }

            fn value(&self, _: &Measured<'_>) -> f64 {
                self.mean.value()
            }
        }
    )*};
}

averages! {
    AllocationRatio, "%", Higher, "allocated share of all GPUs when so many percent of them have been asked for";
    Power, "kW", Lower, "power of all hosts when so many percent of the GPUs have been asked for";
    Fragmentation, "%", Lower, "GPU capacity that usual tasks could not use, when so many percent of the GPUs have been asked for";
}

/// Tasks that have been turned away when the bucket ends.
#[derive(Clone, Debug, Default)]
pub(super) struct FailedTasks<const PERCENT: u64> {
    bucket: Bucket<PERCENT>,
    failed: u64,
    at_bucket: u64,
}

impl<const PERCENT: u64> FailedTasks<PERCENT> {
    /// A task was started or turned away.
    fn on_decided(&mut self, view: ClusterView<'_>) {
        if self.bucket.is_now(view) {
            self.at_bucket = self.failed;
        }
    }
}

impl<const PERCENT: u64> Metric for FailedTasks<PERCENT> {
    const UNIT: &'static str = "tasks";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "tasks turned away until so many percent of the GPUs have been asked for";

    fn on_started(&mut self, _: TaskId, view: ClusterView<'_>) {
        self.on_decided(view);
    }

    fn on_rejected(&mut self, _: TaskId, view: ClusterView<'_>) {
        self.failed += 1;
        self.on_decided(view);
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.at_bucket as f64
    }
}

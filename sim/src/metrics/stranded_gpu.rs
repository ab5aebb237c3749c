//! Free GPU capacity without the cpu that usual tasks take with it: of a host with `d` devices' worth free and `c` cores,
//! `max(0, d - c / k)`, `k` being the cores that tasks with devices take for each device. In percent of all device
//! capacity, averaged over the moments at which tasks start or are turned away.

use crate::kernel::ids::{HostId, Id, TaskId};
use crate::models::fragmentation::cpu_beside_device;
use crate::resources::WHOLE_DEVICE;
use crate::view::ClusterView;

use super::sample::Mean;
use super::{Better, Measured, Metric};

#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    mean: Mean,
    /// Cores for each device; nothing before the first event.
    cpu_per_device: Option<f64>,
    by_host: Vec<f64>,
    /// Devices' worth, a running sum.
    stranded: f64,
    cursor: u64,
}

impl Watch {
    fn on_decided(&mut self, view: ClusterView<'_>) {
        let per_device = *self.cpu_per_device.get_or_insert_with(|| cpu_beside_device(view.mix()));
        let devices = view.topology().device_count() as f64;
        if per_device == 0.0 || devices == 0.0 {
            return;
        }
        let of = |host: HostId| {
            let free: u32 = view.devices_free(host).iter().map(|&part| u32::from(part)).sum();
            let cpu = f64::from(view.free()[host.index()].cpu_milli) / (1000.0 * per_device);
            (f64::from(free) / f64::from(WHOLE_DEVICE) - cpu).max(0.0)
        };
        let (next, changed) = view.changes_since(self.cursor);
        self.cursor = next;
        match changed.filter(|_| !self.by_host.is_empty()) {
            Some(hosts) => {
                for &host in hosts {
                    let stranded = of(host);
                    self.stranded += stranded - std::mem::replace(&mut self.by_host[host.index()], stranded);
                }
            }
            None => {
                self.by_host = view.topology().hosts().map(of).collect();
                self.stranded = self.by_host.iter().sum();
            }
        }
        self.mean.add(100.0 * self.stranded.max(0.0) / devices);
    }
}

impl Metric for Watch {
    const UNIT: &'static str = "%";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str =
        "free GPU capacity without the cpu that usual tasks take with it, when tasks start or are turned away";

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

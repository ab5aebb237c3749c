//! What a host would draw with one task more on it, taking everything that is reserved for used.

use sim::kernel::ids::{HostModelId, IdVec};
use sim::models::gpu_power::GpuPower;
use sim::models::power::HostPower;
use sim::resources::{DeviceSet, TaskShape, WHOLE_DEVICE};
use sim::topology::Topology;
use sim::view::HostState;

/// The power of hosts and devices, by model and kind.
#[derive(Clone, Debug, Default)]
pub struct PowerModels {
    hosts: IdVec<HostModelId, HostPower>,
    kinds: Vec<GpuPower>,
}

impl PowerModels {
    /// Those of a topology.
    pub fn of(topology: &Topology) -> Self {
        Self {
            hosts: topology.models().iter().map(|model| model.power).collect(),
            kinds: topology.kinds().iter().map(|kind| kind.power).collect(),
        }
    }

    /// Power of a host without its devices, in watts, when so much of its cpu is free.
    pub fn host_watts(&self, host: &HostState, cpu_milli_free: u32) -> f64 {
        let capacity = host.capacity.cpu_milli;
        self.hosts[host.model].watts(capacity - cpu_milli_free, capacity)
    }

    /// How many watts more a device draws when `milli` more of it is used.
    pub fn device_watts_added(&self, host: &HostState, position: usize, milli: u16) -> f64 {
        let power = self.kinds[usize::from(host.device_kinds()[position])];
        let used = WHOLE_DEVICE - host.devices_free()[position];
        power.watts(used + milli) - power.watts(used)
    }

    /// How many watts more a host draws with this task on these devices of it. The task fits.
    pub fn watts_added(&self, task: &TaskShape, host: &HostState, devices: DeviceSet) -> f64 {
        let left = host.free.cpu_milli - task.resources.cpu_milli;
        let cpu = self.host_watts(host, left) - self.host_watts(host, host.free.cpu_milli);
        let of_device = |position| self.device_watts_added(host, position, task.devices.milli_each);
        cpu + devices.iter().map(of_device).sum::<f64>()
    }
}

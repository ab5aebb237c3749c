//! What a host would draw with one task more on it, taking everything that is reserved for used.

use sim::kernel::ids::{HostModelId, IdVec};
use sim::models::gpu_power::GpuPower;
use sim::models::power::HostPower;
use sim::resources::{DeviceSet, Resources, TaskShape, WHOLE_DEVICE};
use sim::topology::{HostModel, Topology};
use sim::view::HostState;

/// The power of hosts and devices, by model and kind.
#[derive(Clone, Debug, Default)]
pub struct PowerModels {
    hosts: IdVec<HostModelId, Host>,
    kinds: Vec<GpuPower>,
}

/// What is known of a host model.
#[derive(Clone, Copy, Debug)]
struct Host {
    power: HostPower,
    physical: Resources,
    core_milli: u32,
}

impl PowerModels {
    /// Those of a topology.
    pub fn of(topology: &Topology) -> Self {
        let host = |model: &HostModel| Host {
            power: model.power,
            physical: model.physical(),
            core_milli: model.operation.core_milli.unwrap_or(u32::MAX),
        };
        Self {
            hosts: topology.models().iter().map(host).collect(),
            kinds: topology.kinds().iter().map(|kind| kind.power).collect(),
        }
    }

    /// The power of a host model, and the cpu and memory that it really has.
    pub fn host(&self, model: HostModelId) -> (&HostPower, Resources) {
        (&self.hosts[model].power, self.hosts[model].physical)
    }

    /// True when a host really has what a task asks for beside all that is reserved, and a core that is fast enough.
    pub fn has_nominal_room(&self, task: &TaskShape, host: &HostState) -> bool {
        let Host { physical, core_milli, .. } = self.hosts[host.model];
        let reserved = host.capacity.minus(host.free);
        let left = |has: u32, reserved: u32| has.saturating_sub(reserved);
        left(physical.cpu_milli, reserved.cpu_milli) >= task.resources.cpu_milli
            && left(physical.memory_mib, reserved.memory_mib) >= task.resources.memory_mib
            && core_milli >= task.resources.cpu_milli
    }

    /// Power of a host without its devices, in watts, when so much of its cpu is free.
    pub fn host_watts(&self, host: &HostState, cpu_milli_free: u32) -> f64 {
        let Host { power, physical, .. } = self.hosts[host.model];
        let reserved = host.capacity.cpu_milli - cpu_milli_free;
        power.watts(reserved.min(physical.cpu_milli), physical.cpu_milli)
    }

    /// How many watts more a device draws when `milli` more of it is used.
    pub fn device_watts_added(&self, host: &HostState, position: usize, milli: u16) -> f64 {
        let power = self.kinds[usize::from(host.device_kinds()[position])];
        let used = WHOLE_DEVICE - host.devices_free()[position];
        power.watts(used + milli) - power.watts(used)
    }

    /// What one of a host's devices draws when all of it is used, in watts.
    pub fn device_watts(&self, host: &HostState, position: usize) -> f64 {
        self.kinds[usize::from(host.device_kinds()[position])].watts(WHOLE_DEVICE)
    }

    /// How many watts more a host draws with this task on these devices of it. The task fits.
    pub fn watts_added(&self, task: &TaskShape, host: &HostState, devices: DeviceSet) -> f64 {
        let left = host.free.cpu_milli - task.resources.cpu_milli;
        let cpu = self.host_watts(host, left) - self.host_watts(host, host.free.cpu_milli);
        let of_device = |position| self.device_watts_added(host, position, task.devices.milli_each);
        cpu + devices.iter().map(of_device).sum::<f64>()
    }
}

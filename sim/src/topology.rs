//! The places: racks, hosts, NUMA nodes and devices. A topology never changes during a run.
//!
//! ```text
//!  rack 0                          rack 1
//!   +- host 0 --- numa 0, numa 1     +- host 2 --- numa 3
//!   |     +------ device 0, 1        |     +------ device 2
//!   +- host 1 --- numa 2
//! ```
//!
//! NUMA nodes and devices are counted over the whole datacenter, host by host, so that what is free on
//! them lies in one vector each.

use crate::effects::{HostEffects, Sharing};
use crate::kernel::ids::{DeviceId, HostId, HostModelId, Id, IdVec, NumaNodeId, RackId};
use crate::kernel::rng::Stream;
use crate::models::gpu_power::GpuPower;
use crate::models::power::HostPower;
use crate::models::sleep::Sleep;
use crate::resources::{
    DEVICE_PAGE_MIB, DeviceClass, KindMask, MAX_DEVICES_PER_HOST, MAX_NAMES, MAX_NUMA_NODES_PER_HOST,
    Resources,
};

/// A kind of device: an A100, a T4, a BlueField-3.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceKind {
    /// As workloads name it.
    pub name: String,
    /// What it is for.
    pub class: DeviceClass,
    /// How tasks hold parts of one such device.
    pub sharing: Sharing,
    /// Its own memory.
    pub memory: DeviceMemory,
    /// What it draws.
    pub power: GpuPower,
}

/// The memory of one device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceMemory {
    /// What there is, in mebibytes; 0 where it is not stated, and then nobody runs short of it.
    pub physical_mib: u32,
    /// What is given out of it: more where it is overcommitted.
    pub given_mib: u32,
}

impl DeviceMemory {
    /// Nothing is known of it.
    pub const UNSTATED: Self = Self { physical_mib: 0, given_mib: 0 };

    /// What is given out in whole pages; as good as without end where it is not stated.
    pub fn pages_mib(self) -> u32 {
        match self.physical_mib {
            0 => DEVICE_PAGE_MIB * u32::from(u16::MAX),
            // Up, as requests are: whoever asks for all of a device gets it.
            _ => self.given_mib.div_ceil(DEVICE_PAGE_MIB).min(u16::MAX.into()) * DEVICE_PAGE_MIB,
        }
    }
}

/// A device of a host model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceSpec {
    /// Index of its kind.
    pub kind: u8,
    /// The NUMA node it hangs on, by position within the host.
    pub numa_node: u8,
}

/// What hosts of one model have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct HostModel {
    /// As configs and reports name it.
    pub name: String,
    /// Cpu and memory of each NUMA node; a host without a stated layout has one.
    pub numa_nodes: Vec<Resources>,
    /// Its devices, in order.
    pub devices: Vec<DeviceSpec>,
    /// Mask over the topology's features.
    pub features: u32,
    /// What it draws without its devices.
    pub power: HostPower,
    /// What an operator can do with it.
    pub operation: Operation,
    /// What it does to the work on it.
    pub effects: HostEffects,
}

/// What an operator can do with hosts of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Operation {
    /// Cpu and memory that there really are, when more than that is given out; `None` when it is the same.
    pub physical: Option<Resources>,
    /// Thousandths of cpu that one core gives, where a task of one core may ask for more than that; `None` for no limit.
    pub core_milli: Option<u32>,
    /// The shares of its full frequency at which its cpu can run, falling.
    pub frequencies: Vec<f64>,
    /// What sleep costs; `None` when it never sleeps.
    pub sleep: Option<Sleep>,
    /// CO2 equivalents of making one such host, in kilograms; 0 where nobody says.
    pub embodied_kilograms: f64,
}

impl HostModel {
    /// Cpu and memory that there really are; more may be given out.
    pub fn physical(&self) -> Resources {
        self.operation.physical.unwrap_or_else(|| self.capacity())
    }

    /// Cpu and memory of the whole host, as far as they are given out.
    pub fn capacity(&self) -> Resources {
        self.numa_nodes.iter().fold(Resources::ZERO, |sum, &node| sum.plus(node))
    }
}

/// Why a topology cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// There are fewer hosts than are to be kept.
    #[error("host_limit = {wanted}, and there are {there} hosts; allowed are as many or fewer")]
    FewerHosts {
        /// How many are to be kept.
        wanted: usize,
        /// How many there are.
        there: usize,
    },
    /// There is nothing to place work on.
    #[error("the cluster has no hosts: state at least one")]
    NoHosts,
    /// A host without NUMA nodes.
    #[error("host model {model} has {count} NUMA nodes: 1 to {MAX_NUMA_NODES_PER_HOST} are allowed")]
    NumaNodes {
        /// The model's name.
        model: String,
        /// What it has.
        count: usize,
    },
    /// More devices than a host may hold.
    #[error("host model {model} has {count} devices: at most {MAX_DEVICES_PER_HOST} are allowed")]
    Devices {
        /// The model's name.
        model: String,
        /// What it has.
        count: usize,
    },
    /// A NUMA capacity that does not fit.
    #[error("host model {model} has more cpu or memory than 2^32 - 1 milli-cores or mebibytes")]
    Capacity {
        /// The model's name.
        model: String,
    },
    /// A device on a NUMA node, or of a kind, that is not there.
    #[error("host model {model} has a device on NUMA node {numa_node} of kind {kind}, which does not exist")]
    Dangling {
        /// The model's name.
        model: String,
        /// Position of the node on the host.
        numa_node: u8,
        /// Index of the kind.
        kind: u8,
    },
    /// Too many kinds or features.
    #[error("the cluster names {count} {what}: at most {MAX_NAMES} are allowed")]
    Names {
        /// Kinds of devices, or features.
        what: &'static str,
        /// How many.
        count: usize,
    },
}

/// All places of a datacenter.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    kinds: Vec<DeviceKind>,
    features: Vec<String>,
    models: IdVec<HostModelId, HostModel>,
    capacities: IdVec<HostModelId, Resources>,
    physical: IdVec<HostModelId, Resources>,
    slows: IdVec<HostModelId, bool>,
    host_models: IdVec<HostId, HostModelId>,
    host_racks: IdVec<HostId, RackId>,
    host_names: Option<IdVec<HostId, Box<str>>>,
    /// One more than there are hosts: host h owns the nodes from entry h to entry h + 1.
    first_numa_node: Vec<u32>,
    first_device: Vec<u32>,
    device_kinds: IdVec<DeviceId, u8>,
    rack_count: usize,
}

impl Topology {
    /// Builds a topology from its parts. `hosts` gives the model, the rack and, where it is known, the name.
    ///
    /// # Errors
    /// When a model has too much or too little of something, or there is no host.
    pub fn new(
        kinds: Vec<DeviceKind>,
        features: Vec<String>,
        models: IdVec<HostModelId, HostModel>,
        hosts: Vec<(HostModelId, RackId, Option<Box<str>>)>,
    ) -> Result<Self, TopologyError> {
        if hosts.is_empty() {
            return Err(TopologyError::NoHosts);
        }
        for (what, count) in [("kinds of devices", kinds.len()), ("features", features.len())] {
            if count > MAX_NAMES {
                return Err(TopologyError::Names { what, count });
            }
        }
        for model in models.iter() {
            check(model, kinds.len())?;
        }
        let mut topology = Self {
            capacities: models.iter().map(HostModel::capacity).collect(),
            physical: models.iter().map(HostModel::physical).collect(),
            slows: models.iter().map(|model| slows(model, &kinds)).collect(),
            kinds,
            features,
            models,
            first_numa_node: vec![0],
            first_device: vec![0],
            ..Self::default()
        };
        let named = hosts.iter().any(|(_, _, name)| name.is_some());
        let mut names = IdVec::new();
        let mut numa_nodes = 0;
        for (model, rack, name) in hosts {
            topology.host_models.push(model);
            topology.host_racks.push(rack);
            topology.rack_count = topology.rack_count.max(rack.index() + 1);
            if named {
                names.push(name.unwrap_or_default());
            }
            let spec = &topology.models[model];
            numa_nodes += spec.numa_nodes.len();
            spec.devices.iter().for_each(|device| {
                topology.device_kinds.push(device.kind);
            });
            topology.first_numa_node.push(u32::try_from(numa_nodes).expect("fewer than 2^32 NUMA nodes"));
            topology.first_device.push(topology.device_kinds.len() as u32);
        }
        topology.host_names = named.then_some(names);
        Ok(topology)
    }

    /// The same hosts in a random order: ties, which go to the lowest id, then go to a random host
    /// that stays the same for the whole run.
    #[must_use]
    pub fn shuffled(&self, stream: &mut Stream) -> Self {
        let mut order: Vec<HostId> = self.hosts().collect();
        stream.shuffle(&mut order);
        let hosts = order
            .into_iter()
            .map(|host| {
                let name = self.host_names.as_ref().map(|names| names[host].clone());
                (self.host_models[host], self.host_racks[host], name)
            })
            .collect();
        Self::new(self.kinds.clone(), self.features.clone(), self.models.clone(), hosts)
            .expect("the same parts were accepted before")
    }

    /// Only so many of the hosts, the first ones.
    ///
    /// # Errors
    /// When there are fewer, or none is wanted.
    pub fn first(&self, count: usize) -> Result<Self, TopologyError> {
        let there = self.host_count();
        if count > there {
            return Err(TopologyError::FewerHosts { wanted: count, there });
        }
        let of = |host: HostId| {
            let name = self.host_names.as_ref().map(|names| names[host].clone());
            (self.host_models[host], self.host_racks[host], name)
        };
        let hosts = self.hosts().take(count).map(of).collect();
        Self::new(self.kinds.clone(), self.features.clone(), self.models.clone(), hosts)
    }

    /// The same places with other powers of host models and kinds of devices.
    #[must_use]
    pub fn with_power(
        mut self,
        host: impl Fn(&HostModel) -> HostPower,
        device: impl Fn(&DeviceKind) -> GpuPower,
    ) -> Self {
        self.models =
            self.models.iter().map(|model| HostModel { power: host(model), ..model.clone() }).collect();
        self.kinds.iter_mut().for_each(|kind| kind.power = device(kind));
        self
    }

    /// How many hosts there are.
    pub fn host_count(&self) -> usize {
        self.host_models.len()
    }

    /// How many racks there are.
    pub fn rack_count(&self) -> usize {
        self.rack_count
    }

    /// All hosts, in order.
    pub fn hosts(&self) -> impl DoubleEndedIterator<Item = HostId> + ExactSizeIterator + use<> {
        self.host_models.ids()
    }

    /// What kind of host this is.
    #[inline]
    pub fn model_id(&self, host: HostId) -> HostModelId {
        self.host_models[host]
    }

    /// What hosts of this kind have in common.
    #[inline]
    pub fn model(&self, host: HostId) -> &HostModel {
        &self.models[self.host_models[host]]
    }

    /// All models.
    pub fn models(&self) -> &IdVec<HostModelId, HostModel> {
        &self.models
    }

    /// The rack of a host.
    pub fn rack(&self, host: HostId) -> RackId {
        self.host_racks[host]
    }

    /// The name of a host in its source, where it has one.
    pub fn host_name(&self, host: HostId) -> Option<&str> {
        self.host_names.as_ref().map(|names| &*names[host])
    }

    /// Cpu and memory that a host really has: no more than that is ever in use.
    #[inline]
    pub fn physical(&self, host: HostId) -> Resources {
        self.physical[self.host_models[host]]
    }

    /// True when work may take longer on a host than its trace says, by what the host is or by who else is there.
    #[inline]
    pub fn slows(&self, host: HostId) -> bool {
        self.slows[self.host_models[host]]
    }

    /// Cpu and memory of a host, as far as they are given out: more than there is where it is overcommitted.
    #[inline]
    pub fn capacity(&self, host: HostId) -> Resources {
        self.capacities[self.host_models[host]]
    }

    /// All NUMA nodes.
    pub fn numa_node_count(&self) -> usize {
        *self.first_numa_node.last().unwrap_or(&0) as usize
    }

    /// The first NUMA node of a host, and how many it has.
    #[inline]
    pub fn numa_nodes(&self, host: HostId) -> (NumaNodeId, usize) {
        let first = self.first_numa_node[host.index()];
        (NumaNodeId(first), (self.first_numa_node[host.index() + 1] - first) as usize)
    }

    /// All devices.
    pub fn device_count(&self) -> usize {
        self.device_kinds.len()
    }

    /// The first device of a host, and how many it has.
    #[inline]
    pub fn devices(&self, host: HostId) -> (DeviceId, usize) {
        let first = self.first_device[host.index()];
        (DeviceId(first), (self.first_device[host.index() + 1] - first) as usize)
    }

    /// The kinds of devices, by index.
    pub fn kinds(&self) -> &[DeviceKind] {
        &self.kinds
    }

    /// The index of a device's kind.
    #[inline]
    pub fn device_kind(&self, device: DeviceId) -> u8 {
        self.device_kinds[device]
    }

    /// The indices of the kinds of the devices from `first` on.
    #[inline]
    pub fn device_kinds(&self, first: DeviceId, count: usize) -> &[u8] {
        &self.device_kinds.as_slice()[first.index()..first.index() + count]
    }

    /// The names of host features, by bit.
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// Every kind of this class, or only the kinds of these names.
    pub fn kind_mask(&self, class: DeviceClass, names: &[String]) -> KindMask {
        let matches =
            |kind: &DeviceKind| kind.class == class && (names.is_empty() || names.contains(&kind.name));
        let bits = self.kinds.iter().enumerate().filter(|(_, kind)| matches(kind));
        KindMask(bits.fold(0, |mask, (index, _)| mask | 1 << index))
    }

    /// Total thousandths of the devices of one class.
    pub fn device_milli_capacity(&self, class: DeviceClass) -> u64 {
        let of_class = |&&kind: &&u8| self.kinds[usize::from(kind)].class == class;
        1000 * self.device_kinds.iter().filter(of_class).count() as u64
    }

    /// Memory of all devices that state it, in mebibytes.
    pub fn device_memory_mib(&self) -> u64 {
        self.device_kinds
            .iter()
            .map(|&kind| u64::from(self.kinds[usize::from(kind)].memory.physical_mib))
            .sum()
    }

    /// Cpu and memory that all hosts really have: milli-cores and mebibytes.
    pub fn total_capacity(&self) -> (u64, u64) {
        self.hosts().map(|host| self.physical(host)).fold((0, 0), |(cpu, memory), one| {
            (cpu + u64::from(one.cpu_milli), memory + u64::from(one.memory_mib))
        })
    }
}

fn slows(model: &HostModel, kinds: &[DeviceKind]) -> bool {
    let has_effect = |device: &DeviceSpec| {
        kinds.get(usize::from(device.kind)).is_some_and(|kind| kind.sharing.has_effect())
    };
    !model.effects.is_none() || model.devices.iter().any(has_effect)
}

fn check(model: &HostModel, kind_count: usize) -> Result<(), TopologyError> {
    let name = || model.name.clone();
    let count = model.numa_nodes.len();
    if !(1..=MAX_NUMA_NODES_PER_HOST).contains(&count) {
        return Err(TopologyError::NumaNodes { model: name(), count });
    }
    if model.devices.len() > MAX_DEVICES_PER_HOST {
        return Err(TopologyError::Devices { model: name(), count: model.devices.len() });
    }
    let cpu: u64 = model.numa_nodes.iter().map(|node| u64::from(node.cpu_milli)).sum();
    let memory: u64 = model.numa_nodes.iter().map(|node| u64::from(node.memory_mib)).sum();
    if cpu.max(memory) > u64::from(u32::MAX) {
        return Err(TopologyError::Capacity { model: name() });
    }
    for device in &model.devices {
        if usize::from(device.numa_node) >= count || usize::from(device.kind) >= kind_count {
            let (numa_node, kind) = (device.numa_node, device.kind);
            return Err(TopologyError::Dangling { model: name(), numa_node, kind });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::Seed;

    fn model(numa: &[(u32, u32)], devices: usize) -> HostModel {
        HostModel {
            name: "m".into(),
            numa_nodes: numa
                .iter()
                .map(|&(cpu_milli, memory_mib)| Resources { cpu_milli, memory_mib })
                .collect(),
            devices: vec![DeviceSpec { kind: 0, numa_node: 0 }; devices],
            features: 0,
            power: HostPower::Linear { idle_watts: 1.0, max_watts: 2.0 },
            operation: Operation::default(),
            effects: HostEffects::default(),
        }
    }

    fn gpu(name: &str) -> DeviceKind {
        let (class, sharing) = (DeviceClass::Gpu, Sharing::Parts);
        DeviceKind {
            name: name.into(),
            class,
            sharing,
            memory: DeviceMemory::UNSTATED,
            power: GpuPower::default(),
        }
    }

    fn build(models: Vec<HostModel>) -> Result<Topology, TopologyError> {
        let hosts = (0..models.len()).map(|index| (HostModelId(index as u32), RackId(0), None)).collect();
        Topology::new(vec![gpu("T4")], Vec::new(), models.into(), hosts)
    }

    #[test]
    fn places_are_counted_host_by_host() {
        let topology = build(vec![model(&[(4, 4), (4, 4)], 2), model(&[(8, 8)], 1)]).expect("valid");
        assert_eq!(topology.numa_nodes(HostId(1)), (NumaNodeId(2), 1));
        assert_eq!(topology.devices(HostId(1)), (DeviceId(2), 1));
        assert_eq!(topology.total_capacity(), (16, 16));
        assert_eq!(topology.device_milli_capacity(DeviceClass::Gpu), 3000);
        assert_eq!(topology.kind_mask(DeviceClass::Gpu, &["A100".into()]), KindMask(0));
    }

    #[test]
    fn impossible_hosts_are_refused() {
        assert_eq!(build(Vec::new()).err(), Some(TopologyError::NoHosts));
        assert!(matches!(build(vec![model(&[], 0)]), Err(TopologyError::NumaNodes { count: 0, .. })));
        assert!(matches!(build(vec![model(&[(1, 1)], 17)]), Err(TopologyError::Devices { count: 17, .. })));
        assert!(matches!(
            build(vec![model(&[(u32::MAX, 1), (1, 1)], 0)]),
            Err(TopologyError::Capacity { .. })
        ));
    }

    #[test]
    fn shuffling_keeps_the_hosts() {
        let topology = build((1..40).map(|cpu| model(&[(cpu, 1)], 0)).collect()).expect("valid");
        let shuffled = topology.shuffled(&mut Seed(1).stream("hosts"));
        assert_eq!(topology.total_capacity(), shuffled.total_capacity());
        assert!(topology.hosts().any(|host| topology.capacity(host) != shuffled.capacity(host)));
    }
}

//! What the agent on a host makes of a placement: which NUMA nodes and devices a task is really given, or that it is turned
//! away, as the topology manager of Kubernetes does with its four policies.
//!
//! A scheduler chooses the host; the agent on it aligns cpu, memory and devices, or does not. Two of its policies refuse what
//! cannot be aligned *after* the task was bound, and no scheduler is asked again. They apply where cpus are handed out
//! exclusively; every task is taken for one of that kind here.

use serde::{Deserialize, Serialize};

use crate::decision::NumaShare;
use crate::resources::{DeviceSet, Resources};

/// What is done about alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopologyManager {
    /// Nothing: cpus fill the fullest node first and spill over, devices are the first that are free.
    None,
    /// As few nodes as will do, and devices that hang on them; where that cannot be, as `none`.
    BestEffort,
    /// Turned away unless each of cpu, memory and devices comes from as few nodes as an empty host would need, and these
    /// have a node in common.
    Restricted,
    /// Turned away unless one node gives everything.
    SingleNumaNode,
}

impl TopologyManager {
    /// All of them, as configs name them, each with what it does.
    pub const NAMES: &'static [(&'static str, Self, &'static str)] = &[
        ("none", Self::None, "no alignment: the fullest node first, the first free devices"),
        ("best_effort", Self::BestEffort, "as few nodes as will do, with their devices; otherwise as none"),
        ("restricted", Self::Restricted, "turned away unless as few nodes will do as on an empty host"),
        ("single_numa_node", Self::SingleNumaNode, "turned away unless one node gives everything"),
    ];
}

/// One node of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// What is free on it.
    pub free: Resources,
    /// What it has.
    pub capacity: Resources,
}

/// One device of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DevicePlace {
    /// The node on which it hangs.
    pub node: u8,
    /// True when it is of the right kind.
    pub is_right: bool,
    /// True when it is of the right kind and has room.
    pub is_free: bool,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Cpu and memory.
    pub resources: Resources,
    /// How many devices.
    pub devices: u32,
}

/// A host as the agent on it sees it.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// Its nodes.
    pub nodes: &'a [Node],
    /// Its devices.
    pub devices: &'a [DevicePlace],
}

/// One of the three things that are aligned.
#[derive(Clone, Copy, PartialEq)]
enum Provider {
    Cpu,
    Memory,
    Devices,
}

const PROVIDERS: [Provider; 3] = [Provider::Cpu, Provider::Memory, Provider::Devices];

impl Site<'_> {
    /// What a task is given that fits on the host and for which the scheduler wanted these devices; nothing when it is
    /// turned away.
    pub fn admit(
        &self,
        manager: TopologyManager,
        need: Need,
        wanted: DeviceSet,
    ) -> Option<(NumaShare, DeviceSet)> {
        let narrowest = self.masks().find(|&mask| self.gives_all(mask, need));
        match manager {
            TopologyManager::None => Some(self.unaligned(need)),
            TopologyManager::BestEffort => {
                // Devices may lie on more nodes than the cores: the nodes are those of the cores.
                let cores = self.masks().find(|&mask| self.gives_resources(mask, need));
                Some(match narrowest.or(cores) {
                    Some(mask) => self.aligned(mask, need, wanted),
                    None => self.unaligned(need),
                })
            }
            TopologyManager::Restricted => {
                self.is_preferred(need).then_some(())?;
                let mask =
                    narrowest.or_else(|| self.masks().find(|&mask| self.gives_resources(mask, need)))?;
                Some(self.aligned(mask, need, wanted))
            }
            TopologyManager::SingleNumaNode => {
                let mask = narrowest.filter(|mask| mask.is_power_of_two())?;
                Some(self.aligned(mask, need, wanted))
            }
        }
    }

    /// Every set of nodes, the smaller ones first, then those of the lower nodes.
    fn masks(&self) -> impl Iterator<Item = u8> + use<> {
        let count = self.nodes.len() as u32;
        let all = 1_u16 << count;
        (1..=count).flat_map(move |size| {
            (1..all).filter(move |mask| mask.count_ones() == size).map(|mask| mask as u8)
        })
    }

    /// Whether these nodes have enough of one thing, now or when the host is empty.
    fn gives(&self, mask: u8, provider: Provider, need: Need, when_empty: bool) -> bool {
        let sum = |of: fn(Resources) -> u32| -> u64 {
            let nodes = NumaShare(mask).iter().map(|node| &self.nodes[node]);
            nodes.map(|node| u64::from(of(if when_empty { node.capacity } else { node.free }))).sum()
        };
        match provider {
            Provider::Cpu => sum(|node| node.cpu_milli) >= u64::from(need.resources.cpu_milli),
            Provider::Memory => sum(|node| node.memory_mib) >= u64::from(need.resources.memory_mib),
            Provider::Devices => {
                let is_here = |device: &&DevicePlace| mask >> device.node & 1 == 1;
                let counts =
                    |device: &&DevicePlace| if when_empty { device.is_right } else { device.is_free };
                self.devices.iter().filter(is_here).filter(counts).count() >= need.devices as usize
            }
        }
    }

    fn gives_resources(&self, mask: u8, need: Need) -> bool {
        self.gives(mask, Provider::Cpu, need, false) && self.gives(mask, Provider::Memory, need, false)
    }

    fn gives_all(&self, mask: u8, need: Need) -> bool {
        PROVIDERS.into_iter().all(|provider| self.gives(mask, provider, need, false))
    }

    /// Whether there are sets of nodes, one for each thing, that are as small as on an empty host and have a node in common.
    fn is_preferred(&self, need: Need) -> bool {
        // Bit `mask` of a table: this set of nodes has a preferred set of every provider so far with exactly this in common.
        let mut common = vec![0xff_u8];
        for provider in PROVIDERS {
            let Some(width) =
                self.masks().find(|&mask| self.gives(mask, provider, need, true)).map(u8::count_ones)
            else {
                return false;
            };
            let hints: Vec<u8> = self
                .masks()
                .filter(|&mask| mask.count_ones() == width && self.gives(mask, provider, need, false))
                .collect();
            let mut next: Vec<u8> =
                common.iter().flat_map(|&known| hints.iter().map(move |&hint| known & hint)).collect();
            next.retain(|&mask| mask != 0);
            next.sort_unstable();
            next.dedup();
            common = next;
        }
        !common.is_empty()
    }

    fn aligned(&self, mask: u8, need: Need, wanted: DeviceSet) -> (NumaShare, DeviceSet) {
        let on_mask = |position: &usize| mask >> self.devices[*position].node & 1 == 1;
        if wanted.iter().all(|position| on_mask(&position)) {
            return (NumaShare(mask), wanted);
        }
        let free = || (0..self.devices.len()).filter(|&position| self.devices[position].is_free);
        let near = free().filter(on_mask);
        let far = free().filter(|position| !on_mask(position));
        let devices = near.chain(far).take(need.devices as usize).fold(DeviceSet::EMPTY, DeviceSet::with);
        (NumaShare(mask), devices)
    }

    fn unaligned(&self, need: Need) -> (NumaShare, DeviceSet) {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by_key(|&node| self.nodes[node].free.cpu_milli);
        let mut mask = 0_u8;
        for node in order {
            // A node on which nothing is free gives nothing, unless nothing is asked for.
            if self.nodes[node].free == Resources::ZERO && need.resources != Resources::ZERO {
                continue;
            }
            mask |= 1 << node;
            if self.gives_resources(mask, need) {
                break;
            }
        }
        let free = (0..self.devices.len()).filter(|&position| self.devices[position].is_free);
        let devices = free.take(need.devices as usize).fold(DeviceSet::EMPTY, DeviceSet::with);
        (NumaShare(mask), devices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cores(count: u32) -> Resources {
        Resources { cpu_milli: 1000 * count, memory_mib: 1024 * count }
    }

    /// Nodes of 8 cores with so many free, and devices: the node of each, a capital letter where it is taken.
    fn admit(manager: TopologyManager, free: &[u32], devices: &str, need: (u32, u32)) -> Option<(u8, u32)> {
        let nodes: Vec<Node> =
            free.iter().map(|&count| Node { free: cores(count), capacity: cores(8) }).collect();
        let places: Vec<DevicePlace> = devices
            .bytes()
            .map(|letter| DevicePlace {
                node: letter.to_ascii_lowercase() - b'a',
                is_right: true,
                is_free: letter.is_ascii_lowercase(),
            })
            .collect();
        let need = Need { resources: cores(need.0), devices: need.1 };
        let first = (0..places.len()).filter(|&position| places[position].is_free);
        let wanted = first.take(need.devices as usize).fold(DeviceSet::EMPTY, DeviceSet::with);
        let site = Site { nodes: &nodes, devices: &places };
        site.admit(manager, need, wanted).map(|(numa, devices)| (numa.0, devices.0))
    }

    use TopologyManager::{BestEffort, None as Nothing, Restricted, SingleNumaNode};

    #[test]
    fn models_3_3_four_policies_on_a_host_with_room_on_one_node() {
        // Four cores and a device; node 0 has two cores left and the first free device, node 1 everything.
        let on = |manager| admit(manager, &[2, 8], "aabb", (4, 1));
        assert_eq!(on(Nothing), Some((0b11, 0b1)), "spills over, and the device hangs anywhere");
        assert_eq!(on(BestEffort), Some((0b10, 0b100)));
        assert_eq!(on(Restricted), Some((0b10, 0b100)));
        assert_eq!(on(SingleNumaNode), Some((0b10, 0b100)));
    }

    #[test]
    fn models_3_3_what_cannot_be_aligned_is_turned_away_or_not() {
        // Four cores, three left on each of both nodes.
        let on = |manager| admit(manager, &[3, 3], "", (4, 0));
        assert_eq!(on(Nothing), Some((0b11, 0)));
        assert_eq!(on(BestEffort), Some((0b11, 0)));
        assert_eq!((on(Restricted), on(SingleNumaNode)), (None, None));
    }

    #[test]
    fn models_3_3_who_needs_two_nodes_anyway_is_aligned_on_two() {
        // Twelve cores need two nodes of eight: narrow enough for `restricted`, not for one node.
        assert_eq!(admit(Restricted, &[8, 8], "", (12, 0)), Some((0b11, 0)));
        assert_eq!(admit(SingleNumaNode, &[8, 8], "", (12, 0)), None);
    }

    #[test]
    fn models_3_3_cores_and_devices_must_meet() {
        // The free device hangs on node 0, the free cores are on node 1.
        let on = |manager| admit(manager, &[1, 8], "aB", (4, 1));
        assert_eq!(on(BestEffort), Some((0b11, 0b1)), "both nodes together have both");
        assert_eq!((on(Restricted), on(SingleNumaNode)), (None, None));
        // Four devices of two nodes: cores of either node meet them.
        assert_eq!(admit(Restricted, &[8, 8], "aabb", (4, 4)), Some((0b11, 0b1111)));
    }

    #[test]
    fn the_schedulers_devices_are_kept_where_they_are_aligned() {
        let nodes = [Node { free: cores(8), capacity: cores(8) }; 2];
        let place = |node| DevicePlace { node, is_right: true, is_free: true };
        let devices = [place(0), place(0), place(1)];
        let site = Site { nodes: &nodes, devices: &devices };
        let need = Need { resources: cores(1), devices: 1 };
        let given =
            |wanted| site.admit(SingleNumaNode, need, DeviceSet(wanted)).map(|(_, devices)| devices.0);
        assert_eq!((given(0b10), given(0b100)), (Some(0b10), Some(0b1)));
    }

    #[test]
    fn nothing_is_asked_for_and_one_node_is_named() {
        for (_, manager, _) in TopologyManager::NAMES {
            let (numa, devices) = admit(*manager, &[0, 8], "", (0, 0)).expect("it fits anywhere");
            assert!(numa != 0 && devices == 0);
        }
    }
}

//! What connects the devices of a host with each other and with its memory.
//!
//! ```text
//!   node 0:  [0 1 2 3]     node 1:  [4 5 6 7]
//!             link, where both are of one group of linked devices
//!             switch, where both are of one PCIe switch
//!             socket, through the root of one NUMA node:      0.9 of PCIe
//!             sockets, from one node to another:              0.6 of PCIe, and 0.5 us more
//! ```
//!
//! A group of devices exchanges data as fast as its slowest pair does.

use serde::{Deserialize, Serialize};

use crate::resources::DeviceSet;

/// Through the root complex of one socket (assumed).
const THROUGH_ROOT: f64 = 0.9;
/// From one socket to the other (assumed).
const ACROSS_SOCKETS: f64 = 0.6;

/// How two devices of one host are connected, the better the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// By links of their own.
    Link,
    /// By one PCIe switch.
    Switch,
    /// Through the root of one NUMA node.
    Socket,
    /// From one NUMA node to another.
    Sockets,
}

/// How the devices of a host are connected. Bandwidths in units of 1e9 bytes a second and direction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Interconnect {
    /// Between devices with links of their own.
    pub link_gb_per_second: f64,
    /// How many devices in a row have links among each other; 0 for none.
    pub linked_devices: u8,
    /// Of PCIe.
    pub pcie_gb_per_second: f64,
    /// How many devices in a row hang on one switch; 0 for none.
    pub devices_per_switch: u8,
}

impl Interconnect {
    /// Connections by name.
    pub const PRESETS: &'static [(&'static str, Self, &'static str)] = &[
        (
            "a100_nvswitch",
            Self {
                link_gb_per_second: 235.0,
                linked_devices: 16,
                pcie_gb_per_second: 25.0,
                devices_per_switch: 2,
            },
            "every A100 of a host linked with every other: 235 GB/s, as NCCL caps them; PCIe of generation 4",
        ),
        (
            "h100_nvswitch",
            Self {
                link_gb_per_second: 376.0,
                linked_devices: 16,
                pcie_gb_per_second: 50.0,
                devices_per_switch: 2,
            },
            "every H100 linked with every other: 376 GB/s measured of 450 (NCCL issue 1264); PCIe of generation 5",
        ),
        (
            "v100_nvlink",
            Self {
                link_gb_per_second: 50.0,
                linked_devices: 4,
                pcie_gb_per_second: 16.0,
                devices_per_switch: 2,
            },
            "groups of four V100 with two links of 25 GB/s between pairs, none beyond; PCIe of generation 3",
        ),
        (
            "pcie_3",
            Self {
                link_gb_per_second: 0.0,
                linked_devices: 0,
                pcie_gb_per_second: 16.0,
                devices_per_switch: 2,
            },
            "PCIe of generation 3 alone, two devices to a switch",
        ),
        (
            "pcie_4",
            Self {
                link_gb_per_second: 0.0,
                linked_devices: 0,
                pcie_gb_per_second: 25.0,
                devices_per_switch: 2,
            },
            "PCIe of generation 4 alone, two devices to a switch",
        ),
        (
            "pcie_5",
            Self {
                link_gb_per_second: 0.0,
                linked_devices: 0,
                pcie_gb_per_second: 50.0,
                devices_per_switch: 2,
            },
            "PCIe of generation 5 alone, two devices to a switch",
        ),
    ];

    /// The connections of this name.
    pub fn preset(name: &str) -> Option<Self> {
        Self::PRESETS.iter().find(|preset| preset.0 == name).map(|preset| preset.1)
    }

    /// How two devices are connected, of which these are the positions and the NUMA nodes.
    pub fn tier(&self, (one, on): (usize, u8), (other, near): (usize, u8)) -> Tier {
        let is_one_group = |size: u8| size > 0 && one / usize::from(size) == other / usize::from(size);
        match () {
            () if is_one_group(self.linked_devices) => Tier::Link,
            () if on == near && is_one_group(self.devices_per_switch) => Tier::Switch,
            () if on == near => Tier::Socket,
            () => Tier::Sockets,
        }
    }

    /// What a connection carries, in units of 1e9 bytes a second.
    pub fn gb_per_second(&self, tier: Tier) -> f64 {
        match tier {
            Tier::Link => self.link_gb_per_second,
            Tier::Switch => self.pcie_gb_per_second,
            Tier::Socket => THROUGH_ROOT * self.pcie_gb_per_second,
            Tier::Sockets => ACROSS_SOCKETS * self.pcie_gb_per_second,
        }
    }

    /// The best that any two devices of such a host can have.
    pub fn best_gb_per_second(&self) -> f64 {
        let switch = if self.devices_per_switch > 1 { Tier::Switch } else { Tier::Socket };
        let link = if self.linked_devices > 1 { self.link_gb_per_second } else { 0.0 };
        self.gb_per_second(switch).max(link)
    }

    /// What the slowest pair of these devices has, of which `nodes` are the NUMA nodes of all devices of the host; nothing
    /// of fewer than two.
    pub fn slowest_gb_per_second(&self, devices: DeviceSet, nodes: impl Fn(usize) -> u8) -> Option<f64> {
        let mut slowest: Option<f64> = None;
        for one in devices.iter() {
            for other in devices.iter().filter(|&other| other > one) {
                let pair = self.gb_per_second(self.tier((one, nodes(one)), (other, nodes(other))));
                slowest = Some(slowest.map_or(pair, |known| known.min(pair)));
            }
        }
        slowest
    }

    /// The first number that cannot be, with its key.
    pub fn problem(&self) -> Option<(&'static str, f64)> {
        let link = (self.linked_devices > 1).then_some(("link_gb_per_second", self.link_gb_per_second));
        let pcie = ("pcie_gb_per_second", self.pcie_gb_per_second);
        link.into_iter().chain([pcie]).find(|(_, value)| !(value.is_finite() && *value > 0.0))
    }
}

impl Default for Interconnect {
    /// PCIe of generation 4.
    fn default() -> Self {
        Self::preset("pcie_4").expect("it is in the list")
    }
}

/// How many times as long work takes that exchanges data for this share of its time over the best connection, when the
/// slowest of its pairs carries less.
pub fn exchange_slowdown(exchange: f64, best: f64, slowest: f64) -> f64 {
    1.0 + exchange * (best / slowest - 1.0)
}

/// How many times as long work takes that moves data to and from its devices for this share of its time, when this share of
/// its cores is on another socket than the device.
pub fn transfer_slowdown(transfer: f64, across: f64) -> f64 {
    1.0 + transfer * across * (1.0 / ACROSS_SOCKETS - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preset(name: &str) -> Interconnect {
        Interconnect::preset(name).expect("a preset")
    }

    /// Eight devices, four on each of two nodes.
    fn node(position: usize) -> u8 {
        (position / 4) as u8
    }

    #[test]
    fn models_3_4_the_worst_pair_counts() {
        let slowest = |name: &str, devices: u32| preset(name).slowest_gb_per_second(DeviceSet(devices), node);
        assert_eq!(slowest("pcie_4", 0b11), Some(25.0), "one switch");
        assert_eq!(slowest("pcie_4", 0b110), Some(22.5), "through the root");
        assert_eq!(slowest("pcie_4", 0b1_0001), Some(15.0), "from socket to socket");
        assert_eq!(slowest("pcie_4", 0b1_0011), Some(15.0));
        assert_eq!(slowest("v100_nvlink", 0b1111), Some(50.0));
        assert_eq!(slowest("v100_nvlink", 0b1_1111), Some(0.6 * 16.0));
        assert_eq!(slowest("a100_nvswitch", 0xff), Some(235.0));
        assert_eq!(slowest("pcie_4", 0b1), None);
    }

    #[test]
    fn tiers_are_in_their_order() {
        let pcie = preset("pcie_3");
        let tiers = [Tier::Switch, Tier::Socket, Tier::Sockets].map(|tier| pcie.gb_per_second(tier));
        assert!(tiers.windows(2).all(|pair| pair[0] > pair[1]));
        assert_eq!(pcie.best_gb_per_second(), 16.0);
        assert_eq!(preset("v100_nvlink").best_gb_per_second(), 50.0);
    }

    /// A fifth of the time is exchange over 50 GB/s; over 9.6 that fifth takes 5.2 times as long: 1 + 0.2 * 4.2083.
    #[test]
    fn exchange_takes_as_long_as_the_slowest_pair() {
        assert!((exchange_slowdown(0.2, 50.0, 9.6) - 1.841_67).abs() < 1e-5);
        assert_eq!(exchange_slowdown(0.2, 50.0, 50.0), 1.0);
        // A tenth of the time moves data, half of the cores are on the other socket: 1 + 0.1 * 0.5 * 0.6667.
        assert!((transfer_slowdown(0.1, 0.5) - 1.033_33).abs() < 1e-5);
    }
}

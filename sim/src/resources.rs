//! What tasks ask for and hosts have: cpu, memory and devices, counted in integers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A whole device, in thousandths.
pub const WHOLE_DEVICE: u16 = 1000;
/// Memory of devices is given out in so many mebibytes at a time.
pub const DEVICE_PAGE_MIB: u32 = 16;
/// The most devices that one host may hold.
pub const MAX_DEVICES_PER_HOST: usize = 16;
/// The most NUMA nodes that one host may hold.
pub const MAX_NUMA_NODES_PER_HOST: usize = 8;
/// The most kinds of devices, and the most host features, that one datacenter may know.
pub const MAX_NAMES: usize = 32;

/// Cpu in thousandths of a core and memory in mebibytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Resources {
    /// Thousandths of a core.
    pub cpu_milli: u32,
    /// Mebibytes.
    pub memory_mib: u32,
}

impl Resources {
    /// Nothing.
    pub const ZERO: Self = Self { cpu_milli: 0, memory_mib: 0 };

    /// True when `self` covers `need` in both.
    #[inline]
    pub fn covers(self, need: Self) -> bool {
        self.cpu_milli >= need.cpu_milli && self.memory_mib >= need.memory_mib
    }

    /// The sum. Panics on overflow: what is added was taken from a capacity that fits.
    #[inline]
    pub fn plus(self, other: Self) -> Self {
        Self {
            cpu_milli: self.cpu_milli.checked_add(other.cpu_milli).expect("cpu stays within its capacity"),
            memory_mib: self
                .memory_mib
                .checked_add(other.memory_mib)
                .expect("memory stays within its capacity"),
        }
    }

    /// What is left. Panics when `other` is larger: who takes has checked before.
    #[inline]
    pub fn minus(self, other: Self) -> Self {
        Self {
            cpu_milli: self
                .cpu_milli
                .checked_sub(other.cpu_milli)
                .expect("no more cpu is taken than is free"),
            memory_mib: self
                .memory_mib
                .checked_sub(other.memory_mib)
                .expect("no more memory is taken than is free"),
        }
    }
}

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceClass {
    /// Graphics processors and their like.
    Gpu,
    /// Reconfigurable logic.
    Fpga,
    /// Network cards that compute.
    Dpu,
}

/// A set of device kinds, by their index in the topology.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindMask(pub u32);

impl KindMask {
    /// True when this kind is in the set.
    #[inline]
    pub fn has(self, kind: u8) -> bool {
        self.0 >> kind & 1 == 1
    }
}

/// A set of devices of one host, by their position on that host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceSet(pub u32);

impl DeviceSet {
    /// No device.
    pub const EMPTY: Self = Self(0);

    /// How many devices are in the set.
    #[inline]
    pub fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// True when there is none.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set with this device in it.
    #[inline]
    #[must_use]
    pub fn with(self, position: usize) -> Self {
        Self(self.0 | 1 << position)
    }

    /// True when this device is in the set.
    #[inline]
    pub fn has(self, position: usize) -> bool {
        self.0 >> position & 1 == 1
    }

    /// The positions in the set, in order.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let position = rest.trailing_zeros() as usize;
            rest &= rest.checked_sub(1)?;
            Some(position)
        })
    }
}

impl fmt::Display for DeviceSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

/// How many devices, how much of each, and of which kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceRequest {
    /// The kinds that will do.
    pub kinds: KindMask,
    /// How many devices; zero for none.
    pub count: u8,
    /// Thousandths of each of them.
    pub milli_each: u16,
    /// Memory of each of them, in mebibytes, a multiple of [`DEVICE_PAGE_MIB`]; 0 where it is not stated.
    pub memory_mib_each: u32,
}

impl DeviceRequest {
    /// No device.
    pub const NONE: Self = Self { kinds: KindMask(0), count: 0, milli_each: 0, memory_mib_each: 0 };

    /// Thousandths over all devices.
    #[inline]
    pub fn milli_total(self) -> u32 {
        u32::from(self.count) * u32::from(self.milli_each)
    }

    /// True when it asks for a part of one device.
    #[inline]
    pub fn is_share(self) -> bool {
        self.count == 1 && self.milli_each < WHOLE_DEVICE
    }
}

/// What one task asks for, in the words of one topology. Tasks of equal shape are interchangeable
/// for every question of placement, so whatever is found out about a shape is remembered for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskShape {
    /// Cpu and memory.
    pub resources: Resources,
    /// Devices.
    pub devices: DeviceRequest,
    /// Features that the host must have, as a mask over the topology's features.
    pub features: u32,
    /// Higher is more urgent.
    pub priority: u8,
    /// False when it names a device kind or feature that no host has: it can never run here.
    pub is_possible: bool,
}

/// Tasks by the devices they hold, as the classes by which GPU clustering tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceAffinity {
    /// No device.
    None,
    /// Part of one device.
    Share,
    /// One whole device.
    One,
    /// Two whole devices.
    Two,
    /// Three or four whole devices.
    Four,
    /// Five to eight whole devices.
    Eight,
    /// More.
    Many,
}

impl DeviceAffinity {
    /// How many classes there are.
    pub const COUNT: usize = 7;

    /// The class of a request.
    #[inline]
    pub fn of(request: DeviceRequest) -> Self {
        match request.count {
            0 => Self::None,
            1 if request.milli_each < WHOLE_DEVICE => Self::Share,
            1 => Self::One,
            2 => Self::Two,
            3..=4 => Self::Four,
            5..=8 => Self::Eight,
            _ => Self::Many,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_set_lists_its_positions() {
        let set = DeviceSet::EMPTY.with(3).with(0).with(9);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 3, 9]);
        assert_eq!((set.count(), set.has(3), set.has(4)), (3, true, false));
    }

    #[test]
    #[should_panic(expected = "no more cpu is taken than is free")]
    fn taking_more_than_is_free_is_a_bug() {
        let _ = Resources::ZERO.minus(Resources { cpu_milli: 1, memory_mib: 0 });
    }
}

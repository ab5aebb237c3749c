//! Moving a task that holds devices: it is stopped, saved, sent and loaded again; nothing of it is sent ahead.
//!
//! ```text
//!  quiesce | device -> host | host and device memory: network, or store and load | host -> device | context
//!  t_q       M_gpu / B_d      (M + M_gpu) / R, or (M + M_gpu) (1/B_w + 1/B_r)       M_gpu / B_d     t_c
//! ```
//!
//! It stands still for all of that. Devices are copied at the same time, each over its own link to the host.

use serde::{Deserialize, Serialize};

use crate::models::dirtying::MIB_PER_MB;

/// Where a checkpoint is kept between two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// How fast one task writes to it, in mebibytes per second.
    pub write_mib_per_second: f64,
    /// How fast one task reads from it, in mebibytes per second.
    pub read_mib_per_second: f64,
}

/// What it costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Until kernels have ended and nothing is on its way, in seconds.
    pub quiesce_seconds: f64,
    /// What a whole device holds of a task, in mebibytes; a share of a device holds that share.
    pub device_memory_mib: f64,
    /// Between a device and its host, in mebibytes per second.
    pub device_mib_per_second: f64,
    /// Until the devices work again, in seconds.
    pub context_seconds: f64,
    /// Where it is kept meanwhile; `None` when it is sent straight to the other host.
    pub store: Option<Store>,
}

impl Default for Checkpoint {
    fn default() -> Self {
        Self::USUAL
    }
}

/// What devices hold of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DeviceLoad {
    /// How many devices.
    pub count: u32,
    /// The share of each.
    pub share: f64,
}

impl Checkpoint {
    /// 1 s to quiesce, 5 s for the context, 80 GB over 25 GB/s (PCIe 4.0 with 16 lanes), straight to the other host; all
    /// assumed.
    pub const USUAL: Self = Self {
        quiesce_seconds: 1.0,
        device_memory_mib: 80_000.0 * MIB_PER_MB,
        device_mib_per_second: 25_000.0 * MIB_PER_MB,
        context_seconds: 5.0,
        store: None,
    };

    /// `M_gpu` of all devices, in mebibytes.
    pub fn device_mib(&self, load: DeviceLoad) -> f64 {
        f64::from(load.count) * load.share * self.device_memory_mib
    }

    /// From the decision until everything lies in the memory of the host, in seconds.
    pub fn save_seconds(&self, load: DeviceLoad) -> f64 {
        self.quiesce_seconds + self.copy_seconds(load)
    }

    /// From when everything lies in the memory of the other host until the task goes on, in seconds.
    pub fn load_seconds(&self, load: DeviceLoad) -> f64 {
        self.copy_seconds(load) + self.context_seconds
    }

    fn copy_seconds(&self, load: DeviceLoad) -> f64 {
        let is_there = load.count > 0;
        if is_there { load.share * self.device_memory_mib / self.device_mib_per_second } else { 0.0 }
    }
}

impl Store {
    /// To write so much and to read it again, in seconds.
    pub fn seconds(&self, mib: f64) -> f64 {
        mib / self.write_mib_per_second + mib / self.read_mib_per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// models 5.4: a task with 40,000 MiB on one device at 20,000 MiB/s: 1 s and 2 s until it is saved, 2 s and 5 s until it
    /// goes on. With 10,000 MiB of the host's: 50,000 MiB to a store of 1000 and 2000 MiB/s take 50 s and 25 s.
    #[test]
    fn models_5_4_a_checkpoint_by_its_parts() {
        let terms = Checkpoint {
            device_memory_mib: 40_000.0,
            device_mib_per_second: 20_000.0,
            ..Checkpoint::default()
        };
        let one = DeviceLoad { count: 1, share: 1.0 };
        assert_eq!(
            [terms.save_seconds(one), terms.load_seconds(one), terms.device_mib(one)],
            [3.0, 7.0, 40_000.0]
        );
        // Four devices are copied at once, and send four times as much; half of a device is half of that.
        let four = DeviceLoad { count: 4, share: 1.0 };
        assert_eq!([terms.save_seconds(four), terms.device_mib(four)], [3.0, 160_000.0]);
        let half = DeviceLoad { count: 1, share: 0.5 };
        assert_eq!([terms.save_seconds(half), terms.device_mib(half)], [2.0, 20_000.0]);
        assert_eq!(
            [terms.save_seconds(DeviceLoad::default()), terms.device_mib(DeviceLoad::default())],
            [1.0, 0.0]
        );
        let store = Store { write_mib_per_second: 1000.0, read_mib_per_second: 2000.0 };
        assert_eq!(store.seconds(50_000.0), 75.0);
    }
}

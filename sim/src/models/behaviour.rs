//! What work does to the machine it runs on, beyond the amounts that it asks for.
//!
//! Traces do not record this. It is an assumption that every effect of contention rests on, stated once, here, so that a
//! study can sweep it.

use serde::{Deserialize, Serialize};

use super::gpu_sharing::Demand;

/// The behaviour of one kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// The share of its time that it waits for memory when all of that is local, 0 to 1.
    pub memory_bound: f64,
    /// What one busy core reads and writes in memory, in units of 1e9 bytes a second.
    pub memory_gb_per_second_per_core: f64,
    /// The share of its time without virtualisation that it walks page tables, 0 to 1.
    pub page_walk: f64,
    /// What one busy core does of input and output, in operations a second.
    pub operations_per_second_per_core: f64,
    /// How many different pages of 4 KiB it touches in a second.
    pub pages_per_second: f64,
    /// What it keeps busy of a device for each part of it that it uses: multiprocessors, memory bandwidth, cache, PCIe.
    pub device_demand: Demand,
    /// Which part of the memory of devices that it asks for it really touches: between the first and the second, drawn for
    /// each job, the same whatever is decided. A server that allocates everything at once touches all of it.
    pub device_memory_touched: [f64; 2],
    /// The share of its time in which its devices exchange data with each other, over the best of all connections.
    pub exchange: f64,
}

impl Behaviour {
    /// Behaviours by name. Shares of time that wait for memory are those of the model reference for each class of work; the
    /// others are assumptions of a plausible size.
    pub const PRESETS: &'static [(&'static str, Self, &'static str)] = &[
        ("general", Self::GENERAL, "mixed work: 20 % of the time waits for memory"),
        (
            "web",
            Self { memory_bound: 0.05, operations_per_second_per_core: 5000.0, ..Self::GENERAL },
            "web serving: 5 % waits for memory, much input and output",
        ),
        (
            "database",
            Self {
                memory_bound: 0.4,
                memory_gb_per_second_per_core: 2.0,
                page_walk: 0.2,
                operations_per_second_per_core: 2000.0,
                ..Self::GENERAL
            },
            "a database in memory: 40 % waits for memory, 20 % walks page tables",
        ),
        (
            "graph",
            Self {
                memory_bound: 0.6,
                memory_gb_per_second_per_core: 3.0,
                page_walk: 0.2,
                operations_per_second_per_core: 100.0,
                ..Self::GENERAL
            },
            "walks over graphs: 60 % waits for memory",
        ),
        (
            "training",
            Self {
                device_demand: [1.0, 0.6, 0.5, 0.1],
                device_memory_touched: [0.4, 1.0],
                exchange: 0.2,
                ..Self::GENERAL
            },
            "training on devices: a fifth of the time is exchange between devices; 40 to 100 % of memory is touched",
        ),
        (
            "inference",
            Self { device_demand: [0.4, 1.0, 0.3, 0.1], exchange: 0.1, ..Self::GENERAL },
            "serving models: bound by the memory of the device",
        ),
        (
            "computing",
            Self {
                memory_bound: 0.0,
                memory_gb_per_second_per_core: 0.0,
                page_walk: 0.0,
                operations_per_second_per_core: 0.0,
                pages_per_second: 0.0,
                device_demand: [1.0, 0.0, 0.0, 0.0],
                device_memory_touched: [1.0, 1.0],
                exchange: 0.0,
            },
            "nothing but cpu and device: no effect of memory slows it",
        ),
    ];

    const GENERAL: Self = Self {
        memory_bound: 0.2,
        memory_gb_per_second_per_core: 1.0,
        page_walk: 0.05,
        operations_per_second_per_core: 500.0,
        pages_per_second: 1e4,
        device_demand: [1.0, 0.5, 0.5, 0.1],
        device_memory_touched: [1.0, 1.0],
        exchange: 0.1,
    };

    /// The behaviour of this name.
    pub fn preset(name: &str) -> Option<Self> {
        Self::PRESETS.iter().find(|preset| preset.0 == name).map(|preset| preset.1)
    }

    /// The first number that cannot be, with its key and what is allowed.
    pub fn problem(&self) -> Option<(&'static str, f64, &'static str)> {
        let shares =
            [("memory_bound", self.memory_bound), ("page_walk", self.page_walk), ("exchange", self.exchange)];
        let amounts = [
            ("memory_gb_per_second_per_core", self.memory_gb_per_second_per_core),
            ("operations_per_second_per_core", self.operations_per_second_per_core),
            ("pages_per_second", self.pages_per_second),
        ];
        let share = shares.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value));
        let amount = amounts.into_iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0));
        let demand = self.device_demand.into_iter().find(|value| !(0.0..=1.0).contains(value));
        let [least, most] = self.device_memory_touched;
        let touched = !(0.0 <= least && least <= most && most <= 1.0);
        share
            .map(|(key, value)| (key, value, "0 to 1"))
            .or(touched.then_some(("device_memory_touched", least, "two rising numbers from 0 to 1")))
            .or(amount.map(|(key, value)| (key, value, "a number of 0 or more")))
            .or(demand.map(|value| ("device_demand", value, "four numbers from 0 to 1")))
    }
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::GENERAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_possible_and_has_its_own_name() {
        for (place, (name, behaviour, _)) in Behaviour::PRESETS.iter().enumerate() {
            assert_eq!(behaviour.problem(), None, "{name}");
            assert!(Behaviour::PRESETS[..place].iter().all(|other| other.0 != *name));
        }
        assert_eq!(Behaviour::preset("general"), Some(Behaviour::default()));
    }

    #[test]
    fn what_cannot_be_is_named() {
        let with = |exchange| Behaviour { exchange, ..Behaviour::default() };
        assert_eq!(with(1.5).problem(), Some(("exchange", 1.5, "0 to 1")));
        assert!(with(f64::NAN).problem().is_some());
        let demand = Behaviour { device_demand: [0.0, 2.0, 0.0, 0.0], ..Behaviour::default() };
        assert_eq!(demand.problem(), Some(("device_demand", 2.0, "four numbers from 0 to 1")));
    }
}

//! What a guest loses to what runs it.
//!
//! ```text
//!   slowdown = 1 + cpu + page_walk (walk_cost - 1) + operations exits_per_operation exit_seconds
//! ```
//!
//! The losses are inputs: a simulation examines what follows from them, not whether they are so.

use serde::{Deserialize, Serialize};

use super::behaviour::Behaviour;

/// What stands between work and the machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Virtualisation {
    /// A share of the time, lost whatever the work does.
    pub cpu: f64,
    /// How many times as long a walk through the page tables takes as without a guest.
    pub walk_cost: f64,
    /// How often an operation of input or output leaves the guest.
    pub exits_per_operation: f64,
    /// How long that takes, in microseconds.
    pub exit_us: f64,
}

impl Virtualisation {
    /// Profiles by name. Their sizes are assumptions; that containers lose less than machines and tuning matters for
    /// input and output is what Felter, Ferreira, Rajamony, Rubio measured (ISPASS 2015).
    pub const PRESETS: &'static [(&'static str, Self, &'static str)] = &[
        ("none", Self::NONE, "nothing: work runs on the machine itself"),
        (
            "container",
            Self { cpu: 0.0025, ..Self::NONE },
            "a container: 0.25 % of the cpu, no second walk, no exits",
        ),
        (
            "tuned_vm",
            Self { cpu: 0.015, walk_cost: 1.2, exits_per_operation: 0.1, exit_us: 1.5 },
            "a virtual machine with large pages, pinned cpus and virtio: 1.5 %, walks 1.2 times, batches of ten",
        ),
        (
            "default_vm",
            Self { cpu: 0.05, walk_cost: 1.5, exits_per_operation: 2.5, exit_us: 1.5 },
            "a virtual machine as it comes: 5 %, walks of small pages 1.5 times, emulated devices",
        ),
        (
            "offloaded_vm",
            Self { cpu: 0.0075, walk_cost: 1.2, exits_per_operation: 0.0, exit_us: 1.5 },
            "devices passed through, or served by a card: 0.75 %, no exits",
        ),
        (
            "nested_vm",
            Self { cpu: 0.10, walk_cost: 2.0, exits_per_operation: 5.0, exit_us: 10.0 },
            "a virtual machine within one: 10 %, walks twice, exits of both levels",
        ),
    ];

    const NONE: Self = Self { cpu: 0.0, walk_cost: 1.0, exits_per_operation: 0.0, exit_us: 0.0 };

    /// The profile of this name.
    pub fn preset(name: &str) -> Option<Self> {
        Self::PRESETS.iter().find(|preset| preset.0 == name).map(|preset| preset.1)
    }

    /// How many times as long work of this behaviour takes that keeps so many cores busy.
    pub fn slowdown(&self, behaviour: &Behaviour, cores: f64) -> f64 {
        let walks = behaviour.page_walk * (self.walk_cost - 1.0);
        // Exits of different cores lose time at the same time.
        let operations = if cores > 0.0 { behaviour.operations_per_second_per_core } else { 0.0 };
        1.0 + self.cpu + walks + operations * self.exits_per_operation * self.exit_us * 1e-6
    }

    /// The first number that cannot be, with its key and what is allowed.
    pub fn problem(&self) -> Option<(&'static str, f64, &'static str)> {
        let losses =
            [("cpu", self.cpu), ("exits_per_operation", self.exits_per_operation), ("exit_us", self.exit_us)];
        let loss = losses.into_iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0));
        let walks = !(self.walk_cost.is_finite() && self.walk_cost >= 1.0);
        loss.map(|(key, value)| (key, value, "a number of 0 or more")).or(walks.then_some((
            "walk_cost",
            self.walk_cost,
            "a number of 1 or more",
        )))
    }
}

impl Default for Virtualisation {
    fn default() -> Self {
        Self::NONE
    }
}

/// How many references to memory a walk takes through page tables of so many levels in the guest and in the host, where
/// each reference of the guest is itself looked up in the host: `(g + 1)(h + 1) - 1`. What that costs is much less, because
/// caches of page tables answer most of it (Merrifield, Taheri, VEE 2016).
pub fn nested_references(guest_levels: u32, host_levels: u32) -> u32 {
    (guest_levels + 1) * (host_levels + 1) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preset(name: &str) -> Virtualisation {
        Virtualisation::preset(name).expect("a preset")
    }

    #[test]
    fn models_4_1_references_of_a_nested_walk() {
        assert_eq!(nested_references(4, 4), 24, "six times the four of a native walk");
        assert_eq!(nested_references(3, 3), 15, "with large pages in guest and host");
    }

    /// 20 % of the time in walks that take 1.5 times as long, 5 %, and 1000 operations of 2.5 exits of 1.5 us: 1 + 0.05 +
    /// 0.1 + 0.00375.
    #[test]
    fn models_4_1_a_guest_takes_longer() {
        let behaviour =
            Behaviour { page_walk: 0.2, operations_per_second_per_core: 1000.0, ..Behaviour::default() };
        assert!((preset("default_vm").slowdown(&behaviour, 1.0) - 1.153_75).abs() < 1e-12);
        assert_eq!(preset("none").slowdown(&behaviour, 1.0), 1.0);
    }

    /// Losses of 15 % and of 3.2 % are 0.968 / 0.85 = 1.139 times the capacity.
    #[test]
    fn models_14_what_follows_from_losing_less() {
        assert!((0.968_f64 / 0.85 - 1.139).abs() < 5e-4);
        let mixed = Behaviour::preset("database").expect("a preset");
        let [default, tuned] =
            ["default_vm", "tuned_vm"].map(|name| 1.0 - 1.0 / preset(name).slowdown(&mixed, 1.0));
        assert!((0.12..0.16).contains(&default) && (0.03..0.06).contains(&tuned), "{default} {tuned}");
    }

    #[test]
    fn profiles_lose_the_more_the_less_they_are_tuned() {
        for (name, behaviour, _) in Behaviour::PRESETS {
            let order = ["none", "container", "offloaded_vm", "tuned_vm", "default_vm", "nested_vm"];
            let lost = order.map(|profile| preset(profile).slowdown(behaviour, 1.0));
            assert!(lost.windows(2).all(|pair| pair[0] <= pair[1]), "{name}: {lost:?}");
        }
        assert!(Virtualisation::PRESETS.iter().all(|preset| preset.1.problem().is_none()));
    }
}

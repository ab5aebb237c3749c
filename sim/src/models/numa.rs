//! Memory that is near and memory that is not.
//!
//! ```text
//!   socket 0            socket 1
//!   +- node 0 -- ram    +- node 2 -- ram      local    a core and memory of its own node
//!   +- node 1 -- ram    +- node 3 -- ram      near     another node of the same socket
//!            `---- link ----'                 remote   another socket, over a link that all share
//! ```
//!
//! Work that waits for memory a share `m` of its time when all of that is local takes `1 + m (L / L_local - 1)` times as
//! long when its accesses take `L` on average, and no less than what the links and the memory of a node carry.

use serde::{Deserialize, Serialize};

/// How long an access takes, and how much can be carried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumaMemory {
    /// To memory of the own node.
    pub local_ns: f64,
    /// To another node of the same socket; where a socket is one node, of no account.
    #[serde(default)]
    pub near_ns: f64,
    /// To another socket.
    pub remote_ns: f64,
    /// How many nodes a socket has.
    #[serde(default = "one")]
    pub nodes_per_socket: u8,
    /// What the memory of one node carries, in units of 1e9 bytes a second.
    pub local_gb_per_second: f64,
    /// What goes between sockets, over all links of a host together.
    pub remote_gb_per_second: f64,
    /// How long a cache line takes from one core to another of the same socket.
    pub line_local_ns: f64,
    /// How long it takes to a core of another socket.
    pub line_remote_ns: f64,
}

fn one() -> u8 {
    1
}

/// The distance of a node to itself in the firmware's table (SLIT).
pub const LOCAL_DISTANCE: f64 = 10.0;

impl NumaMemory {
    /// Measured machines, and what stands for machines of which distances alone are known.
    pub const PRESETS: &'static [(&'static str, Self, &'static str)] = &[
        (
            "cascade_lake",
            Self {
                local_ns: 80.8,
                near_ns: 0.0,
                remote_ns: 140.4,
                nodes_per_socket: 1,
                local_gb_per_second: 113.1,
                remote_gb_per_second: 34.3,
                line_local_ns: 49.0,
                line_remote_ns: 114.0,
            },
            "two sockets of Cascade Lake, measured by Intel MLC: remote memory 1.74 times as far",
        ),
        (
            "ice_lake",
            Self {
                local_ns: 89.2,
                near_ns: 0.0,
                remote_ns: 142.7,
                nodes_per_socket: 1,
                local_gb_per_second: 175.7,
                remote_gb_per_second: 55.7,
                line_local_ns: 60.1,
                line_remote_ns: 127.1,
            },
            "two sockets of Ice Lake, measured by Intel MLC: remote memory 1.60 times as far",
        ),
        (
            "epyc_four_dies",
            Self::of_distances(80.8, 16.0, 32.0, 4),
            "two EPYC 7601 of four dies each, by their distances 10, 16 and 32; carries as Cascade Lake does (assumed)",
        ),
        (
            "slit_default",
            Self::of_distances(80.8, 20.0, 20.0, 1),
            "whatever states no distances: Linux takes 20 for every other node; carries as Cascade Lake does (assumed)",
        ),
    ];

    /// The memory of this name.
    pub fn preset(name: &str) -> Option<Self> {
        Self::PRESETS.iter().find(|preset| preset.0 == name).map(|preset| preset.1)
    }

    /// A machine of which the firmware's distances are known: latency is taken to be in proportion to them.
    pub const fn of_distances(local_ns: f64, near: f64, remote: f64, nodes_per_socket: u8) -> Self {
        Self {
            local_ns,
            near_ns: local_ns * near / LOCAL_DISTANCE,
            remote_ns: local_ns * remote / LOCAL_DISTANCE,
            nodes_per_socket,
            local_gb_per_second: 113.1,
            remote_gb_per_second: 34.3,
            line_local_ns: 49.0,
            line_remote_ns: 114.0,
        }
    }

    /// True when two nodes are of one socket.
    pub fn is_one_socket(&self, one: usize, other: usize) -> bool {
        let socket = |node: usize| node / usize::from(self.nodes_per_socket.max(1));
        socket(one) == socket(other)
    }

    /// How long a core of one node waits for memory of another, in nanoseconds.
    pub fn latency_ns(&self, core: usize, memory: usize) -> f64 {
        match (core == memory, self.is_one_socket(core, memory)) {
            (true, _) => self.local_ns,
            (_, true) => self.near_ns,
            _ => self.remote_ns,
        }
    }

    /// How many times as far as local memory is on average what is accessed, when these shares of the cores and of the
    /// memory lie on each node and every core accesses all of the memory alike.
    pub fn relative_latency(&self, cores: &[f64], memory: &[f64]) -> f64 {
        self.over_pairs(cores, memory, |core, node| self.latency_ns(core, node) / self.local_ns)
    }

    /// The share of accesses that go to another socket.
    pub fn remote_share(&self, cores: &[f64], memory: &[f64]) -> f64 {
        self.over_pairs(cores, memory, |core, node| f64::from(u8::from(!self.is_one_socket(core, node))))
    }

    fn over_pairs(&self, cores: &[f64], memory: &[f64], of: impl Fn(usize, usize) -> f64) -> f64 {
        let mut sum = 0.0;
        for (core, on_core) in cores.iter().enumerate() {
            for (node, on_node) in memory.iter().enumerate() {
                sum += on_core * on_node * of(core, node);
            }
        }
        sum
    }

    /// How long a message between threads takes: what it takes anyway, and a cache line between the cores.
    pub fn message_ns(&self, base_ns: f64, crosses_sockets: bool) -> f64 {
        base_ns + if crosses_sockets { self.line_remote_ns } else { self.line_local_ns }
    }

    /// The first number that cannot be, with its key.
    pub fn problem(&self) -> Option<(&'static str, f64)> {
        let numbers = [
            ("local_ns", self.local_ns),
            ("remote_ns", self.remote_ns),
            ("local_gb_per_second", self.local_gb_per_second),
            ("remote_gb_per_second", self.remote_gb_per_second),
            ("line_local_ns", self.line_local_ns),
            ("line_remote_ns", self.line_remote_ns),
            ("nodes_per_socket", f64::from(self.nodes_per_socket)),
        ];
        let near = (self.nodes_per_socket > 1).then_some(("near_ns", self.near_ns));
        numbers.into_iter().chain(near).find(|(_, value)| !(value.is_finite() && *value > 0.0))
    }
}

/// How many times as long work takes that waits a share `memory_bound` of its time for memory when that is local, and
/// whose accesses take so many times as long.
pub fn latency_slowdown(memory_bound: f64, relative_latency: f64) -> f64 {
    1.0 + memory_bound * (relative_latency - 1.0)
}

/// How many times as long it takes to carry what is needed than there is time: at least once.
pub fn bandwidth_slowdown(needed: f64, carried: f64) -> f64 {
    (needed / carried).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ice_lake() -> NumaMemory {
        NumaMemory::preset("ice_lake").expect("a preset")
    }

    /// m = 0.4, half of the accesses remote, a ratio of 1.5998: 1 + 0.4 * 0.5 * 0.5998 = 1.1200.
    #[test]
    fn models_3_2_half_of_the_accesses_remote() {
        let relative = ice_lake().relative_latency(&[1.0, 0.0], &[0.5, 0.5]);
        assert!((latency_slowdown(0.4, relative) - 1.1200).abs() < 5e-5);
        assert_eq!(ice_lake().remote_share(&[1.0, 0.0], &[0.5, 0.5]), 0.5);
    }

    /// Without any traffic between sockets: 1 - 89.2/142.7 of memory's latency and 1 - 60.1/127.1 of a line's at most.
    #[test]
    fn models_3_2_the_most_that_can_be_gained() {
        let memory = ice_lake();
        assert!((1.0 - memory.local_ns / memory.remote_ns - 0.375).abs() < 5e-4);
        let [within, across] = [false, true].map(|crosses| memory.message_ns(0.0, crosses));
        assert!((1.0 - within / across - 0.527).abs() < 5e-4);
        // Machines of several hops: 1 - 10/32.
        let hops = NumaMemory::preset("epyc_four_dies").expect("a preset");
        assert!((1.0 - hops.local_ns / hops.remote_ns - 0.6875).abs() < 1e-12);
    }

    #[test]
    fn models_3_2_links_bound_what_is_remote() {
        // 30 busy cores of 4 GB/s, half of it remote: 60 GB/s over 55.7.
        assert!((bandwidth_slowdown(60.0, ice_lake().remote_gb_per_second) - 1.0772).abs() < 5e-5);
        assert_eq!(bandwidth_slowdown(10.0, ice_lake().remote_gb_per_second), 1.0);
    }

    #[test]
    fn nodes_of_one_socket_are_nearer_than_those_of_another() {
        let memory = NumaMemory::preset("epyc_four_dies").expect("a preset");
        let latency = [0, 3, 4].map(|node| memory.latency_ns(0, node) / memory.local_ns);
        for (got, expected) in latency.into_iter().zip([1.0, 1.6, 3.2]) {
            assert!((got - expected).abs() < 1e-12);
        }
        assert!(memory.is_one_socket(4, 7) && !memory.is_one_socket(3, 4));
    }

    #[test]
    fn every_preset_is_possible() {
        assert!(NumaMemory::PRESETS.iter().all(|preset| preset.1.problem().is_none()));
        assert_eq!(NumaMemory { local_ns: 0.0, ..ice_lake() }.problem(), Some(("local_ns", 0.0)));
    }
}

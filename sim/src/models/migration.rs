//! Live migration, in its first form: the memory of a task is sent once, and both hosts hold the task meanwhile.
//!
//! CloudSim's model: `memory / bandwidth` long, while which the task gets 10 % less cpu. Pages that change meanwhile, and
//! links that are shared, are not in it.

use serde::{Deserialize, Serialize};

use crate::kernel::time::SimDuration;

/// What a migration costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Migration {
    /// What one migration gets of the network.
    pub bandwidth_mib_per_second: f64,
    /// The share of its speed that a task loses while it is moved.
    pub slowdown: f64,
    /// What either host draws more while it lasts, as a share of the difference between its full and its idle power.
    pub power_share: f64,
}

impl Default for Migration {
    /// Ten gigabits per second of which 80 % are used; 10 % slower (CloudSim); 10 % of the dynamic power on both ends
    /// (assumed).
    fn default() -> Self {
        Self { bandwidth_mib_per_second: 8e9 / 8.0 / 1_048_576.0, slowdown: 0.1, power_share: 0.1 }
    }
}

impl Migration {
    /// How long it takes to send this much memory, rounded to the nearest microsecond.
    pub fn duration(&self, memory_mib: u32) -> SimDuration {
        let seconds = f64::from(memory_mib) / self.bandwidth_mib_per_second;
        SimDuration::from_seconds(seconds).unwrap_or(SimDuration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// models 5.5, example 3: 1024 MB over half of 1 Gb/s are about 16 s; the four sizes of the PlanetLab benchmark.
    #[test]
    fn memory_over_bandwidth() {
        let cloudsim = Migration { bandwidth_mib_per_second: 62.5, ..Migration::default() };
        let seconds = |memory| cloudsim.duration(memory).seconds();
        assert!((seconds(1024) - 16.384).abs() < 1e-9);
        assert_eq!([870, 1740, 613].map(seconds), [13.92, 27.84, 9.808]);
    }
}

//! The building around the hosts: what it draws for one watt of computing.

use serde::{Deserialize, Serialize};

/// How the facility's power follows the power of its hosts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Facility {
    /// A constant power usage effectiveness: facility energy over IT energy (ISO/IEC 30134-2), at least 1.
    StaticPue(f64),
}

impl Facility {
    /// The facility's power for this IT power, in watts.
    pub fn power_watts(self, it_power_watts: f64) -> f64 {
        match self {
            Self::StaticPue(pue) => it_power_watts * pue,
        }
    }

    /// The facility's energy for this IT energy, in joules. Exact for models that are linear in power.
    pub fn energy_joules(self, it_energy_joules: f64) -> f64 {
        match self {
            Self::StaticPue(pue) => it_energy_joules * pue,
        }
    }
}

impl Default for Facility {
    /// The average of the 2025 survey of the Uptime Institute, 1.54.
    fn default() -> Self {
        Self::StaticPue(1.54)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_static_pue_multiplies() {
        assert_eq!(Facility::StaticPue(1.1).power_watts(1000.0), 1100.0);
        assert_eq!(Facility::StaticPue(1.25).energy_joules(4.0), 5.0);
    }
}

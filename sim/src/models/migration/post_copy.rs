//! Post-copy: the guest goes on at the other host at once, and its memory follows (Hines and Gopalan, VEE 2009).
//!
//! Every page is sent once. A page that the guest needs before it has come is asked for over the network: the guest stalls
//! for a round trip, the page's own time and some handling. Sending ahead of what is asked for leaves a share of the working
//! set to such faults.

use serde::{Deserialize, Serialize};

use crate::models::dirtying::MIB_PER_MB;

/// A page of 4 KiB, in mebibytes.
const PAGE_MIB: f64 = 4096.0 / 1_048_576.0;

/// What going on at the other host costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostCopy {
    /// `S`: state of processors and devices that is sent while the guest stands still, in mebibytes.
    pub state_mib: f64,
    /// `phi_f`: the share of the working set that is asked for over the network, 0 to 1.
    pub fault_share: f64,
    /// `RTT` of a fault, in seconds.
    pub round_trip_seconds: f64,
    /// What handling a fault takes beside, in seconds.
    pub fault_seconds: f64,
}

impl Default for PostCopy {
    fn default() -> Self {
        Self::USUAL
    }
}

impl PostCopy {
    /// 21 % of the working set (Hines and Gopalan); 12.5 MB of state, a round trip of 50 us, 20 us of handling (all assumed).
    pub const USUAL: Self = Self {
        state_mib: 12.5 * MIB_PER_MB,
        fault_share: 0.21,
        round_trip_seconds: 50e-6,
        fault_seconds: 20e-6,
    };

    /// `N_f = phi_f W / 4096`: how often a guest of this working set stalls.
    pub fn faults(self, working_set_mib: f64) -> f64 {
        self.fault_share * working_set_mib / PAGE_MIB
    }

    /// How long one fault takes at this rate, in seconds: `RTT + 4096 / R + handling`.
    pub fn stall_seconds(self, mib_per_second: f64) -> f64 {
        self.round_trip_seconds + PAGE_MIB / mib_per_second + self.fault_seconds
    }

    /// The share of its time for which a guest stalls while `rest_mib` follow at this rate: its faults, spread evenly over
    /// what is sent. A guest cannot stall for more than all of the time; what it would have to wait for longer has come by then.
    pub fn stall_share(self, working_set_mib: f64, rest_mib: f64, mib_per_second: f64) -> f64 {
        if rest_mib <= 0.0 {
            return 0.0;
        }
        // No more can be asked for than is left to come.
        let faults_per_mib = self.faults(working_set_mib.min(rest_mib)) / rest_mib;
        let waiting_mib = mib_per_second * (self.round_trip_seconds + self.fault_seconds) + PAGE_MIB;
        (faults_per_mib * waiting_mib).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// models 5.2: a working set of 100 MiB has 25,600 pages, of which 21 % fault: 5376 times. At 1000 MiB/s each takes
    /// 50 + 3.90625 + 20 us = 73.90625 us, together 0.39732 s; 1000 MiB follow in 1 s.
    #[test]
    fn models_5_2_a_guest_stalls_for_its_faults() {
        let terms = PostCopy::default();
        assert!((terms.faults(100.0) - 5376.0).abs() < 1e-9);
        assert!((terms.stall_seconds(1000.0) - 73.906_25e-6).abs() < 1e-15);
        assert!((terms.stall_share(100.0, 1000.0, 1000.0) - 0.397_32).abs() < 1e-12);
    }

    /// All of the memory is the working set: 53,760 faults would take 3.97 s, and all has come after 1 s.
    #[test]
    fn nobody_stalls_for_longer_than_it_takes() {
        let terms = PostCopy::default();
        assert_eq!(terms.stall_share(1000.0, 1000.0, 1000.0), 1.0);
        assert_eq!(terms.stall_share(100.0, 0.0, 1000.0), 0.0);
        // What is left bounds what can be asked for.
        assert_eq!(terms.stall_share(100.0, 10.0, 1.0), terms.stall_share(10.0, 10.0, 1.0));
    }
}

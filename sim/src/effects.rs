//! Which effects a place has on the work that runs there. None unless stated: then work takes as long as its trace says.
//!
//! ```text
//!  run time = work / speed x frequency x migration                           speed: of a generation of hosts
//!                  x virtualisation x memory that is not local x its links   HostEffects: what a host model states
//!                  x cpu that is short x memory that is short                  (models, one file each)
//!                  x devices that are shared x devices that are far apart    Sharing, Interconnect
//! ```
//!
//! Factors multiply: each model knows its own cause alone, which is exact where causes act one after another and an
//! approximation where they overlap. What a factor says depends on who else is on the host, so that all of a host's work is
//! looked at whenever something changes there (`sim/src/engine/slowdown.rs`).

use serde::{Deserialize, Serialize};

use crate::kernel::ids::JobId;
use crate::kernel::rng::Seed;
use crate::models::behaviour::Behaviour;
use crate::models::cpu_sharing::CpuSharing;
use crate::models::interconnect::Interconnect;
use crate::models::memory_pressure::MemoryPressure;
use crate::models::mig;
use crate::models::numa::NumaMemory;
use crate::models::virtualisation::Virtualisation;
use crate::resources::WHOLE_DEVICE;

/// What hosts of one model do to the work on them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HostEffects {
    /// Memory of other NUMA nodes is farther, and links carry only so much.
    pub memory: Option<NumaMemory>,
    /// Devices that exchange data are as fast as their slowest connection.
    pub interconnect: Option<Interconnect>,
    /// Work runs in guests.
    pub virtualisation: Option<Virtualisation>,
    /// Cpu that is asked for more than once is shared out; otherwise nobody is slowed by others.
    pub cpu_sharing: Option<CpuSharing>,
    /// Memory that is used beyond what is there is fetched; otherwise nobody waits for it.
    pub memory_pressure: Option<MemoryPressure>,
    /// How fast work runs, where 1 is the speed at which run times are stated; `None` for 1.
    pub speed: Option<f64>,
}

impl HostEffects {
    /// True when work takes as long as its trace says.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// How tasks hold parts of one device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Sharing {
    /// Not at all: a device serves one task.
    #[default]
    Whole,
    /// In thousandths, without any effect on each other.
    Parts,
    /// In thousandths, taking turns.
    TimeSlicing {
        /// The share of the time that is lost to switching where there are several.
        switching_loss: f64,
    },
    /// In thousandths, all at once: they contend for what the device has (MPS).
    Spatial {
        /// What each neighbour costs beyond that.
        neighbour_cost: f64,
    },
    /// In parts of a multi-instance GPU, at the places where these may lie.
    Mig {
        /// How long it takes to make a part, in seconds.
        reconfiguration_seconds: f64,
    },
    /// In equal regions, each of which is made ready for whoever comes: reconfigurable logic.
    Regions {
        /// How many; a divisor of 1000.
        count: u16,
        /// How long it takes to make one ready, in seconds.
        reconfiguration_seconds: f64,
    },
}

impl Sharing {
    /// True when several tasks may hold parts of one device.
    pub fn is_shared(self) -> bool {
        self != Self::Whole
    }

    /// What a request for so many thousandths takes of a device: all of it where it serves one task, whole parts where it
    /// has such.
    #[inline]
    pub fn taken(self, milli: u16) -> u16 {
        match self {
            Self::Whole => WHOLE_DEVICE,
            Self::Parts | Self::TimeSlicing { .. } | Self::Spatial { .. } => milli,
            Self::Mig { .. } => mig::Profile::smallest(milli).milli(),
            Self::Regions { count, .. } => {
                let each = WHOLE_DEVICE / count;
                milli.div_ceil(each) * each
            }
        }
    }

    /// True when tasks on such a device are slowed, or wait for it to be made ready.
    pub fn has_effect(self) -> bool {
        !matches!(self, Self::Whole | Self::Parts)
    }
}

/// The most kinds of behaviour in one scenario.
pub const MOST_BEHAVIOURS: usize = 4;

/// How the work of a scenario behaves: each job is of one kind, drawn by the shares, the same for every policy under a seed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Behaviours {
    /// Shares that add up to 1, and kinds; those with the share 0 are there to fill the array.
    pub kinds: [(f64, Behaviour); MOST_BEHAVIOURS],
    /// Of the draws.
    pub seed: Seed,
}

impl Behaviours {
    /// All work behaves alike.
    pub fn of_one(behaviour: Behaviour) -> Self {
        let mut kinds = [(0.0, behaviour); MOST_BEHAVIOURS];
        kinds[0].0 = 1.0;
        Self { kinds, seed: Seed(0) }
    }

    /// True when all work behaves alike.
    pub fn is_one(&self) -> bool {
        self.kinds[0].0 >= 1.0
    }

    /// The place of the kind of which a job is.
    pub fn kind_of(&self, job: JobId) -> usize {
        if self.is_one() {
            return 0;
        }
        let draw = self.seed.draw("behaviour", job.0);
        let mut below = 0.0;
        for (place, (share, _)) in self.kinds.iter().enumerate() {
            below += share;
            if draw < below {
                return place;
            }
        }
        self.kinds.iter().rposition(|(share, _)| *share > 0.0).unwrap_or(0)
    }

    /// How a job behaves.
    pub fn of(&self, job: JobId) -> &Behaviour {
        &self.kinds[self.kind_of(job)].1
    }
}

impl Default for Behaviours {
    fn default() -> Self {
        Self::of_one(Behaviour::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_taken_whole() {
        let mig = Sharing::Mig { reconfiguration_seconds: 10.0 };
        assert_eq!([100, 142, 300, 572, 1000].map(|milli| mig.taken(milli)), [142, 142, 428, 1000, 1000]);
        let regions = Sharing::Regions { count: 4, reconfiguration_seconds: 0.2 };
        assert_eq!([1, 250, 251, 1000].map(|milli| regions.taken(milli)), [250, 250, 500, 1000]);
        assert_eq!((Sharing::Whole.taken(1), Sharing::Parts.taken(1)), (1000, 1));
    }

    #[test]
    fn jobs_behave_by_their_shares_and_always_alike() {
        let preset = |name| Behaviour::preset(name).expect("a preset");
        let mut mixed = Behaviours::of_one(preset("web"));
        mixed.kinds[0].0 = 0.25;
        mixed.kinds[1] = (0.75, preset("graph"));
        let count = (0..4000).filter(|&job| *mixed.of(JobId(job)) == preset("web")).count();
        assert!((900..1100).contains(&count), "{count} of 4000");
        let other = Behaviours { seed: Seed(1), ..mixed };
        assert!((0..100).any(|job| mixed.of(JobId(job)) != other.of(JobId(job))));
        assert!((0..100).all(|job| mixed.of(JobId(job)) == mixed.of(JobId(job))));
    }
}

//! Sums up what a facility takes. Between two changes of the power of its hosts that moves with the surroundings alone, whose
//! borders are walked when the meter is read: they are no events.

use std::sync::Arc;

use crate::kernel::time::SimTime;
use crate::models::facility::Facility;
use crate::surroundings::{Footprint, Surroundings};

/// The meter of a facility. It is summed up when the power of hosts changes, not whenever time passes: many small pieces would
/// round many times.
#[derive(Clone, Debug)]
pub(super) struct FacilityMeter {
    facility: Facility,
    surroundings: Arc<Surroundings>,
    since: SimTime,
    /// Until then.
    taken: Footprint,
}

impl FacilityMeter {
    pub(super) fn new(facility: Facility, surroundings: Arc<Surroundings>) -> Self {
        Self { facility, surroundings, since: SimTime::ZERO, taken: Footprint::default() }
    }

    pub(super) fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// What was taken until a moment, when hosts have drawn so much since the meter was settled.
    pub(super) fn read(&self, now: SimTime, it_watts: f64) -> Footprint {
        self.add(self.taken, (self.since, now), it_watts)
    }

    /// Sums up until now, before the power of hosts changes.
    pub(super) fn settle(&mut self, now: SimTime, it_watts: f64) {
        self.taken = self.read(now, it_watts);
        self.since = now;
    }

    /// With what is taken from one moment to another when hosts draw so much.
    pub(super) fn add(&self, sum: Footprint, (from, to): (SimTime, SimTime), it_watts: f64) -> Footprint {
        let stretches = self.surroundings.between(from, to);
        stretches.fold(sum, |sum, (passed, conditions)| {
            sum.plus(conditions.footprint(self.facility, it_watts).times(passed.seconds()))
        })
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::Seed;
    use crate::models::cooling::Cooling;
    use crate::models::facility::{Delivery, Electrical, UpsCurve};
    use crate::testing;

    fn meter() -> FacilityMeter {
        let electrical = Electrical {
            delivery: Delivery::Ups { curve: UpsCurve::PRESETS[1].1, count: 1 },
            rated_watts: 1e6,
            distribution: 0.02,
            other: 0.01,
            cooling: Cooling::preset("economiser_water", 1.1e6).expect("a preset"),
        };
        let around =
            testing::surroundings("celsius 0:5,900:25,2000:35 | carbon 0:300,1700:500 | price 0:70,2500:20");
        FacilityMeter::new(Facility::Electrical(electrical), Arc::new(around))
    }

    /// Settled a thousand times in an hour, it shows what it shows when it is settled never.
    #[test]
    fn splitting_a_time_changes_nothing() {
        let end = SimTime(3_600_000_000);
        let mut random = Seed(3).stream("cuts");
        let mut cuts: Vec<SimTime> =
            (0..1000).map(|_| SimTime(random.below(end.0 as usize) as u64)).collect();
        cuts.sort_unstable();
        let (whole, mut cut) = (meter().read(end, 6e5), meter());
        cuts.into_iter().for_each(|time| cut.settle(time, 6e5));
        let cut = cut.read(end, 6e5);
        for (whole, cut) in [
            (whole.overhead.losses, cut.overhead.losses),
            (whole.overhead.cooling, cut.overhead.cooling),
            (whole.water_litres, cut.water_litres),
            (whole.carbon_grams, cut.carbon_grams),
            (whole.cost, cut.cost),
            (whole.free_cooling_seconds, cut.free_cooling_seconds),
        ] {
            assert!(whole > 0.0 && (whole - cut).abs() <= 1e-12 * whole, "{cut} is not {whole}");
        }
    }

    /// By hand: 1 MW, PUE 1.2, half an hour at 300 g/kWh and half at 500: 1200 kWh at 400 g are 480 kg; at 70 and 20 for a
    /// megawatt-hour, 54.
    #[test]
    fn models_7_an_hour_of_two_intensities_and_prices() {
        let around = testing::surroundings("carbon 0:300,1800:500 | price 0:70,1800:20");
        let meter = FacilityMeter::new(Facility::StaticPue(1.2), Arc::new(around));
        let read = meter.read(SimTime(3_600_000_000), 1e6);
        assert!((read.carbon_grams - 480e3).abs() < 1e-6 && (read.cost - 54.0).abs() < 1e-9, "{read:?}");
    }
}

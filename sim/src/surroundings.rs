//! What is around a datacenter, over simulated time: the air outside, the carbon intensity and the price of electricity.
//!
//! ```text
//!  dry bulb      ----+______+-----        Each quantity is a step function; all of them together are stretches
//!  intensity     __+----------+___        in which nothing changes. The last one holds for ever.
//!  stretches     | |  |     | |   >
//! ```
//!
//! Nothing here happens: a border is no event, and no episode goes another way because of one. Meters walk the borders
//! that time has passed when they are read, and policies see the present and, as operators do, a forecast of some hours. That
//! forecast is what will be: day-ahead prices are known, and errors of the weather's and the grid's are a study of their own.

use crate::kernel::time::{SimDuration, SimTime};
use crate::models::cooling::Outside;
use crate::models::facility::{Facility, Overhead};

/// Joules in one kilowatt-hour.
const JOULES_PER_KWH: f64 = 3.6e6;
/// Kilowatt-hours in one megawatt-hour.
const KWH_PER_MWH: f64 = 1000.0;
/// A forecast goes so far unless stated.
const FORECAST_HOURS: u64 = 24;
const MICROSECONDS_PER_HOUR: u64 = 3_600_000_000;

/// A step function over simulated time. It begins at 0, and its last value holds for ever.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps(Vec<(SimTime, f64)>);

/// Why there is no such step function.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StepsError {
    /// Nothing is said of the beginning.
    #[error("the first step begins at {0:?}; allowed is 0, when the episode begins")]
    Beginning(Option<SimTime>),
    /// A step that does not come after the one before.
    #[error("a step begins at {time} behind one at {before}; allowed are rising times, each once")]
    Order {
        /// When it begins.
        time: SimTime,
        /// When the one before begins.
        before: SimTime,
    },
    /// A value that is none.
    #[error("{value} stands at {time}; allowed are finite numbers")]
    Value {
        /// When.
        time: SimTime,
        /// What stood there.
        value: f64,
    },
}

impl Steps {
    /// Each value with the moment at which it begins to hold.
    ///
    /// # Errors
    /// When the first moment is not 0, times do not rise, or a value is not finite.
    pub fn new(steps: Vec<(SimTime, f64)>) -> Result<Self, StepsError> {
        let first = steps.first().map(|step| step.0);
        if first != Some(SimTime::ZERO) {
            return Err(StepsError::Beginning(first));
        }
        if let Some(pair) = steps.windows(2).find(|pair| pair[1].0 <= pair[0].0) {
            return Err(StepsError::Order { time: pair[1].0, before: pair[0].0 });
        }
        match steps.iter().find(|step| !step.1.is_finite()) {
            Some(&(time, value)) => Err(StepsError::Value { time, value }),
            None => Ok(Self(steps)),
        }
    }

    /// The same always.
    ///
    /// # Panics
    /// When the value is not finite.
    pub fn constant(value: f64) -> Self {
        assert!(value.is_finite(), "a constant is a finite number");
        Self(vec![(SimTime::ZERO, value)])
    }

    /// The value that holds at a moment.
    fn at(&self, time: SimTime) -> f64 {
        self.0[self.0.partition_point(|step| step.0 <= time) - 1].1
    }
}

/// What is around at one moment; nothing where nobody said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    /// The air.
    pub outside: Option<Outside>,
    /// Grams of CO2 equivalents for each kilowatt-hour from the grid.
    pub carbon_grams_per_kwh: Option<f64>,
    /// Money for each megawatt-hour; negative where whoever takes it is paid.
    pub price_per_mwh: Option<f64>,
}

impl Conditions {
    /// The air that cooling sees.
    pub fn outside(&self) -> Outside {
        self.outside.unwrap_or_default()
    }

    /// What a facility takes in one second when its hosts draw so many watts.
    pub(crate) fn footprint(&self, facility: Facility, it_watts: f64) -> Footprint {
        let draw = facility.draw(it_watts, self.outside());
        let kilowatt_hours = (it_watts + draw.overhead.sum()) / JOULES_PER_KWH;
        Footprint {
            overhead: draw.overhead,
            water_litres: draw.litres_per_second,
            carbon_grams: kilowatt_hours * self.carbon_grams_per_kwh.unwrap_or(0.0),
            cost: kilowatt_hours * self.price_per_mwh.unwrap_or(0.0) / KWH_PER_MWH,
            free_cooling_seconds: if draw.is_free { 1.0 } else { 0.0 },
        }
    }
}

/// What a facility takes from its surroundings and leaves there: in one second, or summed over time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Footprint {
    /// Energy beyond that of the hosts, in joules.
    pub overhead: Overhead,
    /// Water that evaporated, in litres.
    pub water_litres: f64,
    /// Of all its energy, in grams of CO2 equivalents.
    pub carbon_grams: f64,
    /// What all its energy cost, in the unit of the price.
    pub cost: f64,
    /// How long nothing but the air outside cooled.
    pub free_cooling_seconds: f64,
}

impl Footprint {
    /// So many times as much: rates become sums.
    pub fn times(self, seconds: f64) -> Self {
        Self {
            overhead: self.overhead.times(seconds),
            water_litres: self.water_litres * seconds,
            carbon_grams: self.carbon_grams * seconds,
            cost: self.cost * seconds,
            free_cooling_seconds: self.free_cooling_seconds * seconds,
        }
    }

    /// Both added.
    pub fn plus(self, other: Self) -> Self {
        Self {
            overhead: self.overhead.plus(other.overhead),
            water_litres: self.water_litres + other.water_litres,
            carbon_grams: self.carbon_grams + other.carbon_grams,
            cost: self.cost + other.cost,
            free_cooling_seconds: self.free_cooling_seconds + other.free_cooling_seconds,
        }
    }

    /// What was added since.
    pub fn minus(self, other: Self) -> Self {
        self.plus(other.times(-1.0))
    }
}

/// What is known of the surroundings, each quantity by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Temperature, in °C.
    pub dry_bulb_celsius: Option<Steps>,
    /// What evaporation can reach, in °C; without it, what follows from the dry bulb in air of usual humidity.
    pub wet_bulb_celsius: Option<Steps>,
    /// Grams for each kilowatt-hour.
    pub carbon_grams_per_kwh: Option<Steps>,
    /// Money for each megawatt-hour.
    pub price_per_mwh: Option<Steps>,
}

/// What is around a datacenter. It never changes during a run, and runs share it.
#[derive(Clone, Debug, PartialEq)]
pub struct Surroundings {
    /// When each stretch begins, and what holds in it; the first begins at 0.
    stretches: Vec<(SimTime, Conditions)>,
    forecast: SimDuration,
    /// Nothing is foreseen from here on.
    known_until: SimTime,
}

impl Default for Surroundings {
    /// Of which nobody says anything.
    fn default() -> Self {
        Self::new(Known::default())
    }
}

impl Surroundings {
    /// Of which this is known, and foreseen for 24 hours.
    pub fn new(known: Known) -> Self {
        let Known { dry_bulb_celsius, wet_bulb_celsius, carbon_grams_per_kwh, price_per_mwh } = known;
        let all = [&dry_bulb_celsius, &wet_bulb_celsius, &carbon_grams_per_kwh, &price_per_mwh];
        let mut borders: Vec<SimTime> =
            all.into_iter().flatten().flat_map(|steps| steps.0.iter().map(|step| step.0)).collect();
        borders.push(SimTime::ZERO);
        borders.sort_unstable();
        borders.dedup();
        let at = |steps: &Option<Steps>, time| steps.as_ref().map(|steps| steps.at(time));
        let conditions = |time: SimTime| Conditions {
            outside: at(&dry_bulb_celsius, time).map(|dry_bulb_celsius| {
                let usual = Outside::of_dry_bulb(dry_bulb_celsius);
                let wet_bulb_celsius = at(&wet_bulb_celsius, time).unwrap_or(usual.wet_bulb_celsius);
                Outside { dry_bulb_celsius, wet_bulb_celsius }
            }),
            carbon_grams_per_kwh: at(&carbon_grams_per_kwh, time),
            price_per_mwh: at(&price_per_mwh, time),
        };
        Self {
            stretches: borders.into_iter().map(|time| (time, conditions(time))).collect(),
            forecast: SimDuration(FORECAST_HOURS * MICROSECONDS_PER_HOUR),
            known_until: SimTime::MAX,
        }
    }

    /// The same, of which nobody foresees what is from this moment on, since nobody will ever know.
    #[must_use]
    pub fn known_until(self, known_until: SimTime) -> Self {
        Self { known_until, ..self }
    }

    /// The same, foreseen for so long.
    #[must_use]
    pub fn with_forecast(self, forecast: SimDuration) -> Self {
        Self { forecast, ..self }
    }

    /// The place of the stretch that holds at a moment.
    fn place(&self, time: SimTime) -> usize {
        self.stretches.partition_point(|stretch| stretch.0 <= time) - 1
    }

    /// What holds at a moment.
    pub(crate) fn at(&self, time: SimTime) -> Conditions {
        self.stretches[self.place(time)].1
    }

    /// How long what holds, from one moment to another, in order.
    pub(crate) fn between(&self, from: SimTime, to: SimTime) -> Passage<'_> {
        Passage { surroundings: self, place: self.place(from), from, to }
    }

    /// What is foreseen at a moment.
    pub(crate) fn forecast(&self, now: SimTime) -> Forecast<'_> {
        Forecast { surroundings: self, now, end: (now + self.forecast).min(self.known_until).max(now) }
    }
}

/// Walks the stretches of a time.
#[derive(Clone, Debug)]
pub(crate) struct Passage<'a> {
    surroundings: &'a Surroundings,
    place: usize,
    from: SimTime,
    to: SimTime,
}

impl<'a> Iterator for Passage<'a> {
    type Item = (SimDuration, &'a Conditions);

    fn next(&mut self) -> Option<Self::Item> {
        if self.from >= self.to {
            return None;
        }
        let stretches = &self.surroundings.stretches;
        let end = stretches.get(self.place + 1).map_or(self.to, |next| next.0.min(self.to));
        let passed = end.since(self.from);
        let conditions = &stretches[self.place].1;
        self.from = end;
        self.place += 1;
        Some((passed, conditions))
    }
}

/// What is foreseen, from now on and no further than the forecast goes.
#[derive(Clone, Copy, Debug)]
pub struct Forecast<'a> {
    surroundings: &'a Surroundings,
    now: SimTime,
    end: SimTime,
}

impl<'a> Forecast<'a> {
    /// Now.
    pub fn begin(self) -> SimTime {
        self.now
    }

    /// The last moment that is foreseen.
    pub fn end(self) -> SimTime {
        self.end
    }

    /// What will hold at a moment; nothing before now and after the end of the forecast.
    pub fn at(self, time: SimTime) -> Option<Conditions> {
        (self.now..=self.end).contains(&time).then(|| self.surroundings.at(time))
    }

    /// When something changes, after now and up to the end of the forecast, in order.
    pub fn borders(self) -> impl Iterator<Item = SimTime> + 'a {
        let stretches = &self.surroundings.stretches[self.surroundings.place(self.now) + 1..];
        stretches.iter().map(|stretch| stretch.0).take_while(move |&time| time <= self.end)
    }

    /// The mean of a quantity from one moment to a later one. Nothing where either is not foreseen, the time is empty, or
    /// nobody says what the quantity is.
    pub fn mean(self, of: fn(&Conditions) -> Option<f64>, from: SimTime, until: SimTime) -> Option<f64> {
        if from < self.now || until > self.end || until <= from {
            return None;
        }
        let mut sum = 0.0;
        for (passed, conditions) in self.surroundings.between(from, until) {
            sum += of(conditions)? * passed.seconds();
        }
        Some(sum / until.since(from).seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn at(second: u64) -> SimTime {
        SimTime(second * SECOND)
    }

    fn steps(values: &[(u64, f64)]) -> Option<Steps> {
        Some(Steps::new(values.iter().map(|&(second, value)| (at(second), value)).collect()).expect("steps"))
    }

    fn two() -> Surroundings {
        let carbon_grams_per_kwh = steps(&[(0, 100.0), (10, 300.0), (20, 200.0)]);
        let price_per_mwh = steps(&[(0, 50.0), (15, -5.0)]);
        Surroundings::new(Known { carbon_grams_per_kwh, price_per_mwh, ..Known::default() })
    }

    #[test]
    fn all_quantities_together_are_stretches() {
        let borders: Vec<u64> = two().stretches.iter().map(|stretch| stretch.0.0 / SECOND).collect();
        assert_eq!(borders, [0, 10, 15, 20]);
        let seen = |second| {
            let seen = two().at(at(second));
            (seen.carbon_grams_per_kwh, seen.price_per_mwh, seen.outside)
        };
        assert_eq!(seen(9), (Some(100.0), Some(50.0), None));
        assert_eq!(seen(10), (Some(300.0), Some(50.0), None));
        assert_eq!(seen(99), (Some(200.0), Some(-5.0), None), "the last holds for ever");
    }

    #[test]
    fn a_time_is_split_at_every_border_in_it() {
        let surroundings = two();
        let split = |from, to| -> Vec<u64> {
            surroundings.between(at(from), at(to)).map(|(passed, _)| passed.0 / SECOND).collect()
        };
        assert_eq!(split(0, 30), [10, 5, 5, 10]);
        assert_eq!(split(10, 15), [5]);
        assert_eq!(split(12, 16), [3, 1]);
        assert!(split(7, 7).is_empty());
    }

    /// From 4 to 14 s six seconds at 100 and four at 300: 180.
    #[test]
    fn a_forecast_ends_where_it_ends() {
        let surroundings = two().with_forecast(SimDuration(12 * SECOND));
        let forecast = surroundings.forecast(at(4));
        let carbon = |conditions: &Conditions| conditions.carbon_grams_per_kwh;
        assert_eq!(forecast.mean(carbon, at(4), at(14)), Some(180.0));
        assert_eq!(forecast.mean(carbon, at(4), at(16)).map(f64::round), Some(200.0));
        assert_eq!(forecast.mean(carbon, at(4), at(17)), None, "beyond the forecast");
        assert_eq!(forecast.mean(carbon, at(3), at(10)), None, "before now");
        assert_eq!(forecast.mean(|seen| seen.outside.map(|air| air.dry_bulb_celsius), at(4), at(5)), None);
        assert_eq!((forecast.at(at(16)).is_some(), forecast.at(at(17))), (true, None));
        let known = surroundings.clone().known_until(at(12));
        assert_eq!([known.forecast(at(4)).end(), known.forecast(at(13)).end()], [at(12), at(13)]);
        assert_eq!(forecast.borders().map(|border| border.0 / SECOND).collect::<Vec<_>>(), [10, 15]);
    }

    #[test]
    fn what_is_no_step_function_is_refused() {
        let refused =
            |steps: &[(u64, f64)]| Steps::new(steps.iter().map(|&(time, value)| (at(time), value)).collect());
        assert!(matches!(refused(&[]), Err(StepsError::Beginning(None))));
        assert!(matches!(refused(&[(1, 1.0)]), Err(StepsError::Beginning(Some(_)))));
        assert!(matches!(refused(&[(0, 1.0), (0, 2.0)]), Err(StepsError::Order { .. })));
        assert!(matches!(refused(&[(0, 1.0), (3, f64::NAN)]), Err(StepsError::Value { .. })));
    }
}

//! From what a config says of weather, carbon and prices to step functions over simulated time.
//!
//! ```text
//!  file --importer--> Series --rules--> Signal --+                        until the horizon, or a year after the last
//!  two waves ------------------------------------+--> values, step by step ---> submission; what a series does not
//!  a number -------------------------------------+    on the calendar         know ends it, and says why
//! ```
//!
//! Series hold for whatever their importers and rules say. An episode that goes on beyond what is known of its surroundings
//! is refused when it has ended, with the mend: nothing is made up.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sim::kernel::time::{SimDuration, SimTime};
use sim::models::wet_bulb::{HUMIDITY_PERCENT, wet_bulb_celsius};
use sim::surroundings::{Known, Steps, Surroundings};
use traces::series::{self, Calendar, Environment, Quantity, Signal, UtcTime};

use crate::config::{FileConfig, QuantityConfig, SurroundingsConfig, SyntheticConfig};
use crate::error::RunError;

const MICROSECONDS_PER_SECOND: u64 = 1_000_000;
const SECONDS_PER_HOUR: u64 = 3600;
const MICROSECONDS_PER_HOUR: u64 = SECONDS_PER_HOUR * MICROSECONDS_PER_SECOND;
const HOURS_PER_DAY: f64 = 24.0;
const DAYS_PER_YEAR: f64 = 365.25;
/// Days before each month of a usual year.
const DAYS_BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
/// Without a horizon, surroundings are made for so long after the last submission.
const AFTER_THE_LAST: SimDuration = SimDuration(366 * 24 * MICROSECONDS_PER_HOUR);
/// What the values of an EnergyPlus weather file are.
const WEATHER_FILE: &str = "epw";

/// The surroundings of a config and where their files lie.
#[derive(Clone, Debug)]
pub struct PlannedSurroundings {
    /// The name of the rules.
    pub rules: String,
    /// What the config says.
    pub config: SurroundingsConfig,
    /// The file of each quantity that names one, by its key.
    pub paths: Vec<(&'static str, PathBuf)>,
}

/// Surroundings as far as they are known.
#[derive(Clone, Debug)]
pub struct Around {
    /// What the engine takes.
    pub surroundings: Arc<Surroundings>,
    /// The first moment that is not known.
    until: SimTime,
    /// Why it is not.
    reason: String,
}

impl Around {
    /// Refuses an episode that went on beyond what is known.
    ///
    /// # Errors
    /// When it did.
    pub fn check(&self, run: &str, end: SimTime) -> Result<(), RunError> {
        if end <= self.until {
            return Ok(());
        }
        let problem = format!(
            "the episode went on until {} s, and its surroundings are known until {} s: {}",
            end.seconds(),
            self.until.seconds(),
            self.reason
        );
        Err(RunError::Surroundings { what: run.to_owned(), problem })
    }
}

/// A quantity that can be asked.
#[derive(Debug)]
enum Source {
    Constant(f64),
    Waves(SyntheticConfig),
    Signal(Box<Signal>),
}

/// Refuses a file that holds another quantity.
type Fits = fn(&Signal, &FileConfig) -> Result<(), String>;

/// Everything that can be asked, with its files read.
#[derive(Debug)]
pub(crate) struct Sources {
    calendar: Option<Calendar>,
    forecast: SimDuration,
    dry_bulb: Option<Source>,
    humidity: Source,
    carbon: Option<Source>,
    price: Option<Source>,
}

impl Sources {
    /// Reads the files.
    ///
    /// # Errors
    /// When one of them cannot be read, or holds another quantity.
    pub(crate) fn read(planned: &PlannedSurroundings) -> Result<Self, RunError> {
        let SurroundingsConfig { calendar, weather, carbon, price, forecast_hours } = &planned.config;
        let refuse = |key: &str, problem: String| {
            let what = format!("rules `{}`, `surroundings.{key}`", planned.rules);
            RunError::Surroundings { what, problem }
        };
        let path = |key: &str| {
            let found = planned.paths.iter().find(|(known, _)| *known == key);
            &found.expect("the plan resolved the path of every file").1
        };
        let source = |key: &str, config: &Option<QuantityConfig>, fits: Fits| -> Result<_, RunError> {
            Ok(match config {
                None => None,
                Some(QuantityConfig::Constant(value)) => Some(Source::Constant(*value)),
                Some(QuantityConfig::Synthetic(waves)) => Some(Source::Waves(*waves)),
                Some(QuantityConfig::File(file)) => {
                    let signal = signal(file, path(key), None).map_err(|problem| refuse(key, problem))?;
                    fits(&signal, file).map_err(|problem| refuse(key, problem))?;
                    Some(Source::Signal(Box::new(signal)))
                }
            })
        };
        let forecast = SimDuration::from_seconds(forecast_hours * SECONDS_PER_HOUR as f64);
        let stated = match weather {
            Some(QuantityConfig::Synthetic(waves)) => waves.humidity_percent,
            Some(QuantityConfig::File(file)) => file.humidity_percent,
            _ => None,
        };
        let humidity = match weather {
            Some(QuantityConfig::File(file)) if file.format == WEATHER_FILE && stated.is_none() => {
                let read = signal(file, path("weather"), Some(Quantity::RelativeHumidity));
                Source::Signal(Box::new(read.map_err(|problem| refuse("weather", problem))?))
            }
            _ => Source::Constant(stated.unwrap_or(HUMIDITY_PERCENT)),
        };
        Ok(Self {
            calendar: *calendar,
            forecast: forecast.unwrap_or(SimDuration::ZERO),
            dry_bulb: source("weather", weather, is_temperature)?,
            humidity,
            carbon: source("carbon", carbon, is_intensity)?,
            price: source("price", price, is_price)?,
        })
    }

    /// The surroundings of an episode whose last submission is known, and whose end may be.
    ///
    /// # Errors
    /// When nothing is known of its beginning.
    pub(crate) fn around(
        &self,
        what: &str,
        last: SimTime,
        horizon: Option<SimTime>,
    ) -> Result<Around, RunError> {
        let until = horizon.unwrap_or(last + AFTER_THE_LAST);
        let mut known = Sampled {
            calendar: self.calendar,
            wanted: until + self.forecast,
            until: until + self.forecast,
            reason: "state a `horizon_seconds`".to_owned(),
        };
        let dry = self.dry_bulb.as_ref().map(|source| known.steps(source));
        let wet = dry.as_ref().map(|dry| known.wet_bulb(dry, &self.humidity));
        let carbon = self.carbon.as_ref().map(|source| known.steps(source));
        let price = self.price.as_ref().map(|source| known.steps(source));
        let made = |steps: Option<Vec<(SimTime, f64)>>| {
            let wrong = |_| RunError::Surroundings {
                what: what.to_owned(),
                problem: format!("nothing is known of its beginning: {}", known.reason),
            };
            steps.map(|steps| Steps::new(steps).map_err(wrong)).transpose()
        };
        let surroundings = Surroundings::new(Known {
            dry_bulb_celsius: made(dry)?,
            wet_bulb_celsius: made(wet)?,
            carbon_grams_per_kwh: made(carbon)?,
            price_per_mwh: made(price)?,
        });
        let surroundings = Arc::new(surroundings.with_forecast(self.forecast).known_until(known.until));
        Ok(Around { surroundings, until: known.until, reason: known.reason })
    }
}

/// What the series of a file says under its rules. Weather files hold several quantities.
fn signal(file: &FileConfig, path: &Path, quantity: Option<Quantity>) -> Result<Signal, String> {
    let mut options = file.options.clone();
    if let Some(quantity) = quantity {
        options.insert("quantity".to_owned(), quantity.name().into());
    }
    let (environment, _) = series::import(&file.format, path, options).map_err(|error| error.to_string())?;
    match environment {
        Environment::Series(series) => Signal::new(series, file.rules).map_err(|error| error.to_string()),
        Environment::Failures(_) => Err(format!("{} holds failures; allowed is a series", file.path)),
    }
}

fn is_temperature(signal: &Signal, _: &FileConfig) -> Result<(), String> {
    holds(signal, Quantity::DryBulb, "a temperature (dry_bulb)")
}

/// Average and marginal intensities may rank two hours the other way round: whoever wants one does not get the other.
fn is_intensity(signal: &Signal, file: &FileConfig) -> Result<(), String> {
    match file.marginal {
        false => holds(
            signal,
            Quantity::CarbonIntensity,
            "carbon_intensity, or other values with `marginal = true`",
        ),
        true => holds(signal, Quantity::MarginalCarbonIntensity, "marginal_carbon_intensity"),
    }
}

fn is_price(signal: &Signal, file: &FileConfig) -> Result<(), String> {
    holds(signal, Quantity::ElectricityPrice, "electricity_price")?;
    let unit = &signal.series().subject().unit;
    match unit.ends_with("/MWh") {
        true => Ok(()),
        false => Err(format!("{} holds prices in {unit}; allowed are prices for a MWh", file.path)),
    }
}

fn holds(signal: &Signal, wanted: Quantity, allowed: &str) -> Result<(), String> {
    let quantity = signal.series().subject().quantity;
    match quantity == wanted {
        true => Ok(()),
        false => Err(format!("the file holds {}; allowed is {allowed}", quantity.name())),
    }
}

/// Samples quantities, and remembers until when all of them are known.
struct Sampled {
    calendar: Option<Calendar>,
    wanted: SimTime,
    until: SimTime,
    reason: String,
}

impl Sampled {
    fn steps(&mut self, source: &Source) -> Vec<(SimTime, f64)> {
        match (source, self.calendar) {
            (Source::Constant(value), _) => vec![(SimTime::ZERO, *value)],
            (Source::Waves(waves), Some(calendar)) => self.of_waves(waves, calendar),
            (Source::Signal(signal), Some(calendar)) => self.of_signal(signal, calendar),
            (_, None) => unreachable!("what moves was checked to have a calendar"),
        }
    }

    /// Hour by local hour, each with the value of its middle.
    fn of_waves(&self, waves: &SyntheticConfig, calendar: Calendar) -> Vec<(SimTime, f64)> {
        let offset = i64::from(calendar.local(SimTime::ZERO).map_or(0, |local| local.offset_seconds));
        let local_us = calendar.start().microseconds() + offset * MICROSECONDS_PER_SECOND as i64;
        let into_hour = local_us.rem_euclid(MICROSECONDS_PER_HOUR as i64);
        // A calendar that begins with the hour in which the simulation does.
        let from_hour = calendar.start().plus(-into_hour).map(|start| Calendar::new(start, calendar.zone()));
        let from_hour = from_hour.unwrap_or(calendar);
        let hours = std::iter::successors(Some(0), |hour| Some(hour + 1))
            .map(|hour: u64| hour * MICROSECONDS_PER_HOUR);
        let steps = hours.map_while(|begin| {
            let time = SimTime(begin.saturating_sub(into_hour as u64));
            let value = waves_at(waves, from_hour, SimTime(begin + MICROSECONDS_PER_HOUR / 2))?;
            (time <= self.wanted).then_some((time, value))
        });
        thinned(steps)
    }

    /// As the series has it, at its smallest step.
    fn of_signal(&mut self, signal: &Signal, calendar: Calendar) -> Vec<(SimTime, f64)> {
        let series = signal.series();
        let step_us = series.steps().iter().copied().min().unwrap_or(MICROSECONDS_PER_HOUR as i64).max(1);
        let since_point = calendar.start().microseconds() - series.start().microseconds();
        let first_us = (step_us - since_point.rem_euclid(step_us)) % step_us;
        let mut steps = Vec::new();
        let mut time = SimTime::ZERO;
        let mut cursor = signal.cursor();
        while time <= self.wanted {
            let asked = calendar.utc(time).ok_or_else(|| "the calendar ends".to_owned());
            match asked.and_then(|utc: UtcTime| cursor.at(utc).map_err(|error| error.to_string())) {
                Ok(value) => steps.push((time, value)),
                Err(problem) => {
                    if time <= self.until {
                        (self.until, self.reason) = (time, problem);
                    }
                    break;
                }
            }
            let next = if time == SimTime::ZERO && first_us > 0 { first_us } else { step_us };
            time = SimTime(time.0 + next as u64);
        }
        thinned(steps.into_iter())
    }

    /// What follows from a temperature and a humidity that may change at other moments.
    fn wet_bulb(&mut self, dry: &[(SimTime, f64)], humidity: &Source) -> Vec<(SimTime, f64)> {
        let humidity = self.steps(humidity);
        let mut borders: Vec<SimTime> = dry.iter().chain(&humidity).map(|step| step.0).collect();
        borders.sort_unstable();
        borders.dedup();
        let at = |steps: &[(SimTime, f64)], time| {
            let after = steps.partition_point(|step| step.0 <= time);
            after.checked_sub(1).map(|place| steps[place].1)
        };
        let wet = |time: SimTime| Some((time, wet_bulb_celsius(at(dry, time)?, at(&humidity, time)?)));
        thinned(borders.into_iter().map_while(wet))
    }
}

/// The value of two waves at a moment, by the clocks and the calendar of its place; nothing after the year 9999.
fn waves_at(waves: &SyntheticConfig, calendar: Calendar, time: SimTime) -> Option<f64> {
    let local = calendar.local(time)?;
    let hour = f64::from(local.hour) + f64::from(local.minute) / 60.0;
    let day = f64::from(DAYS_BEFORE[local.month as usize - 1] + local.day) + hour / HOURS_PER_DAY;
    // Pinned, so that every machine draws the same waves.
    let wave = |since: f64, period: f64| libm::cos(std::f64::consts::TAU * since / period) / 2.0;
    let daily = waves.daily_swing * wave(hour - waves.hottest_hour, HOURS_PER_DAY);
    let yearly = waves.yearly_swing * wave(day - waves.hottest_day, DAYS_PER_YEAR);
    Some(waves.mean + daily + yearly)
}

/// Without steps at which nothing changes.
fn thinned(steps: impl Iterator<Item = (SimTime, f64)>) -> Vec<(SimTime, f64)> {
    let mut kept: Vec<(SimTime, f64)> = Vec::new();
    for step in steps {
        if kept.last().is_none_or(|last| last.1 != step.1) {
            kept.push(step);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> Sources {
        let config: SurroundingsConfig = toml::from_str(text).expect(text);
        let paths = Vec::new();
        Sources::read(&PlannedSurroundings { rules: "r".to_owned(), config, paths }).expect("nothing to read")
    }

    fn sampled(text: &str) -> Vec<(f64, f64)> {
        let sources = sources(text);
        let wanted = SimTime(24 * MICROSECONDS_PER_HOUR);
        let mut sampled =
            Sampled { calendar: sources.calendar, wanted, until: wanted, reason: String::new() };
        let steps = sampled.steps(sources.dry_bulb.as_ref().expect("there is weather"));
        steps.into_iter().map(|(time, value)| (time.seconds() / 3600.0, value)).collect()
    }

    /// 20 °C and 10 K from night to day in Los Angeles: 25 °C at 15 o'clock, 15 °C at 3 o'clock, whatever the hour is in UTC. An
    /// episode that begins at half past one has its first border half an hour later.
    #[test]
    fn waves_go_by_local_time() {
        let weather = "weather = { synthetic = { mean = 20, daily_swing = 10 } }";
        let steps = sampled(&format!("calendar = '2022-07-01 00:00 America/Los_Angeles'\n{weather}"));
        let at = |hour: f64| {
            let found = steps.iter().rev().find(|(begin, _)| *begin <= hour).expect("it begins at 0");
            found.1
        };
        let of_half_hour = 20.0 + 5.0 * (std::f64::consts::TAU * 0.5 / 24.0).cos();
        assert!((at(14.0) - of_half_hour).abs() < 1e-9 && (at(15.0) - of_half_hour).abs() < 1e-9);
        assert!((at(2.0) - (40.0 - of_half_hour)).abs() < 1e-9);
        let late = sampled(&format!("calendar = '2022-07-01 01:30 America/Los_Angeles'\n{weather}"));
        assert_eq!((late[0].0, late[1].0), (0.0, 0.5));
        assert_eq!(late[0].1, at(1.0));
    }

    #[test]
    fn a_year_swings_too() {
        let weather = "weather = { synthetic = { mean = 10, yearly_swing = 20 } }";
        let first = |day: &str| sampled(&format!("calendar = '{day} 00:00 Europe/Berlin'\n{weather}"))[0].1;
        assert!((first("2022-07-20") - 20.0).abs() < 0.01 && first("2022-01-18") < 0.01);
    }

    #[test]
    fn what_is_not_known_is_refused_when_it_is_reached() {
        let around = Around {
            surroundings: Arc::default(),
            until: SimTime(10 * MICROSECONDS_PER_SECOND),
            reason: "the file ends".to_owned(),
        };
        around.check("run", SimTime(10 * MICROSECONDS_PER_SECOND)).expect("until then it is");
        let error = around.check("run", SimTime(11 * MICROSECONDS_PER_SECOND)).expect_err("later it is not");
        let told = error.to_string();
        assert!(told.contains("until 11 s") && told.contains("until 10 s: the file ends"), "{told}");
    }

    /// A day of hours of which one is missing: known until the gap, or for the whole day where the gap is held.
    #[test]
    fn files_are_read_under_their_rules() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("prices.csv");
        let mut text = "time,price\n".to_owned();
        for hour in (0..24).filter(|hour| *hour != 20) {
            text += &format!("2022-07-01T{hour:02}:00:00Z,{}\n", 10 * hour);
        }
        std::fs::write(&path, text).expect("written");
        let around = |rules: &str| {
            let config: SurroundingsConfig = toml::from_str(&format!(
                "calendar = '2022-07-01T00:30:00Z'\nforecast_hours = 1\nprice = {{ path = 'p', format = 'csv_series', quantity = \
                 'electricity_price', value = 'price', unit = 'EUR/MWh', time = 'time'{rules} }}"
            ))
            .expect("valid");
            let paths = vec![("price", path.clone())];
            let sources = Sources::read(&PlannedSurroundings { rules: "r".to_owned(), config, paths })?;
            sources.around("run", SimTime::ZERO, Some(SimTime(22 * MICROSECONDS_PER_HOUR)))
        };
        let refused = around("").expect("the beginning is known");
        assert_eq!(refused.until, SimTime(39 * MICROSECONDS_PER_HOUR / 2), "half past midnight and 19.5 h");
        let told = refused.check("run", SimTime(22 * MICROSECONDS_PER_HOUR)).expect_err("a gap").to_string();
        assert!(told.contains("2022-07-01T20:00:00Z"), "{told}");
        let held = around(", gaps = 'hold'").expect("known");
        held.check("run", SimTime(22 * MICROSECONDS_PER_HOUR)).expect("the gap is held");
    }
}

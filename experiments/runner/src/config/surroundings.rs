//! What is around a datacenter, as configs state it: when and where it is, the weather, the grid.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use traces::series::{Calendar, Gaps, Rules, Wrap};

use policies::order::aware;
use policies::scheduler::SchedulerConfig;

use super::check::Checked;
use super::document::Document;
use super::{ExperimentConfig, RulesConfig, schema};
use crate::nearest::unknown_name;

/// Foreseen unless stated, in hours.
const FORECAST_HOURS: f64 = 24.0;
/// A longer forecast is none.
const MOST_FORECAST_HOURS: f64 = 24.0 * 366.0;

/// What is around a datacenter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurroundingsConfig {
    /// When simulated time begins, with the zone whose local time counts: "2022-07-01 00:00 America/Los_Angeles". Needed where
    /// anything moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub calendar: Option<Calendar>,
    /// Temperature outside, in °C.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::quantity")]
    pub weather: Option<QuantityConfig>,
    /// Carbon intensity of the grid, in grams of CO2 equivalents for each kilowatt-hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::quantity")]
    pub carbon: Option<QuantityConfig>,
    /// Price of electricity, in money for each megawatt-hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::quantity")]
    pub price: Option<QuantityConfig>,
    /// For so many hours schedulers foresee all of it.
    #[serde(default = "forecast_hours")]
    #[schemars(range(min = 0.0, max = 8784.0))]
    pub forecast_hours: f64,
}

fn forecast_hours() -> f64 {
    FORECAST_HOURS
}

/// A quantity over time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantityConfig {
    /// The same always.
    Constant(f64),
    /// As a file has it.
    File(FileConfig),
    /// By the hour of the day and the day of the year.
    Synthetic(SyntheticConfig),
}

/// A series in a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileConfig {
    /// The file, relative to the data folder.
    pub path: String,
    /// The importer that reads it (`rackwright list series`).
    pub format: String,
    /// What holds in gaps and beyond the ends.
    pub rules: Rules,
    /// Of carbon: marginal intensities are meant, not average ones.
    pub marginal: bool,
    /// Of weather that says nothing of it: relative humidity, in percent.
    pub humidity_percent: Option<f64>,
    /// Options of the importer.
    pub options: toml::Table,
}

/// Two waves around a mean: one a day, one a year. Each hour has the value of its middle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SyntheticConfig {
    /// The mean over a year.
    pub mean: f64,
    /// From the lowest to the highest hour of a day.
    #[serde(default)]
    pub daily_swing: f64,
    /// From the lowest to the highest day of a year.
    #[serde(default)]
    pub yearly_swing: f64,
    /// The local hour at which it is hottest, or the intensity or the price highest.
    #[serde(default = "hottest_hour")]
    #[schemars(range(min = 0.0, max = 24.0))]
    pub hottest_hour: f64,
    /// The same day of the year; without it 201, 20 July.
    #[serde(default = "hottest_day")]
    #[schemars(range(min = 1.0, max = 366.0))]
    pub hottest_day: f64,
    /// Of weather: relative humidity, in percent; without it 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 100.0))]
    pub humidity_percent: Option<f64>,
}

fn hottest_hour() -> f64 {
    15.0
}

fn hottest_day() -> f64 {
    201.0
}

impl SurroundingsConfig {
    /// What is stated, by its key.
    pub(crate) fn quantities(&self) -> impl Iterator<Item = (&'static str, &QuantityConfig)> {
        let all = [("weather", &self.weather), ("carbon", &self.carbon), ("price", &self.price)];
        all.into_iter().filter_map(|(key, quantity)| Some((key, quantity.as_ref()?)))
    }

    /// What it says that cannot be: the key, and the problem.
    pub(super) fn problem(&self) -> Option<(Vec<&'static str>, String)> {
        for (key, quantity) in self.quantities() {
            if let Some((inner, problem)) = quantity.problem(key) {
                return Some(([key].into_iter().chain(inner).collect(), problem));
            }
            if self.calendar.is_none() && !matches!(quantity, QuantityConfig::Constant(_)) {
                let problem = format!(
                    "missing key: `{key}` moves with time; allowed is a moment with its zone, such as \"2022-07-01 00:00 \
                     America/Los_Angeles\""
                );
                return Some((vec!["calendar"], problem));
            }
        }
        let hours = self.forecast_hours;
        (!(0.0..=MOST_FORECAST_HOURS).contains(&hours)).then(|| {
            let problem =
                format!("{hours} stands there; allowed is a number from 0 to {MOST_FORECAST_HOURS}");
            (vec!["forecast_hours"], problem)
        })
    }
}

impl QuantityConfig {
    fn problem(&self, quantity: &str) -> Option<(Vec<&'static str>, String)> {
        // Intensities are never negative; prices are, and so is the weather.
        let least = if quantity == "carbon" { 0.0 } else { f64::NEG_INFINITY };
        let number = |value: f64, least: f64| {
            let allowed = if least == 0.0 { "0 or more" } else { "a finite number" };
            (!(value.is_finite() && value >= least))
                .then(|| format!("{value} stands there; allowed is {allowed}"))
        };
        let humidity = |percent: Option<f64>| {
            percent.filter(|percent| quantity != "weather" || !(0.0..=100.0).contains(percent)).map(|percent| {
                format!("{percent} stands there; allowed is a number from 0 to 100 under `weather`, or no such key")
            })
        };
        match self {
            Self::Constant(value) => number(*value, least).map(|problem| (Vec::new(), problem)),
            Self::File(file) => {
                let known: Vec<&str> = traces::series::names().into_iter().map(|(name, _)| name).collect();
                if !known.contains(&file.format.as_str()) {
                    return Some((vec!["format"], unknown_name("format of series", &file.format, &known)));
                }
                if file.marginal && quantity != "carbon" {
                    return Some((
                        vec!["marginal"],
                        "it stands there; allowed is that under `carbon`".to_owned(),
                    ));
                }
                if !(file.rules.gap_factor.is_finite() && file.rules.gap_factor >= 1.0) {
                    let problem = format!("{} stands there; allowed is 1 or more", file.rules.gap_factor);
                    return Some((vec!["gap_factor"], problem));
                }
                humidity(file.humidity_percent).map(|problem| (vec!["humidity_percent"], problem))
            }
            Self::Synthetic(waves) => {
                let lowest = waves.mean - waves.daily_swing / 2.0 - waves.yearly_swing / 2.0;
                let within = |value: f64, from: f64, to: f64| {
                    let problem = format!("{value} stands there; allowed is a number from {from} to {to}");
                    (!(from..=to).contains(&value)).then_some(problem)
                };
                let below = (lowest < least).then(|| {
                    format!(
                        "with its swings it falls to {lowest}; allowed is a mean that keeps it at 0 or more"
                    )
                });
                let problems = [
                    ("mean", number(waves.mean, least).or(below)),
                    ("daily_swing", number(waves.daily_swing, 0.0)),
                    ("yearly_swing", number(waves.yearly_swing, 0.0)),
                    ("hottest_hour", within(waves.hottest_hour, 0.0, 24.0)),
                    ("hottest_day", within(waves.hottest_day, 1.0, 366.0)),
                    ("humidity_percent", humidity(waves.humidity_percent)),
                ];
                let found = problems.into_iter().find_map(|(key, problem)| Some((key, problem?)));
                found.map(|(key, problem)| (vec!["synthetic", key], problem))
            }
        }
    }
}

impl<'de> Deserialize<'de> for QuantityConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'de> Visitor<'de> for Written {
            type Value = QuantityConfig;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(
                    "a number, { path = FILE, format = NAME, gaps, wrap, OPTION = VALUE }, or { synthetic = { mean, \
                     daily_swing, yearly_swing, hottest_hour } }",
                )
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<QuantityConfig, E> {
                Ok(QuantityConfig::Constant(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<QuantityConfig, E> {
                Ok(QuantityConfig::Constant(value as f64))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<QuantityConfig, E> {
                Ok(QuantityConfig::Constant(value as f64))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<QuantityConfig, A::Error> {
                let mut table = toml::Table::new();
                while let Some((key, value)) = map.next_entry()? {
                    table.insert(key, value);
                }
                of_table(table).map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_any(Written)
    }
}

fn of_table(mut table: toml::Table) -> Result<QuantityConfig, String> {
    if let Some(waves) = table.remove("synthetic") {
        if let Some(key) = table.keys().next() {
            return Err(format!("unknown key `{key}`: `synthetic` stands alone"));
        }
        return waves
            .try_into()
            .map(QuantityConfig::Synthetic)
            .map_err(|error: toml::de::Error| format!("`synthetic`: {}", error.message()));
    }
    let path = taken(&mut table, "path")?;
    let format = taken(&mut table, "format")?;
    let (Some(path), Some(format)) = (path, format) else {
        return Err(
            "there is no `path` with its `format`, and no `synthetic`: allowed is one of both".to_owned()
        );
    };
    let rules = Rules {
        gap_factor: taken(&mut table, "gap_factor")?.unwrap_or(Rules::default().gap_factor),
        gaps: taken::<Gaps>(&mut table, "gaps")?.unwrap_or_default(),
        wrap: taken::<Wrap>(&mut table, "wrap")?.unwrap_or_default(),
    };
    Ok(QuantityConfig::File(FileConfig {
        path,
        format,
        rules,
        marginal: taken(&mut table, "marginal")?.unwrap_or_default(),
        humidity_percent: taken(&mut table, "humidity_percent")?,
        options: table,
    }))
}

/// What stands under a key, taken out; whatever is left are options of the importer.
fn taken<T: serde::de::DeserializeOwned>(table: &mut toml::Table, key: &str) -> Result<Option<T>, String> {
    let read = |value: toml::Value| value.try_into();
    let wrong = |error: toml::de::Error| format!("`{key}`: {}", error.message());
    table.remove(key).map(read).transpose().map_err(wrong)
}

/// What rules say of surroundings, and of cooling that hangs on them.
pub(super) fn rules(config: &RulesConfig, document: &Document, at: &[&str]) -> Checked {
    let refuse = |key: &[&str], problem: String| Err(document.refuse(&[at, key].concat(), problem));
    if let Some((key, problem)) = config.surroundings.as_ref().and_then(SurroundingsConfig::problem) {
        return refuse(&[&["surroundings"], &key[..]].concat(), problem);
    }
    let needs_weather = config.facility.as_ref().is_some_and(|facility| facility.cooling.needs_weather());
    let has_weather = config.surroundings.as_ref().is_some_and(|around| around.weather.is_some());
    match needs_weather && !has_weather {
        true => {
            let problem = "it hangs on the weather, and `surroundings.weather` does not stand there; allowed is it with weather, \
                           a number, or \"chiller_20c\"";
            refuse(&["facility", "cooling"], problem.to_owned())
        }
        false => Ok(()),
    }
}

/// A scheduler that waits for better hours and is told of none would go unnoticed.
pub(super) fn foreseen(config: &ExperimentConfig, document: &Document) -> Checked {
    for (place, scenario) in config.scenarios().iter().enumerate() {
        let rules = scenario.rules.as_ref().and_then(|name| config.rules.position(name));
        let around = rules.and_then(|index| config.rules.0[index].1.surroundings.as_ref());
        let check = |scheduler: &SchedulerConfig, at: &[&str]| -> Checked {
            let name = scheduler.order.policy.as_str();
            let is_there = match aware::looks_at(name) {
                None => true,
                Some("carbon") => around.is_some_and(|around| around.carbon.is_some()),
                Some(_) => around.is_some_and(|around| around.price.is_some()),
            };
            let key = aware::looks_at(name).unwrap_or_default();
            let problem = || {
                format!(
                    "{name:?} stands there, and the rules of scenario {:?} say no `surroundings.{key}`; allowed is it where all \
                     of them do",
                    scenario.name
                )
            };
            if is_there { Ok(()) } else { Err(document.refuse(&[at, &["order"]].concat(), problem())) }
        };
        for (name, scheduler) in &config.schedulers.0 {
            if scenario.schedulers.position(name).is_none() {
                check(scheduler, &["schedulers", name])?;
            }
        }
        for (name, scheduler) in &scenario.schedulers.0 {
            check(scheduler, &[&format!("scenarios[{place}]"), "schedulers", name])?;
        }
    }
    Ok(())
}

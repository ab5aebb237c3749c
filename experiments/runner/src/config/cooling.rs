//! How the heat gets out, as configs state it: a factor, the name of a way, or a way with other numbers.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use sim::models::chiller::Chiller;
use sim::models::cooling::{Cooling, Fans, Rejection};

use crate::nearest::unknown_name;

/// How the heat gets out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum CoolingConfig {
    /// Watts for each watt of heat.
    Factor(f64),
    /// A way by its name.
    Preset(String),
    /// A way with other numbers.
    Table(CoolingTable),
}

/// A way to cool with other numbers; those that it does not have are refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoolingTable {
    /// The way whose numbers are taken where nothing else stands.
    #[schemars(schema_with = "super::schema::cooling_preset")]
    pub preset: String,
    /// What the hosts are supplied with, in °C: 20 for `chiller_20c`, 24 with an economiser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supply_celsius: Option<f64>,
    /// Heat over power of the chiller at design conditions: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rated_cop: Option<f64>,
    /// The heat that the chiller removes at design conditions, in watts: that of hosts and losses at the rated power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_watts: Option<f64>,
    /// By how much the water of the tower is warmer than the wet bulb, or let in air than outside air, in kelvin: 4, and 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approach_kelvin: Option<f64>,
    /// From all of the heat to none of it an economiser takes so many kelvin: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_kelvin: Option<f64>,
    /// Watts of an economiser for each watt of heat: 0.02 with water, 0.03 with air.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fans_and_pumps: Option<f64>,
    /// What a tower evaporates for each kilowatt-hour of heat, in litres: 1.8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub litres_per_kwh: Option<f64>,
    /// The share of the heat that liquid takes: 0.9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liquid_share: Option<f64>,
    /// Watts for each watt of the liquid's heat: 0.015.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liquid_pumps: Option<f64>,
    /// Fans of the room: watts at full flow for each watt of the heat of the rated power; power follows the cube of the heat.
    /// None unless stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fan_share: Option<f64>,
}

/// A number of a table: its key, what stands there, what is allowed, and where it goes.
struct Number {
    key: &'static str,
    value: Option<f64>,
    allowed: (f64, f64),
    place: fn(&mut Cooling) -> Option<&mut f64>,
}

impl CoolingTable {
    /// All but the share of the fans, which makes what no preset has.
    fn numbers(&self) -> [Number; 9] {
        let number = |key, value, allowed, place| Number { key, value, allowed, place };
        [
            number("supply_celsius", self.supply_celsius, (5.0, 35.0), |cooling| {
                match &mut cooling.chiller {
                    Chiller::Supply(celsius) => Some(celsius),
                    _ => cooling.economiser.as_mut().map(|economiser| &mut economiser.supply_celsius),
                }
            }),
            number("rated_cop", self.rated_cop, (1.0, 10.0), |cooling| match &mut cooling.chiller {
                Chiller::Curve(curve) => Some(&mut curve.rated_cop),
                _ => None,
            }),
            number("capacity_watts", self.capacity_watts, (1.0, 1e12), |cooling| {
                match &mut cooling.chiller {
                    Chiller::Curve(curve) => Some(&mut curve.capacity_watts),
                    _ => None,
                }
            }),
            number("approach_kelvin", self.approach_kelvin, (0.0, 20.0), |cooling| {
                match (&mut cooling.economiser, &mut cooling.rejection) {
                    (Some(economiser), _) => Some(&mut economiser.approach_kelvin),
                    (None, Rejection::Tower { approach_kelvin, .. }) => Some(approach_kelvin),
                    (None, Rejection::Dry) => None,
                }
            }),
            number("span_kelvin", self.span_kelvin, (0.1, 50.0), |cooling| {
                cooling.economiser.as_mut().map(|economiser| &mut economiser.span_kelvin)
            }),
            // More than this would cost more than the best chiller, and nobody would use it.
            number("fans_and_pumps", self.fans_and_pumps, (0.0, 0.05), |cooling| {
                cooling.economiser.as_mut().map(|economiser| &mut economiser.fans_and_pumps)
            }),
            number("litres_per_kwh", self.litres_per_kwh, (0.0, 10.0), |cooling| {
                match &mut cooling.rejection {
                    Rejection::Tower { litres_per_kwh, .. } => Some(litres_per_kwh),
                    Rejection::Dry => None,
                }
            }),
            number("liquid_share", self.liquid_share, (0.0, 1.0), |cooling| {
                cooling.liquid.as_mut().map(|liquid| &mut liquid.share)
            }),
            number("liquid_pumps", self.liquid_pumps, (0.0, 0.1), |cooling| {
                cooling.liquid.as_mut().map(|liquid| &mut liquid.pumps)
            }),
        ]
    }

    fn cooling(&self, heat_watts: f64) -> Cooling {
        let mut cooling = preset(&self.preset, heat_watts);
        for Number { value, place, .. } in self.numbers() {
            if let (Some(value), Some(place)) = (value, place(&mut cooling)) {
                *place = value;
            }
        }
        // One tower serves the chiller and the economiser.
        if let (Some(economiser), Rejection::Tower { approach_kelvin, .. }) =
            (cooling.economiser, &mut cooling.rejection)
        {
            *approach_kelvin = economiser.approach_kelvin;
        }
        let fans = |share| Fans { full_watts: share * heat_watts, full_heat_watts: heat_watts };
        Cooling { fans: self.fan_share.filter(|&share| share > 0.0).map(fans), ..cooling }
    }

    fn problem(&self) -> Option<(&'static str, String)> {
        let known: Vec<&str> = Cooling::PRESETS.iter().map(|preset| preset.0).collect();
        if !known.contains(&self.preset.as_str()) {
            return Some(("preset", unknown_name("cooling", &self.preset, &known)));
        }
        let mut cooling = preset(&self.preset, 1.0);
        for Number { key, value, allowed: (least, most), place } in self.numbers() {
            let Some(value) = value else { continue };
            if place(&mut cooling).is_none() {
                let problem = format!(
                    "{value} stands there, which `{}` does not have; allowed is no such key",
                    self.preset
                );
                return Some((key, problem));
            }
            if !(least..=most).contains(&value) {
                return Some((
                    key,
                    format!("{value} stands there; allowed is a number from {least} to {most}"),
                ));
            }
        }
        let share = self.fan_share.filter(|share| !(0.0..=1.0).contains(share))?;
        Some(("fan_share", format!("{share} stands there; allowed is a number from 0 to 1")))
    }
}

fn preset(name: &str, heat_watts: f64) -> Cooling {
    Cooling::preset(name, heat_watts).expect("names were checked when the config was read")
}

impl CoolingConfig {
    /// The key, where there is one, and what is wrong.
    pub(super) fn problem(&self) -> Option<(Option<&'static str>, String)> {
        match self {
            Self::Factor(factor) if !(factor.is_finite() && *factor >= 0.0) => Some((
                None,
                format!("{factor} stands there; allowed is 0 or more, or the name of a way to cool"),
            )),
            Self::Factor(_) | Self::Preset(_) => None,
            Self::Table(table) => table.problem().map(|(key, problem)| (Some(key), problem)),
        }
    }

    /// As the engine takes it, for a room of so much heat at most. It has been checked.
    pub(super) fn cooling(&self, heat_watts: f64) -> Cooling {
        match self {
            Self::Factor(factor) => Cooling::constant(*factor),
            Self::Preset(name) => preset(name, heat_watts),
            Self::Table(table) => table.cooling(heat_watts),
        }
    }

    /// True when the weather changes what it takes. It has been checked.
    pub(super) fn needs_weather(&self) -> bool {
        self.cooling(1.0).needs_weather()
    }
}

impl<'de> Deserialize<'de> for CoolingConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'de> Visitor<'de> for Written {
            type Value = CoolingConfig;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number, the name of a way to cool, or { preset = NAME, KEY = NUMBER }")
            }

            fn visit_f64<E: Error>(self, factor: f64) -> Result<CoolingConfig, E> {
                Ok(CoolingConfig::Factor(factor))
            }

            fn visit_i64<E: Error>(self, factor: i64) -> Result<CoolingConfig, E> {
                Ok(CoolingConfig::Factor(factor as f64))
            }

            fn visit_u64<E: Error>(self, factor: u64) -> Result<CoolingConfig, E> {
                Ok(CoolingConfig::Factor(factor as f64))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<CoolingConfig, E> {
                let known: Vec<&str> = Cooling::PRESETS.iter().map(|preset| preset.0).collect();
                match known.contains(&name) {
                    true => Ok(CoolingConfig::Preset(name.to_owned())),
                    false => Err(E::custom(unknown_name("cooling", name, &known))),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CoolingConfig, A::Error> {
                CoolingTable::deserialize(MapAccessDeserializer::new(map)).map(CoolingConfig::Table)
            }
        }

        deserializer.deserialize_any(Written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::models::cooling::Outside;

    fn read(text: &str) -> CoolingConfig {
        #[derive(Deserialize)]
        struct Config {
            cooling: CoolingConfig,
        }
        toml::from_str::<Config>(&format!("cooling = {text}")).expect(text).cooling
    }

    #[test]
    fn a_number_a_name_and_a_table_are_read() {
        assert_eq!(read("0.3").cooling(1e6), Cooling::constant(0.3));
        assert_eq!(read("1").cooling(1e6), Cooling::constant(1.0));
        assert_eq!(read("'chiller'").cooling(2e6), Cooling::preset("chiller", 2e6).expect("a preset"));
        assert_eq!(read("{ preset = 'liquid' }").cooling(1e6), read("'liquid'").cooling(1e6));
        assert!(read("'liquid'").needs_weather() && !read("'chiller_20c'").needs_weather());
    }

    /// With every number of its own, each goes where it belongs.
    #[test]
    fn every_number_is_taken() {
        let table = "{ preset = 'economiser_water', supply_celsius = 20, rated_cop = 5, capacity_watts = 9, approach_kelvin = 3, \
                     span_kelvin = 7, fans_and_pumps = 0.01, litres_per_kwh = 2, fan_share = 0.1 }";
        let cooling = read(table).cooling(100.0);
        let economiser = cooling.economiser.expect("it has one");
        let numbers = (economiser.supply_celsius, economiser.approach_kelvin, economiser.span_kelvin);
        assert_eq!((numbers, economiser.fans_and_pumps), ((20.0, 3.0, 7.0), 0.01));
        assert_eq!(cooling.rejection, Rejection::Tower { approach_kelvin: 3.0, litres_per_kwh: 2.0 });
        assert_eq!(cooling.fans, Some(Fans { full_watts: 10.0, full_heat_watts: 100.0 }));
        let Chiller::Curve(curve) = cooling.chiller else { panic!("it has a curve") };
        assert_eq!((curve.rated_cop, curve.capacity_watts), (5.0, 9.0));
        let liquid = read("{ preset = 'liquid', liquid_share = 0.5, liquid_pumps = 0.02 }");
        // Half by liquid at 0.02, half by free air at 0.03.
        let watts = liquid.cooling(100.0).rate(100.0, Outside::of_dry_bulb(0.0)).watts;
        assert!((watts - 2.5).abs() < 1e-12);
        let warmer = read("{ preset = 'chiller_20c', supply_celsius = 25 }").cooling(1.0);
        assert!((1.0 / warmer.rate(1.0, Outside::default()).watts - 4.728).abs() < 1e-9);
    }
}

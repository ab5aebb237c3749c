//! The building as configs state it, where it is more than one number.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use sim::models::cooling::Cooling;
use sim::models::facility::{Converter, Delivery, Electrical, UpsCurve};

use super::{CoolingConfig, schema};
use crate::nearest::unknown_name;

/// Losses that follow the load. Shares are of the power of the hosts unless stated otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FacilityConfig {
    /// The losses of the uninterruptible power supply: the name of a preset, or `no_load + proportional x + square x^2`
    /// of the rated power at the load x. Or `converters`.
    #[serde(default, deserialize_with = "some_ups", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::ups")]
    pub ups: Option<UpsCurve>,
    /// How many supplies share the load.
    #[serde(default, skip_serializing_if = "Redundancy::is_default")]
    pub redundancy: Redundancy,
    /// Rectifiers, each with a converter on a board behind it, in the place of a `ups`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converters: Option<ConvertersConfig>,
    /// The power of hosts that the building is made for; without it, what its hosts draw at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub rated_watts: Option<f64>,
    /// Share lost in the distribution units.
    #[serde(default = "distribution")]
    #[schemars(range(min = 0.0))]
    pub distribution: f64,
    /// Lights and the like: a share of the rated power, whatever the load.
    #[serde(default = "other")]
    #[schemars(range(min = 0.0))]
    pub other: f64,
    /// How the heat gets out: watts for each watt of heat, the name of a way, or a table. Without it 0.313, a chiller that
    /// supplies air of 20 °C.
    #[serde(default = "cooling")]
    #[schemars(schema_with = "schema::cooling")]
    pub cooling: CoolingConfig,
}

fn distribution() -> f64 {
    0.02
}

fn other() -> f64 {
    0.01
}

/// One over the coefficient of performance `0.0068 T^2 + 0.0008 T + 0.458` at a supply temperature T of 20 °C (Moore,
/// Chase, Ranganathan, Sharma, USENIX ATC 2005).
fn cooling() -> CoolingConfig {
    CoolingConfig::Factor(1.0 / (0.0068 * 400.0 + 0.0008 * 20.0 + 0.458))
}

/// How many power supplies share the load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Redundancy {
    /// One, which carries it.
    #[default]
    N,
    /// Two, each rated for all of it and loaded with half.
    #[serde(rename = "2n")]
    TwoN,
}

impl Redundancy {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Converters of constant loss and efficiency: `in = (out + loss) / efficiency`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvertersConfig {
    /// How many of each; without it, one for each host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Nearer to the grid; without it, 17 W and 0.96 (Frontier, as ExaDigiT RAPS has it).
    #[serde(default = "rectifier")]
    #[schemars(schema_with = "schema::converter")]
    pub rectifier: Converter,
    /// Nearer to the host; without it, 13 W and 0.98 (the same).
    #[serde(default = "board")]
    #[schemars(schema_with = "schema::converter")]
    pub board: Converter,
}

fn rectifier() -> Converter {
    Converter::RECTIFIER
}

fn board() -> Converter {
    Converter::BOARD
}

impl FacilityConfig {
    /// What it says that cannot be: the key, and the problem.
    pub(super) fn problem(&self) -> Option<(Vec<&'static str>, String)> {
        let shares = [("distribution", self.distribution), ("other", self.other)];
        let mut numbers: Vec<(Vec<&str>, f64)> =
            shares.map(|(key, value)| (vec![key], value)).into_iter().collect();
        if let Some(ups) = self.ups {
            let keys = ["no_load", "proportional", "square"];
            let values = [ups.no_load, ups.proportional, ups.square];
            numbers.extend(keys.into_iter().zip(values).map(|(key, value)| (vec!["ups", key], value)));
        }
        if let Some(found) = numbers.iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            return Some((found.0.clone(), format!("{} stands there; allowed is 0 or more", found.1)));
        }
        if let Some(rated) = self.rated_watts.filter(|rated| !(rated.is_finite() && *rated > 0.0)) {
            let problem = format!("{rated} stands there; allowed is a number of watts above 0");
            return Some((vec!["rated_watts"], problem));
        }
        if let Some((key, problem)) = self.cooling.problem() {
            return Some((["cooling"].into_iter().chain(key).collect(), problem));
        }
        match (&self.ups, &self.converters) {
            (Some(_), None) => None,
            (None, Some(converters)) => {
                if self.redundancy != Redundancy::N {
                    let problem = "\"2n\" stands there beside `converters`; allowed is that with a `ups`";
                    return Some((vec!["redundancy"], problem.to_owned()));
                }
                converters.problem()
            }
            _ => Some((Vec::new(), "allowed is exactly one of `ups` and `converters`".to_owned())),
        }
    }

    /// As the engine takes it, for hosts that draw so much at most.
    pub(crate) fn electrical(&self, host_count: usize, full_watts: f64) -> Electrical {
        let delivery = match (self.ups, &self.converters) {
            (Some(curve), _) => {
                Delivery::Ups { curve, count: if self.redundancy == Redundancy::TwoN { 2 } else { 1 } }
            }
            (None, Some(ConvertersConfig { count, rectifier, board })) => Delivery::Converters {
                count: count.unwrap_or_else(|| u32::try_from(host_count).expect("hosts have ids of 32 bits")),
                rectifier: *rectifier,
                board: *board,
            },
            (None, None) => unreachable!("one of both was checked to stand there"),
        };
        let rated_watts = self.rated_watts.unwrap_or(full_watts);
        let (distribution, other) = (self.distribution, self.other);
        let without =
            Electrical { delivery, rated_watts, distribution, other, cooling: Cooling::constant(0.0) };
        let heat_watts = rated_watts + without.loss_watts(rated_watts);
        Electrical { cooling: self.cooling.cooling(heat_watts), ..without }
    }
}

impl ConvertersConfig {
    fn problem(&self) -> Option<(Vec<&'static str>, String)> {
        for (name, one) in [("rectifier", self.rectifier), ("board", self.board)] {
            let Converter { loss_watts, efficiency } = one;
            if !(loss_watts.is_finite() && loss_watts >= 0.0) {
                let problem = format!("{loss_watts} stands there; allowed is 0 or more");
                return Some((vec!["converters", name, "loss_watts"], problem));
            }
            if !(0.0 < efficiency && efficiency <= 1.0) {
                let problem = format!("{efficiency} stands there; allowed is a number above 0 and up to 1");
                return Some((vec!["converters", name, "efficiency"], problem));
            }
        }
        None
    }
}

fn some_ups<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UpsCurve>, D::Error> {
    struct Ups;

    impl<'de> Visitor<'de> for Ups {
        type Value = UpsCurve;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("the name of a preset, or { no_load, proportional, square }")
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<UpsCurve, E> {
            let known: Vec<&str> = UpsCurve::PRESETS.iter().map(|preset| preset.0).collect();
            UpsCurve::preset(name).ok_or_else(|| E::custom(unknown_name("ups", name, &known)))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<UpsCurve, A::Error> {
            UpsCurve::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(Ups).map(Some)
}

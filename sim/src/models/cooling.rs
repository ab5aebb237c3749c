//! How the heat of a room gets out: liquid, the air and the water outside, and machines for what is left.
//!
//! ```text
//!          +- liquid, a share of it ------------------------------------ pumps ----> dry cooler
//!   heat --|
//!          +- air --- fans --+-- economiser, as cold as it is outside -- fans, pumps --> outside air, or tower
//!                            +-- the rest: chiller --------------------- power ----> outside air, or tower
//! ```
//!
//! A tower cools by evaporation, to somewhat above the wet bulb, and drinks; a dry cooler or an opened window does not.
//! The colder it is, the less power any of this takes: a property that is tested, since curves that were fitted in the warm
//! like to turn round in the cold.

use serde::{Deserialize, Serialize};

use super::chiller::{Chiller, ChillerCurve};
use super::wet_bulb::{HUMIDITY_PERCENT, wet_bulb_celsius};

/// Joules in one kilowatt-hour.
const JOULES_PER_KWH: f64 = 3.6e6;

/// The air outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outside {
    /// What a thermometer shows, in °C.
    pub dry_bulb_celsius: f64,
    /// What evaporation can reach, in °C.
    pub wet_bulb_celsius: f64,
}

impl Outside {
    /// Air of this temperature in °C, of usual humidity.
    pub fn of_dry_bulb(dry_bulb_celsius: f64) -> Self {
        let wet_bulb_celsius = wet_bulb_celsius(dry_bulb_celsius, HUMIDITY_PERCENT);
        Self { dry_bulb_celsius, wet_bulb_celsius }
    }
}

impl Default for Outside {
    /// The 15 °C of the standard atmosphere, for whoever asks without having said what the weather is.
    fn default() -> Self {
        Self::of_dry_bulb(15.0)
    }
}

/// Where a chiller puts its heat.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rejection {
    /// Into the air: the condenser is as warm as that.
    Dry,
    /// Into a tower whose water is so many kelvin above the wet bulb.
    Tower {
        /// Above the wet bulb, in kelvin.
        approach_kelvin: f64,
        /// Water that evaporates and drifts away for each kilowatt-hour of heat.
        litres_per_kwh: f64,
    },
}

impl Rejection {
    /// What a tower evaporates, unless stated, in litres for each kilowatt-hour of heat.
    pub const LITRES_PER_KWH: f64 = 1.8;

    /// A tower of 4 K above the wet bulb.
    pub const TOWER: Self = Self::Tower { approach_kelvin: 4.0, litres_per_kwh: Self::LITRES_PER_KWH };

    fn condenser_celsius(self, outside: Outside) -> f64 {
        match self {
            Self::Dry => outside.dry_bulb_celsius,
            Self::Tower { approach_kelvin, .. } => outside.wet_bulb_celsius + approach_kelvin,
        }
    }

    /// Litres a second for so many watts of heat.
    fn litres_per_second(self, heat_watts: f64) -> f64 {
        match self {
            Self::Dry => 0.0,
            Self::Tower { litres_per_kwh, .. } => litres_per_kwh * heat_watts / JOULES_PER_KWH,
        }
    }
}

/// What carries heat out without a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Medium {
    /// The water of the tower, past the chiller: it counts how warm the wet bulb is.
    Water,
    /// Outside air, let in: it counts how warm the dry bulb is. Nothing evaporates.
    Air,
}

/// Free cooling: all of the heat where it is cold enough outside, none where it is too warm, in between a share on a straight
/// line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Economiser {
    /// What carries the heat.
    pub medium: Medium,
    /// What is supplied to the hosts, in °C.
    pub supply_celsius: f64,
    /// By how much what arrives is warmer than it is outside, in kelvin.
    pub approach_kelvin: f64,
    /// By how much what comes back from the hosts is warmer than what is supplied, in kelvin: from there on it is too warm.
    pub span_kelvin: f64,
    /// Fans and pumps: watts for each watt of heat that goes this way.
    pub fans_and_pumps: f64,
}

impl Economiser {
    /// Above the recommended 18 °C and below 27 °C (ASHRAE), as operators that use it do.
    const SUPPLY_CELSIUS: f64 = 24.0;

    /// Past the chiller, by the water of a tower.
    pub const WATER: Self = Self {
        medium: Medium::Water,
        supply_celsius: Self::SUPPLY_CELSIUS,
        approach_kelvin: 4.0,
        span_kelvin: 10.0,
        fans_and_pumps: 0.02,
    };

    /// Outside air.
    pub const AIR: Self = Self {
        medium: Medium::Air,
        supply_celsius: Self::SUPPLY_CELSIUS,
        approach_kelvin: 2.0,
        span_kelvin: 10.0,
        fans_and_pumps: 0.03,
    };

    /// The share of the heat that needs no machine, 0 to 1.
    pub fn free_share(self, outside: Outside) -> f64 {
        let outside_celsius = match self.medium {
            Medium::Water => outside.wet_bulb_celsius,
            Medium::Air => outside.dry_bulb_celsius,
        };
        let too_warm_by = outside_celsius + self.approach_kelvin - self.supply_celsius;
        (1.0 - too_warm_by / self.span_kelvin).clamp(0.0, 1.0)
    }
}

/// Liquid at the hosts' chips, warm enough (32 to 45 °C) to be cooled by any weather.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Liquid {
    /// The share of the heat that it takes, 0 to 1; the air takes the rest.
    pub share: f64,
    /// Watts for each watt of that heat.
    pub pumps: f64,
}

impl Liquid {
    /// Between the 0.7 of retrofits and the 0.945 of Frontier (ExaDigiT RAPS); the pumps are an assumption.
    pub const USUAL: Self = Self { share: 0.9, pumps: 0.015 };
}

/// Fans that move the air of the room: power follows the cube of the flow, and the flow the heat.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fans {
    /// Their power at full flow, in watts.
    pub full_watts: f64,
    /// The heat that the full flow carries, in watts.
    pub full_heat_watts: f64,
}

impl Fans {
    /// `P = P_full (V / V_full)^3` (as SustainDC has it), with `V / V_full` the heat over that of full flow.
    pub fn watts(self, heat_watts: f64) -> f64 {
        let flow = heat_watts / self.full_heat_watts;
        self.full_watts * flow * flow * flow
    }
}

/// How the heat of a room gets out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cooling {
    /// What makes cold where nothing else does.
    pub chiller: Chiller,
    /// Where the chiller puts the heat.
    pub rejection: Rejection,
    /// What spares the chiller work.
    pub economiser: Option<Economiser>,
    /// What spares the air heat.
    pub liquid: Option<Liquid>,
    /// Fans that are not in the other numbers.
    pub fans: Option<Fans>,
}

/// What cooling takes at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CoolingRate {
    /// Power, in watts.
    pub watts: f64,
    /// Water, in litres a second.
    pub litres_per_second: f64,
    /// The economiser carries everything that the liquid does not, and the chiller stands still.
    pub is_free: bool,
}

impl Cooling {
    /// Names of ways to cool, with a line of help each.
    pub const PRESETS: &'static [(&'static str, &'static str)] = &[
        (
            "chiller_20c",
            "a chiller that supplies air of 20 °C, whatever the weather (COP 3.194), and a tower",
        ),
        ("chiller", "a chiller by the wet bulb outside and its load, and a tower"),
        ("chiller_dry", "a chiller by the temperature outside and its load; nothing evaporates"),
        ("economiser_water", "tower water past the chiller where it is cold enough: kappa 0.02"),
        ("economiser_air", "outside air where it is cold enough, a dry chiller where not: kappa 0.03"),
        ("liquid", "liquid for 0.9 of the heat, outside air or a dry chiller for the rest"),
    ];

    /// So many watts for each watt of heat, whatever the weather; nothing is said of water.
    pub fn constant(factor: f64) -> Self {
        let (chiller, rejection) = (Chiller::Constant(factor), Rejection::Dry);
        Self { chiller, rejection, economiser: None, liquid: None, fans: None }
    }

    /// The way of this name, for a room of so many watts of heat at most.
    pub fn preset(name: &str, heat_watts: f64) -> Option<Self> {
        let curve = Chiller::Curve(ChillerCurve::of_capacity(heat_watts));
        let dry = Self { chiller: curve, ..Self::constant(0.0) };
        let wet = Self { rejection: Rejection::TOWER, ..dry };
        let aired = Self { economiser: Some(Economiser::AIR), ..dry };
        match name {
            "chiller_20c" => Some(Self { chiller: Chiller::Supply(20.0), ..wet }),
            "chiller" => Some(wet),
            "chiller_dry" => Some(dry),
            "economiser_water" => Some(Self { economiser: Some(Economiser::WATER), ..wet }),
            "economiser_air" => Some(aired),
            "liquid" => Some(Self { liquid: Some(Liquid::USUAL), ..aired }),
            _ => None,
        }
    }

    /// True when the weather changes what it takes.
    pub fn needs_weather(self) -> bool {
        self.economiser.is_some() || matches!(self.chiller, Chiller::Curve(_))
    }

    /// What it takes to get so many watts of heat out.
    pub fn rate(self, heat_watts: f64, outside: Outside) -> CoolingRate {
        let (liquid_heat, pump_watts) = self.liquid.map_or((0.0, 0.0), |liquid| {
            (liquid.share * heat_watts, liquid.pumps * liquid.share * heat_watts)
        });
        let air_heat = heat_watts - liquid_heat;
        let free_share = self.economiser.map_or(0.0, |economiser| economiser.free_share(outside));
        let chilled_heat = air_heat * (1.0 - free_share);
        let chiller_watts = self.chiller.watts(chilled_heat, self.rejection.condenser_celsius(outside));
        let free_watts =
            self.economiser.map_or(0.0, |economiser| economiser.fans_and_pumps * free_share * air_heat);
        let fan_watts = self.fans.map_or(0.0, |fans| fans.watts(air_heat));
        let is_water = self.economiser.is_some_and(|economiser| economiser.medium == Medium::Water);
        let rejected_heat = chiller_watts + if is_water { air_heat } else { chilled_heat };
        CoolingRate {
            watts: chiller_watts + free_watts + pump_watts + fan_watts,
            litres_per_second: self.rejection.litres_per_second(rejected_heat),
            is_free: free_share == 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::Seed;
    use crate::models::wet_bulb::wet_bulb_celsius;

    fn preset(name: &str) -> Cooling {
        Cooling::preset(name, 1e6).expect("a preset")
    }

    fn factor(cooling: Cooling, outside_celsius: f64) -> f64 {
        cooling.rate(500e3, Outside::of_dry_bulb(outside_celsius)).watts / 500e3
    }

    #[test]
    fn every_preset_is_there() {
        assert!(Cooling::PRESETS.iter().all(|(name, _)| Cooling::preset(name, 1.0).is_some()));
        assert!(Cooling::preset("window", 1.0).is_none());
    }

    /// Models 6.3 (a) and 6.5: a watt of heat costs 1/3.194 W with air of 20 °C.
    #[test]
    fn models_6_3_a_chiller_by_its_supply_does_not_feel_the_weather() {
        for celsius in [-30.0, 10.0, 45.0] {
            assert!((factor(preset("chiller_20c"), celsius) - 1.0 / 3.194).abs() < 1e-9);
        }
    }

    /// Models 6.3 (c): kappa where wet bulb and approach stay below the supply; halfway up the span half of the heat; nothing
    /// above it. Supply 24 °C, approach 4 K, span 10 K: 20, 25 and 30 °C of wet bulb.
    #[test]
    fn models_6_3_an_economiser_takes_all_half_and_none() {
        let at = |wet_bulb_celsius| Outside { dry_bulb_celsius: 31.0, wet_bulb_celsius };
        let shares = [19.0, 20.0, 25.0, 30.0, 31.0].map(|wet| Economiser::WATER.free_share(at(wet)));
        assert_eq!(shares, [1.0, 1.0, 0.5, 0.0, 0.0]);
        let (water, chiller) = (preset("economiser_water"), preset("chiller"));
        assert_eq!(water.rate(500e3, at(20.0)).watts, 0.02 * 500e3);
        assert!(water.rate(500e3, at(20.0)).is_free && !water.rate(500e3, at(25.0)).is_free);
        assert_eq!(water.rate(500e3, at(31.0)), chiller.rate(500e3, at(31.0)));
        let half = 0.5 * 0.02 * 500e3 + chiller.rate(250e3, at(25.0)).watts;
        assert!((water.rate(500e3, at(25.0)).watts - half).abs() < 1e-6);
        assert_eq!(preset("economiser_air").rate(500e3, Outside::of_dry_bulb(22.0)).watts, 0.03 * 500e3);
    }

    /// Models 6.3 (d): half of the flow takes an eighth of the power.
    #[test]
    fn models_6_3_fans_follow_the_cube() {
        let fans = Fans { full_watts: 150.0, full_heat_watts: 1000.0 };
        assert_eq!([fans.watts(1000.0), fans.watts(500.0), fans.watts(0.0)], [150.0, 18.75, 0.0]);
    }

    /// Models 6.3 (e): h Q 0.015 and the air part; with h = 0.9 and free air 0.9 * 0.015 + 0.1 * 0.03 = 0.0165.
    #[test]
    fn models_6_3_liquid_takes_its_share() {
        assert!((factor(preset("liquid"), 10.0) - 0.0165).abs() < 1e-12);
        let frontier =
            Cooling { liquid: Some(Liquid { share: 0.945, pumps: 0.015 }), ..preset("chiller_20c") };
        assert!((factor(frontier, 30.0) - (0.945 * 0.015 + 0.055 / 3.194)).abs() < 1e-9);
    }

    /// Models 6.5: 1.8 L for each kWh of heat in the tower, that of the compressor too; none in dry air. 100 kW of heat with COP
    /// 3.194 are 131.3 kW in the tower and 236.4 L an hour.
    #[test]
    fn models_6_5_a_tower_drinks_by_the_heat() {
        let litres = |name, celsius| {
            3600.0 * preset(name).rate(100e3, Outside::of_dry_bulb(celsius)).litres_per_second
        };
        assert!((litres("chiller_20c", 20.0) - 180.0 * (1.0 + 1.0 / 3.194)).abs() < 1e-6);
        assert!(
            (litres("economiser_water", 5.0) - 180.0).abs() < 1e-9,
            "free cooling by water evaporates it"
        );
        assert_eq!([litres("economiser_air", 5.0), litres("economiser_air", 45.0)], [0.0, 0.0]);
        assert_eq!(litres("chiller_dry", 30.0), 0.0);
    }

    /// Anything that a config may say.
    fn any_cooling(seed: u64) -> Cooling {
        let mut random = Seed(seed).stream("cooling");
        let name = Cooling::PRESETS[random.below(Cooling::PRESETS.len())].0;
        let mut cooling = preset(name);
        if let Chiller::Curve(curve) = &mut cooling.chiller {
            *curve = ChillerCurve {
                capacity_watts: 1e6 * (0.3 + 2.0 * random.unit()),
                rated_cop: 1.0 + 9.0 * random.unit(),
                ..*curve
            };
        }
        if let Some(economiser) = &mut cooling.economiser {
            *economiser = Economiser {
                supply_celsius: 15.0 + 20.0 * random.unit(),
                approach_kelvin: 10.0 * random.unit(),
                span_kelvin: 1.0 + 20.0 * random.unit(),
                fans_and_pumps: 0.05 * random.unit(),
                ..*economiser
            };
        }
        if let Some(liquid) = &mut cooling.liquid {
            *liquid = Liquid { share: random.unit(), pumps: 0.05 * random.unit() };
        }
        if random.below(2) == 0 {
            cooling.fans = Some(Fans { full_watts: 1e5 * random.unit(), full_heat_watts: 1e6 });
        }
        cooling
    }

    /// Models 6.3: the cooling power never rises as it gets colder, from 45 to -30 °C, at any load and humidity.
    #[test]
    fn models_6_3_colder_is_never_dearer() {
        let any = (0..200).map(any_cooling);
        for cooling in Cooling::PRESETS.iter().map(|(name, _)| preset(name)).chain(any) {
            for heat in [0.0, 1e3, 5e4, 1e5, 2e5, 3.5e5, 5e5, 7.5e5, 1e6, 1.5e6, 3e6] {
                for humidity in [5.0, 40.0, 75.0, 100.0] {
                    let mut warmer = f64::INFINITY;
                    for tenths in (-300..=450).rev() {
                        let dry_bulb_celsius = f64::from(tenths) / 10.0;
                        let wet_bulb_celsius = wet_bulb_celsius(dry_bulb_celsius, humidity);
                        let watts = cooling.rate(heat, Outside { dry_bulb_celsius, wet_bulb_celsius }).watts;
                        assert!(
                            watts >= 0.0 && watts <= warmer * (1.0 + 1e-12),
                            "{watts} W for {heat} W at {dry_bulb_celsius} °C and {humidity} %: {cooling:?}"
                        );
                        warmer = watts;
                    }
                }
            }
        }
    }
}

//! The building around the hosts: what it draws for one watt of computing.
//!
//! ```text
//!            losses: UPS, distribution, lights          cooling: the heat of hosts and losses
//!                     |                                          |
//!  facility = IT + overhead.losses + overhead.cooling            PUE = facility energy / IT energy
//! ```
//!
//! The power usage effectiveness (ISO/IEC 30134-2) is a ratio of energies over a period. That of a moment says little:
//! no-load losses weigh the more the less is computed, so that saving IT energy raises the PUE and lowers the bill.

use serde::{Deserialize, Serialize};

use super::cooling::{Cooling, CoolingRate, Outside};

/// How the facility's power follows the power of its hosts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Facility {
    /// A constant power usage effectiveness, at least 1. It does not tell losses from cooling.
    StaticPue(f64),
    /// Losses that follow the load, and cooling that follows the heat and, where it is asked to, the weather.
    Electrical(Electrical),
}

/// What a facility draws beyond its hosts: in watts, or in joules when it was summed over time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overhead {
    /// What is lost before it reaches a host, and what serves no host; with a static PUE, cooling too.
    pub losses: f64,
    /// What carries the heat out.
    pub cooling: f64,
}

impl Overhead {
    /// Both together.
    pub fn sum(self) -> f64 {
        self.losses + self.cooling
    }

    /// So many times as much: watts become joules.
    pub fn times(self, seconds: f64) -> Self {
        Self { losses: self.losses * seconds, cooling: self.cooling * seconds }
    }

    /// Both added.
    pub fn plus(self, other: Self) -> Self {
        Self { losses: self.losses + other.losses, cooling: self.cooling + other.cooling }
    }

    /// What was added since.
    pub fn minus(self, other: Self) -> Self {
        Self { losses: self.losses - other.losses, cooling: self.cooling - other.cooling }
    }
}

/// Loss of an uninterruptible power supply (UPS) relative to its rated power at the load `x`, 0 to 1:
/// `c0 + c1 x + c2 x^2` (no-load, proportional and square-law part, as Schneider Electric's white papers split it).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpsCurve {
    /// `c0`: lost whatever the load.
    pub no_load: f64,
    /// `c1`.
    pub proportional: f64,
    /// `c2`.
    pub square: f64,
}

impl UpsCurve {
    /// Curves by name. They are assumptions whose efficiencies span what vendors state: 85 to 97 % at a load of 0.2.
    pub const PRESETS: &'static [(&'static str, Self, &'static str)] = &[
        (
            "double_conversion",
            Self { no_load: 0.015, proportional: 0.020, square: 0.015 },
            "an older UPS that converts twice: 91.1 % at a load of 0.2, 95.2 % at full load",
        ),
        (
            "modern",
            Self { no_load: 0.010, proportional: 0.020, square: 0.020 },
            "a modern UPS that converts twice: 93.1 % at a load of 0.2, 95.2 % at full load",
        ),
        (
            "eco",
            Self { no_load: 0.005, proportional: 0.005, square: 0.005 },
            "a UPS in economy mode, or batteries in the racks: 97.0 % at a load of 0.2, 98.5 % at full load",
        ),
    ];

    /// The curve of this name.
    pub fn preset(name: &str) -> Option<Self> {
        Self::PRESETS.iter().find(|preset| preset.0 == name).map(|preset| preset.1)
    }

    /// Loss over rated power at this load.
    pub fn loss(self, load: f64) -> f64 {
        self.no_load + load * (self.proportional + load * self.square)
    }
}

/// A converter of constant loss and constant efficiency: `in = (out + loss) / efficiency` (ExaDigiT RAPS).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Converter {
    /// Lost whatever the load, in watts.
    pub loss_watts: f64,
    /// Above 0, up to 1.
    pub efficiency: f64,
}

impl Converter {
    /// A rectifier of the Frontier system (RAPS).
    pub const RECTIFIER: Self = Self { loss_watts: 17.0, efficiency: 0.96 };
    /// The converter on a board of the Frontier system (RAPS).
    pub const BOARD: Self = Self { loss_watts: 13.0, efficiency: 0.98 };

    /// What `count` equal converters take in to give out `out_watts` together.
    pub fn power_in_watts(self, out_watts: f64, count: f64) -> f64 {
        (out_watts + count * self.loss_watts) / self.efficiency
    }
}

/// What stands between the grid and the racks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Delivery {
    /// Uninterruptible power supplies, each rated for the whole.
    Ups {
        /// Its losses.
        curve: UpsCurve,
        /// Among how many the load is split: 1, or 2 for 2N redundancy, where each sees `x / 2`.
        count: u8,
    },
    /// Rectifiers, each with a converter on a board behind it.
    Converters {
        /// How many of each.
        count: u32,
        /// Nearer to the grid.
        rectifier: Converter,
        /// Nearer to the host.
        board: Converter,
    },
}

/// Losses that follow the load. Shares are of the power of the hosts unless stated otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Electrical {
    /// From the grid to the racks.
    pub delivery: Delivery,
    /// The power of hosts that the facility is built for: the load is 1 there.
    pub rated_watts: f64,
    /// Share lost in the distribution units (PDU).
    pub distribution: f64,
    /// Lights and the like: a share of the rated power, whatever the load.
    pub other: f64,
    /// How the heat of hosts and losses gets out.
    pub cooling: Cooling,
}

impl Electrical {
    /// What the UPS or the converters lose, in watts.
    pub fn delivery_loss_watts(self, it_watts: f64) -> f64 {
        match self.delivery {
            Delivery::Ups { curve, count } => {
                let rated = f64::from(count) * self.rated_watts;
                rated * curve.loss(it_watts / rated)
            }
            Delivery::Converters { count, rectifier, board } => {
                let count = f64::from(count);
                rectifier.power_in_watts(board.power_in_watts(it_watts, count), count) - it_watts
            }
        }
    }

    /// What is lost before it reaches a host, and what serves no host, in watts.
    pub fn loss_watts(self, it_watts: f64) -> f64 {
        self.delivery_loss_watts(it_watts) + self.distribution * it_watts + self.other * self.rated_watts
    }

    /// Losses, and what takes the heat of hosts and losses out.
    pub fn draw(self, it_watts: f64, outside: Outside) -> (f64, CoolingRate) {
        let losses = self.loss_watts(it_watts);
        (losses, self.cooling.rate(it_watts + losses, outside))
    }
}

/// What a facility takes at one moment beyond what its hosts draw.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Draw {
    /// Power, in watts.
    pub overhead: Overhead,
    /// Water, in litres a second.
    pub litres_per_second: f64,
    /// Nothing but the air outside cools.
    pub is_free: bool,
}

impl Facility {
    /// What it takes when its hosts draw so many watts and it is so warm outside.
    pub fn draw(self, it_watts: f64, outside: Outside) -> Draw {
        match self {
            Self::StaticPue(pue) => {
                let losses = it_watts * pue - it_watts;
                Draw { overhead: Overhead { losses, cooling: 0.0 }, ..Draw::default() }
            }
            Self::Electrical(electrical) => {
                let (losses, cooling) = electrical.draw(it_watts, outside);
                let overhead = Overhead { losses, cooling: cooling.watts };
                Draw { overhead, litres_per_second: cooling.litres_per_second, is_free: cooling.is_free }
            }
        }
    }

    /// What it draws beyond its hosts when these draw so much, in watts.
    pub fn overhead(self, it_power_watts: f64, outside: Outside) -> Overhead {
        self.draw(it_power_watts, outside).overhead
    }

    /// The facility's power for this IT power, in watts.
    pub fn power_watts(self, it_power_watts: f64, outside: Outside) -> f64 {
        match self {
            Self::StaticPue(pue) => it_power_watts * pue,
            Self::Electrical(_) => it_power_watts + self.overhead(it_power_watts, outside).sum(),
        }
    }
}

impl Default for Facility {
    /// The average of the 2025 survey of the Uptime Institute, 1.54.
    fn default() -> Self {
        Self::StaticPue(1.54)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For whom the weather does not matter.
    const OUTSIDE: Outside = Outside { dry_bulb_celsius: 30.0, wet_bulb_celsius: 20.0 };

    fn with_ups(name: &str, count: u8) -> Electrical {
        Electrical {
            delivery: Delivery::Ups { curve: UpsCurve::preset(name).expect("a preset"), count },
            rated_watts: 1e6,
            distribution: 0.02,
            other: 0.01,
            cooling: Cooling::constant(1.0 / 3.194),
        }
    }

    /// Models 14, PUE < 1.1: with the leanest losses of the table at a load of 0.7, the ways to cool span it. At 10 °C outside
    /// a chiller by 20 °C air gives 1.36, free air 1.064, liquid 1.050; at 35 °C free air is gone and the chiller beside it
    /// gives the PUE of a chiller alone: only liquid stays below 1.1.
    #[test]
    fn models_14_what_a_pue_below_1_1_needs() {
        let pue = |name: &str, celsius: f64| {
            let lean = Electrical { distribution: 0.01, other: 0.005, ..with_ups("eco", 1) };
            let cooling = Cooling::preset(name, 1e6).expect("a preset");
            let facility = Facility::Electrical(Electrical { cooling, ..lean });
            facility.power_watts(0.7e6, Outside::of_dry_bulb(celsius)) / 0.7e6
        };
        assert!(pue("chiller_20c", 10.0) > 1.3 && pue("chiller", 10.0) > 1.1);
        assert!(pue("economiser_air", 10.0) < 1.07 && pue("economiser_water", 10.0) < 1.06);
        assert_eq!(pue("economiser_air", 35.0), pue("chiller_dry", 35.0));
        assert!(pue("economiser_air", 35.0) > 1.3 && pue("liquid", 35.0) < 1.1);
    }

    #[test]
    fn a_static_pue_multiplies() {
        assert_eq!(Facility::StaticPue(1.1).power_watts(1000.0, OUTSIDE), 1100.0);
        assert_eq!(Facility::StaticPue(1.25).overhead(4.0, OUTSIDE), Overhead { losses: 1.0, cooling: 0.0 });
    }

    /// Models 6.2, the table: efficiency in percent at the loads 0.1, 0.2, 0.3, 0.5 and 1.
    #[test]
    fn models_6_2_efficiencies_of_the_three_profiles() {
        for (name, percents) in [
            ("double_conversion", [85.4, 91.1, 93.1, 94.6, 95.2]),
            ("modern", [89.1, 93.1, 94.4, 95.2, 95.2]),
            ("eco", [94.7, 97.0, 97.7, 98.3, 98.5]),
        ] {
            let curve = UpsCurve::preset(name).expect("a preset");
            let got = [0.1, 0.2, 0.3, 0.5, 1.0].map(|load| 100.0 * load / (load + curve.loss(load)));
            for (got, expected) in got.into_iter().zip(percents) {
                assert!((got - expected).abs() <= 0.05, "{name}: {got} is not {expected}");
            }
        }
    }

    /// Models 6.2: with 2N redundancy each of two sees half of the load. At 0.6 of 1 MW each loses
    /// (0.010 + 0.020 * 0.3 + 0.020 * 0.09) MW = 17.8 kW, both 35.6 kW; one alone would lose 29.2 kW.
    #[test]
    fn models_6_2_two_supplies_see_half_of_the_load() {
        let lost = |count| with_ups("modern", count).delivery_loss_watts(0.6e6);
        assert!((lost(2) - 35_600.0).abs() < 1e-6 && (lost(1) - 29_200.0).abs() < 1e-6);
    }

    /// Models 6.2: `(P_out + c) / eta` twice. For one host of 1000 W: (1000 + 13) / 0.98 = 1033.6735 W before the board,
    /// (1033.6735 + 17) / 0.96 = 1094.4515 W before the rectifier. Ten hosts of 1000 W lose ten times as much.
    #[test]
    fn models_6_2_converters_lose_a_constant_and_a_share() {
        let of = |count| Electrical {
            delivery: Delivery::Converters {
                count,
                rectifier: Converter::RECTIFIER,
                board: Converter::BOARD,
            },
            ..with_ups("modern", 1)
        };
        assert!((of(1).delivery_loss_watts(1000.0) - 94.4515).abs() < 1e-4);
        let (ten, one) = (of(10).delivery_loss_watts(10_000.0), of(1).delivery_loss_watts(1000.0));
        assert!((ten - 10.0 * one).abs() < 1e-9);
    }

    /// Models 6.5, the table: PUE with the heat of the hosts alone, as the table simplifies. Its cooling is a factor of the
    /// losses' share smaller than ours, which removes the heat of the losses as well (models 6.3).
    #[test]
    fn models_6_5_pue_by_load_cooling_and_supply() {
        let pue = |electrical: Electrical, load: f64, factor: f64| {
            let electrical = Electrical { cooling: Cooling::constant(factor), ..electrical };
            let it_watts = load * electrical.rated_watts;
            let losses = electrical.loss_watts(it_watts);
            let simplified = 1.0 + losses / it_watts + factor;
            let ours = Facility::Electrical(electrical).power_watts(it_watts, OUTSIDE) / it_watts;
            let heat_of_losses = factor * losses / it_watts;
            assert!((ours - simplified - heat_of_losses).abs() < 1e-12);
            simplified
        };
        let modern = with_ups("modern", 1);
        let lean = Electrical { distribution: 0.01, other: 0.005, ..with_ups("eco", 1) };
        for (electrical, load, factor, expected) in [
            (modern, 0.3, 1.0 / 3.194, 1.4258),
            (modern, 0.7, 1.0 / 3.194, 1.3957),
            (modern, 0.7, 0.05, 1.1326),
            (modern, 0.7, 0.02, 1.1026),
            (lean, 0.7, 0.03, 1.0628),
        ] {
            let got = pue(electrical, load, factor);
            assert!((got - expected).abs() <= 5e-5, "{got} is not {expected}");
        }
    }
}

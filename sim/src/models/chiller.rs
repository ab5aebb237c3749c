//! Machines that make cold: how much power they take for how much heat.
//!
//! ```text
//!  heat ---> evaporator ---> compressor ---> condenser ---> outside
//!            (room)          power           the warmer it is outside, the more power
//! ```

use serde::{Deserialize, Serialize};

/// The condenser water or air for which the curve was measured, in °C.
const CONDENSER_CELSIUS: f64 = 35.0;
/// The chilled water for which the curve was measured, in °C.
const EVAPORATOR_CELSIUS: f64 = 6.67;
/// By how much the condenser is warmer for one unit of the curve, in kelvin.
const RISE_KELVIN: f64 = 2.778;
/// Colder condensers are not let in: there the curve, a parabola, turns round.
const COLDEST_CONDENSER_CELSIUS: f64 = 12.0;
/// The units in which the capacity falls as it gets warmer.
const UNITS: (f64, f64) =
    ((COLDEST_CONDENSER_CELSIUS - CONDENSER_CELSIUS) / RISE_KELVIN, 0.057_008_8 / (2.0 * 0.001_854_86));
/// What a machine takes at part load, over what it takes at full load: `c0 + c1 PLR + c2 PLR^2`.
const PART_LOAD: (f64, f64, f64) = (0.033_03, 0.685_2, 0.281_8);

/// What makes the cold that nothing outside gives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Chiller {
    /// Watts for each watt of heat, whatever the weather and the load.
    Constant(f64),
    /// By the temperature of the air that it supplies, in °C: the warmer that may be, the less it works. Coefficient of
    /// performance `0.0068 T^2 + 0.0008 T + 0.458` of HP's Utility Data Center (Moore, Chase, Ranganathan, Sharma, USENIX
    /// ATC 2005).
    Supply(f64),
    /// By the temperature outside and by the load.
    Curve(ChillerCurve),
}

impl Chiller {
    /// The power for this heat, both in watts, with so many °C at the condenser.
    pub fn watts(self, heat_watts: f64, condenser_celsius: f64) -> f64 {
        match self {
            Self::Constant(factor) => factor * heat_watts,
            Self::Supply(celsius) => heat_watts / supply_cop(celsius),
            Self::Curve(curve) => curve.watts(heat_watts, condenser_celsius),
        }
    }
}

/// Coefficient of performance at a supply temperature in °C (Moore et al. 2005).
pub fn supply_cop(supply_celsius: f64) -> f64 {
    0.0068 * supply_celsius * supply_celsius + 0.0008 * supply_celsius + 0.458
}

/// An electric chiller as EnergyPlus has it, with the coefficients that SustainDC lists:
///
/// ```text
///  dT = (T_condenser - 35) / 2.778 - (T_evaporator - 6.67)
///  capacity = 0.944836 - 0.0570088 dT + 0.00185486 dT^2        of the nominal one: what is left when it is warm
///  full = 2.333 - 1.975 capacity + 0.6121 capacity^2           power for each watt of it
///  part = 0.03303 + 0.6852 PLR + 0.2818 PLR^2                  PLR = heat / what it can do now
///  power = part * full * nominal * capacity / rated_cop
/// ```
///
/// The sign of the second term of `dT` is that of EnergyPlus; SustainDC's code has it the other way round, so that
/// chillers there work worse in the cold. Three things are held so that less is never more:
///
/// * The condenser is at no less than 12 °C: plants mix warm water in.
/// * A machine at less than its best part load, `sqrt(0.03303 / 0.2818)` = 0.342, would waste power for being large. A plant
///   has several machines and runs no more of them than it needs.
/// * Beyond what it can do, heat is removed as at full load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChillerCurve {
    /// The heat that it removes at design conditions, in watts.
    pub capacity_watts: f64,
    /// Heat over power at design conditions and full load.
    pub rated_cop: f64,
    /// The chilled water, in °C.
    pub evaporator_celsius: f64,
}

impl ChillerCurve {
    /// The coefficient of performance at design conditions, unless stated.
    pub const RATED_COP: f64 = 3.0;

    /// For so much heat, with everything else as in the curve.
    pub fn of_capacity(capacity_watts: f64) -> Self {
        Self { capacity_watts, rated_cop: Self::RATED_COP, evaporator_celsius: EVAPORATOR_CELSIUS }
    }

    /// The power for this heat, both in watts, with so many °C at the condenser.
    pub fn watts(self, heat_watts: f64, condenser_celsius: f64) -> f64 {
        let units = (condenser_celsius - CONDENSER_CELSIUS) / RISE_KELVIN
            - (self.evaporator_celsius - EVAPORATOR_CELSIUS);
        let units = units.clamp(UNITS.0, UNITS.1);
        let capacity = 0.944_836 - 0.057_008_8 * units + 0.001_854_86 * units * units;
        let full = 2.333 - 1.975 * capacity + 0.612_1 * capacity * capacity;
        let (constant, linear, square) = PART_LOAD;
        let best = (constant / square).sqrt();
        let load = (heat_watts / (self.capacity_watts * capacity)).clamp(best, 1.0);
        let part = constant + linear * load + square * load * load;
        heat_watts * (part / load) * full / self.rated_cop
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Models 6.3 (a): 15, 20 and 25 °C.
    #[test]
    fn models_6_3_cop_by_supply_temperature() {
        for (celsius, expected) in [(15.0, 2.000), (20.0, 3.194), (25.0, 4.728)] {
            assert!((supply_cop(celsius) - expected).abs() < 1e-9, "{celsius} °C");
            assert!((Chiller::Supply(celsius).watts(expected, 99.0) - 1.0).abs() < 1e-9, "{celsius} °C");
        }
    }

    /// Models 6.3 (b): 1 MW nominal, 600 kW of heat, 15, 25 and 35 °C.
    #[test]
    fn models_6_3_cop_by_outside_temperature() {
        let curve = ChillerCurve::of_capacity(1e6);
        for (celsius, expected) in [(15.0, 4.50), (25.0, 3.91), (35.0, 3.23)] {
            let cop = 600e3 / curve.watts(600e3, celsius);
            assert!((cop - expected).abs() <= 0.005, "{cop} is not {expected}");
        }
    }

    /// Models 6.3 (b), the warning: extrapolated, the coefficient would fall from 4.6 at 10 °C to 2.1 at -20 °C.
    #[test]
    fn models_6_3_cold_is_held_at_twelve_degrees() {
        let watts = |celsius| ChillerCurve::of_capacity(1e6).watts(600e3, celsius);
        assert_eq!(watts(-20.0), watts(12.0));
        assert!(watts(12.0) < watts(13.0) && 600e3 / watts(12.0) > 4.5);
    }

    /// What is beyond the capacity costs as at full load, so that a plant that is too small does not look thrifty.
    #[test]
    fn beyond_full_load_power_grows_with_heat() {
        let curve = ChillerCurve::of_capacity(1e6);
        let at = |heat: f64| heat / curve.watts(heat, 35.0);
        assert!((at(2e6) - at(4e6)).abs() < 1e-12 && at(2e6) < at(0.9e6));
    }
}

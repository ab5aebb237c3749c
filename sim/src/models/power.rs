//! The power of a host without its devices, from the share of its cpu that is in use.
//!
//! Use a measured table where there is one: modern servers jump from active idle to 10 % load and rise
//! steeply above 70 %, which no smooth curve with two parameters follows.

use serde::{Deserialize, Serialize};

/// How the power of a host follows the share `u` of its cpu in use, `0 <= u <= 1`. Powers in watts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum HostPower {
    /// Eleven measured points, active idle to 100 % in steps of 10 %, linear between
    /// (SPECpower_ssj2008; interpolated as in CloudSim's `PowerModelSpecPower`).
    Table([f64; 11]),
    /// `idle + (max - idle) u`.
    Linear {
        /// At `u = 0`.
        idle_watts: f64,
        /// At `u = 1`.
        max_watts: f64,
    },
    /// `idle + (max - idle) u^(1/2)` (OpenDC, DSLab).
    Sqrt {
        /// At `u = 0`.
        idle_watts: f64,
        /// At `u = 1`.
        max_watts: f64,
    },
    /// `idle + (max - idle) u^2` (OpenDC, DSLab).
    Square {
        /// At `u = 0`.
        idle_watts: f64,
        /// At `u = 1`.
        max_watts: f64,
    },
    /// `idle + (max - idle) u^3` (OpenDC, DSLab).
    Cubic {
        /// At `u = 0`.
        idle_watts: f64,
        /// At `u = 1`.
        max_watts: f64,
    },
    /// `idle + (max - idle) (2u - u^r)` (Fan, Weber, Barroso, ISCA 2007, who fit r = 1.4).
    Fan {
        /// At `u = 0`.
        idle_watts: f64,
        /// At `u = 1`.
        max_watts: f64,
        /// The exponent r.
        exponent: f64,
    },
    /// `idle + (max - idle)/2 (1 + u - exp(-u / tau))` (GreenCloud; OpenDC). It stays below `max` at `u = 1`.
    Asymptotic {
        /// At `u = 0`.
        idle_watts: f64,
        /// Never quite reached.
        max_watts: f64,
        /// The utilisation at which the curve bends, usually 0.2 to 0.5.
        tau: f64,
    },
    /// As `Asymptotic` with `u^3` in the place of `u` (OpenDC's variant for frequency scaling).
    AsymptoticDvfs {
        /// At `u = 0`.
        idle_watts: f64,
        /// Never quite reached.
        max_watts: f64,
        /// As there.
        tau: f64,
    },
    /// `static + a u + b u f` at the relative frequency `f` (DSLab `dvfs.rs`, after Xu et al., CCGrid 2013).
    Dvfs {
        /// Whatever runs, at whatever frequency.
        static_watts: f64,
        /// Grows with the share in use alone: the `a` of the formula.
        utilisation_watts: f64,
        /// Grows with share and frequency: its `b`.
        frequency_watts: f64,
    },
    /// `idle + (max - idle) u^alpha f^beta` at the relative frequency `f` (Joulie).
    Exponents {
        /// At `u = 0`.
        idle_watts: f64,
        /// At `u = 1` and full frequency.
        max_watts: f64,
        /// Exponent of the share in use.
        alpha: f64,
        /// Exponent of the frequency.
        beta: f64,
    },
    /// Processors that draw either nothing but their idle power or all of it: with `cores = ceil(capacity /
    /// core_milli)` and `working = cores - floor(free / core_milli)`, `ceil(working / cores_each)` of the
    /// `ceil(cores / cores_each)` processors draw `max_watts_each`, the others `idle_watts_each` (the PWR scheduling
    /// plugin, CCGrid 2025: 15 W and 120 W for 16 cores of two virtual cpus).
    Stepped {
        /// Of a processor on which nothing runs.
        idle_watts_each: f64,
        /// Of a processor on which anything runs.
        max_watts_each: f64,
        /// Cores of one processor.
        cores_each: u32,
        /// Thousandths of cpu that tasks see of one core: 2000 when a core is two virtual cpus.
        core_milli: u32,
    },
}

impl HostPower {
    /// Power in watts when `used` of `capacity` thousandths of a core are in use, at full frequency. A host without
    /// cpu is idle.
    pub fn watts(&self, used_milli: u32, capacity_milli: u32) -> f64 {
        self.watts_at(used_milli, capacity_milli, 1.0)
    }

    /// Power in watts when the cpu runs at a share `frequency` of its full frequency, `0 < frequency <= 1`.
    /// `capacity` is what the cpu gives at that frequency.
    ///
    /// Where a curve does not state what frequency does, the part above idle follows its cube: dynamic power is
    /// `C V^2 f`, and the voltage is nearly proportional to the frequency in the range in which it is scaled.
    pub fn watts_at(&self, used_milli: u32, capacity_milli: u32, frequency: f64) -> f64 {
        let u = match capacity_milli {
            0 => 0.0,
            capacity => (f64::from(used_milli) / f64::from(capacity)).min(1.0),
        };
        match *self {
            Self::Dvfs { static_watts, utilisation_watts, frequency_watts } => {
                static_watts + utilisation_watts * u + frequency_watts * u * frequency
            }
            Self::Exponents { idle_watts, max_watts, alpha, beta } => {
                let share = libm::pow(u, alpha) * libm::pow(frequency, beta);
                between(idle_watts, max_watts, share)
            }
            Self::Stepped { idle_watts_each, max_watts_each, cores_each, core_milli } => {
                let cores = capacity_milli.div_ceil(core_milli);
                let working = cores - capacity_milli.saturating_sub(used_milli) / core_milli;
                let (processors, active) = (cores.div_ceil(cores_each), working.div_ceil(cores_each));
                let full = scaled(idle_watts_each, max_watts_each, frequency);
                idle_watts_each * f64::from(processors - active) + full * f64::from(active)
            }
            ref curve => scaled(curve.at_full_frequency(0.0), curve.at_full_frequency(u), frequency),
        }
    }

    /// Power in watts when nothing runs.
    pub fn idle_watts(&self, capacity_milli: u32) -> f64 {
        self.watts(0, capacity_milli)
    }

    /// Power in watts when all of it is in use.
    pub fn max_watts(&self, capacity_milli: u32) -> f64 {
        self.watts(capacity_milli, capacity_milli)
    }

    /// The curves that are functions of the share in use alone.
    fn at_full_frequency(&self, u: f64) -> f64 {
        match *self {
            Self::Table(points) => {
                let tenths = 10.0 * u;
                let below = (tenths as usize).min(9);
                between(points[below], points[below + 1], tenths - below as f64)
            }
            Self::Linear { idle_watts, max_watts } => between(idle_watts, max_watts, u),
            Self::Sqrt { idle_watts, max_watts } => between(idle_watts, max_watts, u.sqrt()),
            Self::Square { idle_watts, max_watts } => between(idle_watts, max_watts, u * u),
            Self::Cubic { idle_watts, max_watts } => between(idle_watts, max_watts, u * u * u),
            Self::Fan { idle_watts, max_watts, exponent } => {
                between(idle_watts, max_watts, 2.0 * u - libm::pow(u, exponent))
            }
            Self::Asymptotic { idle_watts, max_watts, tau } => {
                between(idle_watts, max_watts, 0.5 * (1.0 + u - libm::exp(-u / tau)))
            }
            Self::AsymptoticDvfs { idle_watts, max_watts, tau } => {
                let cube = u * u * u;
                between(idle_watts, max_watts, 0.5 * (1.0 + cube - libm::exp(-cube / tau)))
            }
            Self::Dvfs { .. } | Self::Exponents { .. } | Self::Stepped { .. } => {
                unreachable!("these depend on more than the share in use")
            }
        }
    }

    /// The measured server with this name.
    pub fn preset(name: &str) -> Option<Self> {
        PRESETS.iter().find(|preset| preset.name == name).map(|preset| Self::Table(preset.watts))
    }
}

fn between(idle_watts: f64, max_watts: f64, share: f64) -> f64 {
    idle_watts + (max_watts - idle_watts) * share
}

/// Power at a lower frequency: what is above idle follows its cube. At full frequency exactly what was given.
fn scaled(idle_watts: f64, watts: f64, frequency: f64) -> f64 {
    if frequency == 1.0 {
        return watts;
    }
    between(idle_watts, watts, frequency * frequency * frequency)
}

/// How much longer work takes at a share `frequency` of the full frequency when a share `cpu_bound` of its time at
/// full frequency waits for the cpu: `b / f + (1 - b)` (Hsu and Feng, SC 2005).
pub fn slowdown_at_frequency(cpu_bound: f64, frequency: f64) -> f64 {
    cpu_bound / frequency + (1.0 - cpu_bound)
}

/// A measured server.
#[derive(Debug)]
pub struct Preset {
    /// As configs name it.
    pub name: &'static str,
    /// What was measured, and the result's number or date.
    pub source: &'static str,
    /// Watts at active idle, 10 %, ... 100 %.
    pub watts: [f64; 11],
}

macro_rules! presets {
    ($($name:literal $source:literal [$($watts:literal)*])*) => {
        &[$(Preset { name: $name, source: $source, watts: [$($watts as f64),*] }),*]
    };
}

/// SPECpower_ssj2008 results: whole servers, tuned, with little memory and disk.
pub const PRESETS: &[Preset] = presets! {
    "ml110_g3" "HP ProLiant ML110 G3, Pentium D930 (20110127-00342 by CloudSim)" [105 112 118 125 131 137 147 153 157 164 169]
    "ml110_g4" "HP ProLiant ML110 G4, Xeon 3040 (20110127-00342)" [86 89.4 92.6 96 99.5 102 106 108 112 114 117]
    "ml110_g5" "HP ProLiant ML110 G5, Xeon 3075 (20110124-00339)" [93.7 97 101 105 110 116 121 125 129 133 135]
    "x3250_x3470" "IBM x3250, Xeon X3470 (20091104-00213)" [41.6 46.7 52.3 57.9 65.4 73 80.7 89.5 99.6 105 113]
    "x3250_x3480" "IBM x3250, Xeon X3480 (20101001-00297)" [42.3 46.7 49.7 55.4 61.8 69.3 76.1 87 96.1 106 113]
    "x3550_x5670" "IBM x3550 M3, 2x Xeon X5670 (20100315-00239)" [66 107 120 131 143 156 173 191 211 229 247]
    "x3550_x5675" "IBM x3550 M3, 2x Xeon X5675 (20110406-00368)" [58.4 98 109 118 128 140 153 170 189 205 222]
    "r740_8180" "Dell R740, 2x Platinum 8180 (20170829-00780)" [52.3 129 147 170 195 224 255 292 344 408 457]
    "r6515_7702p" "Dell R6515, EPYC 7702P (20200728-01041)" [54.5 123 139 150 161 169 181 194 207 218 231]
    "r7525_7702" "Dell R7525, 2x EPYC 7702 (2020-04-08)" [72.3 181 207 229 250 270 294 321 347 370 393]
    "dl380_8380" "HPE DL380 Gen10+, 2x Platinum 8380 (2021-06-30)" [127 198 226 253 281 314 354 405 464 576 619]
    "dl385_7763" "HPE DL385 Gen10+, 2x EPYC 7763 (2021-03-15)" [120 200 232 260 287 336 391 430 470 510 546]
    "sr665_7763" "Lenovo SR665, 2x EPYC 7763 (2021-04-08)" [79.3 172 194 216 239 258 281 304 332 382 454]
    "epyc_9654" "2x EPYC 9654 (20221204-01203)" [128 257 300 340 378 410 442 498 577 697 817]
    "epyc_9655" "2x EPYC 9655 (20241007-01464)" [138 297 367 438 515 593 661 710 771 812 861]
    "epyc_9965" "2x EPYC 9965 (20250407-01522)" [157 265 314 362 412 461 503 544 587 661 800]
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Power at the share `u` of a host of ten thousand thousandths.
    fn at(power: HostPower, u: f64) -> f64 {
        power.watts((10_000.0 * u).round() as u32, 10_000)
    }

    fn close(got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
    }

    /// models 1.4, example 1.
    #[test]
    fn tables_are_interpolated() {
        close(at(HostPower::preset("x3550_x5675").expect("listed"), 0.25), 113.5, 1e-9);
        close(at(HostPower::preset("sr665_7763").expect("listed"), 0.55), 269.5, 1e-9);
    }

    /// models 1.4, example 2.
    #[test]
    fn fan_at_one_half() {
        let fan = HostPower::Fan { idle_watts: 100.0, max_watts: 250.0, exponent: 1.4 };
        close(at(fan, 0.5), 193.1606, 5e-5);
    }

    #[test]
    fn tables_hit_their_points_exactly() {
        for preset in PRESETS {
            for (tenth, &watts) in preset.watts.iter().enumerate() {
                let got = HostPower::Table(preset.watts).watts(tenth as u32 * 100, 1000);
                close(got, watts, 1e-9);
            }
        }
    }

    #[test]
    fn curves_begin_at_idle_and_rise_to_max() {
        let (idle_watts, max_watts) = (50.0, 250.0);
        let curves = [
            HostPower::Linear { idle_watts, max_watts },
            HostPower::Sqrt { idle_watts, max_watts },
            HostPower::Square { idle_watts, max_watts },
            HostPower::Cubic { idle_watts, max_watts },
            HostPower::Fan { idle_watts, max_watts, exponent: 1.4 },
            HostPower::Dvfs { static_watts: 50.0, utilisation_watts: 80.0, frequency_watts: 120.0 },
            HostPower::Exponents { idle_watts, max_watts, alpha: 1.5, beta: 3.0 },
        ];
        for curve in curves {
            close(at(curve, 0.0), idle_watts, 1e-9);
            close(at(curve, 1.0), max_watts, 1e-9);
            assert!(
                (0..100)
                    .all(|i| at(curve, f64::from(i) / 100.0) <= at(curve, f64::from(i + 1) / 100.0) + 1e-9)
            );
        }
        // models 1.5: tau = 0.5 reaches 93 % of the dynamic range.
        let asymptotic = HostPower::Asymptotic { idle_watts, max_watts, tau: 0.5 };
        close((at(asymptotic, 1.0) - idle_watts) / (max_watts - idle_watts), 0.93, 0.005);
    }

    /// tables 3: 96 virtual cpus are 48 cores on three processors; one virtual cpu occupies a core, and a core a
    /// processor.
    #[test]
    fn processors_draw_all_or_nothing_when_they_are_stepped() {
        let stepped = HostPower::Stepped {
            idle_watts_each: 15.0,
            max_watts_each: 120.0,
            cores_each: 16,
            core_milli: 2000,
        };
        let expected =
            [(0, 45.0), (1, 150.0), (32_000, 150.0), (32_001, 255.0), (64_001, 360.0), (96_000, 360.0)];
        for (used, watts) in expected {
            assert_eq!(stepped.watts(used, 96_000), watts, "{used}");
        }
        assert_eq!(stepped.watts(0, 0), 0.0);
    }

    /// models 1.1: the part above idle follows the cube of the frequency where the curve does not say otherwise.
    #[test]
    fn a_lower_frequency_draws_less() {
        let linear = HostPower::Linear { idle_watts: 100.0, max_watts: 200.0 };
        close(linear.watts_at(1000, 1000, 0.5), 112.5, 1e-9);
        assert_eq!(linear.watts_at(700, 1000, 1.0), linear.watts(700, 1000));
        let dvfs = HostPower::Dvfs { static_watts: 100.0, utilisation_watts: 40.0, frequency_watts: 60.0 };
        close(dvfs.watts_at(500, 1000, 0.8), 100.0 + 20.0 + 24.0, 1e-9);
        let exponents = HostPower::Exponents { idle_watts: 100.0, max_watts: 200.0, alpha: 2.0, beta: 3.0 };
        close(exponents.watts_at(500, 1000, 0.5), 100.0 + 100.0 * 0.25 * 0.125, 1e-9);
    }

    /// models 1.4, example 4.
    #[test]
    fn work_takes_longer_at_a_lower_frequency() {
        close(slowdown_at_frequency(0.6, 0.8), 1.15, 1e-12);
    }
}

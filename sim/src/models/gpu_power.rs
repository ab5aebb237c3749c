//! The power of one GPU, from the share of it that is in use.

use serde::{Deserialize, Serialize};

use crate::resources::DeviceClass;

/// How a GPU's power follows the share `u` of it in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GpuCurve {
    /// `idle + (max - idle) u`: work that computes.
    #[default]
    Linear,
    /// `idle + (max - idle) log2(1 + u)` (SustainCluster).
    Log,
    /// `idle + 0.65 (max - idle) sqrt(u)`: work that waits for memory (Joulie).
    MemoryBound,
    /// `max` as soon as any part is in use, else `idle` (the PWR scheduling plugin, CCGrid 2025).
    AllOrNothing,
}

/// The power of a kind of device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GpuPower {
    /// Watts when nothing runs.
    pub idle_watts: f64,
    /// Watts when all of it is in use.
    pub max_watts: f64,
    /// What happens between.
    #[serde(default)]
    pub curve: GpuCurve,
}

impl GpuPower {
    /// Power in watts when this many thousandths are in use.
    #[inline]
    pub fn watts(&self, used_milli: u16) -> f64 {
        let u = f64::from(used_milli) / 1000.0;
        let share = match self.curve {
            GpuCurve::Linear => u,
            GpuCurve::Log => libm::log2(1.0 + u),
            GpuCurve::MemoryBound => 0.65 * u.sqrt(),
            GpuCurve::AllOrNothing => f64::from(u8::from(used_milli > 0)),
        };
        self.idle_watts + (self.max_watts - self.idle_watts) * share
    }

    /// Idle and maximum of a known model (the PWR plugin's constants; G2 and G3 are the undisclosed
    /// models of the openb trace, which that plugin takes for an A10 and an A100).
    pub fn preset(name: &str) -> Option<Self> {
        let (_, idle_watts, max_watts, _) = *PRESETS.iter().find(|preset| preset.0 == name)?;
        Some(Self { idle_watts, max_watts, curve: GpuCurve::Linear })
    }
}

/// What the known models are that are no GPUs.
pub fn class(name: &str) -> DeviceClass {
    match name {
        "U250" => DeviceClass::Fpga,
        "BLUEFIELD_3" => DeviceClass::Dpu,
        _ => DeviceClass::Gpu,
    }
}

/// Name, idle watts, maximum watts, source.
pub const PRESETS: &[(&str, f64, f64, &str)] = &[
    ("T4", 10.0, 70.0, "PWR plugin"),
    ("P100", 25.0, 250.0, "PWR plugin, PCIe"),
    ("V100M16", 30.0, 300.0, "PWR plugin, SXM2 16 GB"),
    ("V100M32", 30.0, 300.0, "PWR plugin, SXM2 32 GB"),
    ("A10", 30.0, 150.0, "PWR plugin"),
    ("G2", 30.0, 150.0, "PWR plugin, as A10"),
    ("G3", 50.0, 400.0, "PWR plugin, as A100"),
    ("A100", 50.0, 400.0, "PWR plugin, SXM4"),
    ("A100_PCIE", 50.0, 300.0, "PWR plugin idle; vendor, PCIe 80 GB"),
    ("P40", 50.0, 250.0, "RAPS, Philly"),
    ("H100", 70.0, 700.0, "vendor, SXM5; idle unconfirmed"),
    ("H100_PCIE", 70.0, 350.0, "vendor, PCIe; idle unconfirmed"),
    ("H100_NVL", 70.0, 400.0, "Joulie, NVL; idle unconfirmed"),
    ("H200", 80.3, 700.0, "measured idle; TDP, SXM"),
    ("B200", 137.0, 1000.0, "measured idle (ROCm issue 5219); TDP, SXM air"),
    ("MI250X", 88.0, 560.0, "RAPS, Frontier; a module"),
    ("MI300X", 140.0, 750.0, "AMD data sheet; idle unconfirmed"),
    ("MI355X", 238.0, 1400.0, "measured idle (ROCm issue 5219); maximum unconfirmed"),
    ("L40S", 35.0, 350.0, "Joulie; idle unconfirmed"),
    ("U250", 27.0, 229.5, "Cloud Carbon Footprint: an FPGA card, Alveo U250"),
    ("BLUEFIELD_3", 75.0, 150.0, "a DPU of the 75 to 150 W class; unconfirmed"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// models 2.2: an A100 of 46 to 400 W at one half, under the four curves.
    #[test]
    fn models_2_2_an_a100_at_one_half() {
        let expected = [
            (GpuCurve::Linear, 223.0),
            (GpuCurve::Log, 253.1),
            (GpuCurve::MemoryBound, 208.7),
            (GpuCurve::AllOrNothing, 400.0),
        ];
        for (curve, watts) in expected {
            let got = GpuPower { idle_watts: 46.0, max_watts: 400.0, curve }.watts(500);
            assert!((got - watts).abs() < 0.05, "{curve:?}: {got}");
        }
    }

    #[test]
    fn an_idle_device_draws_its_idle_power() {
        for curve in [GpuCurve::Linear, GpuCurve::Log, GpuCurve::MemoryBound, GpuCurve::AllOrNothing] {
            assert_eq!(GpuPower { idle_watts: 25.0, max_watts: 250.0, curve }.watts(0), 25.0);
        }
    }
}

//! The memory that models of devices have.

/// Name of the model and its memory in mebibytes, as the tooling of the openb trace has it or as its vendor states it (a
/// gibibyte counts 1024; what a driver keeps for itself is not taken off there). The sizes of G2 and G3, which that trace does
/// not disclose, are placeholders of its tooling.
pub const PRESETS: &[(&str, u32)] = &[
    ("T4", 15_109),
    ("P100", 16_280),
    ("V100M16", 16_160),
    ("V100M32", 32_510),
    ("A10", 22_731),
    ("G2", 20_000),
    ("G3", 30_000),
    ("A100", 81_251),
    ("A100_PCIE", 81_251),
    ("P40", 24 * 1024),
    ("H100", 80 * 1024),
    ("H100_PCIE", 80 * 1024),
    ("H100_NVL", 94 * 1024),
    ("H200", 141 * 1024),
    ("B200", 180 * 1024),
    ("MI250X", 128 * 1024),
    ("MI300X", 192 * 1024),
    ("MI355X", 288 * 1024),
    ("L40S", 48 * 1024),
];

/// The memory of the model of this name, in mebibytes; nothing where it is not known.
pub fn preset(name: &str) -> Option<u32> {
    PRESETS.iter().find(|preset| preset.0 == name).map(|preset| preset.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::gpu_power;

    #[test]
    fn every_model_with_memory_has_a_power() {
        let is_known = |name: &str| gpu_power::PRESETS.iter().any(|preset| preset.0 == name);
        assert!(PRESETS.iter().all(|(name, mib)| is_known(name) && *mib > 0));
        assert_eq!((preset("A100"), preset("A1000")), (Some(81_251), None));
    }
}

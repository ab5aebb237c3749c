//! Migrations by name.

use super::pre_copy::{OnStall, PreCopy};
use super::{Migration, Mode};

/// Mebibytes per second in a gigabit per second.
const MIB_PER_GIGABIT: f64 = 1e9 / 8.0 / 1_048_576.0;

impl Migration {
    /// The memory is sent once, as CloudSim has it: 10 Gb/s of which 80 % are used, 10 % slower.
    pub const SEND_ONCE: Self = Self {
        bandwidth_mib_per_second: 8.0 * MIB_PER_GIGABIT,
        slowdown: 0.1,
        power_share: 0.1,
        mode: Mode::SendOnce,
        at_once: None,
        resume_seconds: 0.03,
        dirtying: super::Dirtying::WEB,
        pre_copy: PreCopy::USUAL,
        post_copy: super::PostCopy::USUAL,
        checkpoint: super::Checkpoint::USUAL,
    };

    const QEMU: Self = Self {
        mode: Mode::PreCopy,
        pre_copy: PreCopy { rounds: 1000, traffic_limit: None, on_stall: OnStall::Abort, ..PreCopy::USUAL },
        ..Self::SEND_ONCE
    };

    const XEN: Self = Self {
        bandwidth_mib_per_second: 0.8 * MIB_PER_GIGABIT,
        mode: Mode::PreCopy,
        pre_copy: PreCopy {
            downtime_target_seconds: 0.0,
            stop_below_mib: 50.0 / 256.0,
            rounds: 29,
            ..PreCopy::USUAL
        },
        ..Self::SEND_ONCE
    };

    const RDMA_100G: Self = Self {
        bandwidth_mib_per_second: 100.0 * MIB_PER_GIGABIT,
        slowdown: 0.05,
        pre_copy: PreCopy { on_stall: OnStall::Stop, ..Self::QEMU.pre_copy },
        ..Self::QEMU
    };

    const HARDWARE_ASSISTED: Self = Self {
        slowdown: 0.02,
        resume_seconds: 0.003,
        pre_copy: PreCopy { downtime_target_seconds: 0.01, ..Self::RDMA_100G.pre_copy },
        ..Self::RDMA_100G
    };

    /// Each with a line of help.
    pub const PRESETS: &[(&str, Self, &str)] = &[
        (
            "send_once",
            Self::SEND_ONCE,
            "all of the memory once, 10 % slower meanwhile, no downtime (CloudSim); 10 Gb/s of which 80 % are used",
        ),
        (
            "qemu",
            Self::QEMU,
            "pre-copy at 10 Gb/s of which 80 % are used, aiming at 300 ms (QEMU's default); given up where it stalls",
        ),
        (
            "qemu_auto_converge",
            Self { pre_copy: PreCopy { on_stall: OnStall::Throttle, ..Self::QEMU.pre_copy }, ..Self::QEMU },
            "as qemu, and a guest that dirties too fast is slowed down: by 20 %, then 10 % more each time, 99 % at most (QEMU)",
        ),
        (
            "xen",
            Self::XEN,
            "pre-copy at 1 Gb/s of which 80 % are used: until 50 pages, 29 rounds or 3 times the memory (Clark et al. 2005; \
             the numbers are unconfirmed)",
        ),
        (
            "rdma_100g",
            Self::RDMA_100G,
            "pre-copy at 100 Gb/s without the processor in between: 5 % slower (assumed), aiming at 300 ms",
        ),
        (
            "hardware_assisted",
            Self::HARDWARE_ASSISTED,
            "pre-copy at 100 Gb/s, dirty pages logged by hardware: 2 % slower, 3 ms to stop and resume (assumed), aiming at 10 ms",
        ),
        (
            "hardware_assisted_200g",
            Self { bandwidth_mib_per_second: 200.0 * MIB_PER_GIGABIT, ..Self::HARDWARE_ASSISTED },
            "as hardware_assisted, at 200 Gb/s",
        ),
        (
            "post_copy",
            Self { mode: Mode::PostCopy, ..Self::QEMU },
            "the guest goes on at the other host at once and its memory follows, 21 % of its working set by faults (Hines and \
             Gopalan 2009)",
        ),
        (
            "hybrid",
            Self { mode: Mode::Hybrid, ..Self::QEMU },
            "one round of pre-copy, then post-copy of what it left",
        ),
        (
            "checkpoint",
            Self { mode: Mode::Checkpoint, ..Self::QEMU },
            "stopped, saved, sent and loaded again, as tasks with devices are in every mode but send_once",
        ),
    ];

    /// The migration of this name.
    pub fn preset(name: &str) -> Option<Self> {
        Self::PRESETS.iter().find(|preset| preset.0 == name).map(|preset| preset.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::migration::course::Load;

    #[test]
    fn the_first_is_the_default_and_all_end() {
        assert_eq!(Migration::PRESETS[0].1, Migration::default());
        for (name, preset, _) in Migration::PRESETS {
            assert_eq!(Migration::preset(name), Some(*preset));
            let forecast = preset.forecast(Load::memory(8192));
            assert!(forecast.arrives && forecast.total_seconds > 0.3, "{name}: {forecast:?}");
        }
        assert_eq!(Migration::preset("quemu"), None);
    }

    /// models 5.3: ten milliseconds hold with a web server's habits, and no preset moves 8 GiB faster than M / R.
    #[test]
    fn models_5_3_ten_milliseconds_are_downtime_and_not_the_whole() {
        let forecast = Migration::HARDWARE_ASSISTED.forecast(Load::memory(8192));
        assert!(forecast.downtime_seconds <= 0.01, "{forecast:?}");
        assert!(forecast.total_seconds >= 0.687, "{forecast:?}");
    }
}

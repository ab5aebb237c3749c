//! How a guest changes its memory while that is copied: how fast, and how much of it at most.
//!
//! What is written again and again counts once per round of copying: a guest dirties `D` mebibytes of *distinct* pages per
//! second until all that it ever writes to, its working set `W`, is dirty (Clark et al., NSDI 2005).

use serde::{Deserialize, Serialize};

/// The memory habits of one guest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dirtying {
    /// `D`: distinct pages that become dirty, in mebibytes per second.
    pub mib_per_second: f64,
    /// `W` over the memory of the guest: what it ever writes to, 0 to 1.
    pub working_set_share: f64,
}

/// Mebibytes in a megabyte.
pub(crate) const MIB_PER_MB: f64 = 1e6 / 1_048_576.0;

impl Dirtying {
    /// The habits of a web server.
    pub const WEB: Self = Self::new(35.0, 0.1);

    /// Habits by kind of work. The rates are the middles of what models 5.1 assumes (1 to 5, 20 to 50, 100 to 300, above 1000
    /// megabytes per second); the shares are assumed as well.
    pub const PRESETS: &[(&str, Self, &str)] = &[
        ("idle", Self::new(3.0, 0.05), "3 MB/s, a twentieth of the memory is ever written to (assumed)"),
        ("web", Self::WEB, "35 MB/s, a tenth of the memory is ever written to (assumed)"),
        (
            "database",
            Self::new(200.0, 0.3),
            "200 MB/s, three tenths of the memory are ever written to (assumed)",
        ),
        ("memory_stress", Self::new(1500.0, 1.0), "1500 MB/s, all of the memory is written to (assumed)"),
    ];

    const fn new(megabytes_per_second: f64, working_set_share: f64) -> Self {
        Self { mib_per_second: megabytes_per_second * MIB_PER_MB, working_set_share }
    }

    /// The habits of this kind of work.
    pub fn preset(name: &str) -> Option<Self> {
        Self::PRESETS.iter().find(|preset| preset.0 == name).map(|preset| preset.1)
    }

    /// What is dirty after so many seconds: `min(D t, W)`, in mebibytes, of a guest of this memory that runs at this share of
    /// its speed, and so writes at this share of its rate.
    pub fn dirty_mib(self, memory_mib: f64, seconds: f64, speed: f64) -> f64 {
        (self.mib_per_second * speed * seconds).min(self.working_set_share * memory_mib)
    }
}

impl Default for Dirtying {
    fn default() -> Self {
        Self::WEB
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dirty_grows_until_the_working_set_is() {
        let guest = Dirtying { mib_per_second: 10.0, working_set_share: 0.25 };
        assert_eq!(
            [0.0, 3.0, 10.0, 1e9].map(|seconds| guest.dirty_mib(400.0, seconds, 1.0)),
            [0.0, 30.0, 100.0, 100.0]
        );
        assert_eq!(guest.dirty_mib(400.0, 3.0, 0.5), 15.0);
    }

    #[test]
    fn presets_are_found_by_name() {
        assert_eq!(Dirtying::preset("web"), Some(Dirtying::default()));
        assert_eq!(Dirtying::preset("wbe"), None);
        let megabytes = Dirtying::preset("database").expect("a preset").mib_per_second / MIB_PER_MB;
        assert!((megabytes - 200.0).abs() < 1e-12);
    }
}

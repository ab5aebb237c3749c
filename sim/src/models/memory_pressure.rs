//! What it costs when guests use more memory than there is.
//!
//! ```text
//!  given out   [ guest 1      ][ guest 2      ][ guest 3      ]   more than there is: overcommitted
//!  in use      [ working 1 ]   [ working 2 ]   [ working 3 ]      while this fits, a balloon takes the rest back
//!  there is    |----------------------------------|               beyond it, pages are fetched from a disk
//! ```

use serde::{Deserialize, Serialize};

/// The most that work is slowed down: beyond it the host is as good as gone.
const MOST_SLOWDOWN: f64 = 100.0;

/// How a host deals with memory that is given out more than once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryPressure {
    /// How long it takes to fetch a page, in microseconds.
    pub fetch_us: f64,
    /// The part of what guests do not use that a balloon gets back.
    pub balloon_efficiency: f64,
    /// How fast it does, in mebibytes a second.
    pub balloon_mib_per_second: f64,
    /// The part of the memory in use that is alike in several guests and kept once.
    pub merged: f64,
}

impl MemoryPressure {
    /// Where pages go, by name. Sizes are assumptions.
    pub const PRESETS: &'static [(&'static str, Self, &'static str)] = &[
        (
            "nvme",
            Self { fetch_us: 100.0, balloon_efficiency: 0.9, balloon_mib_per_second: 953.674, merged: 0.0 },
            "pages go to NVMe: 100 us each",
        ),
        (
            "hard_disk",
            Self {
                fetch_us: 10_000.0,
                balloon_efficiency: 0.9,
                balloon_mib_per_second: 953.674,
                merged: 0.0,
            },
            "pages go to a hard disk: 10 ms each",
        ),
        (
            "nvme_merged",
            Self { fetch_us: 100.0, balloon_efficiency: 0.9, balloon_mib_per_second: 953.674, merged: 0.1 },
            "pages go to NVMe, and a tenth of them is alike and kept once",
        ),
    ];

    /// The pressure of this name.
    pub fn preset(name: &str) -> Option<Self> {
        Self::PRESETS.iter().find(|preset| preset.0 == name).map(|preset| preset.1)
    }

    /// What a balloon can take back of what was given out and is not in use.
    pub fn reclaimable_mib(&self, given_mib: f64, used_mib: f64) -> f64 {
        (given_mib - used_mib).max(0.0) * self.balloon_efficiency
    }

    /// How long it takes to take that much back, in seconds.
    pub fn reclaim_seconds(&self, mib: f64) -> f64 {
        mib / self.balloon_mib_per_second
    }

    /// The part of accesses to pages that miss, when so much is in use of so much that there is: `1 - there / used`.
    pub fn miss_share(&self, used_mib: f64, there_mib: f64) -> f64 {
        let used = used_mib * (1.0 - self.merged);
        if used > there_mib { 1.0 - there_mib / used } else { 0.0 }
    }

    /// How many times as long work takes that touches so many pages a second, of which this part misses; at most 100.
    pub fn slowdown(&self, pages_per_second: f64, miss_share: f64) -> f64 {
        (1.0 + pages_per_second * miss_share * self.fetch_us * 1e-6).min(MOST_SLOWDOWN)
    }

    /// The first number that cannot be, with its key and what is allowed.
    pub fn problem(&self) -> Option<(&'static str, f64, &'static str)> {
        let shares = [("balloon_efficiency", self.balloon_efficiency), ("merged", self.merged)];
        let share = shares.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value));
        let fetch = !(self.fetch_us.is_finite() && self.fetch_us >= 0.0);
        let speed = !(self.balloon_mib_per_second.is_finite() && self.balloon_mib_per_second > 0.0);
        share
            .map(|(key, value)| (key, value, "0 to 1"))
            .or(fetch.then_some(("fetch_us", self.fetch_us, "a number of 0 or more")))
            .or(speed.then_some(("balloon_mib_per_second", self.balloon_mib_per_second, "a number above 0")))
    }
}

impl Default for MemoryPressure {
    /// NVMe.
    fn default() -> Self {
        Self::PRESETS[0].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 120 GiB in use of 100: a sixth misses. 10,000 pages a second, 100 us each: 1 + 10,000 / 6 * 1e-4 = 1.1667; from a hard
    /// disk 17.67. Beyond 100 nothing is told apart.
    #[test]
    fn models_4_3_working_sets_beyond_memory() {
        let nvme = MemoryPressure::default();
        let miss = nvme.miss_share(120.0, 100.0);
        assert!((miss - 1.0 / 6.0).abs() < 1e-12);
        assert!((nvme.slowdown(1e4, miss) - 1.166_67).abs() < 1e-5);
        let disk = MemoryPressure::preset("hard_disk").expect("a preset");
        assert!((disk.slowdown(1e4, miss) - 17.666_67).abs() < 1e-5);
        assert_eq!(disk.slowdown(1e6, 0.5), MOST_SLOWDOWN);
        assert_eq!(nvme.miss_share(100.0, 100.0), 0.0);
    }

    /// 160 GiB given out, 120 in use: a balloon gets 36 of 40 back, in 38.7 s at 1 GB/s.
    #[test]
    fn models_4_3_a_balloon_takes_back_what_is_not_in_use() {
        let nvme = MemoryPressure::default();
        let mib = nvme.reclaimable_mib(160.0 * 1024.0, 120.0 * 1024.0);
        assert!((mib - 36.0 * 1024.0).abs() < 1e-9);
        assert!((nvme.reclaim_seconds(mib) - 38.65).abs() < 0.01);
        assert_eq!(nvme.reclaimable_mib(1.0, 2.0), 0.0);
    }

    #[test]
    fn what_is_merged_is_kept_once() {
        let merged = MemoryPressure::preset("nvme_merged").expect("a preset");
        assert_eq!(merged.miss_share(110.0, 100.0), 0.0, "99 of 100");
        assert!(MemoryPressure::PRESETS.iter().all(|preset| preset.1.problem().is_none()));
    }
}

//! Sleeping and waking: how long a host takes for either, what it draws meanwhile, and when sleep is worth it.
//!
//! ```text
//!   on --sleep--> going down (down_seconds, down_watts) --> asleep (asleep_watts)
//!    ^                                                         |
//!    +---- booting (boot_seconds, boot_watts) <-----wake-------+
//! ```

use serde::{Deserialize, Serialize};

use crate::kernel::time::SimDuration;

/// What sleep costs on hosts of one model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sleep {
    /// From the decision until the host sleeps.
    #[serde(with = "seconds", rename = "down_seconds")]
    pub down: SimDuration,
    /// Drawn meanwhile.
    pub down_watts: f64,
    /// Drawn while it sleeps.
    pub asleep_watts: f64,
    /// From the decision until it takes tasks again.
    #[serde(with = "seconds", rename = "boot_seconds")]
    pub boot: SimDuration,
    /// Drawn meanwhile.
    pub boot_watts: f64,
}

impl Sleep {
    /// Off and on again: a boot of 200 s at 240 W, the busy power of that machine (Gandhi et al., who call it setup), and
    /// a shutdown of 10 s that leaves 5 W (both assumed).
    pub const OFF: Self = Self {
        down: SimDuration(10_000_000),
        down_watts: 240.0,
        asleep_watts: 5.0,
        boot: SimDuration(200_000_000),
        boot_watts: 240.0,
    };

    /// Suspended to memory: ten seconds to resume, and 12 W (5 to 30 s and 10 to 15 W are usual; unconfirmed).
    pub const SUSPENDED: Self = Self {
        down: SimDuration(5_000_000),
        down_watts: 100.0,
        asleep_watts: 12.0,
        boot: SimDuration(10_000_000),
        boot_watts: 150.0,
    };

    /// At once and without any cost, as some published programs have it.
    pub const FREE: Self = Self {
        down: SimDuration::ZERO,
        down_watts: 0.0,
        asleep_watts: 0.0,
        boot: SimDuration::ZERO,
        boot_watts: 0.0,
    };

    /// The presets, each with a line of help.
    pub const PRESETS: &[(&str, Self, &str)] = &[
        ("off", Self::OFF, "10 s down, 200 s to boot at 240 W, 5 W meanwhile"),
        ("suspended", Self::SUSPENDED, "5 s down, 10 s to resume, 12 W meanwhile"),
        ("free", Self::FREE, "at once and without cost, as some published programs have it"),
    ];

    /// The idle time from which on sleep saves energy on a host that draws `idle_watts` when idle, in seconds:
    /// `(P_b t_b + P_d t_d - P_off (t_d + t_b)) / (P_idle - P_off)`. Infinite when sleep never does.
    pub fn break_even_seconds(&self, idle_watts: f64) -> f64 {
        let (down, boot) = (self.down.seconds(), self.boot.seconds());
        let spent = self.down_watts * down + self.boot_watts * boot - self.asleep_watts * (down + boot);
        if idle_watts > self.asleep_watts { spent / (idle_watts - self.asleep_watts) } else { f64::INFINITY }
    }
}

/// Lengths of time as seconds in configs.
mod seconds {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::kernel::time::SimDuration;

    pub(super) fn serialize<S: Serializer>(length: &SimDuration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(length.seconds())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SimDuration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        SimDuration::from_seconds(seconds).ok_or_else(|| {
            D::Error::custom(format!("{seconds} seconds stand there; allowed is a number of 0 or more"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// models 1.4, example 3.
    #[test]
    fn sleep_is_worth_it_after_the_break_even_time() {
        let seconds = Sleep::OFF.break_even_seconds(150.0);
        assert!((seconds - 340.3).abs() < 0.05, "{seconds}");
        assert_eq!(Sleep::FREE.break_even_seconds(150.0), 0.0);
        assert_eq!(Sleep::OFF.break_even_seconds(4.0), f64::INFINITY);
    }
}

//! Simulated time: integer microseconds, so that sums are exact and equal times compare equal.
//!
//! This is the only file in which a floating-point number of seconds becomes a time.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

const MICROSECONDS_PER_SECOND: f64 = 1e6;

/// A moment, in microseconds since the episode's workload began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SimTime(pub u64);

/// A length of time, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SimDuration(pub u64);

impl SimTime {
    /// The moment at which a workload begins.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens.
    pub const MAX: Self = Self(u64::MAX);

    /// The moment `seconds` after the beginning, rounded to the nearest microsecond.
    /// `None` when it is negative, not finite or too large (beyond 2^53 microseconds, about 285 years).
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        microseconds(seconds).map(Self)
    }

    /// Seconds since the beginning.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / MICROSECONDS_PER_SECOND
    }

    /// The time that has passed since `earlier`, which must not be later than this moment.
    pub fn since(self, earlier: Self) -> SimDuration {
        assert!(earlier <= self, "time runs forward: {earlier} is not after {self}");
        SimDuration(self.0 - earlier.0)
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any episode.
    pub const MAX: Self = Self(u64::MAX);

    /// A length of `seconds`, rounded to the nearest microsecond; `None` as in [`SimTime::from_seconds`].
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        microseconds(seconds).map(Self)
    }

    /// The length in seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / MICROSECONDS_PER_SECOND
    }
}

fn microseconds(seconds: f64) -> Option<u64> {
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;
    let rounded = (seconds * MICROSECONDS_PER_SECOND).round();
    (0.0..=LARGEST_EXACT).contains(&rounded).then_some(rounded as u64)
}

impl Add<SimDuration> for SimTime {
    type Output = Self;
    /// Saturates: a moment beyond the end of time stays there.
    fn add(self, rhs: SimDuration) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, rhs: SimDuration) {
        *self = *self + rhs;
    }
}

impl Add for SimDuration {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl Sub for SimDuration {
    type Output = Self;
    /// Panics when `rhs` is longer: a negative length of time is a bug.
    fn sub(self, rhs: Self) -> Self {
        assert!(rhs <= self, "a length of time is not negative");
        Self(self.0 - rhs.0)
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} s", self.seconds())
    }
}

impl fmt::Display for SimDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} s", self.seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_to_the_nearest_microsecond() {
        assert_eq!(SimTime::from_seconds(1.000_000_6), Some(SimTime(1_000_001)));
        assert_eq!(SimDuration::from_seconds(0.1 + 0.2), Some(SimDuration(300_000)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 1e16] {
            assert_eq!(SimTime::from_seconds(seconds), None, "{seconds}");
        }
    }
}

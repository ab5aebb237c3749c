//! Numbers that options may be: what is out of range is refused when a policy is made, not in the middle of a run.

use serde::de::{Deserialize, Deserializer, Error};

/// Reads a number that passes a test; the refusal says what stood there and what is allowed.
fn checked<'de, D: Deserializer<'de>>(
    deserializer: D,
    is_allowed: impl FnOnce(f64) -> bool,
    allowed: &str,
) -> Result<f64, D::Error> {
    let number = f64::deserialize(deserializer)?;
    match is_allowed(number) {
        true => Ok(number),
        false => Err(D::Error::custom(format!("{number} stands there; allowed is {allowed}"))),
    }
}

/// Any number but infinities and what is none.
pub(crate) fn finite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    checked(deserializer, f64::is_finite, "a finite number")
}

/// A share of something, and not nothing of it.
pub(crate) fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    checked(deserializer, |share| 0.0 < share && share <= 1.0, "a number above 0 and up to 1")
}

/// A factor.
pub(crate) fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    checked(deserializer, |number| number.is_finite() && number > 0.0, "a number above 0").map(Some)
}

/// A time.
pub(crate) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    checked(deserializer, |seconds| seconds.is_finite() && seconds >= 0.0, "0 or more seconds").map(Some)
}

/// A strength.
pub(crate) fn above_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    checked(deserializer, |number| number.is_finite() && number > 0.0, "a number above 0")
}

/// A list.
pub(crate) fn not_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    match Vec::deserialize(deserializer)? {
        list if list.is_empty() => Err(D::Error::custom("there is none; allowed are one or more")),
        list => Ok(list),
    }
}

/// A count.
pub(crate) fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match usize::deserialize(deserializer)? {
        0 => Err(D::Error::custom("0 stands there; allowed is 1 or more")),
        count => Ok(count),
    }
}

/// A count that need not be whole.
pub(crate) fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    checked(deserializer, |number| number.is_finite() && number >= 1.0, "a number of 1 or more")
}

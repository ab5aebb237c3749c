//! Moments as people write them: a date, a time of day, perhaps a zone.

use chrono::{DateTime, NaiveDateTime, TimeZone};
use serde::{Deserialize, Deserializer};
use sim::kernel::time::SimTime;

/// A time zone by its name in the tz database, such as `Europe/Berlin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(pub chrono_tz::Tz);

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let refuse = || {
            let allowed = "allowed is a zone of the tz database, such as UTC or Asia/Shanghai";
            serde::de::Error::custom(format!("{name:?} stands there, {allowed}"))
        };
        name.parse().map(Self).map_err(|_| refuse())
    }
}

/// What [`moment`] takes.
pub(super) const ALLOWED: &str =
    "a date and a time such as 2017-10-09 07:01:55 or 2017-10-09T07:01:55.5+08:00";

/// Microseconds since 1970 of `2017-10-09 07:01:55`, with `T` between date and time or a blank, with a fraction of a
/// second or without; an offset at its end (`+08:00`, `Z`) counts, and without one the time is local to `zone`. Of a
/// local time that came twice (clocks put back) the earlier is meant; one that never came is none.
pub(super) fn moment(text: &str, zone: Zone) -> Option<SimTime> {
    let spaced = text.trim().replacen('T', " ", 1);
    let absolute = |format| DateTime::parse_from_str(&spaced.replace('Z', "+00:00"), format).ok();
    let micros = match absolute("%Y-%m-%d %H:%M:%S%.f%:z") {
        Some(moment) => moment.timestamp_micros(),
        None => {
            let local = NaiveDateTime::parse_from_str(&spaced, "%Y-%m-%d %H:%M:%S%.f").ok()?;
            zone.0.from_local_datetime(&local).earliest()?.timestamp_micros()
        }
    };
    u64::try_from(micros).ok().filter(|&micros| micros <= 1 << 53).map(SimTime)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str, zone: &str) -> Option<f64> {
        moment(text, Zone(zone.parse().expect("a zone"))).map(SimTime::seconds)
    }

    #[test]
    fn moments_are_local_unless_they_say_where() {
        assert_eq!(seconds("1970-01-02 00:00:00", "UTC"), Some(86_400.0));
        assert_eq!(seconds("1970-01-02T00:00:00.25Z", "Asia/Shanghai"), Some(86_400.25));
        assert_eq!(seconds("1970-01-02 08:00:00+08:00", "UTC"), Some(86_400.0));
        // Eight hours behind in winter, seven in summer.
        assert_eq!(
            seconds("2017-12-22 08:02:11", "America/Los_Angeles"),
            seconds("2017-12-22 16:02:11", "UTC")
        );
        assert_eq!(
            seconds("2017-09-04 10:30:41", "America/Los_Angeles"),
            seconds("2017-09-04 17:30:41", "UTC")
        );
        assert_eq!(seconds("2017-10-09 07:01:55.1234567", "UTC"), Some(1_507_532_515.123_456));
    }

    #[test]
    fn what_came_twice_is_the_earlier_and_what_never_came_is_none() {
        assert_eq!(
            seconds("2017-11-05 01:30:00", "America/Los_Angeles"),
            seconds("2017-11-05 08:30:00", "UTC")
        );
        assert_eq!(seconds("2017-03-12 02:30:00", "America/Los_Angeles"), None);
        for text in ["", "None", "2017-13-01 00:00:00", "1969-12-31 23:59:59", "2017-10-09", "yesterday"] {
            assert_eq!(seconds(text, "UTC"), None, "{text}");
        }
    }
}

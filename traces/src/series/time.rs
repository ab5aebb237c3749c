//! Moments and time zones: everything in a series is UTC, and what is written in local time says where.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

const FIRST: i64 = -62_135_596_800_000_000;
const LAST: i64 = 253_402_300_799_999_999;

/// A moment, in microseconds of UTC since 1970 (leap seconds are not counted, as in Unix time).
/// It lies in the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcTime(i64);

impl UtcTime {
    /// The beginning of 1970.
    pub const EPOCH: Self = Self(0);

    /// The moment so many microseconds after the beginning of 1970; nothing outside of the years 1 to 9999.
    pub fn from_microseconds(microseconds: i64) -> Option<Self> {
        (FIRST..=LAST).contains(&microseconds).then_some(Self(microseconds))
    }

    /// Microseconds since the beginning of 1970.
    pub fn microseconds(self) -> i64 {
        self.0
    }

    /// The moment so many microseconds later; nothing after the year 9999.
    pub fn plus(self, microseconds: i64) -> Option<Self> {
        self.0.checked_add(microseconds).and_then(Self::from_microseconds)
    }

    /// The date and the time of day in UTC.
    pub(crate) fn naive(self) -> NaiveDateTime {
        DateTime::from_timestamp_micros(self.0).expect("the years 1 to 9999 are known").naive_utc()
    }

    pub(crate) fn from_naive(utc: NaiveDateTime) -> Option<Self> {
        Self::from_microseconds(utc.and_utc().timestamp_micros())
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}Z", self.naive().format("%Y-%m-%dT%H:%M:%S%.f"))
    }
}

impl FromStr for UtcTime {
    type Err = TimeError;

    /// Reads a time that states its offset, such as `2022-03-01T12:00:00+01:00` or `2022-03-01 11:00Z`, or that
    /// has its zone behind it, as a [`super::Calendar`] does.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        text.parse::<super::Calendar>().map(|calendar| calendar.start())
    }
}

/// A text that is no time or no zone, what is wrong with it, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} {problem}")]
pub struct TimeError {
    /// What stood there.
    pub text: String,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl TimeError {
    pub(crate) fn new(text: &str, problem: impl Into<String>) -> Self {
        Self { text: crate::import::lines::excerpt(text), problem: problem.into() }
    }
}

/// A time zone: `UTC`, a constant offset such as `+01:00`, or a name such as `Europe/Berlin`, whose summer
/// times and history are those of the IANA time zone database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Fixed(FixedOffset),
    Named(Tz),
}

/// What a local time means in a zone.
pub(crate) enum Meaning {
    Once(UtcTime),
    /// The clock showed it before it was set back, and again after.
    Twice(UtcTime, UtcTime),
    /// The clock was set forward over it: the moments that the old and the new offset would make of it.
    Never(UtcTime, UtcTime),
    /// Outside of the years 1 to 9999.
    Beyond,
}

impl Zone {
    /// Universal time.
    pub fn utc() -> Self {
        Self(Kind::Fixed(Utc.fix()))
    }

    /// A constant offset to the east, in seconds; nothing from a whole day on.
    pub fn fixed(east_seconds: i32) -> Option<Self> {
        FixedOffset::east_opt(east_seconds).map(|offset| Self(Kind::Fixed(offset)))
    }

    /// Seconds to the east of UTC at a moment.
    pub fn offset_seconds(self, time: UtcTime) -> i32 {
        self.offset(time).local_minus_utc()
    }

    fn offset(self, time: UtcTime) -> FixedOffset {
        match self.0 {
            Kind::Fixed(offset) => offset,
            Kind::Named(name) => name.offset_from_utc_datetime(&time.naive()).fix(),
        }
    }

    /// The date and the time of day that clocks show there.
    pub(crate) fn local(self, time: UtcTime) -> NaiveDateTime {
        time.naive() + self.offset(time)
    }

    /// A moment as clocks show it there, with the offset, and the name behind it where the zone has one.
    pub(crate) fn written(self, time: UtcTime) -> String {
        let offset = self.offset(time);
        let local = self.local(time).format("%Y-%m-%dT%H:%M:%S%.f");
        match self.0 {
            Kind::Fixed(_) => format!("{local}{offset}"),
            Kind::Named(name) => format!("{local}{offset} {name}"),
        }
    }

    pub(crate) fn meaning(self, local: NaiveDateTime) -> Meaning {
        let at = |offset: FixedOffset| {
            let utc = local.checked_sub_offset(offset);
            utc.and_then(UtcTime::from_naive)
        };
        let offsets = match self.0 {
            Kind::Fixed(offset) => MappedLocalTime::Single(offset),
            Kind::Named(name) => name.offset_from_local_datetime(&local).map(|offset| offset.fix()),
        };
        let meaning = match offsets {
            MappedLocalTime::Single(offset) => at(offset).map(Meaning::Once),
            MappedLocalTime::Ambiguous(one, other) => {
                at(one).zip(at(other)).map(|(one, other)| Meaning::Twice(one.min(other), one.max(other)))
            }
            // The offsets of the day before and of the day after are those on both sides of the jump.
            MappedLocalTime::None => {
                let side = |days| {
                    let moved = local.checked_add_signed(TimeDelta::days(days))?;
                    at(self.offset(UtcTime::from_naive(moved)?))
                };
                side(-1).zip(side(1)).map(|(before, after)| Meaning::Never(before, after))
            }
        };
        meaning.unwrap_or(Meaning::Beyond)
    }

    /// The one moment that a local time means; refused with what may stand there instead where there is none or
    /// there are two.
    pub(crate) fn settle(self, local: NaiveDateTime, text: &str) -> Result<UtcTime, TimeError> {
        let allowed = |one, other| format!("allowed are {} and {}", self.written(one), self.written(other));
        match self.meaning(local) {
            Meaning::Once(time) => Ok(time),
            Meaning::Twice(one, other) => Err(TimeError::new(
                text,
                format!("is shown twice in {self}, where the clock is set back: {}", allowed(one, other)),
            )),
            Meaning::Never(one, other) => Err(TimeError::new(
                text,
                format!("is never shown in {self}, where the clock is set forward: {}", allowed(other, one)),
            )),
            Meaning::Beyond => Err(TimeError::new(text, "lies outside of the years 1 to 9999")),
        }
    }
}

impl Zone {
    /// The moment that a local time means in a column that is read from top to bottom: what clocks show twice is
    /// the earlier moment, unless that is not after the row before, which then was the earlier one.
    pub(crate) fn settle_after(
        self,
        local: NaiveDateTime,
        before: Option<UtcTime>,
        text: &str,
    ) -> Result<UtcTime, TimeError> {
        match self.meaning(local) {
            Meaning::Twice(earlier, later) => {
                Ok(if before.is_some_and(|before| earlier <= before) { later } else { earlier })
            }
            _ => self.settle(local, text),
        }
    }

    /// True when this is the offset of the zone at a moment.
    pub(crate) fn has_offset(self, time: UtcTime, offset: FixedOffset) -> bool {
        self.offset(time) == offset
    }

    pub(crate) fn of_offset(offset: FixedOffset) -> Self {
        Self(Kind::Fixed(offset))
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Fixed(offset) if offset.local_minus_utc() == 0 => write!(formatter, "UTC"),
            Kind::Fixed(offset) => write!(formatter, "{offset}"),
            Kind::Named(name) => write!(formatter, "{name}"),
        }
    }
}

impl FromStr for Zone {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        if let Some(offset) = offset(text) {
            return Ok(Self(Kind::Fixed(offset)));
        }
        let name = Tz::from_str(text).map_err(|_| {
            let allowed = "allowed are UTC, an offset such as +01:00, and names such as Europe/Berlin";
            TimeError::new(text, format!("is no time zone: {allowed}"))
        })?;
        Ok(Self(Kind::Named(name)))
    }
}

impl TryFrom<String> for Zone {
    type Error = TimeError;
    fn try_from(text: String) -> Result<Self, TimeError> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.to_string()
    }
}

/// `Z`, `UTC`, `+01:00`, `+0100` or `+01`.
fn offset(text: &str) -> Option<FixedOffset> {
    if ["Z", "UTC"].contains(&text) {
        return Some(Utc.fix());
    }
    let (sign, digits) = match text.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None => digits.split_at_checked(2)?,
    };
    let two = |text: &str| match text.len() {
        2 if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse::<i32>().ok(),
        _ => None,
    };
    let minutes = if minutes.is_empty() && !digits.contains(':') { 0 } else { two(minutes)? };
    let hours = two(hours)?;
    (minutes < 60 && hours <= 18).then(|| FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60)))?
}

/// A time as it is written in ISO 8601.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// It states its offset.
    Utc(UtcTime, FixedOffset),
    /// It does not.
    Local(NaiveDateTime),
}

/// `2022-03-01`, a `T` or a blank and `12:00`, `12:00:00` or `12:00:00.000000`, an offset or none.
pub(crate) fn read_iso(text: &str) -> Option<Written> {
    let (date, rest) = text.split_at_checked(10)?;
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    if rest.is_empty() {
        return Some(Written::Local(date.into()));
    }
    let rest = rest.strip_prefix('T').or_else(|| rest.strip_prefix(' '))?;
    let split = rest.find(['+', '-', 'Z', 'U']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(split);
    let clock = clock.trim_end();
    let formats = ["%H:%M:%S%.f", "%H:%M"];
    let clock = formats.iter().find_map(|format| chrono::NaiveTime::parse_from_str(clock, format).ok())?;
    let local = date.and_time(clock);
    if zone.is_empty() {
        return Some(Written::Local(local));
    }
    let offset = offset(zone)?;
    let utc = UtcTime::from_naive(local.checked_sub_offset(offset)?)?;
    Some(Written::Utc(utc, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_times_are_read_in_their_usual_spellings() {
        let utc = |text| match read_iso(text) {
            Some(Written::Utc(time, _)) => time.to_string(),
            other => panic!("{text}: {other:?}"),
        };
        for text in [
            "2022-03-01T12:00:00+01:00",
            "2022-03-01 12:00+0100",
            "2022-03-01 12:00:00.000+01",
            "2022-03-01T11:00:00Z",
            "2022-03-01 11:00 UTC",
            "2022-03-01 05:30:00-05:30",
        ] {
            assert_eq!(utc(text), "2022-03-01T11:00:00Z", "{text}");
        }
        assert_eq!(utc("1969-12-31T23:59:59.5Z"), "1969-12-31T23:59:59.500Z");
        let local = |text| matches!(read_iso(text), Some(Written::Local(_)));
        assert!(local("2022-03-01") && local("2022-03-01 07:30") && local("2022-03-01T07:30:15.25"));
        for text in [
            "",
            "2022-3-1",
            "2022-02-30 00:00",
            "2022-03-01x00:00",
            "2022-03-01 24:00",
            "2022-03-01 1:2:3:4",
            "2022-03-01T00:00+",
            "2022-03-01T00:00+1",
            "2022-03-01T00:00+99:00",
            "ü022-03-01",
        ] {
            assert_eq!(read_iso(text), None, "{text}");
        }
    }

    #[test]
    fn zones_are_offsets_or_names() {
        for (text, shown) in [
            ("UTC", "UTC"),
            ("Z", "UTC"),
            ("+00:00", "UTC"),
            ("-08:00", "-08:00"),
            ("+0530", "+05:30"),
            ("Europe/Berlin", "Europe/Berlin"),
        ] {
            assert_eq!(text.parse::<Zone>().expect("a zone").to_string(), shown);
        }
        let refusal = "Europe/Bonn".parse::<Zone>().expect_err("no zone").to_string();
        assert!(
            refusal.contains("\"Europe/Bonn\" is no time zone") && refusal.contains("Europe/Berlin"),
            "{refusal}"
        );
        assert!("+1".parse::<Zone>().is_err() && "+25:00".parse::<Zone>().is_err());
    }

    #[test]
    fn times_beyond_the_calendar_are_none() {
        assert_eq!(UtcTime::from_microseconds(i64::MAX), None);
        assert_eq!(UtcTime::EPOCH.plus(i64::MAX), None);
        assert_eq!(UtcTime(LAST).plus(1), None);
        assert_eq!(UtcTime(FIRST).to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(UtcTime(LAST).to_string(), "9999-12-31T23:59:59.999999Z");
    }
}

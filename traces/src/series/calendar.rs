//! When a simulation takes place: what its time 0 is in the calendar, and what clocks show there.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Timelike};
use serde::{Deserialize, Serialize};
use sim::kernel::time::SimTime;

use super::time::{TimeError, UtcTime, Written, Zone, read_iso};

/// The moment at which a simulation begins, and the zone whose local time counts.
///
/// Two ways to write it: with an offset (`2022-03-01T00:00:00+01:00`), or with the name of a zone behind it
/// (`2022-03-01 00:00 Europe/Berlin`); with both, the offset must be one that the zone has at that moment.
/// Simulated time runs on as the world does, so that clocks jump where summer time begins and ends:
///
/// ```
/// use sim::kernel::time::SimTime;
/// let calendar: traces::series::Calendar = "2022-03-27 00:00 Europe/Berlin".parse()?;
/// let hour = |seconds: u64| calendar.local(SimTime(seconds * 1_000_000)).map(|local| local.hour);
/// assert_eq!([hour(0), hour(3600), hour(7200)], [Some(0), Some(1), Some(3)]);
/// # Ok::<(), traces::series::TimeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Spelling", into = "String")]
pub struct Calendar {
    start: UtcTime,
    zone: Zone,
}

/// What clocks and calendars show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// The year.
    pub year: i32,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 1 for Monday to 7 for Sunday.
    pub weekday: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 59.
    pub second: u32,
    /// Seconds to the east of UTC.
    pub offset_seconds: i32,
}

impl Calendar {
    /// A simulation that begins at this moment.
    pub fn new(start: UtcTime, zone: Zone) -> Self {
        Self { start, zone }
    }

    /// The calendar of a workload whose source tells when its clock showed 0: `unix_start` is that moment in
    /// seconds since 1970 (the header `UnixStartTime` of batch logs; 0 for sources that count from 1970
    /// themselves), `origin` what the clock showed when the workload began. Nothing beyond the year 9999.
    ///
    /// ```
    /// # use sim::kernel::time::SimTime;
    /// # use traces::series::{Calendar, Zone};
    /// let origin = SimTime::from_seconds(342_072.0).expect("a time");
    /// let calendar = Calendar::of_origin(1_027_839_845, origin, Zone::utc()).expect("in this era");
    /// assert_eq!(calendar.start().to_string(), "2002-08-01T06:05:17Z");
    /// ```
    pub fn of_origin(unix_start: i64, origin: SimTime, zone: Zone) -> Option<Self> {
        let zero = unix_start.checked_mul(1_000_000)?;
        let start = zero.checked_add(i64::try_from(origin.0).ok()?)?;
        UtcTime::from_microseconds(start).map(|start| Self { start, zone })
    }

    /// The moment at which the simulation begins.
    pub fn start(&self) -> UtcTime {
        self.start
    }

    /// The zone whose local time counts.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// The moment of a simulated time; nothing after the year 9999.
    pub fn utc(&self, time: SimTime) -> Option<UtcTime> {
        self.start.plus(i64::try_from(time.0).ok()?)
    }

    /// The simulated time of a moment; nothing before the simulation begins.
    pub fn sim_time(&self, time: UtcTime) -> Option<SimTime> {
        u64::try_from(time.microseconds() - self.start.microseconds()).ok().map(SimTime)
    }

    /// What clocks show at a simulated time; nothing after the year 9999.
    pub fn local(&self, time: SimTime) -> Option<LocalTime> {
        let utc = self.utc(time)?;
        let local = self.zone.local(utc);
        Some(LocalTime {
            year: local.year(),
            month: local.month(),
            day: local.day(),
            weekday: local.weekday().number_from_monday(),
            hour: local.hour(),
            minute: local.minute(),
            second: local.second(),
            offset_seconds: self.zone.offset_seconds(utc),
        })
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.zone.written(self.start))
    }
}

impl FromStr for Calendar {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        const ALLOWED: &str = "allowed is a date and a time with an offset, such as 2022-03-01T00:00:00+01:00, or with a zone \
             behind it, such as 2022-03-01 00:00 Europe/Berlin";
        let text = text.trim();
        // A last word that is no zone belongs to the time; one that looks like a zone must be one.
        let (written, zone) = match text.rsplit_once(' ') {
            Some((written, zone)) if !zone.starts_with(|first: char| first.is_ascii_digit()) => {
                (written.trim_end(), Some(zone.parse::<Zone>()?))
            }
            _ => (text, None),
        };
        let refuse = |problem: String| TimeError::new(text, format!("{problem}: {ALLOWED}"));
        match (read_iso(written), zone) {
            (None, _) => Err(refuse("is no time".to_owned())),
            (Some(Written::Local(_)), None) => {
                Err(refuse("does not say in which zone it is meant".to_owned()))
            }
            (Some(Written::Local(local)), Some(zone)) => {
                zone.settle(local, text).map(|start| Self { start, zone })
            }
            (Some(Written::Utc(start, offset)), None) => Ok(Self { start, zone: Zone::of_offset(offset) }),
            (Some(Written::Utc(start, offset)), Some(zone)) if zone.has_offset(start, offset) => {
                Ok(Self { start, zone })
            }
            (Some(Written::Utc(start, _)), Some(zone)) => Err(TimeError::new(
                text,
                format!("has an offset that {zone} does not have then: allowed is {}", zone.written(start)),
            )),
        }
    }
}

/// A calendar in a config: a text, or a date and time of TOML, which needs no quotation marks.
#[derive(Deserialize)]
#[serde(untagged)]
enum Spelling {
    Text(String),
    Toml(toml::value::Datetime),
}

impl TryFrom<Spelling> for Calendar {
    type Error = TimeError;
    fn try_from(spelling: Spelling) -> Result<Self, TimeError> {
        match spelling {
            Spelling::Text(text) => text.parse(),
            Spelling::Toml(time) => time.to_string().parse(),
        }
    }
}

impl From<Calendar> for String {
    fn from(calendar: Calendar) -> Self {
        calendar.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(text: &str) -> Calendar {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn refusal(text: &str) -> String {
        text.parse::<Calendar>().expect_err("refused").to_string()
    }

    fn local_hours(calendar: &Calendar, hours: std::ops::Range<u64>) -> Vec<(u32, i32)> {
        hours
            .filter_map(|hour| calendar.local(SimTime(hour * 3_600_000_000)))
            .map(|local| (local.hour, local.offset_seconds / 3600))
            .collect()
    }

    #[test]
    fn offsets_and_names_say_the_same_moment() {
        for text in [
            "2022-03-01T00:00:00+01:00",
            "2022-03-01 00:00 Europe/Berlin",
            "2022-02-28T23:00Z",
            "2022-02-28 23:00 UTC",
            "2022-03-01 00:00 +01:00",
            "2022-03-01T00:00:00+01:00 Europe/Berlin",
        ] {
            assert_eq!(calendar(text).start().to_string(), "2022-02-28T23:00:00Z", "{text}");
            assert_eq!(calendar(&calendar(text).to_string()), calendar(text), "written and read again");
        }
        assert_eq!(calendar("2022-07-01 00:00 Europe/Berlin").start().to_string(), "2022-06-30T22:00:00Z");
    }

    #[test]
    fn clocks_jump_forward_in_spring() {
        let spring = calendar("2022-03-27 00:00 Europe/Berlin");
        assert_eq!(local_hours(&spring, 0..4), [(0, 1), (1, 1), (3, 2), (4, 2)]);
        let next_day = spring.local(SimTime(23 * 3_600_000_000)).expect("a time");
        assert_eq!((next_day.day, next_day.hour, next_day.weekday), (28, 0, 1), "the day has 23 hours");
    }

    #[test]
    fn clocks_show_an_hour_twice_in_autumn() {
        let autumn = calendar("2022-10-30 00:00 Europe/Berlin");
        assert_eq!(local_hours(&autumn, 0..5), [(0, 2), (1, 2), (2, 2), (2, 1), (3, 1)]);
        let next_day = autumn.local(SimTime(25 * 3_600_000_000)).expect("a time");
        assert_eq!((next_day.day, next_day.hour), (31, 0), "the day has 25 hours");
    }

    #[test]
    fn times_that_clocks_show_twice_or_never_are_refused_with_what_is_allowed() {
        let twice = refusal("2022-10-30 02:30 Europe/Berlin");
        assert!(twice.contains("is shown twice in Europe/Berlin"), "{twice}");
        let never = refusal("2022-03-27 02:30 Europe/Berlin");
        assert!(never.contains("is never shown in Europe/Berlin"), "{never}");
        for (told, first, second) in [
            (&twice, "2022-10-30T02:30:00+02:00 Europe/Berlin", "2022-10-30T02:30:00+01:00 Europe/Berlin"),
            (&never, "2022-03-27T01:30:00+01:00 Europe/Berlin", "2022-03-27T03:30:00+02:00 Europe/Berlin"),
        ] {
            assert!(told.ends_with(&format!("allowed are {first} and {second}")), "{told}");
            assert!(calendar(first).start() < calendar(second).start(), "what is allowed is taken");
        }
    }

    #[test]
    fn what_is_no_calendar_is_refused() {
        assert!(refusal("2022-03-01 00:00").contains("does not say in which zone"));
        assert!(refusal("yesterday").contains("is no time: allowed is"));
        assert!(refusal("2022-03-01 00:00 Berlin").contains("\"Berlin\" is no time zone"));
        let other = refusal("2022-07-01T00:00:00+01:00 Europe/Berlin");
        assert!(other.ends_with("allowed is 2022-07-01T01:00:00+02:00 Europe/Berlin"), "{other}");
    }

    #[test]
    fn configs_spell_it_as_a_text_or_as_toml_does() {
        let read = |text: &str| {
            let table: toml::Table = toml::from_str(&format!("start = {text}")).expect("TOML");
            table["start"].clone().try_into::<Calendar>().map_err(|error| error.to_string())
        };
        let expected = Ok(calendar("2022-03-01T00:00:00+01:00"));
        assert_eq!(read("\"2022-03-01T00:00:00+01:00\""), expected);
        assert_eq!(read("2022-03-01T00:00:00+01:00"), expected);
        assert!(read("2022-03-01T00:00:00").expect_err("no zone").contains("in which zone"));
    }

    #[test]
    fn simulated_time_and_utc_are_each_other() {
        let calendar = calendar("2022-03-01T00:00:00+01:00");
        let noon = UtcTime::from_str("2022-03-01T12:00:00+01:00").expect("a time");
        assert_eq!(calendar.sim_time(noon), Some(SimTime(43_200_000_000)));
        assert_eq!(calendar.utc(SimTime(43_200_000_000)), Some(noon));
        assert_eq!(calendar.sim_time(UtcTime::EPOCH), None);
        assert_eq!(calendar.utc(SimTime::MAX), None);
        assert_eq!(Calendar::of_origin(i64::MAX, SimTime::ZERO, Zone::utc()), None);
        assert_eq!(Calendar::of_origin(0, SimTime::MAX, Zone::utc()), None);
    }

    #[test]
    fn a_local_column_is_read_in_its_order() {
        let zone: Zone = "Europe/Berlin".parse().expect("a zone");
        let mut before = None;
        let mut read = |text: &str| {
            let Some(Written::Local(local)) = read_iso(text) else { panic!("{text} is local") };
            let time = zone.settle_after(local, before, text)?;
            before = Some(time);
            Ok::<_, TimeError>(time.to_string()[11..16].to_owned())
        };
        let rows = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"];
        let found: Vec<String> =
            rows.iter().map(|row| read(&format!("2022-10-30 {row}")).expect("a time")).collect();
        assert_eq!(found, ["23:30", "00:00", "00:30", "01:00", "01:30", "02:00"]);
        assert!(read("2023-03-26 02:15").expect_err("never shown").to_string().contains("never shown"));
    }
}

//! Tables in which every row has a time and a value.

use super::Environment;
use super::columns::Columns;
use super::error::SeriesError;
use super::points::{LARGEST, Series, Subject};
use super::summary::Account;
use super::time::{UtcTime, Written, Zone, read_iso};
use crate::OptionError;
use crate::import::ImportError;

/// How to tell the time of a row.
#[derive(Clone, Debug)]
pub(super) enum Clock {
    /// As ISO 8601 writes it; without an offset it is local time of this zone.
    Iso(Zone),
    /// In a pattern of one's own; without an offset it is local time of this zone.
    Pattern(String, Zone),
    /// As a number since 1970; so many microseconds each.
    Unix(i64),
    /// No column says it: rows follow each other from a moment on, so many microseconds apart.
    Steps(UtcTime, i64),
}

/// What a row is read from.
pub(super) struct Timed {
    /// The column of the time; it is not looked at where no column says it.
    pub(super) time: usize,
    pub(super) clock: Clock,
    /// The column of the value.
    pub(super) value: usize,
    /// By which the value is multiplied.
    pub(super) factor: f64,
    pub(super) subject: Subject,
    /// What stands where there is no value.
    pub(super) nulls: Vec<String>,
    /// What stands before the fraction of a value.
    pub(super) decimal: char,
}

impl Timed {
    /// The usual: values as they are, with a point before the fraction.
    pub(super) fn new((time, clock): (usize, Clock), value: usize, subject: Subject) -> Self {
        let nulls = super::columns::NULLS.map(str::to_owned).into();
        Self { time, clock, value, factor: 1.0, subject, nulls, decimal: '.' }
    }

    /// Reads all rows; `each` looks at every one of them before its time and value are read.
    pub(super) fn read(
        self,
        mut columns: Columns,
        account: &mut Account,
        mut each: impl FnMut(&Columns, &mut Account) -> Result<(), ImportError>,
    ) -> Result<Environment, SeriesError> {
        let mut points = Points::default();
        while columns.next_row()? {
            account.read();
            each(&columns, account)?;
            let time = self.moment(&columns, points.last, account.rows_read() - 1)?;
            let value = columns.number(self.value, &self.nulls, self.decimal)?;
            let value = value.map(|value| value * self.factor);
            if value.is_some_and(|value| value.abs() > LARGEST) {
                return Err(columns.wrong(self.value, "up to 1e18 when multiplied by `factor`").into());
            }
            points.push(time, value, account).map_err(|problem| columns.refuse(&problem))?;
        }
        points
            .finish(self.subject)
            .map_err(|source| SeriesError::Points { file: columns.file().to_owned(), source })
    }

    fn moment(&self, columns: &Columns, before: Option<UtcTime>, row: u64) -> Result<UtcTime, ImportError> {
        let refuse = |allowed: &str| columns.wrong(self.time, allowed);
        match &self.clock {
            Clock::Iso(zone) => {
                let text = columns.text(self.time);
                match read_iso(text) {
                    Some(Written::Utc(time, _)) => Ok(time),
                    Some(Written::Local(local)) => zone
                        .settle_after(local, before, text)
                        .map_err(|error| refuse(&format!("a time that exists: it {}", error.problem))),
                    None => Err(refuse("a time such as 2022-03-01 12:00:00, with or without an offset")),
                }
            }
            Clock::Pattern(pattern, zone) => {
                let text = columns.text(self.time);
                match read_pattern(text, pattern) {
                    Some(Written::Utc(time, _)) => Ok(time),
                    Some(Written::Local(local)) => zone
                        .settle_after(local, before, text)
                        .map_err(|error| refuse(&format!("a time that exists: it {}", error.problem))),
                    None => Err(refuse(&format!("a time as `{pattern}` describes it"))),
                }
            }
            Clock::Unix(unit) => {
                let text = columns.text(self.time);
                let whole = text.parse::<i64>().ok().and_then(|number| number.checked_mul(*unit));
                let fraction = || {
                    let microseconds = text.parse::<f64>().ok()? * *unit as f64;
                    // Doubles tell microseconds apart up to 2^53, which is in the year 2255.
                    (microseconds.abs() <= f64::powi(2.0, 53)).then(|| microseconds.round() as i64)
                };
                let time = whole.or_else(fraction).and_then(UtcTime::from_microseconds);
                time.ok_or_else(|| refuse("a number since 1970, in the years 1 to 9999"))
            }
            Clock::Steps(start, step) => {
                let time = i64::try_from(row).ok().and_then(|row| row.checked_mul(*step));
                let time = time.and_then(|since| start.plus(since));
                time.ok_or_else(|| columns.refuse("the row would lie after the year 9999"))
            }
        }
    }
}

/// True when a pattern can be read; what it cannot say is refused row by row.
pub(super) fn is_pattern(pattern: &str) -> bool {
    let mut items = chrono::format::StrftimeItems::new(pattern);
    pattern.contains('%') && items.all(|item| !matches!(item, chrono::format::Item::Error))
}

fn read_pattern(text: &str, pattern: &str) -> Option<Written> {
    if ["%z", "%:z", "%#z", "%+"].iter().any(|offset| pattern.contains(offset)) {
        let time = chrono::DateTime::parse_from_str(text, pattern).ok()?;
        return Some(Written::Utc(UtcTime::from_naive(time.naive_utc())?, *time.offset()));
    }
    let time = chrono::NaiveDateTime::parse_from_str(text, pattern).ok();
    let midnight = || chrono::NaiveDate::parse_from_str(text, pattern).ok().map(Into::into);
    time.or_else(midnight).map(Written::Local)
}

/// Points as they are read, each after the one before.
#[derive(Default)]
pub(super) struct Points {
    times: Vec<UtcTime>,
    values: Vec<f64>,
    /// The time of the row before, whether it had a value or not.
    pub(super) last: Option<UtcTime>,
}

impl Points {
    /// Takes the next row. A row without a value is dropped and counted; a time that is not after the one before
    /// is refused with what is wrong.
    pub(super) fn push(
        &mut self,
        time: UtcTime,
        value: Option<f64>,
        account: &mut Account,
    ) -> Result<(), String> {
        self.skip(time)?;
        match value {
            Some(value) => {
                account.keep();
                self.times.push(time);
                self.values.push(value);
            }
            None => account.drop_row("null_value"),
        }
        Ok(())
    }

    /// Goes on to a time without taking a value.
    pub(super) fn skip(&mut self, time: UtcTime) -> Result<(), String> {
        if let Some(last) = self.last.filter(|&last| time <= last) {
            return Err(format!("{time} stands behind {last}: times ascend and each stands once"));
        }
        self.last = Some(time);
        Ok(())
    }

    /// The series.
    pub(super) fn finish(self, subject: Subject) -> Result<Environment, super::points::PointError> {
        Series::new(subject, self.times, self.values).map(Environment::Series)
    }
}

/// The start of rows that state no time themselves.
pub(super) fn needed_start(start: Option<super::Calendar>) -> Result<UtcTime, OptionError> {
    start.map(|start| start.start()).ok_or_else(|| OptionError {
        key: "start".to_owned(),
        problem: "is missing: the file states no times; allowed is the moment of its first row, such as \
                  2022-01-01T00:00:00+01:00"
            .to_owned(),
    })
}

/// A step in seconds as microseconds.
pub(super) fn step(seconds: f64) -> Result<i64, OptionError> {
    const LONGEST: f64 = 1e9;
    let microseconds = (seconds * 1e6).round();
    if microseconds >= 1.0 && seconds <= LONGEST {
        return Ok(microseconds as i64);
    }
    Err(OptionError::out_of_range("step_seconds", seconds, "from 0.000001 to 1e9 seconds"))
}

//! Any text table with a time and a value in each row, by a mapping of one's own. It is never recognised.
//!
//! ```toml
//! quantity = "electricity_price"     # needed: which quantity, by its name
//! value = "Preis"                    # needed: its column
//! unit = "EUR/MWh"                   # needed for prices and for `other`
//! time = "Datum"                     # its column; without it, `start` and `step_seconds` are needed
//! time_format = "%d.%m.%Y %H:%M"     # "iso" (the default), "unix_s", "unix_ms", "unix_us", or a pattern
//! time_zone = "Europe/Berlin"        # of times without an offset; UTC by default
//! factor = 10.0                      # by which values are multiplied, as cents per kWh are to be EUR/MWh
//! separator = ";"                    # "," by default
//! decimal = ","                      # "." by default
//! null = ["", "n/a"]                 # what stands where there is no value
//! ```
//!
//! Patterns are those of `strftime`: `%d` day, `%m` month, `%Y` year, `%H` hour, `%M` minute, `%S` second, `%z` offset.
//! Local times in a named zone follow its summer time: a time that clocks show twice is the earlier moment, then the
//! later one, in the order of the rows; a time that they never show is refused.

use std::path::Path;

use serde::Deserialize;

use super::columns::{Columns, NULLS};
use super::points::Subject;
use super::timed::{Clock, Timed, is_pattern, needed_start, step};
use super::{Account, Calendar, Environment, Head, Importer, Quantity, SeriesError, Zone};
use crate::OptionError;

/// One line of help.
pub const HELP: &str = "any table with a time and a value in each row; needs a mapping (docs/environment.md)";

/// The mapping.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What is measured; needed.
    pub quantity: Option<Quantity>,
    /// The column of the values; needed.
    pub value: Option<String>,
    /// The unit; needed for quantities that have none of their own.
    pub unit: Option<String>,
    /// The column of the times.
    pub time: Option<String>,
    /// How times are written.
    pub time_format: TimeFormat,
    /// The zone of times without an offset.
    pub time_zone: Zone,
    /// When the first row begins, where no column says it.
    pub start: Option<Calendar>,
    /// From one row to the next, where no column says it.
    pub step_seconds: Option<f64>,
    /// By which values are multiplied.
    pub factor: f64,
    /// Between columns.
    pub separator: char,
    /// Before the fraction of a value.
    pub decimal: char,
    /// What stands where there is no value.
    pub null: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            quantity: None,
            value: None,
            unit: None,
            time: None,
            time_format: TimeFormat::Iso,
            time_zone: Zone::utc(),
            start: None,
            step_seconds: None,
            factor: 1.0,
            separator: ',',
            decimal: '.',
            null: NULLS.map(str::to_owned).into(),
        }
    }
}

/// How times are written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum TimeFormat {
    /// As ISO 8601 does.
    Iso,
    /// As a number since 1970, of so many microseconds each.
    Unix(i64),
    /// As a pattern describes.
    Pattern(String),
}

impl TryFrom<String> for TimeFormat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "iso" => Ok(Self::Iso),
            "unix_s" => Ok(Self::Unix(1_000_000)),
            "unix_ms" => Ok(Self::Unix(1000)),
            "unix_us" => Ok(Self::Unix(1)),
            pattern if is_pattern(pattern) => Ok(Self::Pattern(text)),
            other => Err(format!(
                "{other:?} is no format of times: allowed are iso, unix_s, unix_ms, unix_us and patterns such as %d.%m.%Y %H:%M"
            )),
        }
    }
}

fn needed(key: &str, allowed: &str) -> OptionError {
    OptionError { key: key.to_owned(), problem: format!("is missing: allowed is {allowed}") }
}

/// The importer.
///
/// # Errors
/// When a part of the mapping is missing or contradicts another.
pub fn importer(options: Options) -> Result<impl Importer, OptionError> {
    let quantity = options.quantity.ok_or_else(|| {
        let names: Vec<&str> = Quantity::ALL.iter().map(|quantity| quantity.name()).collect();
        needed("quantity", &format!("one of {}", names.join(", ")))
    })?;
    let value = options.value.clone().ok_or_else(|| needed("value", "the column of the values"))?;
    let unit = match (quantity.unit(), &options.unit) {
        (Some(own), Some(unit)) if own != unit => {
            return Err(OptionError::out_of_range(
                "unit",
                unit,
                &format!("{own}; `factor` turns other units into it"),
            ));
        }
        (Some(own), _) => own.to_owned(),
        (None, Some(unit)) => unit.clone(),
        (None, None) => return Err(needed("unit", "the unit of the values, such as EUR/MWh")),
    };
    let without_time = || match options.step_seconds {
        Some(seconds) => Ok(Clock::Steps(needed_start(options.start)?, step(seconds)?)),
        None => Err(needed("time", "the column of the times, or `start` and `step_seconds` without it")),
    };
    let clock = match (&options.time, &options.time_format) {
        (None, _) => without_time()?,
        (Some(_), _) if options.start.is_some() || options.step_seconds.is_some() => {
            let allowed = "one of both: a column of times, or `start` and `step_seconds`";
            return Err(OptionError::out_of_range(
                "time",
                "together with `start` or `step_seconds`",
                allowed,
            ));
        }
        (Some(_), TimeFormat::Iso) => Clock::Iso(options.time_zone),
        (Some(_), TimeFormat::Unix(unit)) => Clock::Unix(*unit),
        (Some(_), TimeFormat::Pattern(pattern)) => Clock::Pattern(pattern.clone(), options.time_zone),
    };
    if !options.factor.is_finite() || options.factor == 0.0 {
        return Err(OptionError::out_of_range("factor", options.factor, "a number that is not 0"));
    }
    if options.separator == options.decimal || options.separator == '"' {
        let allowed = "a character that is neither `decimal` nor a quotation mark";
        return Err(OptionError::out_of_range("separator", options.separator, allowed));
    }
    let subject = Subject { quantity, unit, column: value };
    Ok(CsvSeries { options, subject, clock })
}

/// Never: only its user knows what is in such a file.
pub fn recognises(_: &Head) -> bool {
    false
}

struct CsvSeries {
    options: Options,
    subject: Subject,
    clock: Clock,
}

impl Importer for CsvSeries {
    fn read(&self, path: &Path, account: &mut Account) -> Result<Environment, SeriesError> {
        let columns = Columns::open(path, self.options.separator)?;
        let value = columns.find(&self.subject.column)?;
        let time = self.options.time.as_ref().map_or(Ok(value), |time| columns.find(time))?;
        let timed = Timed {
            factor: self.options.factor,
            nulls: self.options.null.clone(),
            decimal: self.options.decimal,
            ..Timed::new((time, self.clock.clone()), value, self.subject.clone())
        };
        timed.read(columns, account, |_, _| Ok(()))
    }
}

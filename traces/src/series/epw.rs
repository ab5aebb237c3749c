//! EnergyPlus weather files: a typical or a real year of one station, hour by hour.
//!
//! ```text
//! LOCATION,San.Jose-Mineta.Intl.AP,CA,USA,SRC-TMYx,724945,37.35900,-121.9240,-8.0,15.5
//! ... six more header lines ...
//! DATA PERIODS,1,1,Data,Sunday,1/ 1,12/31
//! 2012,1,1,1,0,?9?9...,6.10,3.30,82,101897,...
//! ```
//!
//! One file holds several quantities; the option `quantity` chooses `dry_bulb` (the default), `dew_point`,
//! `relative_humidity` or `pressure`. What the format defines as missing (99.9, 99.9, 999 and 999999) is dropped as
//! `missing_value`.
//!
//! *Time.* The months of a typical year come from different years, which therefore say nothing: the option
//! `year` names the year in which all of them are placed. Without it, that is 2023, which has no 29 February and
//! begins on a Sunday, as these files do. Hours are of local standard time all the year, in the zone of the header.
//! The row of hour `h` holds from `h` - 1 o'clock to `h` o'clock. A file must hold all the hours of its data
//! period; in a leap year, 29 February may be missing and is a gap then.

use std::path::Path;

use chrono::NaiveDate;
use serde::Deserialize;

use super::columns::Columns;
use super::points::{PointError, Subject};
use super::timed::Points;
use super::{Account, Environment, Head, Importer, Quantity, SeriesError, UtcTime, Zone};
use crate::OptionError;
use crate::import::ImportError;

/// One line of help.
pub const HELP: &str = "weather of EnergyPlus (.epw): temperature, humidity or pressure, hour by hour";

const COLUMNS: usize = 35;
const NAMES: [&str; 10] = [
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "flags",
    "dry bulb",
    "dew point",
    "relative humidity",
    "pressure",
];
const HEADER_LINES: usize = 8;
const HOURS_PER_DAY: usize = 24;
const MICROSECONDS_PER_HOUR: i64 = 3_600_000_000;

/// What to read, and in which year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The quantity.
    pub quantity: Quantity,
    /// The calendar year in which the rows are placed.
    pub year: i32,
}

impl Default for Options {
    fn default() -> Self {
        Self { quantity: Quantity::DryBulb, year: 2023 }
    }
}

/// Where a quantity stands, which values are possible, and which means that it is missing.
#[derive(Clone, Copy)]
struct Field {
    column: usize,
    lowest: f64,
    highest: f64,
    missing: f64,
}

/// The importer.
///
/// # Errors
/// When the files do not hold the quantity, or the year is not one of 1 to 9998.
pub fn importer(options: Options) -> Result<impl Importer, OptionError> {
    // Bounds and missing values are those of the description of the format.
    let (column, lowest, highest, missing) = match options.quantity {
        Quantity::DryBulb => (6, -70.0, 70.0, 99.9),
        Quantity::DewPoint => (7, -70.0, 70.0, 99.9),
        Quantity::RelativeHumidity => (8, 0.0, 110.0, 999.0),
        Quantity::Pressure => (9, 31_000.0, 120_000.0, 999_999.0),
        other => {
            let allowed = "dry_bulb, dew_point, relative_humidity and pressure";
            return Err(OptionError::out_of_range("quantity", other.name(), allowed));
        }
    };
    if !(1..=9998).contains(&options.year) {
        return Err(OptionError::out_of_range("year", options.year, "1 to 9998"));
    }
    Ok(Epw { options, field: Field { column, lowest, highest, missing } })
}

/// True when the first line tells a location.
pub fn recognises(head: &Head) -> bool {
    head.names.first().is_some_and(|first| first == "LOCATION")
}

struct Epw {
    options: Options,
    field: Field,
}

impl Importer for Epw {
    fn read(&self, path: &Path, account: &mut Account) -> Result<Environment, SeriesError> {
        let mut columns = Columns::without_header(path, ',')?;
        let (zone, hours) = self.header(&mut columns)?;
        let mut names: Vec<String> = NAMES.iter().map(ToString::to_string).collect();
        names.extend((NAMES.len()..COLUMNS).map(|column| format!("{}", column + 1)));
        columns.name(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let mut points = Points::default();
        while columns.next_row()? {
            account.read();
            let time = self.time(&columns, zone)?;
            let Field { column, lowest, highest, missing } = self.field;
            let value = columns.number(column, &[] as &[&str], '.')?;
            match value.filter(|&value| value != missing) {
                None => {
                    // Its hour counts for the order of times, but it is no value.
                    points.skip(time).map_err(|problem| columns.refuse(&problem))?;
                    account.drop_row("missing_value");
                }
                Some(value) if (lowest..=highest).contains(&value) => {
                    points.push(time, Some(value), account).map_err(|problem| columns.refuse(&problem))?;
                }
                Some(_) => {
                    let allowed = format!("{lowest} to {highest}, or {missing} where it is missing");
                    return Err(columns.wrong(column, &allowed).into());
                }
            }
        }
        let rows = usize::try_from(account.rows_read()).unwrap_or(usize::MAX);
        if !hours.contains(&rows) {
            let hours: Vec<String> = hours.iter().map(ToString::to_string).collect();
            let problem =
                format!("the file ends after {rows} rows: its data period has {}", hours.join(" or "));
            return Err(columns.refuse(&problem).into());
        }
        let subject = Subject::new(self.options.quantity, NAMES[self.field.column]);
        let fail = |source: PointError| SeriesError::Points { file: columns.file().to_owned(), source };
        points.finish(subject).map_err(fail)
    }
}

impl Epw {
    /// The zone of the station, and how many rows there may be.
    fn header(&self, columns: &mut Columns) -> Result<(Zone, Vec<usize>), ImportError> {
        let mut next = |number: usize, begins: &str| {
            let Some(line) = columns.text_line()? else {
                let problem = format!("the file ends in its header, which has {HEADER_LINES} lines");
                return Err(columns.refuse(&problem));
            };
            match line.starts_with(begins) {
                true => Ok(line),
                false => Err(columns.refuse(&format!("header line {number} begins with {begins:?}"))),
            }
        };
        let location = next(1, "LOCATION,")?;
        for number in 2..HEADER_LINES {
            next(number, "")?;
        }
        let period = next(HEADER_LINES, "DATA PERIODS,")?;
        let zone = zone_of(&location).ok_or_else(|| {
            columns.refuse("the ninth field of the location is its zone in hours from -12 to 14, by quarters")
        })?;
        let hours = self.hours_of(&period).ok_or_else(|| {
            columns.refuse("there is one data period with one row per hour, from month/day to month/day")
        })?;
        Ok((zone, hours))
    }

    /// The numbers of rows that the data period allows in the year.
    fn hours_of(&self, line: &str) -> Option<Vec<usize>> {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let [_, "1", "1", _, _, first, last] = fields[..] else { return None };
        // Some files write the year behind the day.
        let day = |text: &str| {
            let mut parts = text.split('/').map(|part| part.trim().parse::<u32>().ok());
            NaiveDate::from_ymd_opt(self.options.year, parts.next()??, parts.next()??)
        };
        let (first, last) = (day(first)?, day(last)?);
        let days = usize::try_from((last - first).num_days() + 1).ok().filter(|&days| days > 0)?;
        let mut hours = vec![days * HOURS_PER_DAY];
        let leap_day = NaiveDate::from_ymd_opt(self.options.year, 2, 29);
        if leap_day.is_some_and(|leap_day| (first..=last).contains(&leap_day)) {
            hours.insert(0, (days - 1) * HOURS_PER_DAY);
        }
        Some(hours)
    }

    /// When the row of this hour begins to hold.
    fn time(&self, columns: &Columns, zone: Zone) -> Result<UtcTime, ImportError> {
        let whole = |column: usize, highest: u32| {
            let number =
                columns.text(column).parse::<u32>().ok().filter(|number| (1..=highest).contains(number));
            number.ok_or_else(|| columns.wrong(column, &format!("a whole number from 1 to {highest}")))
        };
        let (month, day, hour) = (whole(1, 12)?, whole(2, 31)?, whole(3, HOURS_PER_DAY as u32)?);
        let date = NaiveDate::from_ymd_opt(self.options.year, month, day).ok_or_else(|| {
            columns.wrong(
                2,
                &format!("a day of month {month} of {}: the option `year` names another", self.options.year),
            )
        })?;
        let midnight = UtcTime::from_naive(date.into());
        let offset = i64::from(zone.offset_seconds(UtcTime::EPOCH)) * 1_000_000;
        let time = midnight.and_then(|time| time.plus(i64::from(hour - 1) * MICROSECONDS_PER_HOUR - offset));
        time.ok_or_else(|| columns.refuse("the row lies outside of the years 1 to 9999"))
    }
}

/// The zone in the location line, in hours to the east.
fn zone_of(line: &str) -> Option<Zone> {
    let fields = super::columns::split(line, ',')?;
    let quarters = fields.get(8)?.parse::<f64>().ok()? * 4.0;
    let is_zone = (-48.0..=56.0).contains(&quarters) && quarters.fract() == 0.0;
    is_zone.then(|| Zone::fixed(quarters as i32 * 900))?
}

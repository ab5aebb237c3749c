//! Hourly carbon data as CarbonScaler carries it: an older layout of Electricity Maps, with a hundred columns.
//!
//! ```text
//! datetime,...,timestamp,zone_name,carbon_intensity_avg,carbon_intensity_production_avg,...
//! 2020-01-01T00:00:00+00:00,...,1577836800,US-CAL-CISO,332.39,330.62,...
//! ```
//!
//! In gCO2eq/kWh: of what is consumed (`carbon_intensity_avg`), or by the option `intensity = "production"` of what
//! is generated in the zone. `timestamp` must say the same moment as `datetime`. One file is one zone.

use std::path::Path;

use serde::Deserialize;

use super::columns::Columns;
use super::points::Subject;
use super::timed::{Clock, Timed};
use super::{Account, Environment, Head, Importer, Quantity, SeriesError};
use crate::OptionError;
use crate::series::time::{Written, read_iso};

/// One line of help.
pub const HELP: &str = "hourly carbon intensity as CarbonScaler carries it";

const NEEDED: [&str; 4] = ["datetime", "timestamp", "zone_name", "carbon_intensity_avg"];
const MICROSECONDS_PER_SECOND: i64 = 1_000_000;

/// Which of the two intensities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Of which energy.
    pub intensity: Intensity,
}

/// Of which energy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intensity {
    /// Of what is consumed in the zone, imports with it.
    #[default]
    Consumption,
    /// Of what is generated in the zone.
    Production,
}

/// The importer.
///
/// # Errors
/// Never: both intensities are there.
pub fn importer(options: Options) -> Result<impl Importer, OptionError> {
    Ok(CarbonScaler { options })
}

/// True when the first line names what is needed.
pub fn recognises(head: &Head) -> bool {
    head.has(&NEEDED)
}

struct CarbonScaler {
    options: Options,
}

impl Importer for CarbonScaler {
    fn read(&self, path: &Path, account: &mut Account) -> Result<Environment, SeriesError> {
        let columns = Columns::open(path, ',')?;
        let name = match self.options.intensity {
            Intensity::Consumption => NEEDED[3],
            Intensity::Production => "carbon_intensity_production_avg",
        };
        let (time, unix) = (columns.find(NEEDED[0])?, columns.find(NEEDED[1])?);
        let (zone, value) = (columns.find(NEEDED[2])?, columns.find(name)?);
        let subject = Subject::new(Quantity::CarbonIntensity, name);
        let clock = (unix, Clock::Unix(MICROSECONDS_PER_SECOND));
        let mut first: Option<String> = None;
        Timed::new(clock, value, subject).read(columns, account, |columns, _| {
            let seconds = match read_iso(columns.text(time)) {
                Some(Written::Utc(moment, _)) => moment.microseconds() / MICROSECONDS_PER_SECOND,
                _ => {
                    return Err(
                        columns.wrong(time, "a time with an offset, such as 2020-01-01T00:00:00+00:00")
                    );
                }
            };
            if columns.text(unix) != seconds.to_string() {
                return Err(columns.wrong(unix, &format!("{seconds}, which is what `datetime` says")));
            }
            let of_row = columns.text(zone);
            match &first {
                Some(first) if first != of_row => {
                    Err(columns.wrong(zone, &format!("{first} as in the first row: one zone in one file")))
                }
                Some(_) => Ok(()),
                None => {
                    first = Some(of_row.to_owned());
                    Ok(())
                }
            }
        })
    }
}

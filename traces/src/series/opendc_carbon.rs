//! Carbon intensity as OpenDC reads it: a Parquet file of `timestamp` (milliseconds since 1970, or a date with a time)
//! and `carbon_intensity` (gCO2eq/kWh). Times without a zone are UTC. Rows without a value are dropped as `null_value`.

use std::path::Path;

use serde::Deserialize;

use super::parquet::{self, Asked};
use super::points::{LARGEST, Subject};
use super::timed::Points;
use super::{Account, Environment, Head, Importer, Quantity, SeriesError, UtcTime};
use crate::OptionError;

/// One line of help.
pub const HELP: &str = "carbon intensity of OpenDC (Parquet)";

const TIME: &str = "timestamp";
const VALUE: &str = "carbon_intensity";

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {}

/// The importer.
///
/// # Errors
/// Never: there is nothing to choose.
pub fn importer(_: Options) -> Result<impl Importer, OptionError> {
    Ok(OpendcCarbon)
}

/// True when these are the columns of a Parquet file.
pub fn recognises(head: &Head) -> bool {
    head.columns == [TIME, VALUE]
}

struct OpendcCarbon;

impl Importer for OpendcCarbon {
    fn read(&self, path: &Path, account: &mut Account) -> Result<Environment, SeriesError> {
        let asked = Asked { times: &[TIME], whole: &[], fractions: &[VALUE] };
        let foreign = parquet::read(path, &asked)?;
        let cell = |row, column, value: String, allowed: &str| {
            let (file, allowed) = (foreign.file.clone(), allowed.to_owned());
            SeriesError::Cell { file, row, column, value, allowed }
        };
        let mut points = Points::default();
        for (row, (&time, &value)) in foreign.whole[0].iter().zip(&foreign.fractions[0]).enumerate() {
            account.read();
            let moment = time.and_then(UtcTime::from_microseconds).ok_or_else(|| {
                let shown = time.map_or("null".to_owned(), |time| format!("{time} microseconds"));
                cell(row, TIME, shown, "a moment in the years 1 to 9999")
            })?;
            if let Some(value) = value.filter(|value| value.is_nan() || value.abs() > LARGEST) {
                return Err(cell(row, VALUE, value.to_string(), "a number from -1e18 to 1e18, or null"));
            }
            if let Some(last) = points.last.filter(|&last| moment <= last) {
                let allowed = format!("a moment after the {last} of the row before");
                return Err(cell(row, TIME, moment.to_string(), &allowed));
            }
            points.push(moment, value, account).expect("the order was checked");
        }
        let subject = Subject::new(Quantity::CarbonIntensity, VALUE);
        points.finish(subject).map_err(|source| SeriesError::Points { file: foreign.file.clone(), source })
    }
}

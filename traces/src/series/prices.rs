//! Hourly wholesale prices of electricity, as Ember publishes and SustainCluster carries them.
//!
//! ```text
//! Datetime (UTC),Datetime (Local),Price (USD/MWh)
//! 2023-01-01 00:00:00+00:00,2023-01-01 01:00:00+01:00,-3.3622368
//! ```
//!
//! The header names the currency. Prices may be negative. The UTC column counts; where the local one states its
//! offset too, it must say the same moment.

use std::path::Path;

use serde::Deserialize;

use super::columns::Columns;
use super::points::Subject;
use super::time::{Written, read_iso};
use super::timed::{Clock, Timed};
use super::{Account, Environment, Head, Importer, Quantity, SeriesError, Zone};
use crate::OptionError;

/// One line of help.
pub const HELP: &str = "hourly prices of electricity (`Price (USD/MWh)`), as SustainCluster carries them";

const TIME: &str = "Datetime (UTC)";
const LOCAL: &str = "Datetime (Local)";

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {}

/// The importer.
///
/// # Errors
/// Never: there is nothing to choose.
pub fn importer(_: Options) -> Result<impl Importer, OptionError> {
    Ok(Prices)
}

/// True when the first line names the time and a price.
pub fn recognises(head: &Head) -> bool {
    head.has(&[TIME]) && head.names.iter().any(|name| unit(name).is_some())
}

/// The unit in the name of a column, such as `USD/MWh` in `Price (USD/MWh)`. Some write `MWhe`.
fn unit(column: &str) -> Option<String> {
    let inside = column.strip_prefix("Price (")?.strip_suffix(')')?;
    let currency = inside.strip_suffix("/MWh").or_else(|| inside.strip_suffix("/MWhe"))?;
    let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    is_code.then(|| format!("{currency}/MWh"))
}

struct Prices;

impl Importer for Prices {
    fn read(&self, path: &Path, account: &mut Account) -> Result<Environment, SeriesError> {
        let columns = Columns::open(path, ',')?;
        let value = columns.find_where("`Price (CURRENCY/MWh)`", |name| unit(name).is_some())?;
        let (time, local) = (columns.find(TIME)?, columns.header().iter().position(|name| name == LOCAL));
        let name = columns.header()[value].clone();
        let unit = unit(&name).expect("the column was found by it");
        let subject = Subject { quantity: Quantity::ElectricityPrice, unit, column: name };
        Timed::new((time, Clock::Iso(Zone::utc())), value, subject).read(columns, account, |columns, _| {
            let Some(local) = local else { return Ok(()) };
            let (utc, local_moment) = (read_iso(columns.text(time)), read_iso(columns.text(local)));
            match (utc, local_moment) {
                (Some(Written::Utc(utc, _)), Some(Written::Utc(moment, _))) if utc != moment => {
                    Err(columns.wrong(local, &format!("the moment {utc}, which is what `{TIME}` says")))
                }
                _ => Ok(()),
            }
        })
    }
}

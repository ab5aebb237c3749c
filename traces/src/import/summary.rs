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

    /// How many rows of data there were.
    pub fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// The finished account.
    pub fn summary(self, importer: &str, workload: &Workload) -> ImportSummary {
        let dropped: u64 = self.rows_dropped.values().sum();
        assert_eq!(self.rows_read, self.rows_kept + dropped, "every row is kept or dropped");
        ImportSummary {
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

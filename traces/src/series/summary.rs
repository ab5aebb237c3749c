//! What an importer of series met, and what came out of it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Environment, Failures, Series};

/// The account of one import. Its JSON begins with these keys in this order.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SeriesSummary {
    /// Name of the importer.
    pub importer: String,
    /// Rows of data, without headers and empty lines.
    pub rows_read: u64,
    /// Rows that became points.
    pub rows_kept: u64,
    /// Rows that did not, by reason.
    pub rows_dropped: BTreeMap<&'static str, u64>,
    /// Points, or failures.
    pub points: u64,
    /// From the first to the last of them.
    pub span_seconds: f64,
    /// What is measured.
    pub quantity: String,
    /// In which unit.
    pub unit: String,
    /// When the first value begins to hold: a moment in UTC, or for failures a time since their beginning.
    pub first: String,
    /// When the last value begins to hold.
    pub last: String,
    /// Where the next point comes later than 1.5 local steps.
    pub gaps: u64,
    /// The smallest value.
    pub minimum: f64,
    /// The mean of all values, each counted once.
    pub mean: f64,
    /// The largest value.
    pub maximum: f64,
    /// The mean of all values, each counted for as long as it holds; gaps do not count.
    pub mean_over_time: f64,
    /// How long all gaps together are.
    pub gap_seconds: f64,
    /// The nominal steps, each with the number of stretches that have it.
    pub steps: Vec<StepCount>,
    /// The column of the source.
    pub column: String,
    /// What the file states about itself.
    pub facts: BTreeMap<&'static str, u64>,
}

/// How often a nominal step stands in a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct StepCount {
    /// The step.
    pub seconds: f64,
    /// In how many stretches.
    pub stretches: u64,
    /// How many points have it.
    pub points: u64,
}

/// Counts rows during an import.
#[derive(Clone, Debug, Default)]
pub struct Account {
    rows_read: u64,
    rows_kept: u64,
    rows_dropped: BTreeMap<&'static str, u64>,
    facts: BTreeMap<&'static str, u64>,
}

impl Account {
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

    /// One more of what the file states about itself.
    pub fn count(&mut self, fact: &'static str) {
        *self.facts.entry(fact).or_default() += 1;
    }

    /// How many rows of data there were.
    pub fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// The finished account.
    pub fn summary(self, importer: &str, environment: &Environment) -> SeriesSummary {
        let dropped: u64 = self.rows_dropped.values().sum();
        assert_eq!(self.rows_read, self.rows_kept + dropped, "every row is kept or dropped");
        SeriesSummary {
            rows_read: self.rows_read,
            rows_kept: self.rows_kept,
            rows_dropped: self.rows_dropped,
            facts: self.facts,
            ..SeriesSummary::of(importer, environment)
        }
    }
}

impl SeriesSummary {
    /// What can be told of a series that is read from its canonical directory: every row is a point.
    pub fn of(importer: &str, environment: &Environment) -> Self {
        let summary = match environment {
            Environment::Series(series) => of_series(series),
            Environment::Failures(failures) => of_failures(failures),
        };
        Self {
            importer: importer.to_owned(),
            rows_read: summary.points,
            rows_kept: summary.points,
            ..summary
        }
    }
}

/// The factor by which summaries tell gaps.
const GAP_FACTOR: f64 = 1.5;
const MICROSECONDS_PER_SECOND: f64 = 1e6;

fn of_series(series: &Series) -> SeriesSummary {
    let (times, values) = (series.times(), series.values());
    let (first, last) = (times[0], times[times.len() - 1]);
    let seconds = |microseconds: i64| microseconds as f64 / MICROSECONDS_PER_SECOND;
    let gaps = series.gaps(GAP_FACTOR);
    let in_gaps: i64 = gaps.iter().map(|gap| gap.until.microseconds() - gap.from.microseconds()).sum();
    SeriesSummary {
        points: values.len() as u64,
        span_seconds: seconds(last.microseconds() - first.microseconds()),
        quantity: series.subject().quantity.name().to_owned(),
        unit: series.subject().unit.clone(),
        first: first.to_string(),
        last: last.to_string(),
        gaps: gaps.len() as u64,
        mean_over_time: mean_over_time(series),
        gap_seconds: seconds(in_gaps),
        steps: steps(series),
        column: series.subject().column.clone(),
        ..of_values(values)
    }
}

fn of_failures(failures: &Failures) -> SeriesSummary {
    let events = failures.events();
    let shares: Vec<f64> = events.iter().map(|event| event.share).collect();
    let starts = || events.iter().map(|event| event.start);
    let (first, last) = (starts().next().unwrap_or_default(), starts().next_back().unwrap_or_default());
    let held: f64 = events.iter().map(|event| event.share * event.duration.seconds()).sum();
    let down: f64 = events.iter().map(|event| event.duration.seconds()).sum();
    SeriesSummary {
        points: events.len() as u64,
        span_seconds: last.seconds() - first.seconds(),
        quantity: "failures".to_owned(),
        unit: "share of hosts".to_owned(),
        first: first.to_string(),
        last: last.to_string(),
        mean_over_time: if down > 0.0 { held / down } else { 0.0 },
        ..of_values(&shares)
    }
}

fn of_values(values: &[f64]) -> SeriesSummary {
    SeriesSummary {
        minimum: values.iter().copied().reduce(f64::min).unwrap_or(0.0),
        mean: values.iter().sum::<f64>() / values.len().max(1) as f64,
        maximum: values.iter().copied().reduce(f64::max).unwrap_or(0.0),
        ..SeriesSummary::default()
    }
}

fn mean_over_time(series: &Series) -> f64 {
    let mut gaps = series.gaps(GAP_FACTOR).into_iter().peekable();
    let (mut sum, mut held) = (0.0, 0.0);
    for (point, &value) in series.values().iter().enumerate() {
        let start = series.times()[point];
        let end = match gaps.next_if(|gap| gap.point == point) {
            Some(gap) => gap.from,
            None => series.times().get(point + 1).copied().unwrap_or_else(|| series.end()),
        };
        let seconds = (end.microseconds() - start.microseconds()) as f64 / MICROSECONDS_PER_SECOND;
        sum += value * seconds;
        held += seconds;
    }
    sum / held
}

fn steps(series: &Series) -> Vec<StepCount> {
    let mut counts: BTreeMap<i64, StepCount> = BTreeMap::new();
    for stretch in series.stretches() {
        let count = counts.entry(stretch.step_us).or_default();
        count.seconds = stretch.step_us as f64 / MICROSECONDS_PER_SECOND;
        count.stretches += 1;
        count.points += stretch.points as u64;
    }
    counts.into_values().collect()
}

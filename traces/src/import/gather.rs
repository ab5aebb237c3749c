//! From rows to a workload: what all importers do with what they have read.

use rustc_hash::FxHashMap;
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{JobSpec, TaskSpec, Workload, WorkloadBuilder, WorkloadError};

use super::{ImportError, Tally};

/// Bytes of a gibibyte, for [`memory_mib_of`].
pub(super) const GIB: f64 = 1_073_741_824.0;

/// Collects tasks on the source's own clock, in any order, in as little memory as the workload itself takes.
/// The first submission becomes time 0 and the origin; equal times keep the order in which tasks were added.
#[derive(Debug, Default)]
pub(super) struct Gatherer {
    builder: WorkloadBuilder,
    tenants: FxHashMap<Box<str>, u32>,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    pub(super) line: u64,
}

impl Place<'_> {
    /// What is wrong with the row, when it is no task.
    pub(super) fn refuse(self, source: WorkloadError) -> ImportError {
        ImportError::Task { file: self.file.to_owned(), line: self.line, source }
    }
}

impl Gatherer {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The number of a tenant, by first appearance.
    pub(super) fn tenant(&mut self, name: &str) -> u32 {
        if let Some(&known) = self.tenants.get(name) {
            return known;
        }
        let next = self.tenants.len() as u32;
        self.tenants.insert(name.into(), next);
        next
    }

    /// Adds a job of one task; `submit` and the recorded start are on the source's clock.
    pub(super) fn task(
        &mut self,
        place: Place<'_>,
        submit: SimTime,
        tenant: u32,
        task: TaskSpec,
    ) -> Result<(), ImportError> {
        let job = JobSpec { submit, tenant, is_gang: false };
        self.builder.add_task(job, task).map_err(|source| place.refuse(source))
    }

    /// Adds a job with its tasks.
    pub(super) fn job(
        &mut self,
        place: Place<'_>,
        job: JobSpec,
        tasks: impl IntoIterator<Item = TaskSpec>,
    ) -> Result<(), ImportError> {
        self.builder.add_job(job, tasks).map_err(|source| place.refuse(source))
    }

    /// How many tasks were added.
    pub(super) fn task_count(&self) -> usize {
        self.builder.task_count()
    }

    /// States that one task follows another; both counted from 0 in order of adding.
    pub(super) fn follows(&mut self, place: Place<'_>, task: u32, on: u32) -> Result<(), ImportError> {
        self.builder.add_dependency(task, on).map_err(|source| place.refuse(source))
    }

    /// The workload; refuses a source in which there was no row at all.
    pub(super) fn finish(self, place: Place<'_>, tally: &Tally) -> Result<Workload, ImportError> {
        if tally.rows_read() == 0 {
            let problem = "there is no row of data: at least one is expected".to_owned();
            return Err(ImportError::Line { file: place.file.to_owned(), line: place.line.max(1), problem });
        }
        Ok(self.builder.finish_from_first_submission())
    }
}

/// A life that the source saw from `start` to `end`, of which the part before the source's own beginning is cut off:
/// who was there when the trace began is submitted when it began, with what was left of its life. Nothing is left of
/// a life that ended before.
pub(super) fn seen_from(beginning: f64, start: f64, end: f64) -> Option<(f64, f64)> {
    (end >= beginning).then(|| (start.max(beginning), end))
}

/// So many units of so many seconds, when that is a length of time.
pub(super) fn duration_of(number: f64, unit_seconds: f64) -> Option<SimDuration> {
    SimDuration::from_seconds(number * unit_seconds)
}

/// Cores as thousandths, rounded to the nearest, when they fit.
pub(super) fn cpu_milli_of(cores: f64) -> Option<u32> {
    rounded(cores * 1000.0)
}

/// Mebibytes from bytes in units of `unit_bytes`, rounded up, when they fit.
pub(super) fn memory_mib_of(number: f64, unit_bytes: f64) -> Option<u32> {
    const MIB: f64 = 1024.0 * 1024.0;
    rounded((number * unit_bytes / MIB).ceil())
}

/// To the nearest whole number, when it is one that memory and cpu can be.
pub(super) fn rounded(number: f64) -> Option<u32> {
    let rounded = number.round();
    (0.0..=f64::from(u32::MAX)).contains(&rounded).then_some(rounded as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_become_thousandths_and_mebibytes() {
        assert_eq!((cpu_milli_of(0.5), cpu_milli_of(-1.0), cpu_milli_of(5e6)), (Some(500), None, None));
        // 1.75 GB of 10^9 bytes are 1668.9 MiB; 2 GiB are 2048.
        assert_eq!((memory_mib_of(1.75, 1e9), memory_mib_of(2.0, GIB)), (Some(1669), Some(2048)));
        assert_eq!(memory_mib_of(f64::NAN, 1.0), None);
    }

    #[test]
    fn the_first_submission_is_the_origin() {
        let mut gatherer = Gatherer::new();
        let place = Place { file: "f", line: 1 };
        let mut tally = Tally::default();
        for submit in [9, 7] {
            tally.read();
            let tenant = gatherer.tenant("t");
            gatherer.task(place, SimTime(submit), tenant, TaskSpec::default()).expect("valid");
        }
        let workload = gatherer.finish(place, &tally).expect("there are rows");
        assert_eq!((workload.origin(), workload.last_submit()), (SimTime(7), SimTime(2)));
    }

    #[test]
    fn what_ended_before_the_trace_began_is_none_of_it() {
        assert_eq!(seen_from(0.0, -5.0, 7.0), Some((0.0, 7.0)));
        assert_eq!(seen_from(0.0, -5.0, -1.0), None);
        assert_eq!(seen_from(10.0, 12.0, 12.0), Some((12.0, 12.0)));
    }
}

//! Carrying jobs of one workload into another, with everything that is known of them.

use std::collections::BTreeMap;

use sim::kernel::ids::{Id, JobId};
use sim::kernel::time::SimTime;
use sim::workload::{JobSpec, MixEntry, Recorded, TaskSpec, Workload, WorkloadBuilder};

use super::TransformError;

/// A workload in the making, out of the jobs of another one.
pub(super) struct Carry<'a> {
    transform: &'static str,
    source: &'a Workload,
    builder: WorkloadBuilder,
    /// Of each job that was added, its number in the source and where its first task went, in order of adding.
    /// Only sources with dependencies need it.
    places: BTreeMap<JobId, Vec<u32>>,
}

impl<'a> Carry<'a> {
    /// Nothing yet; the mix is that of the source.
    pub(super) fn new(transform: &'static str, source: &'a Workload, origin: SimTime) -> Self {
        let mut builder = WorkloadBuilder::new();
        builder.set_origin(origin);
        builder.set_mix(source.mix().to_vec());
        Self { transform, source, builder, places: BTreeMap::new() }
    }

    /// States another mix, where demands themselves change.
    pub(super) fn set_mix(&mut self, mix: Vec<MixEntry>) {
        self.builder.set_mix(mix);
    }

    /// How many tasks were added.
    pub(super) fn task_count(&self) -> usize {
        self.builder.task_count()
    }

    /// Adds a job, submitted at another moment. What is recorded of its tasks moves along.
    pub(super) fn add(&mut self, job: JobId, submit: SimTime) -> Result<(), TransformError> {
        self.add_with(job, submit, |task| task)
    }

    /// Adds another copy of a job: nothing is recorded of it.
    pub(super) fn add_copy(&mut self, job: JobId, submit: SimTime) -> Result<(), TransformError> {
        self.add_with(job, submit, |task| TaskSpec { recorded: None, ..task })
    }

    /// Adds a job with changed tasks.
    pub(super) fn add_with(
        &mut self,
        job: JobId,
        submit: SimTime,
        mut change: impl FnMut(TaskSpec) -> TaskSpec,
    ) -> Result<(), TransformError> {
        let source = self.source;
        let before = source.job_submit(job);
        let first = self.builder.task_count() as u32;
        let tasks = source.job_tasks(job).map(|task| {
            let spec = source.task_spec(task);
            let recorded = spec
                .recorded
                .map(|recorded| Recorded { start: submit + recorded.start.since(before), ..recorded });
            change(TaskSpec { recorded, ..spec })
        });
        let transform = self.transform;
        self.builder
            .add_job(JobSpec { submit, ..source.job_spec(job) }, tasks)
            .map_err(|source| TransformError::Workload { transform, source })?;
        if !source.dependencies().is_empty() {
            self.places.entry(job).or_default().push(first);
        }
        Ok(())
    }

    /// The workload. Within a job, each copy keeps its dependencies; between jobs, those that were added first do.
    pub(super) fn finish(mut self) -> Workload {
        let source = self.source;
        for &(task, on) in source.dependencies() {
            let (job, other) = (source.job(task), source.job(on));
            let position = |task: sim::kernel::ids::TaskId| {
                let first = source.job_tasks(source.job(task)).next().expect("a job has tasks");
                (task.index() - first.index()) as u32
            };
            let places = |job: JobId| self.places.get(&job).map_or(&[][..], Vec::as_slice);
            let pairs: Vec<(u32, u32)> = match job == other {
                true => places(job).iter().map(|&place| (place, place)).collect(),
                false => {
                    places(job).first().copied().zip(places(other).first().copied()).into_iter().collect()
                }
            };
            for (place, on_place) in pairs {
                self.builder
                    .add_dependency(place + position(task), on_place + position(on))
                    .expect("both tasks were added, and differ as they did in the source");
            }
        }
        self.builder.finish()
    }

    /// The workload, or a refusal when nothing was added.
    pub(super) fn finish_unless_empty(self, advice: &'static str) -> Result<Workload, TransformError> {
        match self.builder.task_count() {
            0 => Err(TransformError::NothingLeft {
                transform: self.transform,
                jobs: self.source.job_count(),
                advice,
            }),
            _ => Ok(self.finish()),
        }
    }
}

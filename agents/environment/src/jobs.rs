//! Jobs of a batch log as columns, for whoever plays them very often.

use policies::order::queue_features::Fixed;
use sim::kernel::rng::Stream;
use sim::kernel::time::SimDuration;
use sim::workload::Workload;

/// Jobs of one task each, in order of submission.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Jobs {
    /// Microseconds since the episode began.
    pub(crate) submit: Vec<u64>,
    pub(crate) run: Vec<u64>,
    /// As declared.
    pub(crate) estimate: Vec<u64>,
    pub(crate) milli: Vec<u32>,
    pub(crate) fixed: Vec<Fixed>,
}

/// Jobs from which sequences are drawn, and the pool that they run on.
#[derive(Clone, Debug)]
pub struct PoolSource {
    /// The jobs.
    pub jobs: Jobs,
    /// Thousandths of a processor of the pool.
    pub pool_milli: u32,
    /// How often it is drawn from, relative to the others.
    pub share: f64,
}

impl PoolSource {
    /// Draws one of several by their shares, and the place of the first job of a sequence of so many.
    ///
    /// # Panics
    /// When there is none, or one with fewer jobs than a sequence has.
    pub fn draw<'a>(sources: &'a [Self], sequence_jobs: usize, random: &mut Stream) -> (&'a Self, usize) {
        let mut at = random.unit() * sources.iter().map(|source| source.share).sum::<f64>();
        let is_there = |source: &&Self| {
            at -= source.share;
            at < 0.0
        };
        let source = sources.iter().find(is_there).unwrap_or(&sources[sources.len() - 1]);
        (source, random.below(source.jobs.len() - sequence_jobs + 1))
    }
}

/// Why a workload is no queue of a pool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// Somebody never said how long they run.
    #[error("{missing} of {total} tasks have no declared run time, and orders on a pool are learned from it")]
    NoEstimate {
        /// How many.
        missing: usize,
        /// Of how many.
        total: usize,
    },
    /// More than a pool knows.
    #[error("task {task} {what}; on a pool, a job is one task that asks for processors and nothing else")]
    NotABatchJob {
        /// Which task, counted from 0.
        task: usize,
        /// What it is or wants.
        what: &'static str,
    },
    /// Somebody is larger than the pool.
    #[error("task {task} asks for {asked_milli} thousandths of a processor, and the pool has {pool_milli}")]
    TooLarge {
        /// Which task, counted from 0.
        task: usize,
        /// What it asks for.
        asked_milli: u32,
        /// What there is.
        pool_milli: u32,
    },
}

impl Jobs {
    /// The jobs of a workload, for a pool of so many thousandths of a processor.
    ///
    /// # Errors
    /// When somebody declares no run time, asks for more than processors, has patience or use over time, is one of several
    /// tasks of a job, or is larger than the pool.
    pub fn of(workload: &Workload, pool_milli: u32) -> Result<Self, PoolError> {
        let (missing, total) = (workload.tasks_without_estimate(), workload.task_count());
        if missing > 0 {
            return Err(PoolError::NoEstimate { missing, total });
        }
        let mut jobs = Self::default();
        for (index, task) in workload.tasks().enumerate() {
            let demand = workload.demand(task);
            let odd = [
                (demand.devices.is_some(), "asks for devices"),
                (workload.patience(task).is_some(), "has patience"),
                (workload.is_censored(task), "never ends"),
                (workload.job_tasks(workload.job(task)).len() > 1, "is one of several of its job"),
            ];
            if let Some(&(_, what)) = odd.iter().find(|(is_so, _)| *is_so) {
                return Err(PoolError::NotABatchJob { task: index, what });
            }
            if demand.cpu_milli > pool_milli {
                return Err(PoolError::TooLarge { task: index, asked_milli: demand.cpu_milli, pool_milli });
            }
            let estimate = workload.estimate(task).unwrap_or_default();
            jobs.push([workload.submit(task).0, workload.work(task).0, estimate.0], demand.cpu_milli);
        }
        Ok(jobs)
    }

    /// Adds one that is submitted no earlier than those here: its submission, its run time and its declared run time in
    /// microseconds, and its thousandths of a processor.
    pub fn push(&mut self, [submit, run, estimate]: [u64; 3], milli: u32) {
        self.submit.push(submit);
        self.run.push(run);
        self.estimate.push(estimate);
        self.milli.push(milli);
        let estimate = SimDuration(estimate).seconds() as f32;
        self.fixed.push(Fixed::of(estimate, milli as f32 / 1000.0));
    }

    /// Keeps so many of the first ones.
    pub fn truncate(&mut self, count: usize) {
        self.submit.truncate(count);
        self.run.truncate(count);
        self.estimate.truncate(count);
        self.milli.truncate(count);
        self.fixed.truncate(count);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.submit.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.submit.is_empty()
    }

    /// Some of them, with the first one submitted at the beginning.
    ///
    /// # Panics
    /// When they do not lie within.
    pub fn window(&self, first: usize, count: usize) -> Self {
        let range = first..first + count;
        let begin = self.submit[first];
        Self {
            submit: self.submit[range.clone()].iter().map(|submit| submit - begin).collect(),
            run: self.run[range.clone()].to_vec(),
            estimate: self.estimate[range.clone()].to_vec(),
            milli: self.milli[range.clone()].to_vec(),
            fixed: self.fixed[range].to_vec(),
        }
    }

    /// The declared run time of a job in seconds, its processors, and its submission in seconds.
    pub fn facts(&self, job: usize) -> [f64; 3] {
        let seconds = |microseconds: u64| microseconds as f64 / 1e6;
        [seconds(self.estimate[job]), f64::from(self.milli[job]) / 1000.0, seconds(self.submit[job])]
    }

    /// Adds those of another list, so many microseconds after the last one here.
    pub fn append(&mut self, other: &Self, after: u64) {
        let shift = self.submit.last().map_or(0, |last| last + after);
        self.submit.extend(other.submit.iter().map(|submit| submit + shift));
        self.run.extend(&other.run);
        self.estimate.extend(&other.estimate);
        self.milli.extend(&other.milli);
        self.fixed.extend(&other.fixed);
    }

    /// Microseconds between the submissions of a job and of the one before it.
    ///
    /// # Panics
    /// For the first job.
    pub fn gap(&self, job: usize) -> u64 {
        self.submit[job] - self.submit[job - 1]
    }
}

//! Transforms: a part of a workload, or the same work under other arrivals.
//!
//! Whatever is taken from a workload, the mix stays that of the workload it was taken from: what is known
//! about a source as a whole does not change because only a part of it is played.

use serde::{Deserialize, Serialize};
use sim::kernel::ids::{Id, JobId, TaskId};
use sim::kernel::rng::Seed;
use sim::kernel::time::{SimDuration, SimTime};
use sim::resources::DeviceClass;
use sim::workload::{JobSpec, TaskSpec, Workload, WorkloadBuilder, WorkloadError};

/// One transform, as configs state it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// A window of consecutive jobs, another one for each seed.
    Window(Window),
    /// Devices filled up to a load, without departures.
    Fill(Fill),
    /// Arrivals closer together.
    Compress(Compress),
    /// The first jobs only.
    Limit(Limit),
}

/// Takes `count` consecutive jobs: seed k takes those from `first_jobs[k]` on. The first of them is submitted
/// at 0; the origin moves along, so that origin + submit is still the source's own time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Where the windows begin, in jobs of the workload counted from 0.
    pub first_jobs: Vec<usize>,
    /// How many jobs each of them has.
    pub count: usize,
}

/// Fills a cluster with GPU work until its requests come to a percentage of the GPUs, as the experiments of
/// Weng et al. (Beware of Fragmentation, ATC 2023) do.
///
/// Tasks are ordered by name (tasks without one as in the workload), then shuffled. While they ask for more
/// than the percentage, random tasks are removed; otherwise copies of random tasks of the original workload
/// are appended until the next one would exceed it. That check counts what the task asks of *one* GPU, the
/// sum counts all its GPUs, as in the published program. Tasks are submitted one per second and never end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// Thousandths of all GPUs of the cluster.
    pub device_milli_capacity: u64,
    /// Percent of them that the tasks ask for.
    pub percent: f64,
}

/// Divides submit times by a factor; run times stay. A factor below 1 stretches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compress {
    /// Above 0.
    pub factor: f64,
}

/// Keeps the first jobs, as long as they have no more than `tasks` tasks together. A shorter workload stays
/// as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// At least 1.
    pub tasks: usize,
}

/// Why a workload cannot be transformed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TransformError {
    /// An option that is not allowed.
    #[error("transform {transform}, key `{key}`: {value} is not allowed, only {allowed}")]
    Option {
        /// The transform.
        transform: &'static str,
        /// The key.
        key: &'static str,
        /// What stood there.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// No window for this seed.
    #[error(
        "transform window, key `first_jobs`: there is no window for seed {seed}, allowed are seeds below {windows}"
    )]
    NoWindow {
        /// The seed.
        seed: u64,
        /// How many windows there are.
        windows: usize,
    },
    /// Nothing to fill the devices with.
    #[error(
        "transform fill, key `percent`: no task of the workload asks for a GPU, so that no number of copies reaches it"
    )]
    NothingToFillWith,
    /// The result is no workload.
    #[error("transform {transform}: {source}")]
    Workload {
        /// The transform.
        transform: &'static str,
        /// What is wrong with it.
        source: WorkloadError,
    },
}

/// Transforms a workload. Equal seeds give equal workloads.
///
/// # Errors
/// When an option is out of its range for this workload and seed.
pub fn apply(workload: &Workload, transform: &Transform, seed: Seed) -> Result<Workload, TransformError> {
    match transform {
        Transform::Window(window) => window.apply(workload, seed),
        Transform::Fill(fill) => fill.apply(workload, seed),
        Transform::Compress(compress) => compress.apply(workload),
        Transform::Limit(limit) => limit.apply(workload),
    }
}

fn refusal(
    transform: &'static str,
    key: &'static str,
    value: impl ToString,
    allowed: impl ToString,
) -> TransformError {
    TransformError::Option { transform, key, value: value.to_string(), allowed: allowed.to_string() }
}

/// A builder that knows the mix of its source.
fn builder(source: &Workload, origin: SimTime) -> WorkloadBuilder {
    let mut builder = WorkloadBuilder::new();
    builder.set_origin(origin);
    builder.set_mix(source.mix().to_vec());
    builder
}

/// Adds one job of a source, submitted at another time.
fn add(
    builder: &mut WorkloadBuilder,
    source: &Workload,
    job: JobId,
    submit: SimTime,
) -> Result<(), WorkloadError> {
    let tasks = source.job_tasks(job).map(|task| source.task_spec(task));
    builder.add_job(JobSpec { submit, ..source.job_spec(job) }, tasks)
}

impl Window {
    fn apply(&self, source: &Workload, seed: Seed) -> Result<Workload, TransformError> {
        let windows = self.first_jobs.len();
        let first = usize::try_from(seed.0).ok().and_then(|index| self.first_jobs.get(index).copied());
        let first = first.ok_or(TransformError::NoWindow { seed: seed.0, windows })?;
        let jobs = source.job_count();
        if self.count == 0 || self.count > jobs {
            return Err(refusal(
                "window",
                "count",
                self.count,
                format!("1 to the {jobs} jobs of the workload"),
            ));
        }
        if first > jobs - self.count {
            let allowed = format!("0 to {}, so that {} of {jobs} jobs follow", jobs - self.count, self.count);
            return Err(refusal("window", "first_jobs", first, allowed));
        }
        let begin = source.job_submit(JobId::from_index(first)).since(SimTime::ZERO);
        let mut builder = builder(source, source.origin() + begin);
        for index in first..first + self.count {
            let job = JobId::from_index(index);
            let submit = SimTime::ZERO + (source.job_submit(job).since(SimTime::ZERO) - begin);
            add(&mut builder, source, job, submit)
                .map_err(|source| TransformError::Workload { transform: "window", source })?;
        }
        Ok(builder.finish())
    }
}

impl Compress {
    fn apply(&self, source: &Workload) -> Result<Workload, TransformError> {
        if !(self.factor.is_finite() && self.factor > 0.0) {
            return Err(refusal("compress", "factor", self.factor, "a number above 0"));
        }
        let mut builder = builder(source, source.origin());
        for job in source.jobs() {
            let submit = SimTime::from_seconds(source.job_submit(job).seconds() / self.factor)
                .ok_or(WorkloadError::TooLong)
                .and_then(|submit| add(&mut builder, source, job, submit));
            submit.map_err(|source| TransformError::Workload { transform: "compress", source })?;
        }
        Ok(builder.finish())
    }
}

impl Limit {
    fn apply(&self, source: &Workload) -> Result<Workload, TransformError> {
        let first = source.jobs().next().map_or(1, |job| source.job_tasks(job).len());
        if self.tasks < first {
            return Err(refusal(
                "limit",
                "tasks",
                self.tasks,
                format!("{first} or more, as the first job has"),
            ));
        }
        let mut builder = builder(source, source.origin());
        for job in source.jobs() {
            if builder.task_count() + source.job_tasks(job).len() > self.tasks {
                break;
            }
            add(&mut builder, source, job, source.job_submit(job))
                .map_err(|source| TransformError::Workload { transform: "limit", source })?;
        }
        Ok(builder.finish())
    }
}

impl Fill {
    /// More tasks than this are no experiment but a slip in the capacity.
    const MOST_TASKS: f64 = 1e8;

    fn apply(&self, source: &Workload, seed: Seed) -> Result<Workload, TransformError> {
        let limit = self.device_milli_capacity as f64 * self.percent / 100.0;
        if !(self.percent.is_finite() && self.percent > 0.0) {
            return Err(refusal("fill", "percent", self.percent, "a number above 0"));
        }
        if self.device_milli_capacity == 0 {
            return Err(refusal("fill", "device_milli_capacity", 0, "a whole number of at least 1"));
        }
        let order = self.order(source, seed, limit)?;
        let mut builder = builder(source, source.origin());
        for (index, task) in order.into_iter().enumerate() {
            let submit = SimTime(1_000_000 * index as u64);
            let job = JobSpec { submit, is_gang: false, ..source.job_spec(source.job(task)) };
            let spec = TaskSpec {
                work: SimDuration::ZERO,
                estimate: None,
                patience: None,
                is_censored: true,
                ..source.task_spec(task)
            };
            builder
                .add_task(job, spec)
                .map_err(|source| TransformError::Workload { transform: "fill", source })?;
        }
        Ok(builder.finish())
    }

    /// The tasks in the order in which they come.
    fn order(&self, source: &Workload, seed: Seed, limit: f64) -> Result<Vec<TaskId>, TransformError> {
        let (milli_each, milli_total) = requests(source);
        let mut originals: Vec<TaskId> = source.tasks().collect();
        originals.sort_by_key(|&task| source.name(task).unwrap_or_default().as_bytes());
        let mut total: u64 = milli_total.iter().sum();
        if total == 0 {
            return Err(TransformError::NothingToFillWith);
        }
        let most = Self::MOST_TASKS * total as f64 / originals.len() as f64;
        if limit > most {
            return Err(refusal(
                "fill",
                "device_milli_capacity",
                self.device_milli_capacity,
                "up to 10^8 tasks' requests",
            ));
        }
        let mut order = originals.clone();
        seed.stream("fill.shuffle").shuffle(&mut order);
        let mut draws = seed.stream("fill.draw");
        if total as f64 > limit {
            while total as f64 > limit {
                let removed = order.remove(draws.below(order.len()));
                total -= milli_total[removed.index()];
            }
            return Ok(order);
        }
        loop {
            let task = originals[draws.below(originals.len())];
            if (total + milli_each[task.index()]) as f64 > limit {
                return Ok(order);
            }
            total += milli_total[task.index()];
            order.push(task);
        }
    }
}

/// What each task asks of one GPU and of all its GPUs, in thousandths.
fn requests(source: &Workload) -> (Vec<u64>, Vec<u64>) {
    let gpus =
        |task| source.demand(task).devices.as_ref().filter(|devices| devices.class == DeviceClass::Gpu);
    let of = |task| gpus(task).map_or((0, 0), |gpus| (u64::from(gpus.milli_each), u64::from(gpus.count)));
    source.tasks().map(of).map(|(each, count)| (each, count * each)).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::workload::{Demand, DeviceDemand};

    /// Jobs of one task that asks for so many thousandths of each of so many GPUs, a second apart.
    fn source(gpus: &[(u8, u16)]) -> Workload {
        let mut builder = WorkloadBuilder::new();
        builder.set_origin(SimTime(50_000_000));
        for (index, &(count, milli_each)) in gpus.iter().enumerate() {
            let devices = DeviceDemand { class: DeviceClass::Gpu, count, milli_each, kinds: Vec::new() };
            let demand = Demand { devices: Some(devices).filter(|_| count > 0), ..Demand::default() };
            let name = Some(format!("task-{:03}", gpus.len() - index).into());
            let task = TaskSpec { demand, work: SimDuration(7), name, ..TaskSpec::default() };
            let submit = SimTime(1_000_000 * index as u64);
            builder.add_task(JobSpec { submit, ..JobSpec::default() }, task).expect("valid");
        }
        builder.finish()
    }

    fn total(workload: &Workload) -> u64 {
        requests(workload).1.iter().sum()
    }

    fn names(workload: &Workload) -> Vec<&str> {
        workload.tasks().map(|task| workload.name(task).expect("a name")).collect()
    }

    #[test]
    fn a_window_keeps_the_absolute_time() {
        let source = source(&[(0, 0); 10]);
        let window = Transform::Window(Window { first_jobs: vec![0, 4], count: 3 });
        let part = apply(&source, &window, Seed(1)).expect("valid");
        assert_eq!(names(&part), ["task-006", "task-005", "task-004"]);
        assert_eq!((part.origin(), part.last_submit()), (SimTime(54_000_000), SimTime(2_000_000)));
        assert_eq!(part.mix(), source.mix());
        let error = apply(&source, &window, Seed(2)).expect_err("no third window");
        assert_eq!(error, TransformError::NoWindow { seed: 2, windows: 2 });
    }

    #[test]
    fn filling_appends_copies_until_the_next_would_exceed() {
        // 4 whole GPUs of 10: at 95 percent, copies of the one task come to 9 GPUs and the tenth exceeds 9.5.
        let source = source(&[(1, 1000); 4]);
        let fill = Transform::Fill(Fill { device_milli_capacity: 10_000, percent: 95.0 });
        let filled = apply(&source, &fill, Seed(7)).expect("valid");
        assert_eq!((filled.task_count(), total(&filled)), (9, 9000));
        let mut originals = names(&filled)[..4].to_vec();
        originals.sort_unstable();
        assert_eq!(
            originals,
            ["task-001", "task-002", "task-003", "task-004"],
            "copies stand behind the originals"
        );
        assert!(
            filled.tasks().all(|task| filled.is_censored(task) && filled.work(task) == SimDuration::ZERO)
        );
        assert_eq!(filled.last_submit(), SimTime(8_000_000));
    }

    #[test]
    fn the_check_counts_one_gpu_and_the_sum_all_of_them() {
        // One task of two GPUs under a limit of 3: 2 + 1 does not exceed 3, so that a copy makes it 4.
        let fill = Transform::Fill(Fill { device_milli_capacity: 3000, percent: 100.0 });
        let filled = apply(&source(&[(2, 1000)]), &fill, Seed(0)).expect("valid");
        assert_eq!(total(&filled), 4000);
    }

    #[test]
    fn filling_removes_tasks_and_keeps_the_mix_of_the_source() {
        let source = source(&[(1, 1000), (1, 500), (0, 0), (2, 1000), (1, 1000), (4, 1000)]);
        let fill = Transform::Fill(Fill { device_milli_capacity: 4000, percent: 100.0 });
        for seed in 0..20 {
            let filled = apply(&source, &fill, Seed(seed)).expect("valid");
            assert!(total(&filled) <= 4000, "seed {seed}");
            assert_eq!(filled.mix(), source.mix());
        }
        assert_eq!(apply(&source, &fill, Seed(3)), apply(&source, &fill, Seed(3)));
        assert_ne!(apply(&source, &fill, Seed(3)), apply(&source, &fill, Seed(4)));
    }

    #[test]
    fn compressing_divides_submit_times_only() {
        let half = Transform::Compress(Compress { factor: 2.0 });
        let source = source(&[(1, 1000); 5]);
        let compressed = apply(&source, &half, Seed(0)).expect("valid");
        assert_eq!(compressed.last_submit(), SimTime(2_000_000));
        assert_eq!(compressed.work(TaskId(4)), SimDuration(7));
    }

    #[test]
    fn a_limit_keeps_whole_jobs() {
        let mut builder = WorkloadBuilder::new();
        for count in [2, 3, 1] {
            builder.add_job(JobSpec::default(), vec![TaskSpec::default(); count]).expect("valid");
        }
        let source = builder.finish();
        let limited =
            |tasks| apply(&source, &Transform::Limit(Limit { tasks }), Seed(0)).map(|one| one.task_count());
        assert_eq!([limited(2), limited(4), limited(5), limited(99)], [Ok(2), Ok(2), Ok(5), Ok(6)]);
        assert!(limited(1).is_err());
    }
}

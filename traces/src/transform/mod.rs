//! Transforms: a part of a workload, or the same work under other arrivals, other kinds of devices, other estimates.
//!
//! To add one, write its file beside this one and its name and type into the list below. A module of the list has a
//! type that is read from configs and implements [`Step`]; configs, `rackwright trace transform` and the contract test
//! know it from there.
//!
//! Whatever is taken from a workload, the mix stays that of the workload it was taken from: what is known
//! about a source as a whole does not change because only a part of it is played. The origin moves along where a part
//! begins later, so that origin + submit is still the source's own time. A recorded start moves with its job, so that
//! recorded waits stay; what is new, a copy, has none. Of two tasks that follow each other and are both left, one still
//! follows the other; where one of them is not left, there is nothing to follow.

mod carry;
mod merge;

use serde::{Deserialize, Serialize};
use sim::kernel::ids::{Id, JobId, TaskId};
use sim::kernel::rng::Seed;
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{Workload, WorkloadError};

use carry::Carry;
pub use merge::{Align, merge};
pub use sample::SampleBy;
pub use scale_load::ScaleBy;
pub use split::{Boundary, Part};

/// What a transform knows of itself and does.
trait Step {
    /// One line of help.
    const HELP: &'static str;

    /// Refuses what is wrong with any workload.
    fn check(&self) -> Result<(), TransformError>;

    /// True when another seed gives another result.
    fn is_of_seed(&self) -> bool {
        false
    }

    /// For how many seeds, counted from 0, there is something to take; `None` for all.
    fn seeds(&self) -> Option<usize> {
        None
    }

    /// Transforms; options were checked.
    fn apply(&self, source: &Workload, seed: Seed) -> Result<Workload, TransformError>;
}

macro_rules! transforms {
    ($($name:ident $type:ident),* $(,)?) => {
        $(mod $name; pub use $name::$type;)*

        /// One transform, as configs state it: a table with its name as the only key.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Transform {
            $(
                #[doc = concat!("`", stringify!($name), "`, see [`", stringify!($type), "`].")]
                $type($type),
            )*
        }

        /// The names of all transforms, each with a line of help.
        pub fn names() -> Vec<(&'static str, &'static str)> {
            vec![$((stringify!($name), <$type as Step>::HELP)),*]
        }

        impl Transform {
            /// Its name in configs.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$type(_) => stringify!($name)),*
                }
            }

            /// True when another seed gives another result.
            pub fn is_of_seed(&self) -> bool {
                match self {
                    $(Self::$type(one) => one.is_of_seed()),*
                }
            }

            /// Refuses options that are wrong with any workload, and seeds for which there is nothing to take.
            ///
            /// # Errors
            /// With the key, what stood there and what is allowed.
            pub fn check(&self, seeds: &[u64]) -> Result<(), TransformError> {
                let known = match self {
                    $(Self::$type(one) => { one.check()?; one.seeds() }),*
                };
                let missing = |windows: usize| seeds.iter().find(|&&seed| seed >= windows as u64).map(|&seed| (seed, windows));
                match known.and_then(missing) {
                    Some((seed, windows)) => Err(self.no_window(seed, windows)),
                    None => Ok(()),
                }
            }
        }

        /// Transforms a workload. Equal seeds give equal workloads.
        ///
        /// # Errors
        /// When an option is out of its range for this workload and seed.
        pub fn apply(workload: &Workload, transform: &Transform, seed: Seed) -> Result<Workload, TransformError> {
            transform.check(&[])?;
            match transform {
                $(Transform::$type(one) => one.apply(workload, seed)),*
            }
        }
    };
}

transforms! {
    window Window,
    time_window TimeWindow,
    limit Limit,
    sample Sample,
    split Split,
    compress Compress,
    compress_gaps CompressGaps,
    scale_load ScaleLoad,
    fill Fill,
    map_device_kinds MapDeviceKinds,
    device_memory DeviceMemory,
    override_estimates OverrideEstimates,
    phases Phases,
    shuffle_use ShuffleUse,
}

impl Transform {
    fn no_window(&self, seed: u64, windows: usize) -> TransformError {
        match self {
            Self::TimeWindow(_) => TransformError::NoTimeWindow { seed, windows },
            _ => TransformError::NoWindow { seed, windows },
        }
    }
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
    /// No window of time for this seed.
    #[error(
        "transform time_window, key `starts_seconds`: there is no window for seed {seed}, allowed are seeds below {windows}"
    )]
    NoTimeWindow {
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
    /// Nothing is left.
    #[error("transform {transform}: no job is left of {jobs}: {advice}")]
    NothingLeft {
        /// The transform.
        transform: &'static str,
        /// How many there were.
        jobs: usize,
        /// What to do.
        advice: &'static str,
    },
    /// The result is no workload.
    #[error("transform {transform}: {source}")]
    Workload {
        /// The transform.
        transform: &'static str,
        /// What is wrong with it.
        source: WorkloadError,
    },
}

impl TransformError {
    /// The key that is wrong, where it is one, and what is wrong with it.
    pub fn key(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Option { key, value, allowed, .. } => {
                Some((key, format!("{value} stands there; allowed is {allowed}")))
            }
            Self::NoWindow { .. } => Some(("first_jobs", self.to_string())),
            Self::NoTimeWindow { .. } => Some(("starts_seconds", self.to_string())),
            _ => None,
        }
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

/// A number of seconds as a moment of a workload.
fn moment(transform: &'static str, key: &'static str, seconds: f64) -> Result<SimTime, TransformError> {
    SimTime::from_seconds(seconds).ok_or_else(|| refusal(transform, key, seconds, "0 s to 2^53 microseconds"))
}

/// The jobs that are submitted from one moment on and before another, on a clock that begins at the first of both.
fn part_of_time(
    transform: &'static str,
    source: &Workload,
    from: SimTime,
    to: SimTime,
    advice: &'static str,
) -> Result<Workload, TransformError> {
    let begin = from.since(SimTime::ZERO);
    let mut carry = Carry::new(transform, source, source.origin() + begin);
    for job in source.jobs() {
        let submit = source.job_submit(job);
        if (from..to).contains(&submit) {
            carry.add(job, SimTime::ZERO + submit.since(from))?;
        }
    }
    carry.finish_unless_empty(advice)
}

#[cfg(test)]
mod tests {
    use super::fill::requests;
    use super::*;
    use sim::kernel::ids::TaskId;
    use sim::kernel::time::SimDuration;
    use sim::resources::DeviceClass;
    use sim::workload::{Demand, DeviceDemand, JobSpec, TaskSpec, WorkloadBuilder};

    /// Jobs of one task that asks for so many thousandths of each of so many GPUs, a second apart.
    fn source(gpus: &[(u8, u16)]) -> Workload {
        let mut builder = WorkloadBuilder::new();
        builder.set_origin(SimTime(50_000_000));
        for (index, &(count, milli_each)) in gpus.iter().enumerate() {
            let devices = DeviceDemand {
                class: DeviceClass::Gpu,
                count,
                milli_each,
                memory_mib_each: 0,
                kinds: Vec::new(),
            };
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

//! What a Poisson workload is made of, as options state it and as a fit writes it.

use serde::{Deserialize, Serialize};
use sim::resources::{DeviceClass, MAX_DEVICES_PER_HOST, WHOLE_DEVICE};

use crate::OptionError;
use crate::distribution::Distribution;
use crate::generate::cycle::{Cycle, Extent};

const HOURS_PER_DAY: usize = 24;
const DAYS_PER_WEEK: usize = 7;
const SECONDS_PER_HOUR: f64 = 3600.0;
/// Whole numbers up to here are demands.
const MOST_CPU_MILLI: f64 = 1e9;
const MOST_MEMORY_MIB: f64 = 4e9;
const MOST_TASKS_PER_JOB: f64 = 100_000.0;
const MOST_SECONDS: f64 = 1e9;

/// What to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How many jobs; 10,000 without `span_hours`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<usize>,
    /// Instead of `jobs`: over how many hours jobs are submitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span_hours: Option<f64>,
    /// When jobs come.
    pub arrivals: Arrivals,
    /// Who submits them.
    pub tenants: Tenants,
    /// What users declare.
    pub estimates: Estimates,
    /// What jobs are of; sizes and run times go together by class.
    pub classes: Vec<Class>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            jobs: None,
            span_hours: None,
            arrivals: Arrivals::default(),
            tenants: Tenants::default(),
            estimates: Estimates::default(),
            classes: vec![Class::default()],
        }
    }
}

/// When jobs come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Arrivals {
    /// Jobs per hour, on the mean of a week.
    pub per_hour: f64,
    /// How busy the 24 hours of a day are against each other.
    pub hourly: Vec<f64>,
    /// How busy the 7 days of a week are against each other, from Sunday on.
    pub daily: Vec<f64>,
    /// Hour of the day at which the workload begins.
    pub first_hour: f64,
    /// Day of the week on which the workload begins: 0 is Sunday, 6 is Saturday.
    pub first_weekday: usize,
    /// Share of the jobs that come together with the one before.
    pub together_share: f64,
    /// The gaps between all others; only their shape counts, the mean follows from `per_hour`. Exponential gaps make
    /// a Poisson process, more variable ones make bursts.
    pub gaps: Distribution,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self {
            per_hour: 100.0,
            hourly: vec![1.0; HOURS_PER_DAY],
            daily: vec![1.0; DAYS_PER_WEEK],
            first_hour: 0.0,
            first_weekday: 1,
            together_share: 0.0,
            gaps: Distribution::Exponential { mean: 1.0 },
        }
    }
}

/// Who submits: tenant k submits as often as 1 / k^skew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tenants {
    /// How many there are.
    pub count: u32,
    /// 0 is everybody alike.
    pub skew: f64,
}

impl Default for Tenants {
    fn default() -> Self {
        Self { count: 1, skew: 0.0 }
    }
}

/// What users declare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Estimates {
    /// Share of the jobs with a declared run time.
    pub share: f64,
    /// Declared over actual run time.
    pub factor: Distribution,
    /// Declared times are rounded up to a multiple of so many seconds; 0 for none.
    pub round_up_seconds: f64,
    /// The most that may be declared, as the limit of a queue; who needs more declares that much.
    pub longest_seconds: f64,
}

impl Default for Estimates {
    fn default() -> Self {
        Self {
            share: 0.0,
            factor: Distribution::Constant(1.0),
            round_up_seconds: 0.0,
            longest_seconds: MOST_SECONDS,
        }
    }
}

/// Jobs that resemble each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Class {
    /// For people.
    pub name: String,
    /// Share of the jobs, against the other classes.
    pub share: f64,
    /// Tasks of a job, all alike.
    pub tasks: Distribution,
    /// True when the tasks of a job start together.
    pub gang: bool,
    /// Thousandths of a core, per task.
    pub cpu_milli: Distribution,
    /// Mebibytes for each of its cores.
    pub memory_mib_per_core: Distribution,
    /// GPUs per task.
    pub gpu_count: Distribution,
    /// Thousandths of the GPU, where it is one; several are taken whole.
    pub gpu_milli: Distribution,
    /// Sets of GPU kinds that will do, each with its weight; an empty set is any kind.
    pub gpu_kinds: Vec<(Vec<String>, f64)>,
    /// What the devices are: `gpu` unless stated, `fpga` or `dpu`.
    #[serde(skip_serializing_if = "is_gpu")]
    pub device_class: DeviceClass,
    /// What tasks require of their host.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Priorities with their weights.
    pub priorities: Vec<(u8, f64)>,
    /// Seconds that tasks run.
    pub run_seconds: Distribution,
    /// Shorter run times are drawn again.
    pub shortest_seconds: f64,
    /// Longer run times are drawn again.
    pub longest_seconds: f64,
    /// What tasks use of the cpu that they ask for; without it, all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_use: Option<CpuUse>,
}

/// What a task uses of the cpu that it asks for, period by period: its own level, times what is drawn for the period, times
/// the weight of the hour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CpuUse {
    /// Share of the request, drawn once for each task.
    pub level: Distribution,
    /// What that is multiplied with, drawn for each period.
    pub moment: Distribution,
    /// How long a period is, in seconds.
    pub period_seconds: f64,
    /// How much is used in the 24 hours of a day against each other, by all tasks alike; their mean counts as 1. A task is
    /// taken to start when it is submitted.
    pub hourly: Vec<f64>,
    /// No task uses more than so many times what it asks for.
    pub most: f64,
}

impl Default for CpuUse {
    fn default() -> Self {
        Self {
            level: Distribution::Constant(1.0),
            moment: Distribution::Constant(1.0),
            period_seconds: 300.0,
            hourly: vec![1.0; HOURS_PER_DAY],
            most: 1.0,
        }
    }
}

fn is_gpu(class: &DeviceClass) -> bool {
    *class == DeviceClass::Gpu
}

impl Default for Class {
    fn default() -> Self {
        Self {
            name: "all".to_owned(),
            share: 1.0,
            tasks: Distribution::Constant(1.0),
            gang: false,
            cpu_milli: Distribution::Constant(1000.0),
            memory_mib_per_core: Distribution::Constant(1024.0),
            gpu_count: Distribution::Constant(0.0),
            gpu_milli: Distribution::Constant(1000.0),
            gpu_kinds: Vec::new(),
            device_class: DeviceClass::Gpu,
            features: Vec::new(),
            priorities: vec![(0, 1.0)],
            run_seconds: Distribution::Exponential { mean: 3600.0 },
            shortest_seconds: 0.0,
            longest_seconds: MOST_SECONDS,
            cpu_use: None,
        }
    }
}

impl Options {
    pub(super) fn extent(&self) -> Result<Extent, OptionError> {
        Extent::new(self.jobs, self.span_hours)
    }

    pub(super) fn check(&self) -> Result<(), OptionError> {
        self.arrivals.check()?;
        let Self { tenants, estimates, classes, .. } = self;
        if !(1..=1_000_000).contains(&tenants.count) {
            let allowed = "a whole number from 1 to 1000000";
            return Err(OptionError::out_of_range("tenants.count", tenants.count, allowed));
        }
        number("tenants.skew", tenants.skew, 0.0, 10.0)?;
        number("estimates.share", estimates.share, 0.0, 1.0)?;
        number("estimates.round_up_seconds", estimates.round_up_seconds, 0.0, 86_400.0)?;
        number("estimates.longest_seconds", estimates.longest_seconds, 0.001, MOST_SECONDS)?;
        estimates.factor.check("estimates.factor", 0.0, Estimates::LARGEST_FACTOR)?;
        if classes.is_empty() {
            return Err(OptionError::out_of_range("classes", "an empty list", "at least one class"));
        }
        let total: f64 = classes.iter().map(|class| class.share).sum();
        for (index, class) in classes.iter().enumerate() {
            class.check(&format!("classes[{index}]"))?;
        }
        if total <= 0.0 {
            return Err(OptionError::out_of_range("classes", "shares of 0", "classes whose shares are not all 0"));
        }
        Ok(())
    }
}

impl Estimates {
    /// Declared over actual run time, at most.
    pub(crate) const LARGEST_FACTOR: f64 = 1e7;
}

impl Arrivals {
    fn check(&self) -> Result<(), OptionError> {
        number("arrivals.per_hour", self.per_hour, 1e-3, 1e9)?;
        number("arrivals.first_hour", self.first_hour, 0.0, 24.0)?;
        number("arrivals.together_share", self.together_share, 0.0, 0.999)?;
        if self.first_weekday >= DAYS_PER_WEEK {
            let allowed = "a whole number from 0 (Sunday) to 6 (Saturday)";
            return Err(OptionError::out_of_range("arrivals.first_weekday", self.first_weekday, allowed));
        }
        cycle("arrivals.hourly", &self.hourly, HOURS_PER_DAY)?;
        cycle("arrivals.daily", &self.daily, DAYS_PER_WEEK)?;
        self.gaps.check("arrivals.gaps", 0.0, 1e15)?;
        match self.gaps.mean() {
            mean if mean > 0.0 && mean.is_finite() => Ok(()),
            mean => Err(OptionError::out_of_range("arrivals.gaps", format_args!("a mean of {mean}"), "a mean above 0")),
        }
    }

    /// The hours of a week, from midnight before Sunday on: an hour of weight 2 brings twice the mean of `per_hour`.
    pub(crate) fn week(&self) -> Cycle {
        let mean = |weights: &[f64]| weights.iter().sum::<f64>() / weights.len() as f64;
        let (of_hour, of_day) = (mean(&self.hourly), mean(&self.daily));
        let days = self.daily.iter().map(|day| day / of_day);
        let weights = days.flat_map(|day| self.hourly.iter().map(move |hour| day * hour / of_hour)).collect();
        Cycle::new(SECONDS_PER_HOUR, weights)
    }

    /// Seconds from midnight before Sunday to the beginning of the workload.
    pub(crate) fn first_second(&self) -> f64 {
        (self.first_weekday as f64 * HOURS_PER_DAY as f64 + self.first_hour) * SECONDS_PER_HOUR
    }

    /// Weighted seconds between arrivals that do not come together: the others make up for those that do.
    pub(super) fn mean_gap_seconds(&self) -> f64 {
        SECONDS_PER_HOUR / self.per_hour / (1.0 - self.together_share)
    }
}

impl Class {
    /// What each of its numbers may be.
    pub(super) const CPU_MILLI: (f64, f64) = (0.5, MOST_CPU_MILLI);
    pub(super) const MEMORY_MIB: (f64, f64) = (0.0, MOST_MEMORY_MIB);
    pub(super) const GPU_MILLI: (f64, f64) = (0.5, WHOLE_DEVICE as f64);
    pub(super) const GPU_COUNT: (f64, f64) = (0.0, MAX_DEVICES_PER_HOST as f64);
    pub(super) const TASKS: (f64, f64) = (0.5, MOST_TASKS_PER_JOB);

    fn check(&self, key: &str) -> Result<(), OptionError> {
        let inner = |field: &str| format!("{key}.{field}");
        number(&inner("share"), self.share, 0.0, 1e9)?;
        for (field, distribution, (low, high)) in [
            ("tasks", &self.tasks, Self::TASKS),
            ("cpu_milli", &self.cpu_milli, Self::CPU_MILLI),
            ("memory_mib_per_core", &self.memory_mib_per_core, Self::MEMORY_MIB),
            ("gpu_count", &self.gpu_count, Self::GPU_COUNT),
            ("gpu_milli", &self.gpu_milli, Self::GPU_MILLI),
        ] {
            distribution.check(&inner(field), low, high)?;
        }
        number(&inner("shortest_seconds"), self.shortest_seconds, 0.0, MOST_SECONDS)?;
        number(&inner("longest_seconds"), self.longest_seconds, self.shortest_seconds, MOST_SECONDS)?;
        self.run_seconds.check(&inner("run_seconds"), self.shortest_seconds, self.longest_seconds)?;
        weights(&inner("priorities"), self.priorities.iter().map(|&(_, weight)| weight), false)?;
        weights(&inner("gpu_kinds"), self.gpu_kinds.iter().map(|&(_, weight)| weight), true)?;
        self.cpu_use.as_ref().map_or(Ok(()), |used| used.check(&inner("cpu_use")))
    }
}

impl CpuUse {
    /// What is drawn.
    pub(super) const SHARE: (f64, f64) = (0.0, 1000.0);

    fn check(&self, key: &str) -> Result<(), OptionError> {
        let inner = |field: &str| format!("{key}.{field}");
        self.level.check(&inner("level"), Self::SHARE.0, Self::SHARE.1)?;
        self.moment.check(&inner("moment"), Self::SHARE.0, Self::SHARE.1)?;
        number(&inner("period_seconds"), self.period_seconds, 1.0, MOST_SECONDS)?;
        number(&inner("most"), self.most, 0.001, Self::SHARE.1)?;
        cycle(&inner("hourly"), &self.hourly, HOURS_PER_DAY)
    }

    /// The weight of the hour of the day, on the mean of 1.
    pub(super) fn of_hour(&self, hours: f64) -> f64 {
        let hour = (hours % HOURS_PER_DAY as f64) as usize;
        self.hourly[hour.min(HOURS_PER_DAY - 1)] * HOURS_PER_DAY as f64 / self.hourly.iter().sum::<f64>()
    }
}

/// One weight for each part of a cycle.
fn cycle(key: &str, weights: &[f64], count: usize) -> Result<(), OptionError> {
    let are_weights = weights.iter().all(|weight| (0.0..=1e9).contains(weight));
    if weights.len() == count && are_weights && weights.iter().sum::<f64>() >= 1e-9 {
        return Ok(());
    }
    let allowed = format!("{count} weights of 0 to 1e9 that are not all 0");
    Err(OptionError::out_of_range(key, format_args!("{weights:?}"), &allowed))
}

fn weights(key: &str, weights: impl Iterator<Item = f64> + Clone, may_be_empty: bool) -> Result<(), OptionError> {
    let are_allowed = weights.clone().all(|weight| (0.0..=1e9).contains(&weight));
    let is_empty = weights.clone().next().is_none();
    if are_allowed && ((is_empty && may_be_empty) || weights.clone().any(|weight| weight > 0.0)) {
        return Ok(());
    }
    let found = format!("{:?}", weights.collect::<Vec<f64>>());
    Err(OptionError::out_of_range(key, found, "weights of 0 to 1e9 that are not all 0"))
}

fn number(key: &str, value: f64, from: f64, to: f64) -> Result<(), OptionError> {
    if (from..=to).contains(&value) {
        return Ok(());
    }
    Err(OptionError::out_of_range(key, value, &format!("a number from {from} to {to}")))
}

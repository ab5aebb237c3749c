//! What a mixed cluster's workload is made of, as `mixed_cluster.toml` states it.

use serde::Deserialize;
use sim::resources::{MAX_DEVICES_PER_HOST, WHOLE_DEVICE};

use crate::{OptionError, options};

/// Values with their weights.
pub(super) type Weighted<T> = Vec<(T, f64)>;

/// All parameters; the comments of the TOML file say more.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    pub(super) tasks: usize,
    pub(super) span_hours: f64,
    pub(super) cluster: Cluster,
    pub(super) kinds: Vec<Kind>,
    pub(super) constraints: Constraints,
    pub(super) arrivals: Arrivals,
    pub(super) tenants: Tenants,
    pub(super) estimates: Estimates,
    pub(super) priorities: Priorities,
    pub(super) gangs: Gangs,
    pub(super) run_times: RunTimes,
    pub(super) classes: Classes,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cluster {
    pub(super) gpus: u32,
    pub(super) cpu_cores: u32,
    pub(super) peak_gpu_share: f64,
    pub(super) peak_cpu_share: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kind {
    pub(super) name: String,
    pub(super) gpus_per_host: u8,
    pub(super) weight: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Constraints {
    pub(super) named_share: f64,
    pub(super) second_kind_share: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arrivals {
    pub(super) first_hour: f64,
    pub(super) first_weekday: u8,
    pub(super) peak_hour: f64,
    pub(super) day_amplitude: f64,
    pub(super) weekend_factor: f64,
    pub(super) burst_jobs_mean: f64,
    pub(super) burst_gap_seconds_mean: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tenants {
    pub(super) count: u32,
    pub(super) skew: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Estimates {
    pub(super) factor_median: f64,
    pub(super) factor_sigma: f64,
    pub(super) jitter_sigma: f64,
    pub(super) too_short_share: f64,
    pub(super) round_up_seconds: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Priorities {
    pub(super) weights: Weighted<u8>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gangs {
    pub(super) share: f64,
    pub(super) hosts: Weighted<u16>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunTimes {
    pub(super) alike_sigma: f64,
    pub(super) shortest_seconds: f64,
    pub(super) longest_seconds: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Classes {
    pub(super) cpu_only: Class,
    pub(super) shared_gpu: Class,
    pub(super) one_gpu: Class,
    pub(super) few_gpu: Class,
    pub(super) eight_gpu: Class,
}

impl Classes {
    /// All classes with their names, in one fixed order.
    pub(super) fn all(&self) -> [(&'static str, &Class); 5] {
        [
            ("cpu_only", &self.cpu_only),
            ("shared_gpu", &self.shared_gpu),
            ("one_gpu", &self.one_gpu),
            ("few_gpu", &self.few_gpu),
            ("eight_gpu", &self.eight_gpu),
        ]
    }
}

/// Tasks that resemble each other.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Class {
    pub(super) share: f64,
    pub(super) gpus: Weighted<u8>,
    pub(super) gpu_milli: Weighted<u16>,
    /// Per GPU; of the whole task where there is none.
    pub(super) cpu_milli: Weighted<u32>,
    pub(super) mib_per_core: Weighted<u32>,
    pub(super) median_seconds: f64,
    pub(super) sigma: f64,
    pub(super) tail_share: f64,
    pub(super) tail_median_seconds: f64,
    pub(super) tail_sigma: f64,
}

const DEFAULTS: &str = include_str!("../mixed_cluster.toml");

impl Parameters {
    /// The defaults, overridden table by table.
    pub(super) fn with(overrides: toml::Table) -> Result<Self, OptionError> {
        let mut table: toml::Table = toml::from_str(DEFAULTS).expect("the defaults are TOML: a test reads them");
        merge(&mut table, overrides);
        let parameters: Self = options::parse(table)?;
        parameters.check()?;
        Ok(parameters)
    }

    fn check(&self) -> Result<(), OptionError> {
        let Self { cluster, arrivals, estimates, run_times, gangs, .. } = self;
        whole("tasks", self.tasks, 1, 10_000_000)?;
        whole("cluster.gpus", cluster.gpus as usize, 1, 10_000_000)?;
        whole("cluster.cpu_cores", cluster.cpu_cores as usize, 1, 1_000_000_000)?;
        whole("tenants.count", self.tenants.count as usize, 1, 10_000)?;
        whole("arrivals.first_weekday", usize::from(arrivals.first_weekday), 0, 6)?;
        for (key, value, from, to) in [
            ("span_hours", self.span_hours, 0.01, 8784.0),
            ("cluster.peak_gpu_share", cluster.peak_gpu_share, 0.0, 100.0),
            ("cluster.peak_cpu_share", cluster.peak_cpu_share, 0.0, 100.0),
            ("constraints.named_share", self.constraints.named_share, 0.0, 1.0),
            ("constraints.second_kind_share", self.constraints.second_kind_share, 0.0, 1.0),
            ("arrivals.first_hour", arrivals.first_hour, 0.0, 24.0),
            ("arrivals.peak_hour", arrivals.peak_hour, 0.0, 24.0),
            ("arrivals.day_amplitude", arrivals.day_amplitude, 0.0, 1.0),
            ("arrivals.weekend_factor", arrivals.weekend_factor, 0.01, 1.0),
            ("arrivals.burst_jobs_mean", arrivals.burst_jobs_mean, 1.0, 1e6),
            ("arrivals.burst_gap_seconds_mean", arrivals.burst_gap_seconds_mean, 0.0, 1e6),
            ("tenants.skew", self.tenants.skew, 0.0, 10.0),
            ("estimates.factor_median", estimates.factor_median, 1.0, 1000.0),
            ("estimates.factor_sigma", estimates.factor_sigma, 0.0, 3.0),
            ("estimates.jitter_sigma", estimates.jitter_sigma, 0.0, 3.0),
            ("estimates.too_short_share", estimates.too_short_share, 0.0, 1.0),
            ("estimates.round_up_seconds", estimates.round_up_seconds, 1.0, 86_400.0),
            ("gangs.share", gangs.share, 0.0, 1.0),
            ("run_times.alike_sigma", run_times.alike_sigma, 0.0, 3.0),
            ("run_times.shortest_seconds", run_times.shortest_seconds, 0.001, 86_400.0),
            ("run_times.longest_seconds", run_times.longest_seconds, run_times.shortest_seconds, 1e7),
        ] {
            number(key, value, from, to)?;
        }
        weights("priorities.weights", &self.priorities.weights, 0..=u8::MAX)?;
        weights("gangs.hosts", &gangs.hosts, 2..=1024)?;
        for (index, kind) in self.kinds.iter().enumerate() {
            number(&format!("kinds[{index}].weight"), kind.weight, 1e-9, 1e9)?;
            let key = format!("kinds[{index}].gpus_per_host");
            whole(&key, usize::from(kind.gpus_per_host), 1, MAX_DEVICES_PER_HOST)?;
        }
        let classes = self.classes.all();
        weights("classes.*.share", &classes.map(|(_, class)| ((), class.share)), ()..=())?;
        classes.into_iter().try_for_each(|(name, class)| class.check(name))
    }
}

impl Class {
    fn check(&self, name: &str) -> Result<(), OptionError> {
        let key = |field: &str| format!("classes.{name}.{field}");
        let most = MAX_DEVICES_PER_HOST as u8;
        let (gpus, milli) = match name {
            "cpu_only" => (0..=0, 0..=0),
            "shared_gpu" => (1..=1, 1..=WHOLE_DEVICE),
            _ => (1..=most, WHOLE_DEVICE..=WHOLE_DEVICE),
        };
        weights(&key("gpus"), &self.gpus, gpus)?;
        weights(&key("gpu_milli"), &self.gpu_milli, milli)?;
        weights(&key("cpu_milli"), &self.cpu_milli, 1..=1_000_000)?;
        weights(&key("mib_per_core"), &self.mib_per_core, 0..=100_000)?;
        number(&key("median_seconds"), self.median_seconds, 0.001, 1e7)?;
        number(&key("tail_median_seconds"), self.tail_median_seconds, 0.001, 1e7)?;
        number(&key("tail_share"), self.tail_share, 0.0, 1.0)?;
        number(&key("sigma"), self.sigma, 0.0, 5.0)?;
        number(&key("tail_sigma"), self.tail_sigma, 0.0, 5.0)
    }
}

/// Puts what is stated over what stands there; tables are merged, everything else is replaced.
fn merge(base: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(value)) => merge(inner, value),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

fn whole(key: &str, value: usize, from: usize, to: usize) -> Result<(), OptionError> {
    if (from..=to).contains(&value) {
        return Ok(());
    }
    Err(OptionError::out_of_range(key, value, &format!("a whole number from {from} to {to}")))
}

fn number(key: &str, value: f64, from: f64, to: f64) -> Result<(), OptionError> {
    if (from..=to).contains(&value) {
        return Ok(());
    }
    Err(OptionError::out_of_range(key, value, &format!("a number from {from} to {to}")))
}

fn weights<T: PartialOrd + std::fmt::Debug>(
    key: &str,
    choices: &[(T, f64)],
    allowed: std::ops::RangeInclusive<T>,
) -> Result<(), OptionError> {
    let is_weight = |weight: f64| (0.0..=1e9).contains(&weight);
    let are_allowed = choices.iter().all(|(value, weight)| allowed.contains(value) && is_weight(*weight));
    if are_allowed && choices.iter().any(|&(_, weight)| weight > 0.0) {
        return Ok(());
    }
    let ranges = format!("values in {allowed:?} with weights of at least 0 that are not all 0");
    Err(OptionError::out_of_range(key, format_args!("{choices:?}"), &ranges))
}

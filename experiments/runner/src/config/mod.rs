//! The configuration of an experiment, in TOML.
//!
#![doc = concat!("```toml\n", include_str!("example.toml"), "```")]
//!
//! Unknown keys, unknown names and values that cannot be are refused with file, line and key, what stood
//! there, what is allowed and, for names, the nearest valid one.

mod check;
mod chosen;
mod claim;
mod cluster;
mod cooling;
mod document;
mod effect_list;
mod effects;
mod embodied;
mod facility;
mod include;
mod known_cluster;
mod migration;
mod named;
mod operation;
mod policy_file;
mod scenario;
pub mod schema;
mod shape;
mod surroundings;
mod sweep;
mod workload;

use std::path::{Path, PathBuf};

use policies::scheduler::SchedulerConfig;
use results::Savings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use chosen::{Chosen, Model};
pub use claim::ClaimConfig;
pub use cluster::{
    ClusterConfig, DeviceCurve, DeviceGroupConfig, DeviceKindConfig, HostCurve, HostGroupConfig, HostOrder,
    NodesConfig, NodesImporter, NodesPower, PoolConfig, PowerCurvesConfig, gpu_power_list, gpu_power_names,
    host_power_list, host_power_names,
};
pub use cooling::{CoolingConfig, CoolingTable};
pub use effect_list::{EffectHelp, ParameterHelp, effect_list};
pub use effects::{BehaviourConfig, BehaviourShare, EffectsConfig};
pub use embodied::{EmbodiedConfig, PartsConfig};
pub use facility::{ConvertersConfig, FacilityConfig, Redundancy};
pub use known_cluster::{cluster_file, cluster_help, cluster_names};
pub use migration::MigrationConfig;
pub use named::Named;
pub use policy_file::PolicyFile;
pub use scenario::{OWN_RULES, RULES, RulesConfig, ScenarioConfig, ScenarioGridConfig, Seeds};
pub use surroundings::{FileConfig, QuantityConfig, SurroundingsConfig, SyntheticConfig};
pub use sweep::{Axis, Settings};
pub use workload::{Source, WorkloadConfig};

pub(crate) use check::seeds_at;
pub(crate) use document::Document;
pub(crate) use policy_file::{is_file, read as policy_in_file};

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be opened.
    #[error("{file}: cannot be read: {source}")]
    Open {
        /// The file.
        file: String,
        /// What the file system says.
        source: std::io::Error,
    },
    /// The file is no TOML.
    #[error("{file}, line {line}: {problem}")]
    Syntax {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A key or a value that is not allowed.
    #[error("{file}, line {line}, key `{key}`: {problem}")]
    Value {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// With dots between the levels.
        key: String,
        /// What stood there and what is allowed.
        problem: String,
    },
}

/// An experiment: its axes multiply out to runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentConfig {
    /// As results name it.
    pub name: String,
    /// Each run is repeated under each seed.
    pub seeds: Seeds,
    /// What the leaderboard shows; without it, reports choose. Every metric is recorded.
    #[serde(default)]
    #[schemars(schema_with = "schema::metrics")]
    pub metrics: Vec<String>,
    /// Metrics that compare each run with one of the schedulers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub savings: Option<SavingsConfig>,
    /// A claim about one of the metrics; the report says where it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimConfig>,
    /// At most how many points of the time series are kept; 0 keeps none.
    #[serde(default = "default_series_points")]
    pub series_points: usize,
    /// Whether each run says of every tenant how much energy it is behind, beside what was idle and what slept and
    /// booted, and what share of the cluster it held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_tenant: bool,
    /// What is scheduled on.
    pub clusters: Named<ClusterConfig>,
    /// What is scheduled.
    pub workloads: Named<WorkloadConfig>,
    /// Under which rules.
    #[serde(default)]
    pub rules: Named<RulesConfig>,
    /// Who schedules; the first one is what the others are compared with.
    pub schedulers: Named<SchedulerConfig>,
    /// Scenarios, one by one.
    #[serde(default)]
    pub scenarios: Vec<ScenarioConfig>,
    /// Scenarios by multiplication; they follow the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenarios_grid: Option<ScenarioGridConfig>,
    /// Keys of clusters, workloads, rules and schedulers that take several values, by their path in quotes.
    #[serde(default, skip_serializing_if = "Named::is_empty")]
    pub sweep: Named<Axis>,
}

/// How many percent metrics of each run lie below the mean of one scheduler over all seeds of the scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SavingsConfig {
    /// The scheduler to compare with: a key of `schedulers`.
    pub baseline: String,
    /// The metric that is compared, by the name under which results show the saving.
    pub metrics: Named<String>,
}

impl SavingsConfig {
    pub(crate) fn savings(&self) -> Savings {
        Savings { baseline: self.baseline.clone(), metrics: self.metrics.0.iter().cloned().collect() }
    }
}

fn default_series_points() -> usize {
    500
}

/// A configuration that was read and checked, with what is needed to find what it names.
#[derive(Clone, Debug)]
pub struct Config {
    /// What it says; what is swept is multiplied out.
    pub experiment: ExperimentConfig,
    swept: sweep::Swept,
    /// The folder of the file, for what is named relative to it.
    folder: PathBuf,
    document: Document,
    /// The file name alone, for the command that repeats the experiment.
    file_name: String,
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// When it cannot be read, or something in it is not allowed.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::checked(Document::read(path)?, folder, path)
    }

    /// Checks a text that is built into the program under this name.
    ///
    /// # Errors
    /// When something in it is not allowed.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        Self::checked(Document::new(name, text.to_owned()), PathBuf::new(), Path::new(name))
    }

    fn checked(document: Document, folder: PathBuf, path: &Path) -> Result<Self, ConfigError> {
        let mut experiment: ExperimentConfig = document.parse()?;
        for (name, cluster) in &mut experiment.clusters.0 {
            *cluster = include::resolved(cluster, &document, &folder, &["clusters", name])?;
        }
        policy_file::resolve(&mut experiment.schedulers.0, &document, &folder, &[])?;
        for (place, scenario) in experiment.scenarios.iter_mut().enumerate() {
            let at = format!("scenarios[{place}]");
            policy_file::resolve(&mut scenario.schedulers.0, &document, &folder, &[&at])?;
        }
        check::experiment(&experiment, &document)?;
        let swept = sweep::expand(&mut experiment, &document, &folder)?;
        if !experiment.sweep.is_empty() {
            policy_file::resolve(&mut experiment.schedulers.0, &document, &folder, &[])?;
            check::experiment(&experiment, &document)?;
        }
        let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { experiment, swept, folder, document, file_name })
    }

    /// The folder of the file.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of the file, without its folder.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The swept keys and their values that made this scenario with this scheduler; none without a sweep.
    pub fn swept(&self, scenario: &str, scheduler: &str) -> Settings {
        let mut settings = self.swept.scenarios.get(scenario).cloned().unwrap_or_default();
        settings.extend(self.swept.schedulers.get(scheduler).cloned().unwrap_or_default());
        settings
    }

    /// A refusal of what stands under this key, for what is found out later.
    pub fn refuse(&self, key: &[&str], problem: impl Into<String>) -> ConfigError {
        self.document.refuse(key, problem)
    }

    /// Every scenario, those of the grid behind the others.
    pub fn scenarios(&self) -> Vec<ScenarioConfig> {
        self.experiment.scenarios()
    }
}

impl ExperimentConfig {
    fn scenarios(&self) -> Vec<ScenarioConfig> {
        let grid = self.scenarios_grid.as_ref().map(ScenarioGridConfig::scenarios);
        self.scenarios.iter().cloned().chain(grid.into_iter().flatten()).collect()
    }
}

impl ClusterConfig {
    /// Reads and checks a file that holds the keys of one cluster.
    ///
    /// # Errors
    /// When it cannot be read, or something in it is not allowed.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let document = Document::read(path)?;
        let cluster: Self = document.parse()?;
        if cluster.file.is_some() {
            return Err(document.refuse(&["file"], "a file that is included includes no other"));
        }
        check::cluster(&cluster, &document, &[])?;
        Ok(cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_valid() {
        let config = Config::parse("example.toml", include_str!("example.toml")).expect("valid");
        assert_eq!(config.scenarios()[0].name, "day/waiting");
        assert_eq!(config.file_name(), "example.toml");
    }
}

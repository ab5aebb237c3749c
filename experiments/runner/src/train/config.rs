//! A training's configuration, in TOML, and what it may not say.

use std::collections::BTreeSet;

use policies::order::queue_features::FEATURES;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::workload::Workload;

use crate::config::{ConfigError, Document, Named, Seeds, WorkloadConfig, seeds_at};
use crate::nearest::unknown_name;

use super::experiment_config::ExperimentTrainConfig;
use super::ppo_config::{PpoConfig, check_ppo};

/// Either kind of training: that with `experiment` plays one.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum AnyTrainConfig {
    /// On a pool.
    Pool(TrainConfig),
    /// On an experiment.
    Experiment(ExperimentTrainConfig),
}

impl AnyTrainConfig {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Pool(config) => &config.name,
            Self::Experiment(config) => &config.name,
        }
    }

    pub(super) fn seeds(&self) -> &Seeds {
        match self {
            Self::Pool(config) => &config.seeds,
            Self::Experiment(config) => &config.seeds,
        }
    }
}

/// An order is trained on a pool that is played without the engine: the weights of `linear` by CMA-ES, or the network of `neural` by
/// policy optimisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("not" = { "required": ["cma_es", "ppo"] }))]
pub struct TrainConfig {
    /// As files name it.
    pub name: String,
    /// What the policy is to answer.
    pub question: Question,
    /// A course of learning for each.
    pub seeds: Seeds,
    /// Who may pass a task that is held.
    pub backfilling: PoolBackfilling,
    /// Jobs of a sequence.
    #[serde(default = "sequence_jobs")]
    pub sequence_jobs: usize,
    /// Where jobs come from.
    pub workloads: Named<WorkloadConfig>,
    /// What is learned from.
    pub training: Vec<SourceConfig>,
    /// What decides which weights or networks are kept.
    pub validation: Vec<SourceConfig>,
    /// The features that are weighed (`rackwright list features`); all without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Workloads of which nothing may be learned: a job that stands in one of them and in one of the others is refused.
    #[serde(default)]
    pub test: Vec<String>,
    /// The search; with its defaults where there is neither this nor `ppo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cma_es: Option<CmaEsConfig>,
    /// Policy optimisation of a network, in the place of the search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ppo: Option<PpoConfig>,
}

fn sequence_jobs() -> usize {
    1024
}

/// The questions whose answers can be trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Which task is next.
    Order,
    /// Where it goes; on an experiment only, as all that follow.
    Place,
    /// What is moved.
    Rebalance,
    /// Which hosts sleep.
    Power,
}

impl Question {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Place => "place",
            Self::Rebalance => "rebalance",
            Self::Power => "power",
        }
    }
}

/// The disciplines under which orders are learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PoolBackfilling {
    /// Nobody passes.
    None,
    /// RLScheduler's EASY.
    EasyPublished,
    /// EASY, with its rule of spare processors and a promise made anew at each question.
    Easy,
}

/// Jobs with the pool that they run on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// A key of `workloads`.
    pub workload: String,
    /// Processors of the pool.
    pub processors: u32,
    /// How often it is drawn from, relative to the others.
    #[serde(default = "one")]
    pub share: f64,
    /// More jobs of the kind, in the place of the jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<BootstrapConfig>,
}

fn one() -> f64 {
    1.0
}

/// Blocks of jobs in random order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BootstrapConfig {
    /// How many jobs are made.
    pub jobs: usize,
    /// The shortest and the longest block.
    pub block_jobs: [usize; 2],
}

/// The search by CMA-ES.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CmaEsConfig {
    /// Generations.
    pub generations: u64,
    /// Points of a generation.
    pub population: usize,
    /// Sequences that each of them plays.
    pub sequences: usize,
    /// Sequences of the validation.
    pub validation_sequences: usize,
    /// Generations between two validations.
    pub validate_every: u64,
    /// The width of the first generation.
    pub sigma: f64,
}

impl Default for CmaEsConfig {
    fn default() -> Self {
        Self {
            generations: 100,
            population: 20,
            sequences: 64,
            validation_sequences: 192,
            validate_every: 5,
            sigma: 2.0,
        }
    }
}

pub(super) fn check(config: &TrainConfig, document: &Document) -> Result<(), ConfigError> {
    seeds_at(&config.seeds, document, &["seeds"])?;
    if config.question != Question::Order {
        let problem = format!("{:?} stands there; on a pool, allowed is \"order\"", config.question.name());
        return Err(document.refuse(&["question"], problem));
    }
    let known: Vec<&str> = config.workloads.0.iter().map(|(name, _)| name.as_str()).collect();
    for (key, sources) in [("training", &config.training), ("validation", &config.validation)] {
        if sources.is_empty() {
            return Err(document.refuse(&[key], "there is none; allowed are one or more"));
        }
        for (place, one) in sources.iter().enumerate() {
            let at = format!("{key}[{place}]");
            if !known.contains(&one.workload.as_str()) {
                let problem = unknown_name("workload", &one.workload, &known);
                return Err(document.refuse(&[&at, "workload"], problem));
            }
            if one.processors == 0 {
                return Err(document.refuse(&[&at, "processors"], "0 stands there; allowed is 1 or more"));
            }
            if !(one.share.is_finite() && one.share > 0.0) {
                let problem = format!("{} stands there; allowed is a number above 0", one.share);
                return Err(document.refuse(&[&at, "share"], problem));
            }
            if let Some(count) =
                one.bootstrap.map(|bootstrap| bootstrap.jobs).filter(|&jobs| jobs < config.sequence_jobs)
            {
                let problem = format!(
                    "{count} stands there; allowed are as many as a sequence has, {}",
                    config.sequence_jobs
                );
                return Err(document.refuse(&[&at, "bootstrap", "jobs"], problem));
            }
            let blocks = one.bootstrap.map_or([1, 1], |bootstrap| bootstrap.block_jobs);
            if blocks[0] == 0 || blocks[0] > blocks[1] {
                let problem = format!("{blocks:?} stands there; allowed are 1 or more, rising");
                return Err(document.refuse(&[&at, "bootstrap", "block_jobs"], problem));
            }
        }
    }
    for name in &config.test {
        if !known.contains(&name.as_str()) {
            return Err(document.refuse(&["test"], unknown_name("workload", name, &known)));
        }
    }
    let features: Vec<&str> = FEATURES.iter().map(|feature| feature.0).collect();
    for (place, name) in config.features.iter().enumerate() {
        if !features.contains(&name.as_str()) {
            let problem = unknown_name("feature", name, &features);
            return Err(document.refuse(&[&format!("features[{place}]")], problem));
        }
    }
    config.cma_es.iter().try_for_each(|search| check_search(search, document))?;
    check_ppo(config, document)?;
    match config.sequence_jobs {
        0 => Err(document.refuse(&["sequence_jobs"], "0 stands there; allowed is 1 or more")),
        _ => Ok(()),
    }
}

/// What no search may be told.
pub(super) fn check_search(search: &CmaEsConfig, document: &Document) -> Result<(), ConfigError> {
    let counts = [
        ("generations", search.generations, 1),
        ("population", search.population as u64, 4),
        ("sequences", search.sequences as u64, 1),
        ("validation_sequences", search.validation_sequences as u64, 1),
        ("validate_every", search.validate_every, 1),
    ];
    for (key, found, least) in counts {
        if found < least {
            let problem = format!("{found} stands there; allowed is {least} or more");
            return Err(document.refuse(&["cma_es", key], problem));
        }
    }
    if search.validate_every > search.generations {
        let (found, most) = (search.validate_every, search.generations);
        let problem = format!("{found} stands there; allowed is up to the {most} generations");
        return Err(document.refuse(&["cma_es", "validate_every"], problem));
    }
    if !(search.sigma.is_finite() && search.sigma > 0.0) {
        let problem = format!("{} stands there; allowed is a number above 0", search.sigma);
        return Err(document.refuse(&["cma_es", "sigma"], problem));
    }
    Ok(())
}

/// Refuses jobs that stand in a test and among those that decide anything.
pub(super) fn refuse_test_jobs<'a>(
    config: &TrainConfig,
    document: &Document,
    of: impl Fn(&str) -> &'a std::sync::Arc<Workload>,
) -> Result<(), ConfigError> {
    // A job is itself by when it was submitted in the clock of its source, and by what it asks for and does.
    let jobs = |name: &str| {
        let workload = of(name).clone();
        let origin = workload.origin().0;
        workload
            .tasks()
            .map(|task| {
                (origin + workload.submit(task).0, workload.work(task).0, workload.demand(task).cpu_milli)
            })
            .collect::<BTreeSet<_>>()
    };
    let tests: BTreeSet<_> = config.test.iter().flat_map(|name| jobs(name)).collect();
    for (key, sources) in [("training", &config.training), ("validation", &config.validation)] {
        for (place, one) in sources.iter().enumerate() {
            let shared = jobs(&one.workload).intersection(&tests).count();
            if shared > 0 {
                let problem = format!(
                    "{shared} of its jobs stand in a test of this training too; nothing may be learned from those"
                );
                return Err(document.refuse(&[&format!("{key}[{place}]"), "workload"], problem));
            }
        }
    }
    Ok(())
}

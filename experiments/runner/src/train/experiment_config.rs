//! The configuration of a training on an experiment, and what it may not say.

use std::cmp::Ordering;

use policies::place::host_features::FEATURES;
use policies::place::linear_scorer::GROUPS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::config::{CmaEsConfig, Question, check_search};
use crate::config::{ConfigError, Document, Seeds, seeds_at};
use crate::nearest::unknown_name;

/// Numbers among the options of a policy are trained by playing an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentTrainConfig {
    /// As files name it.
    pub name: String,
    /// The question that the trained policy answers.
    pub question: Question,
    /// A search for each.
    pub seeds: Seeds,
    /// The experiment, a TOML file relative to this one. Its seeds do not count.
    pub experiment: String,
    /// Its scenarios that are played; all without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<String>,
    /// The scheduler of the experiment whose policy is trained; it begins with the options that stand there.
    pub scheduler: String,
    /// The scheduler of the experiment that gains are measured against.
    pub baseline: String,
    /// Seeds of what is learned from.
    pub training_seeds: Seeds,
    /// Seeds of what decides which numbers are kept.
    pub validation_seeds: Seeds,
    /// Seeds of which nothing may be learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_seeds: Option<Seeds>,
    /// Seeds that each point of a generation plays, for every scenario.
    #[serde(default = "two")]
    pub episodes: usize,
    /// What is good.
    pub objective: Vec<TermConfig>,
    /// The options that are trained.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<ParameterConfig>,
    /// Of the placement `linear`, the features that are weighed (`rackwright list features`); all without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Of the placement `linear`, the groups of weights that are trained; `weights` without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The search.
    #[serde(default)]
    pub cma_es: CmaEsConfig,
}

fn two() -> usize {
    2
}

/// What a metric gains on that of the baseline, weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TermConfig {
    /// The metric.
    pub metric: String,
    /// What one unit of gain weighs, or one percent.
    #[serde(default = "one")]
    pub weight: f64,
    /// Whether gains are in percent of the baseline.
    #[serde(default)]
    pub relative: bool,
    /// What is gained beyond this counts for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<f64>,
}

fn one() -> f64 {
    1.0
}

/// A number among the options of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterConfig {
    /// Where it stands: `option`, or `table.option`.
    pub key: String,
    /// Where the search begins where the experiment states nothing.
    #[serde(default)]
    pub start: f64,
    /// How far a step is of which `sigma` counts the first ones.
    #[serde(default = "one")]
    pub step: f64,
    /// The smallest and the largest number that is allowed; a point beyond plays with the nearer of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<[f64; 2]>,
}

impl ParameterConfig {
    /// The number that a coordinate of the search stands for.
    pub(super) fn value(&self, coordinate: f64) -> f64 {
        let value = coordinate * self.step;
        self.within.map_or(value, |[least, most]| value.clamp(least, most))
    }
}

pub(super) fn check(config: &ExperimentTrainConfig, document: &Document) -> Result<(), ConfigError> {
    let test = config.test_seeds.clone().unwrap_or(Seeds(Vec::new()));
    let seeds = [
        ("seeds", &config.seeds),
        ("training_seeds", &config.training_seeds),
        ("validation_seeds", &config.validation_seeds),
    ];
    for (key, seeds) in seeds {
        seeds_at(seeds, document, &[key])?;
    }
    let shared = |one: &Seeds, other: &Seeds| one.0.iter().copied().find(|seed| other.0.contains(seed));
    for (key, seeds) in &seeds[1..] {
        if let Some(seed) = shared(seeds, &test) {
            let problem = format!("seed {seed} is one of the test; nothing may be learned from it");
            return Err(document.refuse(&[key], problem));
        }
    }
    if let Some(seed) = shared(&config.validation_seeds, &config.training_seeds) {
        let problem = format!("seed {seed} is one of `training_seeds` too; what decides must be held back");
        return Err(document.refuse(&["validation_seeds"], problem));
    }
    let most = config.training_seeds.0.len();
    if config.episodes == 0 || config.episodes > most {
        let problem = format!("{} stands there; allowed is 1 to the {most} training seeds", config.episodes);
        return Err(document.refuse(&["episodes"], problem));
    }
    if config.objective.is_empty() {
        return Err(document.refuse(&["objective"], "there is none; allowed are one or more"));
    }
    for (place, term) in config.objective.iter().enumerate() {
        let at = format!("objective[{place}]");
        if !(term.weight.is_finite() && term.weight > 0.0) {
            let problem = format!("{} stands there; allowed is a number above 0", term.weight);
            return Err(document.refuse(&[&at, "weight"], problem));
        }
        if let Some(up_to) = term.up_to.filter(|up_to| !up_to.is_finite()) {
            let problem = format!("{up_to} stands there; allowed is a finite number");
            return Err(document.refuse(&[&at, "up_to"], problem));
        }
    }
    for (place, parameter) in config.parameters.iter().enumerate() {
        let at = format!("parameters[{place}]");
        if parameter.key.is_empty() || parameter.key.split('.').count() > 2 {
            let problem = format!("{:?} stands there; allowed is OPTION or TABLE.OPTION", parameter.key);
            return Err(document.refuse(&[&at, "key"], problem));
        }
        if !(parameter.step.is_finite() && parameter.step > 0.0) {
            let problem = format!("{} stands there; allowed is a number above 0", parameter.step);
            return Err(document.refuse(&[&at, "step"], problem));
        }
        if let Some([least, most]) =
            parameter.within.filter(|[least, most]| least.partial_cmp(most) != Some(Ordering::Less))
        {
            let problem = format!("[{least}, {most}] stands there; allowed are two rising numbers");
            return Err(document.refuse(&[&at, "within"], problem));
        }
    }
    let lists = [
        ("features", &config.features, FEATURES.map(|one| one.0).to_vec()),
        ("groups", &config.groups, GROUPS.map(|one| one.0).to_vec()),
    ];
    for (key, named, known) in lists {
        for (place, name) in named.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let problem = unknown_name(key.trim_end_matches('s'), name, &known);
                return Err(document.refuse(&[&format!("{key}[{place}]")], problem));
            }
        }
    }
    check_search(&config.cma_es, document)
}

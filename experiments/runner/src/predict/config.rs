//! What is foretold, by whom, and from when on it counts.

use policies::policy::Choice;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, Document, Named, WorkloadConfig};
use crate::nearest::unknown_name;

/// A comparison of predictors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PredictConfig {
    /// What it is called.
    pub name: String,
    /// Of generators and transforms that draw.
    #[serde(default)]
    pub seed: u64,
    /// Whose lives are foretold.
    pub workload: WorkloadConfig,
    /// From here on it counts what is said: seconds of the workload's clock.
    pub test_from_seconds: f64,
    /// Until here; without it, until the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_to_seconds: Option<f64>,
    /// No life is watched for longer than this; without it, each for as long as the trace tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon_seconds: Option<f64>,
    /// The shares whose quantiles are foretold, in rising order.
    #[serde(default = "tenths")]
    pub quantiles: Vec<f64>,
    /// In how many blocks of consecutive tasks the test is drawn again for intervals.
    #[serde(default = "fifty")]
    pub blocks: usize,
    /// With whom the others are compared.
    pub baselines: Vec<String>,
    /// Who foretells: a predictor (`rackwright list predictors`) with its options, or a file that holds one.
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    pub predictors: Named<Choice>,
    /// What `--tune` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tune: Option<TuneConfig>,
}

fn tenths() -> Vec<f64> {
    (1..10).map(|tenth| f64::from(tenth) / 10.0).collect()
}

fn fifty() -> usize {
    50
}

/// A search for the numbers `strength` and `memory` of a predictor, on what comes before the test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TuneConfig {
    /// Whose.
    pub predictor: String,
    /// What is submitted before this only teaches.
    #[serde(default)]
    pub from_seconds: f64,
    /// Generations of the search by CMA-ES.
    #[serde(default = "twenty")]
    pub generations: u64,
    /// Points of a generation.
    #[serde(default = "eight")]
    pub population: usize,
    /// Of the search.
    #[serde(default)]
    pub seed: u64,
}

fn twenty() -> u64 {
    20
}

fn eight() -> usize {
    8
}

pub(super) fn check(config: &PredictConfig, document: &Document) -> Result<(), ConfigError> {
    let is_time = |seconds: f64| seconds.is_finite() && seconds >= 0.0;
    let times = [
        ("test_from_seconds", Some(config.test_from_seconds)),
        ("test_to_seconds", config.test_to_seconds),
        ("horizon_seconds", config.horizon_seconds),
    ];
    for (key, seconds) in times {
        if let Some(seconds) = seconds.filter(|&seconds| !is_time(seconds)) {
            return Err(document.refuse(&[key], format!("{seconds} stands there; allowed is 0 or more")));
        }
    }
    if let Some(to) = config.test_to_seconds.filter(|&to| to <= config.test_from_seconds) {
        let problem = format!(
            "{to} stands there; allowed is more than test_from_seconds, {}",
            config.test_from_seconds
        );
        return Err(document.refuse(&["test_to_seconds"], problem));
    }
    let rises = config.quantiles.windows(2).all(|pair| pair[0] < pair[1]);
    if config.quantiles.is_empty()
        || !rises
        || !config.quantiles.iter().all(|&share| 0.0 < share && share < 1.0)
    {
        let problem =
            format!("{:?} stands there; allowed are numbers above 0 and below 1, rising", config.quantiles);
        return Err(document.refuse(&["quantiles"], problem));
    }
    if config.blocks < 2 {
        return Err(
            document.refuse(&["blocks"], format!("{} stands there; allowed is 2 or more", config.blocks))
        );
    }
    let known = config.predictors.names();
    if known.is_empty() {
        return Err(document.refuse(&["predictors"], "there is none; allowed are one or more"));
    }
    for (place, name) in config.baselines.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            let problem = unknown_name("predictor", name, &known);
            return Err(document.refuse(&[&format!("baselines[{place}]")], problem));
        }
    }
    let Some(tune) = &config.tune else { return Ok(()) };
    if !known.contains(&tune.predictor.as_str()) {
        return Err(
            document.refuse(&["tune", "predictor"], unknown_name("predictor", &tune.predictor, &known))
        );
    }
    if !(is_time(tune.from_seconds) && tune.from_seconds < config.test_from_seconds) {
        let problem = format!(
            "{} stands there; allowed is 0 or more, and below test_from_seconds, {}",
            tune.from_seconds, config.test_from_seconds
        );
        return Err(document.refuse(&["tune", "from_seconds"], problem));
    }
    if tune.generations == 0 {
        return Err(document.refuse(&["tune", "generations"], "0 stands there; allowed is 1 or more"));
    }
    if tune.population < 4 {
        return Err(document.refuse(
            &["tune", "population"],
            format!("{} stands there; allowed is 4 or more", tune.population),
        ));
    }
    Ok(())
}

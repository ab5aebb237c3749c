//! The section `[ppo]` of a training, and what it may not say.

use std::collections::BTreeMap;
use std::path::Path;

use learners::network::Form;
use learners::order_ppo::heuristic;
use learners::ppo::{Baseline, Gradients, PpoSettings};
use policies::order::Linear;
use policies::order::queue_features::{FEATURES, Weights};
use policies::policy::Choice;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::config::{PoolBackfilling, TrainConfig};
use crate::config::{ConfigError, Document, policy_in_file};

/// Proximal policy optimisation of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PpoConfig {
    /// Iterations in all; the learning rate falls to 0 over them.
    pub iterations: u64,
    /// Copies of the environment.
    pub environments: usize,
    /// Choices of each copy in an iteration; without effect under `baseline = "same_sequence"`.
    pub steps: usize,
    /// How often what was collected is gone through.
    pub epochs: usize,
    /// Choices of a minibatch.
    pub minibatch: usize,
    /// What the next choice's worth is multiplied with.
    pub discount: f64,
    /// How far advantages trust rewards rather than values, from 0 to 1; without effect under `baseline = "same_sequence"`.
    pub trace: f64,
    /// How far a probability may move in an iteration, as a share, before nothing more is won by it.
    pub clip: f64,
    /// What spread-out probabilities weigh.
    pub entropy: f64,
    /// What the error of values weighs; without effect under `baseline = "same_sequence"`.
    pub value_weight: f64,
    /// The learning rate at the start.
    pub rate: f64,
    /// The most that gradients may be long.
    pub gradient_length: f64,
    /// The divergence from the collecting policy beyond which an iteration learns no further.
    pub most_divergence: f64,
    /// Widths of the hidden layers of the score; without any, it is a weighted sum.
    pub hidden: Vec<usize>,
    /// Width of the embedding that says what the queue is.
    pub embedding: usize,
    /// Whether scores see the queue as a whole.
    pub has_context: bool,
    /// Sequences of the validation.
    pub validation_sequences: usize,
    /// Iterations between two validations; the first comes before anything is learned.
    pub validate_every: u64,
    /// What a choice is held against.
    pub baseline: BaselineName,
    /// Copies that play the same sequence, under `baseline = "same_sequence"`.
    pub group: usize,
    /// The order at whose choices learning begins; without it, all choices are alike at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<StartConfig>,
    /// What the scores of `start` are multiplied with: the larger, the surer the first choices are.
    pub sharpness: f64,
}

/// What a choice is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BaselineName {
    /// The value of the state, learned beside the policy.
    Value,
    /// What other copies that play the same sequence to its end are still paid when as many jobs have started.
    SameSequence,
}

/// An order `linear`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a table of weights by feature, or the path of a policy file")]
pub enum StartConfig {
    /// Its weights by feature.
    Weights(BTreeMap<String, f64>),
    /// The policy file that holds it, relative to the training's.
    File(String),
}

impl JsonSchema for StartConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StartConfig".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let weight = |(name, help): (&str, &str)| {
            (name.to_owned(), serde_json::json!({ "type": "number", "description": help }))
        };
        let weights: serde_json::Map<String, serde_json::Value> = FEATURES.into_iter().map(weight).collect();
        json_schema!({ "anyOf": [
            { "type": "string", "minLength": 1, "description": "a policy file of the order linear, relative to this file" },
            { "type": "object", "properties": weights, "additionalProperties": false, "description": "weights of the order linear" },
        ] })
    }
}

impl Default for PpoConfig {
    fn default() -> Self {
        Self {
            iterations: 300,
            environments: 16,
            steps: 1024,
            epochs: 4,
            minibatch: 1024,
            discount: 0.999,
            trace: 0.97,
            clip: 0.2,
            entropy: 0.001,
            value_weight: 0.5,
            rate: 3e-3,
            gradient_length: 0.5,
            most_divergence: 0.05,
            hidden: vec![32, 16],
            embedding: 16,
            has_context: false,
            validation_sequences: 192,
            validate_every: 10,
            baseline: BaselineName::Value,
            group: 8,
            start: None,
            sharpness: 1.0,
        }
    }
}

impl PpoConfig {
    /// How a seed learns.
    pub(super) fn settings(&self, seed: u64) -> PpoSettings {
        PpoSettings {
            seed,
            iterations: self.iterations,
            environments: self.environments,
            steps: self.steps,
            epochs: self.epochs,
            minibatch: self.minibatch,
            discount: self.discount as f32,
            trace: self.trace as f32,
            clip: self.clip as f32,
            entropy: self.entropy as f32,
            value_weight: self.value_weight as f32,
            rate: self.rate as f32,
            gradient_length: self.gradient_length as f32,
            most_divergence: self.most_divergence,
            baseline: match self.baseline {
                BaselineName::Value => Baseline::Value,
                BaselineName::SameSequence => Baseline::SameSequence { group: self.group },
            },
            gradients: Gradients::Fused,
        }
    }

    /// How its network is built.
    ///
    /// # Panics
    /// When `start` still names a file.
    pub(super) fn form(&self) -> Form {
        let weights = self.start.as_ref().map(|start| match start {
            StartConfig::Weights(named) => {
                let of = |(name, _): (&str, &str)| named.get(name).copied().unwrap_or_default() as f32;
                FEATURES.map(of)
            }
            StartConfig::File(_) => unreachable!("what a file says was put in its place"),
        });
        Form {
            features: FEATURES.len(),
            hidden: self.hidden.clone(),
            embedding: self.embedding,
            has_context: self.has_context,
            heuristic: weights.map(|weights: Weights| heuristic(&weights, self.sharpness as f32)),
        }
    }

    /// Puts what the file of `start` says in its place, so that it is part of what determines the training, wherever the file lies.
    pub(super) fn resolve(&mut self, document: &Document, folder: &Path) -> Result<(), ConfigError> {
        let at = &["ppo", "start"];
        let choice = match &self.start {
            None => return Ok(()),
            Some(StartConfig::File(path)) => {
                policy_in_file(&Choice::from(path.as_str()), "order", document, folder, at)?
            }
            Some(StartConfig::Weights(named)) => {
                let weights = named.iter().map(|(name, weight)| (name.clone(), (*weight).into()));
                let weights = toml::Value::Table(weights.collect());
                let options = toml::Table::from_iter([("weights".to_owned(), weights)]);
                Choice { policy: "linear".to_owned(), options }
            }
        };
        let linear = Linear::of(&choice).map_err(|error| document.refuse(at, error.to_string()))?;
        self.start = Some(StartConfig::Weights(named(linear.weights())));
        match heuristic(linear.weights(), self.sharpness as f32).iter().all(|weight| weight.is_finite()) {
            true => Ok(()),
            false => {
                let problem = format!("times {}, a weight is too large a number", self.sharpness);
                Err(document.refuse(at, problem))
            }
        }
    }
}

/// Weights by name, those that weigh something.
fn named(weights: &Weights) -> BTreeMap<String, f64> {
    let all = FEATURES.iter().zip(weights).filter(|(_, weight)| **weight != 0.0);
    all.map(|((name, _), &weight)| ((*name).to_owned(), shortest(weight))).collect()
}

/// The number of the fewest digits that is the same one in single precision.
pub(super) fn shortest(number: f32) -> f64 {
    number.to_string().parse().expect("digits of a number are a number")
}

pub(super) fn check_ppo(config: &TrainConfig, document: &Document) -> Result<(), ConfigError> {
    let Some(ppo) = &config.ppo else { return Ok(()) };
    if config.cma_es.is_some() {
        let problem = "it stands beside `cma_es`; allowed is one way to learn";
        return Err(document.refuse(&["ppo"], problem));
    }
    if !config.features.is_empty() {
        let problem = "it stands beside `ppo`, whose network sees all features; it is for `cma_es`";
        return Err(document.refuse(&["features"], problem));
    }
    let counts = [
        ("iterations", ppo.iterations),
        ("environments", ppo.environments as u64),
        ("steps", ppo.steps as u64),
        ("epochs", ppo.epochs as u64),
        ("minibatch", ppo.minibatch as u64),
        ("embedding", ppo.embedding as u64),
        ("validation_sequences", ppo.validation_sequences as u64),
        ("validate_every", ppo.validate_every),
        ("group", ppo.group as u64),
    ];
    let layers = ppo.hidden.iter().enumerate();
    let layers = layers.map(|(place, &width)| (format!("hidden[{place}]"), width as u64));
    for (key, found) in counts.map(|(key, found)| (key.to_owned(), found)).into_iter().chain(layers) {
        if found == 0 {
            return Err(document.refuse(&["ppo", &key], "0 stands there; allowed is 1 or more"));
        }
    }
    if ppo.validate_every > ppo.iterations {
        let (found, most) = (ppo.validate_every, ppo.iterations);
        let problem = format!("{found} stands there; allowed is up to the {most} iterations");
        return Err(document.refuse(&["ppo", "validate_every"], problem));
    }
    // What learns counts in single precision.
    let positive = [
        ("clip", ppo.clip),
        ("rate", ppo.rate),
        ("gradient_length", ppo.gradient_length),
        ("most_divergence", ppo.most_divergence),
        ("sharpness", ppo.sharpness),
    ];
    let shares = [("discount", ppo.discount), ("trace", ppo.trace)];
    let weights = [("entropy", ppo.entropy), ("value_weight", ppo.value_weight)];
    let wrong = |key: &str, found: f64, allowed: &str| {
        Err(document.refuse(&["ppo", key], format!("{found} stands there; allowed is {allowed}")))
    };
    for (key, found) in positive {
        if !((found as f32).is_finite() && found as f32 > 0.0) {
            return wrong(key, found, "a number above 0");
        }
    }
    for (key, found) in shares {
        if !(0.0..=1.0).contains(&found) {
            return wrong(key, found, "a number from 0 to 1");
        }
    }
    for (key, found) in weights {
        if !((found as f32).is_finite() && found >= 0.0) {
            return wrong(key, found, "a number of 0 or more");
        }
    }
    let (environments, group) = (ppo.environments, ppo.group);
    if ppo.baseline == BaselineName::SameSequence && (group < 2 || !environments.is_multiple_of(group)) {
        let problem = format!(
            "{group} stands there; allowed are 2 or more, of which the {environments} environments are a multiple"
        );
        return Err(document.refuse(&["ppo", "group"], problem));
    }
    // While who may pass is asked for, a learner's queue is those who may, and an order's everybody.
    if ppo.has_context && config.backfilling == PoolBackfilling::Easy {
        let problem = "true stands there; under `backfilling = \"easy\"` allowed is false";
        return Err(document.refuse(&["ppo", "has_context"], problem));
    }
    Ok(())
}
